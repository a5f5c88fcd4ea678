/** PostgreSQL's types as the dialect's column map names them, and as TypeScript sees their values. */

import type { Catalogue, Type } from "./catalogue.ts";

interface Types {
  select: string;
  write: string;
}

/** Select type, and what inserts and updates take where that is another. Any other type is text. */
const TYPES: Record<string, [select: string, write?: string]> = {
  bool: ["boolean"],
  int2: ["number"],
  int4: ["number"],
  int8: ["string", "Long"],
  oid: ["number"],
  float4: ["number"],
  float8: ["number"],
  numeric: ["string", "Long"],
  bytea: ["Uint8Array"],
  json: ["Json", "JsonInput"],
  jsonb: ["Json", "JsonInput"],
  timestamptz: ["Date", "Instant"],
  timestamp: ["string", "Instant"],
};

/** Within a composite value, which travels as JSON. */
const JSON_TYPES: Record<string, string> = {
  bool: "boolean",
  json: "Json",
  jsonb: "Json",
  ...Object.fromEntries(["int2", "int4", "int8", "float4", "float8", "numeric"].map((name) => [name, "number"])),
};

/** `text[]`, `audit.mood`, `address{}`: a domain is the type it narrows. */
export function columnTypeOf(oid: string, catalogue: Catalogue): string {
  const type = resolve(oid, catalogue);
  if (type.element !== null) return `${columnTypeOf(type.element, catalogue)}[]`;
  const isOwn = type.schema !== "pg_catalog" && type.schema !== "public";
  return `${isOwn ? `${type.schema}.` : ""}${type.name}${type.attributes ? "{}" : ""}`;
}

export function typesOf(oid: string, catalogue: Catalogue): Types {
  const type = resolve(oid, catalogue);
  if (type.element !== null) {
    const element = typesOf(type.element, catalogue);
    return { select: arrayOf(element.select), write: arrayOf(element.write) };
  }
  const own = ownType(type, catalogue);
  if (own) return { select: own, write: own };
  const [select, write = select] = TYPES[type.name] ?? ["string"];
  return { select, write };
}

/** Enumerations, and composite types. */
function ownType({ labels, attributes }: Type, catalogue: Catalogue): string | undefined {
  if (labels) return labels.map((label) => JSON.stringify(label)).join(" | ");
  if (!attributes) return undefined;
  return `{ ${attributes.map(({ name, type }) => `${JSON.stringify(name)}: ${jsonType(type, catalogue)} | null`).join("; ")} }`;
}

function jsonType(oid: string, catalogue: Catalogue): string {
  const type = resolve(oid, catalogue);
  if (type.element !== null) return arrayOf(jsonType(type.element, catalogue));
  return ownType(type, catalogue) ?? JSON_TYPES[type.name] ?? "string";
}

function arrayOf(element: string): string {
  return /[ |]/.test(element) ? `(${element})[]` : `${element}[]`;
}

function resolve(oid: string, catalogue: Catalogue): Type {
  const type = catalogue.types.get(oid);
  if (!type) throw new Error(`The catalogue has no type ${oid}.`);
  return type.base === null ? type : resolve(type.base, catalogue);
}
