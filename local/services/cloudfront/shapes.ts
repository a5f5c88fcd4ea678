/**
 * Settings in the form that CloudFront's API has them, whichever door they come through: a program's inputs are read by the
 * schemas of the SDK's client, which differ from them in case, in lists (`{ Quantity, Items }`), and in a few names.
 */
import { NormalizedSchema } from "@smithy/core/schema";
import type { Value } from "../../../engine/graph.ts";

// biome-ignore lint/suspicious/noExplicitAny: shapes come from the SDK client's schema at run time
export type Shape = Record<string, any>;

/** What a program calls otherwise, by structure and member. */
const NAMES: Record<string, string> = {
  "DistributionConfig.CacheBehaviors": "orderedcachebehaviors",
  "DistributionConfig.Logging": "loggingconfig",
  "GeoRestriction.Items": "locations",
  "LambdaFunctionAssociation.LambdaFunctionARN": "lambdaarn",
  "Origin.Id": "originid",
  "OriginCustomHeader.HeaderName": "name",
  "OriginCustomHeader.HeaderValue": "value",
  "OriginGroup.Id": "originid",
};

/** @param schema the client's schema of a settings structure: `DistributionConfig$` */
export function shapeOf(schema: unknown, inputs: Value): Shape {
  return read(NormalizedSchema.of(schema as never), inputs) as Shape;
}

function read(schema: NormalizedSchema, value: Value): unknown {
  if (value === null || value === undefined) return undefined;
  if (schema.isListSchema()) return (value as Value[]).map((item) => read(schema.getValueSchema(), item));
  if (schema.isStructSchema()) return readStructure(schema, value);
  return schema.isStringSchema() ? String(value) : value;
}

function readStructure(schema: NormalizedSchema, value: Value): Shape {
  const members = new Map(schema.structIterator());
  const isList = members.has("Quantity") && members.has("Items");
  // An association has nothing but an ARN, and a program gives just that.
  if (typeof value === "string")
    return Object.fromEntries([...members.keys()].slice(0, 1).map((name) => [name, value]));
  const given = Array.isArray(value) ? { items: value } : (value as Record<string, Value>);
  const known = new Map(Object.entries(given).map(([key, item]) => [key.toLowerCase(), item]));
  const found: Shape = {};
  for (const [name, member] of members) {
    const called = NAMES[`${schema.getName()}.${name}`] ?? name.toLowerCase();
    const item = read(member, known.get(called) as Value);
    if (item !== undefined) found[name] = item;
  }
  if (isList) {
    found.Items ??= [];
    found.Quantity = found.Items.length;
    if (members.has("Enabled")) found.Enabled = found.Quantity > 0;
  }
  // What a program names beside the allowed methods stands inside of them.
  if (found.AllowedMethods && known.has("cachedmethods")) {
    found.AllowedMethods.CachedMethods = listed((known.get("cachedmethods") ?? []) as Value[]);
  }
  return found;
}

export const listed = <Item>(items: Item[]): { Quantity: number; Items: Item[] } => ({
  Quantity: items.length,
  Items: items,
});

/** The items of such a list, also where it is left out. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export const itemsOf = (list: { Items?: any[] } | undefined): any[] => list?.Items ?? [];
