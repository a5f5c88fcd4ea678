/**
 * A JavaScript value and the PostgreSQL type it is for → a field, and the cast that the statement needs beside its
 * placeholder. The Data API sends strings as `text`, which PostgreSQL compares with a uuid as little as it stores one in a
 * date column; a cast works for every type. What the column's type is comes from the generated map, never from the value.
 * Where no column is known (`sql` templates), the JavaScript type decides.
 */

import type { Field } from "./data-api-transport.ts";
import { ParameterError } from "./errors.ts";

export interface EncodedParameter {
  field: Field;
  /** `uuid`: written as `:1::uuid`. */
  cast?: string;
}

const NULL: EncodedParameter = { field: { isNull: true } };

/**
 * @param type PostgreSQL's short name (`int8`, `timestamptz`, `text[]`), undefined when unknown
 * @param column for the message of an error
 * @throws ParameterError when the type does not take the value
 */
export function encodeParameter(value: unknown, type?: string, column?: string): EncodedParameter {
  if (value === null || value === undefined) return NULL;
  if (type === undefined) return encodeUntyped(value);
  const refuse = (takes: string): never => {
    throw new ParameterError(`${column ?? "A parameter"} (${type}) takes ${takes}, not ${describe(value)}.`);
  };
  if (type.endsWith("[]")) {
    const element = type.slice(0, -2);
    if (!Array.isArray(value)) return refuse("an array");
    return { field: { stringValue: arrayLiteral(value, (item) => elementText(item, element, column)) }, cast: type };
  }
  switch (type) {
    case "bool":
      return typeof value === "boolean" ? { field: { booleanValue: value } } : refuse("a boolean");
    case "int2":
    case "int4":
    case "int8":
      return encodeInteger(value, type, () => refuse("an integer"));
    case "float4":
    case "float8":
      if (typeof value !== "number") return refuse("a number");
      if (!Number.isFinite(value)) return { field: { stringValue: String(value) }, cast: type };
      return { field: { doubleValue: value }, cast: type === "float4" ? type : undefined };
    case "bytea":
      return value instanceof Uint8Array ? { field: { blobValue: new Blob(value) } } : refuse("a Uint8Array");
    case "json":
    case "jsonb":
      return { field: { stringValue: jsonText(value) }, cast: type };
    case "text":
    case "varchar":
      return typeof value === "string" ? { field: { stringValue: value } } : refuse("a string");
    default:
      return { field: { stringValue: plainText(value, type, refuse) }, cast: quoteType(type) };
  }
}

/** Without a column the value's own type has to do; a string stays `text`. */
function encodeUntyped(value: unknown): EncodedParameter {
  switch (typeof value) {
    case "string":
      return { field: { stringValue: value } };
    case "boolean":
      return { field: { booleanValue: value } };
    case "bigint":
      return encodeInteger(value, "int8", () => undefined as never);
    case "number":
      if (!Number.isFinite(value)) return { field: { stringValue: String(value) }, cast: "float8" };
      if (!Number.isInteger(value)) return { field: { doubleValue: value } };
      // An int4 becomes any wider number where one is asked for; an int8 never becomes an int4 (`substr(x, :1)`).
      if (Math.abs(value) < 2 ** 31) return { field: { longValue: value }, cast: "int4" };
      return encodeInteger(value, "int8", () => undefined as never);
  }
  if (value instanceof Date) return { field: { stringValue: dateText(value) }, cast: "timestamptz" };
  if (value instanceof Uint8Array) return { field: { blobValue: new Blob(value) } };
  if (Array.isArray(value)) {
    const type = arrayType(value);
    return { field: { stringValue: arrayLiteral(value, (item) => elementText(item, type.slice(0, -2))) }, cast: type };
  }
  return { field: { stringValue: jsonText(value) }, cast: "jsonb" };
}

