/** JSON bodies both ways, walked along the SDK's own schemas (awsJson 1.0/1.1, restJson1). */
import { NormalizedSchema } from "@smithy/core/schema";
import { AwsError } from "../service.ts";
import { readTimestamp, type Shape, type TimestampFormat, timestampFormatOf, writeTimestamp } from "./schema.ts";

interface JsonOptions {
  /** restJson1 honours the jsonName trait, awsJson does not. */
  jsonNames: boolean;
}

const DEFAULT_TIMESTAMP: TimestampFormat = "epoch-seconds";

/** A parsed JSON value as the operation's input shape: base64 becomes bytes, timestamps become dates. */
export function readJson(shape: Shape, value: unknown, options: JsonOptions, path = ""): unknown {
  if (value === null || value === undefined) return undefined;
  const ns = NormalizedSchema.of(shape);
  if (ns.isDocumentSchema()) return value;
  if (ns.isStructSchema()) {
    if (typeof value !== "object" || Array.isArray(value)) throw wrongType(path, "a structure");
    const output: Record<string, unknown> = {};
    for (const [name, member] of ns.structIterator()) {
      const key = options.jsonNames ? (member.getMergedTraits().jsonName ?? name) : name;
      const item = readJson(member, (value as Record<string, unknown>)[key], options, path ? `${path}.${name}` : name);
      if (item !== undefined) output[name] = item;
    }
    return output;
  }
  if (ns.isListSchema()) {
    if (!Array.isArray(value)) throw wrongType(path, "a list");
    const member = ns.getValueSchema();
    return value.map((item, index) => {
      const place = `${path}[${index}]`;
      return readJson(member, item, options, place) ?? nothing(ns, place);
    });
  }
  if (ns.isMapSchema()) {
    if (typeof value !== "object" || Array.isArray(value)) throw wrongType(path, "a map");
    const member = ns.getValueSchema();
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        const place = `${path}.${key}`;
        return [key, readJson(member, item, options, place) ?? nothing(ns, place)];
      }),
    );
  }
  if (ns.isBlobSchema()) {
    if (typeof value !== "string") throw wrongType(path, "base64 text");
    return new Uint8Array(Buffer.from(value, "base64"));
  }
  if (ns.isTimestampSchema()) return readTimestamp(value, timestampFormatOf(ns, DEFAULT_TIMESTAMP), path);
  if (ns.isStringSchema()) {
    if (typeof value !== "string") throw wrongType(path, "a string");
    return value;
  }
  if (ns.isBooleanSchema()) {
    if (typeof value !== "boolean") throw wrongType(path, "a boolean");
    return value;
  }
  if (ns.isNumericSchema()) {
    if (typeof value === "string" && /^(NaN|-?Infinity)$/.test(value)) return Number(value);
    if (typeof value !== "number") throw wrongType(path, "a number");
    return value;
  }
  return value;
}

/** An operation's output as a JSON value. Unknown members are dropped, as AWS never sends them. */
export function writeJson(shape: Shape, value: unknown, options: JsonOptions): unknown {
  if (value === null || value === undefined) return value;
  const ns = NormalizedSchema.of(shape);
  if (ns.isStructSchema()) {
    const output: Record<string, unknown> = {};
    for (const [name, member] of ns.structIterator()) {
      const item = (value as Record<string, unknown>)[name];
      if (item === undefined || item === null) continue;
      output[options.jsonNames ? (member.getMergedTraits().jsonName ?? name) : name] = writeJson(member, item, options);
    }
    return output;
  }
  if (ns.isListSchema()) {
    const member = ns.getValueSchema();
    return (value as unknown[]).map((item) => writeJson(member, item, options));
  }
  if (ns.isMapSchema()) {
    const member = ns.getValueSchema();
    const output: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value as object)) output[key] = writeJson(member, item, options);
    return output;
  }
  if (ns.isBlobSchema()) return Buffer.from(value as Uint8Array).toString("base64");
  if (ns.isTimestampSchema()) return writeTimestamp(value as Date, timestampFormatOf(ns, DEFAULT_TIMESTAMP));
  if (ns.isNumericSchema() && !Number.isFinite(value)) return String(value);
  return value;
}

/** Only sparse lists and maps have members that are null. */
function nothing(ns: NormalizedSchema, path: string): null {
  if (ns.getMergedTraits().sparse) return null;
  throw new AwsError("SerializationException", `${path} must not be null.`);
}

function wrongType(path: string, expected: string): AwsError {
  return new AwsError("SerializationException", `${path || "The request body"} must be ${expected}.`, 400);
}
