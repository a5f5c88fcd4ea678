/** awsQuery requests: `Member.1.Name=value` forms, read along the input's schema. */
import { NormalizedSchema } from "@smithy/core/schema";
import { readTimestamp, type Shape, timestampFormatOf } from "./schema.ts";

/** The input of an operation, from the request's form fields. */
export function readQuery(shape: Shape, form: URLSearchParams): unknown {
  return readMember(NormalizedSchema.of(shape), form, "") ?? {};
}

function readMember(ns: NormalizedSchema, form: URLSearchParams, path: string): unknown {
  if (ns.isStructSchema()) return readStructure(ns, form, path);
  if (ns.isListSchema()) {
    const member = ns.getValueSchema();
    const prefix = ns.getMergedTraits().xmlFlattened ? path : `${path}.${member.getMergedTraits().xmlName ?? "member"}`;
    return readList(member, form, prefix);
  }
  if (ns.isMapSchema()) return readMap(ns, form, path);
  const text = form.get(path);
  return text === null ? undefined : readScalar(ns, text, path);
}

function readStructure(ns: NormalizedSchema, form: URLSearchParams, path: string): unknown {
  // A structure is there when any of its fields is; asking for each member of a recursive shape would not end.
  if (path && !hasPrefix(form, `${path}.`)) return undefined;
  const output: Record<string, unknown> = {};
  for (const [name, member] of ns.structIterator()) {
    const key = member.getMemberTraits().xmlName ?? name;
    const value = readMember(member, form, path ? `${path}.${key}` : key);
    if (value !== undefined) output[name] = value;
  }
  return output;
}

function readList(member: NormalizedSchema, form: URLSearchParams, prefix: string): unknown {
  const items: unknown[] = [];
  for (let index = 1; ; index++) {
    const item = readMember(member, form, `${prefix}.${index}`);
    if (item === undefined) return items.length > 0 || form.has(prefix) ? items : undefined;
    items.push(item);
  }
}

function readMap(ns: NormalizedSchema, form: URLSearchParams, path: string): unknown {
  const [key, value] = [ns.getKeySchema(), ns.getValueSchema()];
  const keyName = key.getMergedTraits().xmlName ?? "key";
  const valueName = value.getMergedTraits().xmlName ?? "value";
  const prefix = ns.getMergedTraits().xmlFlattened ? path : `${path}.entry`;
  const output: Record<string, unknown> = {};
  for (let index = 1; ; index++) {
    const name = form.get(`${prefix}.${index}.${keyName}`);
    if (name === null) return index > 1 ? output : undefined;
    output[name] = readMember(value, form, `${prefix}.${index}.${valueName}`) ?? "";
  }
}

function readScalar(ns: NormalizedSchema, text: string, path: string): unknown {
  if (ns.isBooleanSchema()) return text === "true";
  if (ns.isNumericSchema()) return Number(text);
  if (ns.isBlobSchema()) return new Uint8Array(Buffer.from(text, "base64"));
  if (ns.isTimestampSchema()) return readTimestamp(text, timestampFormatOf(ns, "date-time"), path);
  return text;
}

function hasPrefix(form: URLSearchParams, prefix: string): boolean {
  for (const key of form.keys()) if (key.startsWith(prefix)) return true;
  return false;
}
