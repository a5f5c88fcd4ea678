/**
 * The deployment graph: what a Pulumi program asked for, as plain JSON.
 * `local/` serves it, tests assert on it, previews and diagrams read it. Nothing in it is a Pulumi Output.
 */

/** A JSON value, an asset (`{ $asset }`) or, in a preview, an unknown (`{ $unknown: true }`). */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };

/** A Pulumi asset or archive. `path` is absolute. */
export type Asset =
  | { $asset: "file" | "fileArchive"; path: string }
  | { $asset: "string"; text: string }
  | { $asset: "remote" | "remoteArchive"; uri: string }
  | { $asset: "archive"; assets: Record<string, Asset> };

/** What stands for a value that only a real deployment knows (preview mode). */
export const UNKNOWN = { $unknown: true } as const;

/** Options as far as Pulumi's runtime lets an outsider know them. */
export interface ResourceOptions {
  protect?: boolean;
  retainOnDelete?: boolean;
  deleteBeforeReplace?: boolean;
  /** URNs (or `{name,type,parent}` specs) this resource was once known by. */
  aliases?: Value[];
  ignoreChanges?: string[];
  replaceOnChanges?: string[];
  provider?: string;
  version?: string;
  additionalSecretOutputs?: string[];
  customTimeouts?: { create?: string; update?: string; delete?: string };
}

export interface Resource {
  urn: string;
  /** Pulumi type token, e.g. `aws:sqs/queue:Queue`. */
  type: string;
  /** The logical name given in the program. */
  name: string;
  /** False for component resources. */
  custom: boolean;
  /** Absent only for the stack itself. */
  parent?: string;
  /** The provider-assigned id; absent for components. */
  id?: string;
  inputs: Record<string, Value>;
  /** Inputs plus what the provider computes. */
  outputs: Record<string, Value>;
  /** Names of inputs and outputs that are secret. Their plain values stand in `inputs`/`outputs`. */
  secrets: string[];
  /** URNs, sorted: explicit `dependsOn` and everything the inputs were computed from. */
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  options: ResourceOptions;
}

/** A data source call (`aws.getRegion()` …) and the answer it was given. */
export interface Invoke {
  token: string;
  args: Record<string, Value>;
  result: Value;
}

export interface Graph {
  organization: string;
  project: string;
  stack: string;
  preview: boolean;
  /** Namespaced keys, secrets decrypted. */
  config: Record<string, string>;
  /** In registration order: a resource comes after everything it depends on. */
  resources: Resource[];
  invokes: Invoke[];
  outputs: Record<string, Value>;
  secretOutputs: string[];
}
