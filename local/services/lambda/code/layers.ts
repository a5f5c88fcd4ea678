/** Layers: versions of code that functions find in `/opt`, here in their module path. */

import { randomUUID } from "node:crypto";
import type { Asset, Resource } from "../../../../engine/graph.ts";
import { AwsError, type Cloud } from "../../../service.ts";
import { type Code, materialise } from "./code.ts";

export interface LayerVersion {
  /** Of this version. */
  arn: string;
  name: string;
  version: number;
  code: Code;
  description: string;
  runtimes: string[];
  architectures: string[];
  licence?: string;
  createdAt: number;
  /** Who else may use it, by the statement's id. */
  permissions: Map<string, LayerStatement>;
  /** Of its policy: changes with it. */
  revision: string;
}

export interface LayerStatement {
  Sid: string;
  Effect: "Allow";
  Principal: unknown;
  Action: string;
  Resource: string;
  Condition?: object;
}

export interface Layers {
  all(): LayerVersion[];
  put(resource: Resource): LayerVersion;
  /** By the ARN of a version. Throws as AWS does. */
  find(arn: string): LayerVersion;
  /** Where it is laid out; a version that was deleted stays with the functions that have it. */
  directoryOf(arn: string): string | undefined;
  next(name: string): number;
  /** Adds a statement to a version's policy, or puts it anew. */
  permit(resource: Resource): void;
  remove(arn: string): void;
}

/** @param cache Directory that code is laid out in. */
export function layersOf({ clock, region, account }: Cloud, cache: string): Layers {
  const all = new Map<string, LayerVersion>();
  const counts = new Map<string, number>();
  const directories = new Map<string, string>();

  function find(arn: string): LayerVersion {
    const found = all.get(arn);
    if (found) return found;
    throw new AwsError("ResourceNotFoundException", "The resource you requested does not exist.", 404, {
      Type: "User",
    });
  }

  return {
    all: () => [...all.values()],
    find,
    permit({ inputs }) {
      const name = String(inputs.layerName);
      const layerArn = name.startsWith("arn:") ? name : `arn:aws:lambda:${region}:${account}:layer:${name}`;
      const layer = find(`${layerArn}:${inputs.versionNumber}`);
      const principal = String(inputs.principal);
      layer.permissions.set(String(inputs.statementId), {
        Sid: String(inputs.statementId),
        Effect: "Allow",
        Principal:
          principal === "*" ? "*" : { AWS: /^\d{12}$/.test(principal) ? `arn:aws:iam::${principal}:root` : principal },
        Action: String(inputs.action),
        Resource: layer.arn,
        ...(inputs.organizationId && {
          Condition: { StringEquals: { "aws:PrincipalOrgID": String(inputs.organizationId) } },
        }),
      });
      layer.revision = randomUUID();
    },
    put({ inputs, outputs }) {
      const arn = String(outputs.arn);
      const version = Number(arn.slice(arn.lastIndexOf(":") + 1));
      const layer: LayerVersion = {
        ...{ arn, version, name: String(inputs.layerName), createdAt: Number(outputs.createdAt ?? clock.now()) },
        code: materialise(inputs.code as unknown as Asset, cache),
        description: String(inputs.description ?? ""),
        runtimes: (inputs.compatibleRuntimes ?? []) as string[],
        architectures: (inputs.compatibleArchitectures ?? []) as string[],
        licence: inputs.licenseInfo === undefined ? undefined : String(inputs.licenseInfo),
        permissions: all.get(arn)?.permissions ?? new Map(),
        revision: all.get(arn)?.revision ?? randomUUID(),
      };
      all.set(arn, layer);
      directories.set(arn, layer.code.directory);
      counts.set(layer.name, Math.max(counts.get(layer.name) ?? 0, version));
      return layer;
    },
    next: (name) => (counts.get(name) ?? 0) + 1,
    directoryOf: (arn) => directories.get(arn),
    remove: (arn) => void all.delete(arn),
  };
}
