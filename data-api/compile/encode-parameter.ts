/**
 * A JavaScript value and the PostgreSQL type it is for → a field, and what the statement needs around its placeholder. The
 * Data API sends strings as `text`, which PostgreSQL compares with a uuid as little as it stores one in a date column; a
 * cast works for every type. What the column's type is comes from the generated map, never from the value, and the cast
 * from the type alone, so that a statement's text is the same for every row. Where no column is known (`sql` templates),
 * the JavaScript type decides.
 */

import { ParameterError } from "../errors.ts";
import type { Field } from "../transport/data-api-transport.ts";
import { arrayLiteral } from "./array-literal.ts";
import { type Around, aroundOf } from "./type-casts.ts";

export interface EncodedParameter {
  field: Field;
  around: Around;
}

type Refuse = (takes: string) => never;

const NULL: Field = { isNull: true };
const NONE: Around = {};
/** An integer of JavaScript's is sent as a long: an int8, unless told. */
const INT4: Around = { suffix: "::int4" };
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/**
 * @param type PostgreSQL's short name (`int8`, `timestamptz`, `text[]`), undefined when unknown
 * @param column for the message of an error
 * @throws ParameterError when the type does not take the value
 */
export function encodeParameter(value: unknown, type?: string, column?: string): EncodedParameter {
  if (value === null || value === undefined) return { field: NULL, around: nullAround(type) };
  if (type === undefined) return encodeUntyped(value);
  return { field: typedField(value, type, column), around: aroundOf(type) };
}

/** An array made from no rows would be empty, not null. */
function nullAround(type: string | undefined): Around {
  return type === undefined || type.endsWith("{}[]") ? NONE : aroundOf(type);
}

function typedField(value: unknown, type: string, column?: string): Field {
  const refuse: Refuse = (takes) => {
    throw new ParameterError(`${column ?? "A parameter"} (${type}) takes ${takes}, not ${describe(value)}.`);
  };
  if (type.endsWith("{}"))
    return isPlainObject(value)
      ? { stringValue: stringify(value) ?? refuse("what JSON can hold") }
      : refuse("an object");
  if (type.endsWith("[]")) {
    if (!Array.isArray(value)) return refuse("an array");
    if (type.endsWith("{}[]")) return { stringValue: stringify(value) ?? refuse("what JSON can hold") };
    return { stringValue: arrayText(value, type.slice(0, -2), column) };
  }
  switch (type) {
    case "bool":
      return typeof value === "boolean" ? { booleanValue: value } : refuse("a boolean");
    case "int2":
    case "int4":
    case "int8":
      return longField(value) ?? refuse("an integer");
    case "float4":
    case "float8":
      return typeof value === "number" ? doubleField(value) : refuse("a number");
    case "bytea":
      return value instanceof Uint8Array ? { blobValue: new Blob(value) } : refuse("a Uint8Array");
    case "json":
    case "jsonb":
      return { stringValue: jsonText(value) ?? refuse("what JSON can hold") };
    default:
      return { stringValue: wellFormed(plainText(value, type, refuse), refuse) };
  }
}

/** Without a column the value's own type has to do; a string stays `text`. */
function encodeUntyped(value: unknown): EncodedParameter {
  const refuse: Refuse = (takes) => {
    throw new ParameterError(`A parameter takes ${takes}, not ${describe(value)}.`);
  };
  switch (typeof value) {
    case "string":
      return { field: { stringValue: wellFormed(value, refuse) }, around: NONE };
    case "boolean":
      return { field: { booleanValue: value }, around: NONE };
    case "bigint":
      return { field: longField(value)!, around: aroundOf("int8") };
    case "number":
      if (!Number.isFinite(value) || Object.is(value, -0))
        return { field: doubleField(value), around: aroundOf("float8") };
      if (!Number.isInteger(value)) return { field: doubleField(value), around: NONE };
      // An int4 becomes any wider number where one is asked for; an int8 never becomes an int4 (`substr(x, :1)`).
      return { field: longField(value)!, around: Math.abs(value) < 2 ** 31 ? INT4 : aroundOf("int8") };
    case "object":
      break;
    default:
      return refuse("a value");
  }
  const type = typeOfObject(value!);
  return { field: typedField(value, type), around: aroundOf(type) };
}

function typeOfObject(value: object): string {
  if (value instanceof Date) return "timestamptz";
  if (value instanceof Uint8Array) return "bytea";
  return Array.isArray(value) ? arrayType(value) : "jsonb";
}

