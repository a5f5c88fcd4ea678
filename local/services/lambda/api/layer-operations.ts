/** Operations on layers. There is one account: who else a version's policy lets in is kept, and asks for nothing. */
import { randomUUID } from "node:crypto";
import type { PublishLayerVersionCommandInput } from "@aws-sdk/client-lambda";
import type { Value } from "../../../../engine/graph.ts";
import type { Operation } from "../../../service.ts";
import type { LayerVersion } from "../code/layers.ts";
import { type CodeInput, packageOf } from "../code/packages.ts";
import type { Api } from "./api.ts";
import { describeLayer } from "./describe.ts";
import { checkRevision, conflict, constraint, invalid, notFound, pageOf } from "./errors.ts";
import { inputsOf } from "./made.ts";

export function layerOperations({ cloud, functions, made, packages, codeLocation }: Api): Record<string, Operation> {
  const { layers } = functions;
  const layerArn = (name: string) =>
    name.startsWith("arn:") ? name : `arn:aws:lambda:${cloud.region}:${cloud.account}:layer:${name}`;
  const nameOf = (text: string) => text.slice(text.lastIndexOf(":") + 1);
  const on =
    (action: string): NonNullable<Operation["authorize"]> =>
    ({ LayerName, VersionNumber, Arn }) => ({
      action: `lambda:${action}`,
      resource: Arn ?? (VersionNumber === undefined ? layerArn(LayerName) : `${layerArn(LayerName)}:${VersionNumber}`),
    });
  const contentOf = ({ code }: LayerVersion) => ({
    CodeSha256: code.sha256,
    CodeSize: code.bytes,
    Location: codeLocation(code),
  });
  const whole = (layer: LayerVersion) => ({ ...describeLayer(layer), Content: contentOf(layer) });
  const suits =
    ({ CompatibleRuntime, CompatibleArchitecture }: { CompatibleRuntime?: string; CompatibleArchitecture?: string }) =>
    ({ runtimes, architectures }: LayerVersion) =>
      (!CompatibleRuntime || runtimes.includes(CompatibleRuntime)) &&
      (!CompatibleArchitecture || architectures.includes(CompatibleArchitecture));

  return {
    PublishLayerVersion: {
      authorize: on("PublishLayerVersion"),
      async run({ LayerName = "", Content, ...settings }: PublishLayerVersionCommandInput, { principal }) {
        const name = nameOf(LayerName);
        if (!/^[a-zA-Z0-9-_]{1,140}$/.test(name)) {
          throw constraint(LayerName, "layerName", "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+");
        }
        const code = (await packageOf(cloud, Content as CodeInput, principal, packages)) as Value;
        const arn = `${layerArn(name)}:${layers.next(name)}`;
        await made.create("layerVersion", arn, {
          inputs: { ...inputsOf(settings), layerName: name, code },
          outputs: { arn, createdAt: cloud.clock.now() },
        });
        return whole(layers.find(arn));
      },
    },
    GetLayerVersion: {
      authorize: on("GetLayerVersion"),
      run: ({ LayerName, VersionNumber }) => whole(layers.find(`${layerArn(LayerName)}:${VersionNumber}`)),
    },
    GetLayerVersionByArn: {
      authorize: on("GetLayerVersion"),
      run: ({ Arn }) => whole(layers.find(Arn)),
    },
    DeleteLayerVersion: {
      authorize: on("DeleteLayerVersion"),
      run({ LayerName, VersionNumber }) {
        const arn = `${layerArn(LayerName)}:${VersionNumber}`;
        layers.remove(arn);
        made.forget("layerVersion", arn);
        return {};
      },
    },
    AddLayerVersionPermission: {
      authorize: on("AddLayerVersionPermission"),
      async run({ LayerName, VersionNumber, RevisionId, ...permission }) {
        const layer = layers.find(`${layerArn(LayerName)}:${VersionNumber}`);
        const { StatementId, Action, Principal, OrganizationId } = permission;
        if (!/^[a-zA-Z0-9-_]{1,100}$/.test(StatementId ?? "")) {
          throw constraint(
            StatementId,
            "statementId",
            "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)",
          );
        }
        if (Action !== "lambda:GetLayerVersion") {
          throw constraint(Action, "action", "Member must satisfy regular expression pattern: lambda:GetLayerVersion");
        }
        if (!/^(\d{12}|\*|arn:(aws[a-zA-Z-]*):iam::\d{12}:root)$/.test(Principal ?? "")) {
          throw constraint(
            Principal,
            "principal",
            "Member must satisfy regular expression pattern: \\d{12}|\\*|arn:(aws[a-zA-Z-]*):iam::\\d{12}:root",
          );
        }
        if (OrganizationId !== undefined && Principal !== "*")
          throw invalid("OrganizationId goes with the principal * only.");
        checkRevision(RevisionId, layer.revision);
        if (layer.permissions.has(StatementId)) {
          throw conflict(
            `The statement id (${StatementId}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
          );
        }
        const inputs = { ...inputsOf(permission), layerName: layerArn(LayerName), versionNumber: VersionNumber };
        await made.create("layerVersionPermission", `${layer.arn}:${StatementId}`, { inputs, outputs: {} });
        return { Statement: JSON.stringify(layer.permissions.get(StatementId)), RevisionId: layer.revision };
      },
    },
    RemoveLayerVersionPermission: {
      authorize: on("RemoveLayerVersionPermission"),
      run({ LayerName, VersionNumber, StatementId, RevisionId }) {
        const layer = layers.find(`${layerArn(LayerName)}:${VersionNumber}`);
        checkRevision(RevisionId, layer.revision);
        if (!layer.permissions.delete(StatementId)) {
          throw notFound(`Statement ${StatementId} is not found in resource policy.`);
        }
        layer.revision = randomUUID();
        made.forget("layerVersionPermission", `${layer.arn}:${StatementId}`);
        return {};
      },
    },
    GetLayerVersionPolicy: {
      authorize: on("GetLayerVersionPolicy"),
      run({ LayerName, VersionNumber }) {
        const { permissions, revision } = layers.find(`${layerArn(LayerName)}:${VersionNumber}`);
        if (permissions.size === 0) throw notFound("No policy is associated with the given resource.");
        const Policy = JSON.stringify({ Version: "2012-10-17", Id: "default", Statement: [...permissions.values()] });
        return { Policy, RevisionId: revision };
      },
    },
    ListLayerVersions: {
      authorize: on("ListLayerVersions"),
      run({ LayerName, ...input }) {
        const name = nameOf(LayerName);
        const own = layers.all().filter((layer) => layer.name === name && suits(input)(layer));
        if (own.length === 0 && layers.next(name) === 1) throw notFound("The resource you requested does not exist.");
        const { page, NextMarker } = pageOf(own.reverse(), input);
        return { LayerVersions: page.map(describeLayer), NextMarker };
      },
    },
    ListLayers: {
      authorize: () => ({ action: "lambda:ListLayers", resource: "*" }),
      run(input) {
        const latest = new Map<string, LayerVersion>();
        for (const layer of layers.all().filter(suits(input))) latest.set(layer.name, layer);
        const { page, NextMarker } = pageOf([...latest.values()], input);
        const Layers = page.map((layer) => {
          const { LayerArn, ...LatestMatchingVersion } = describeLayer(layer);
          return { LayerName: layer.name, LayerArn, LatestMatchingVersion };
        });
        return { Layers, NextMarker };
      },
    },
  };
}
