/** What a program declares of CloudFront. */
import { isDeepStrictEqual } from "node:util";
import type { Resource, Value } from "../../../engine/graph.ts";
import { labelOf } from "../../edges.ts";
import type { Service } from "../../service.ts";
import { checkDistribution } from "./distribution-check.ts";
import type { CloudFront } from "./index.ts";
import { type Shape, shapeOf } from "./shapes.ts";

const client = () => import("@aws-sdk/client-cloudfront") as Promise<unknown> as Promise<Record<string, unknown>>;

/** Pulumi's type → kind. */
const SETTINGS: Record<string, string> = {
  "cachePolicy:CachePolicy": "CachePolicy",
  "keyGroup:KeyGroup": "KeyGroup",
  "originAccessControl:OriginAccessControl": "OriginAccessControl",
  "originAccessIdentity:OriginAccessIdentity": "CloudFrontOriginAccessIdentity",
  "originRequestPolicy:OriginRequestPolicy": "OriginRequestPolicy",
  "publicKey:PublicKey": "PublicKey",
  "responseHeadersPolicy:ResponseHeadersPolicy": "ResponseHeadersPolicy",
};

export function resourcesOf(cloudfront: CloudFront): Service["resources"] {
  const { cache, store } = cloudfront;

  /** The same settings are the same version, also after a start. */
  function declare(kind: string, id: string, config: Shape, more: Shape = {}): void {
    const before = store.get(kind, id);
    const isSame = before && isDeepStrictEqual([before.config, { ...before.more, ...more }], [config, before.more]);
    if (!isSame) store.put({ kind, id, config, origin: "program", more });
  }

  const found: Service["resources"] = {
    async "aws:cloudfront/distribution:Distribution"({ id, name, urn, inputs, outputs }) {
      const config = shapeOf((await client()).DistributionConfig$, inputs as Value);
      config.CallerReference ??= urn;
      config.Comment ??= "";
      for (const origin of config.Origins?.Items ?? []) {
        if (!origin.CustomOriginConfig) origin.S3OriginConfig ??= { OriginAccessIdentity: "" };
      }
      checkDistribution(cloudfront, config, id);
      const more = { arn: outputs.arn, domainName: outputs.domainName, label: labelOf(name), tags: inputs.tags ?? {} };
      cache.forget(id!);
      declare("Distribution", id!, config, more);
      cloudfront.hostsChanged();
    },
    async "aws:cloudfront/function:Function"({ inputs, outputs }) {
      const config = shapeOf((await client()).FunctionConfig$, inputs as Value);
      const code = String(inputs.code);
      const name = String(outputs.name);
      const live = inputs.publish === false ? store.get("Function", name)?.more.live : code;
      declare("Function", name, config, { arn: outputs.arn, code, live, tags: inputs.tags ?? {} });
    },
    "aws:cloudfront/keyValueStore:KeyValueStore"({ inputs, outputs }) {
      const name = String(outputs.name);
      const values = store.get("KeyValueStore", name)?.more.values ?? {};
      declare("KeyValueStore", name, { Comment: inputs.comment ?? "" }, { arn: outputs.arn, values });
    },
    "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey"({ inputs }) {
      const target = store.all("KeyValueStore").find(({ more }) => more.arn === inputs.keyValueStoreArn);
      if (!target) throw new Error(`the key value store ${inputs.keyValueStoreArn} is not there`);
      target.more.values = { ...target.more.values, [String(inputs.key)]: String(inputs.value) };
      store.save(target);
    },
  };
  for (const [type, kind] of Object.entries(SETTINGS)) {
    found[`aws:cloudfront/${type}`] = async ({ id, inputs, outputs }: Resource) => {
      const config = shapeOf((await client())[`${kind}Config$`], { ...inputs, name: outputs.name ?? null } as Value);
      declare(kind, id!, config);
    };
  }
  return found;
}