function arrayType(items: unknown[]): string {
  const known = items.filter((item) => item !== null && item !== undefined);
  const all = (test: (item: unknown) => boolean) => known.length > 0 && known.every(test);
  if (all((item) => typeof item === "boolean")) return "bool[]";
  if (all((item) => typeof item === "bigint" || Number.isInteger(item))) {
    return all((item) => Math.abs(Number(item)) < 2 ** 31) ? "int4[]" : "int8[]";
  }
  if (all((item) => typeof item === "number")) return "float8[]";
  if (all((item) => item instanceof Date)) return "timestamptz[]";
  return "text[]";
}

function encodeInteger(value: unknown, type: string, refuse: () => never): EncodedParameter {
  const isDigits = typeof value === "string" && /^-?\d+$/.test(value);
  if (typeof value !== "bigint" && !Number.isInteger(value) && !isDigits) return refuse();
  const number = Number(value);
  // Wire numbers pass through doubles on the way: what does not fit one goes as text.
  return Number.isSafeInteger(number)
    ? { field: { longValue: number } }
    : { field: { stringValue: String(value) }, cast: type };
}

function plainText(value: unknown, type: string, refuse: (takes: string) => never): string {
  if (typeof value === "string") return value;
  switch (type) {
    case "numeric":
      if (typeof value === "number" || typeof value === "bigint") return String(value);
      return refuse("a number, a bigint or a string of digits");
    case "timestamptz":
    case "timestamp":
      return value instanceof Date ? dateText(value, refuse) : refuse("a Date or a string");
    case "oid":
      return Number.isInteger(value) ? String(value) : refuse("an integer");
    case "date":
      return refuse("a string YYYY-MM-DD (a Date is an instant, which is another day elsewhere)");
    default:
      return refuse("a string");
  }
}

/** ISO 8601 in UTC; PostgreSQL writes years beyond four digits without a sign and those before 1 with BC. */
function dateText(date: Date, refuse?: (takes: string) => never): string {
  if (Number.isNaN(date.getTime())) {
    if (refuse) return refuse("a valid Date");
    throw new ParameterError("A parameter is an invalid Date.");
  }
  const iso = date.toISOString();
  const year = date.getUTCFullYear();
  if (year >= 1 && year <= 9999) return iso;
  const rest = iso.slice(iso.indexOf("-", 1));
  return year > 9999 ? `${year}${rest}` : `${String(1 - year).padStart(4, "0")}${rest} BC`;
}

/** Strings are JSON text already, as with PostgreSQL's driver; a string as a JSON value is `JSON.stringify("…")`. */
function jsonText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function elementText(item: unknown, type: string, column?: string): string | null {
  if (item === null || item === undefined) return null;
  if (type === "bytea" && item instanceof Uint8Array) return `\\x${Buffer.from(item).toString("hex")}`;
  const { field } = encodeParameter(item, type, column && `An element of ${column}`);
  return String(field.stringValue ?? field.longValue ?? field.doubleValue ?? field.booleanValue);
}

function arrayLiteral(items: unknown[], text: (item: unknown) => string | null): string {
  const parts = items.map((item) => {
    if (Array.isArray(item)) return arrayLiteral(item, text);
    const plain = text(item);
    return plain === null ? "NULL" : `"${plain.replace(/["\\]/g, "\\$&")}"`;
  });
  return `{${parts.join(",")}}`;
}

/** Names of one's own types may need quotes; the map's built-in ones never do. */
function quoteType(type: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(type) ? type : `"${type.replaceAll('"', '""')}"`;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (value instanceof Date) return "a Date";
  return typeof value === "object"
    ? `a ${value!.constructor?.name ?? "object"}`
    : `the ${typeof value} ${String(value)}`;
}

/** Bytes that JSON shows as base64: right for the wire, and still bytes for the SDK. */
class Blob extends Uint8Array {
  toJSON(): string {
    return Buffer.from(this.buffer, this.byteOffset, this.byteLength).toString("base64");
  }
}
