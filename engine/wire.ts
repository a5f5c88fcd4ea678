/** What stands in Pulumi's registration messages, as plain values of the graph. */
import { resolve } from "node:path";
import type { Asset, ResourceOptions, Value } from "./graph.ts";
import { UNKNOWN } from "./graph.ts";

// Pulumi's wire constants (sdk/nodejs/runtime/rpc.ts).
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";
const RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

// biome-ignore lint/suspicious/noExplicitAny: protobuf structs as JavaScript objects
type Raw = any;

/** A wire value without its wrappers; `onSecret` is told when one of them was a secret's. */
export function decode(raw: Raw, directory: string, onSecret: () => void = () => {}): Value {
  if (raw === UNKNOWN_TEXT) return { ...UNKNOWN };
  if (raw === null || typeof raw !== "object") return raw ?? null;
  if (Array.isArray(raw)) return raw.map((item) => decode(item, directory, onSecret));
  switch (raw[SIGNATURE]) {
    case SECRET:
      onSecret();
      return decode(raw.value, directory, onSecret);
    case OUTPUT:
      if (raw.secret) onSecret();
      return "value" in raw ? decode(raw.value, directory, onSecret) : { ...UNKNOWN };
    case RESOURCE:
      return raw.id ?? raw.urn;
    case ASSET:
    case ARCHIVE:
      return asset(raw, directory) as Value;
  }
  const output: Record<string, Value> = {};
  for (const [key, value] of Object.entries(raw)) output[key] = decode(value, directory, onSecret);
  return output;
}

function asset(raw: Raw, directory: string): Asset {
  const isArchive = raw[SIGNATURE] === ARCHIVE;
  if (typeof raw.path === "string")
    return { $asset: isArchive ? "fileArchive" : "file", path: absolute(directory, raw.path) };
  if (typeof raw.uri === "string") return { $asset: isArchive ? "remoteArchive" : "remote", uri: raw.uri };
  if (typeof raw.text === "string") return { $asset: "string", text: raw.text };
  const assets = Object.entries(raw.assets ?? {}).map(([name, value]) => [name, asset(value, directory)] as const);
  return { $asset: "archive", assets: Object.fromEntries(assets.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** Hundreds of functions are made of the same files: their paths are one string each. */
const paths = new Map<string, string>();

function absolute(directory: string, path: string): string {
  const key = `${directory}\0${path}`;
  let known = paths.get(key);
  if (known === undefined) {
    known = resolve(directory, path);
    paths.set(key, known);
  }
  return known;
}

/** All properties of a message's struct, and which of them are secret. */
export function decodeAll(raw: Raw, directory: string): { values: Record<string, Value>; secrets: string[] } {
  const values: Record<string, Value> = {};
  const secrets: string[] = [];
  for (const [key, value] of Object.entries(raw ?? {})) {
    let secret = false;
    values[key] = decode(value, directory, () => {
      secret = true;
    });
    if (secret) secrets.push(key);
  }
  return { values, secrets };
}

/** The options of a RegisterResourceRequest that an outsider can know. */
export function optionsOf(request: Raw): ResourceOptions {
  const options: ResourceOptions = {};
  if (request.getProtect()) options.protect = true;
  if (request.getRetainondelete()) options.retainOnDelete = true;
  if (request.getDeletebeforereplace()) options.deleteBeforeReplace = true;
  const aliases = [...request.getAliasurnsList(), ...request.getAliasesList().map(aliasOf)];
  if (aliases.length > 0) options.aliases = aliases;
  for (const [key, list] of [
    ["ignoreChanges", request.getIgnorechangesList()],
    ["replaceOnChanges", request.getReplaceonchangesList()],
    ["additionalSecretOutputs", request.getAdditionalsecretoutputsList()],
  ] as const) {
    if (list.length > 0) options[key] = list;
  }
  if (request.getProvider()) options.provider = request.getProvider();
  if (request.getVersion()) options.version = request.getVersion();
  const timeouts = request.getCustomtimeouts()?.toObject() as Record<string, string> | undefined;
  const given = Object.entries(timeouts ?? {}).filter(([, value]) => value !== "");
  if (given.length > 0) options.customTimeouts = Object.fromEntries(given);
  return options;
}

function aliasOf(alias: Raw): Value {
  if (alias.getUrn()) return alias.getUrn();
  const spec = alias.getSpec()?.toObject() ?? {};
  const entries = Object.entries(spec).filter(([, value]) => value !== "" && value !== false);
  return Object.fromEntries(entries) as Value;
}