function arrayType(items: unknown[]): string {
  const known = items.flat(Number.POSITIVE_INFINITY).filter((item) => item !== null && item !== undefined);
  const all = (test: (item: unknown) => boolean) => known.length > 0 && known.every(test);
  if (all((item) => typeof item === "boolean")) return "bool[]";
  if (all((item) => typeof item === "bigint" || Number.isInteger(item))) {
    return all((item) => Math.abs(Number(item)) < 2 ** 31) ? "int4[]" : "int8[]";
  }
  if (all((item) => typeof item === "number")) return "float8[]";
  if (all((item) => typeof item === "object")) {
    const types = new Set(known.map((item) => typeOfObject(item as object)));
    return types.size === 1 ? `${[...types][0]}[]` : "jsonb[]";
  }
  return "text[]";
}

/** Wire numbers pass through doubles on the way: what does not fit one goes as text. */
function longField(value: unknown): Field | undefined {
  const isDigits = typeof value === "string" && /^-?\d+$/.test(value);
  if (typeof value !== "bigint" && !Number.isInteger(value) && !isDigits) return undefined;
  const number = Number(value);
  // `-0` is none of an integer's values, and JSON has no sign for it.
  return Number.isSafeInteger(number) ? { longValue: number + 0 } : { stringValue: integerText(value) };
}

/** Digits, all of them: a number beyond 2^53 has an exact value, which its shortest text is not. */
function integerText(value: unknown): string {
  return typeof value === "number" ? String(BigInt(value)) : String(value);
}

/** JSON has no NaN, no infinities and no negative zero. */
function doubleField(value: number): Field {
  return Number.isFinite(value) && !Object.is(value, -0) ? { doubleValue: value } : { stringValue: doubleText(value) };
}

function doubleText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function plainText(value: unknown, type: string, refuse: Refuse): string {
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
function dateText(date: Date, refuse: Refuse): string {
  if (Number.isNaN(date.getTime())) return refuse("a valid Date");
  const iso = date.toISOString();
  const year = date.getUTCFullYear();
  if (year >= 1 && year <= 9999) return iso;
  const rest = iso.slice(iso.indexOf("-", 1));
  return year > 9999 ? `${year}${rest}` : `${String(1 - year).padStart(4, "0")}${rest} BC`;
}

/** Strings are JSON text already, as with PostgreSQL's driver; a string as a JSON value is `JSON.stringify("…")`. */
function jsonText(value: unknown): string | undefined {
  return typeof value === "string" ? value : stringify(value);
}

/** With a replacer it takes several times as long; only a bigint needs one. */
function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    return String(error).includes("BigInt") ? JSON.stringify(value, exact) : undefined;
  }
}

/** A bigint keeps its digits: PostgreSQL's JSON numbers have no end. */
function exact(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? rawJSON(String(value)) : value;
}

/** PostgreSQL's text has no U+0000 and no half of a character; UTF-8 would silently replace the latter. */
function wellFormed(text: string, refuse: Refuse): string {
  if (text.includes("\0")) return refuse("text without the character U+0000");
  return text.isWellFormed() ? text : refuse("well-formed Unicode");
}

function arrayText(items: unknown[], element: string, column?: string): string {
  const place = column && `An element of ${column}`;
  const text = (item: unknown): string => {
    if (element === "bytea" && item instanceof Uint8Array) return `\\x${Buffer.from(item).toString("hex")}`;
    const { stringValue, longValue, doubleValue, booleanValue } = typedField(item, element, place);
    return String(stringValue ?? longValue ?? doubleValue ?? booleanValue);
  };
  // Within an array of JSON an array is a value, not another dimension.
  return arrayLiteral(items, text, element !== "json" && element !== "jsonb");
}

function isPlainObject(value: unknown): boolean {
  return (
    typeof value === "object" && !Array.isArray(value) && !(value instanceof Date) && !(value instanceof Uint8Array)
  );
}

/** Never what a string holds: it may be a secret, and errors are logged. */
function describe(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (value instanceof Date) return "a Date";
  if (typeof value === "string") return "a string";
  if (typeof value === "object") return `a ${value!.constructor?.name ?? "object"}`;
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  return `the ${typeof value} ${String(value)}`;
}

/** Bytes that JSON shows as base64: right for the wire, and still bytes for the SDK. */
class Blob extends Uint8Array {
  toJSON(): string {
    return Buffer.from(this.buffer, this.byteOffset, this.byteLength).toString("base64");
  }
}
