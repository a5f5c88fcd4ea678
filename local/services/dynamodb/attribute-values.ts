/** Attribute values: validation, size, equality, order, and the JSON they are stored as. */

import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { AwsError } from "../../service.ts";
import { compareDecimals, formatDecimal, parseDecimal, sortableDecimal } from "./decimal.ts";

export type { AttributeValue };
export type Item = Record<string, AttributeValue>;
export type AttributeType = "S" | "N" | "B" | "SS" | "NS" | "BS" | "M" | "L" | "NULL" | "BOOL";

const TYPES: readonly AttributeType[] = ["S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"];
const MAX_DEPTH = 32;

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

export function typeOf(value: AttributeValue): AttributeType {
  for (const type of TYPES) if (value[type as keyof AttributeValue] !== undefined) return type;
  throw invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
}

function distinct(values: string[], shown: string[]): void {
  if (new Set(values).size !== values.length)
    throw invalid(
      `One or more parameter values were invalid: Input collection [${shown.join(", ")}] contains duplicates.`,
    );
}

/** The value with its numbers in canonical form; throws what DynamoDB throws for a malformed one. */
export function normalize(value: AttributeValue, depth = 0): AttributeValue {
  if (depth > MAX_DEPTH) throw invalid("Nesting Levels have exceeded supported limits");
  const type = typeOf(value);
  if (TYPES.filter((name) => value[name as keyof AttributeValue] !== undefined).length > 1)
    throw invalid(
      "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
    );
  switch (type) {
    case "N":
      return { N: formatDecimal(parseDecimal(value.N!)) };
    case "NULL":
      if (value.NULL !== true)
        throw invalid(
          "One or more parameter values were invalid: Null attribute value types must have the value of true",
        );
      return value;
    case "SS": {
      if (value.SS!.length === 0)
        throw invalid("One or more parameter values were invalid: An string set  may not be empty");
      distinct(value.SS!, value.SS!);
      return value;
    }
    case "NS": {
      if (value.NS!.length === 0)
        throw invalid("One or more parameter values were invalid: An number set  may not be empty");
      const numbers = value.NS!.map((text) => formatDecimal(parseDecimal(text)));
      distinct(numbers, value.NS!);
      return { NS: numbers };
    }
    case "BS": {
      if (value.BS!.length === 0)
        throw invalid("One or more parameter values were invalid: Binary sets should not be empty");
      const shown = value.BS!.map(base64);
      distinct(shown, shown);
      return value;
    }
    case "M":
      return { M: mapValues(value.M!, (member) => normalize(member, depth + 1)) };
    case "L":
      return { L: value.L!.map((member) => normalize(member, depth + 1)) };
    default:
      return value;
  }
}

export function normalizeItem(item: Item): Item {
  return mapValues(item, (value) => normalize(value));
}

function mapValues<From, To>(record: Record<string, From>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** Bytes, by the rules of DynamoDB's documentation ("Item sizes and formats"). */
export function sizeOf(value: AttributeValue): number {
  switch (typeOf(value)) {
    case "S":
      return Buffer.byteLength(value.S!);
    case "N":
      return numberSize(value.N!);
    case "B":
      return value.B!.byteLength;
    case "SS":
      return value.SS!.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    case "NS":
      return value.NS!.reduce((sum, text) => sum + numberSize(text), 0);
    case "BS":
      return value.BS!.reduce((sum, bytes) => sum + bytes.byteLength, 0);
    case "M":
      return Object.values(value.M!).length + 3 + sizeOfItem(value.M!);
    case "L":
      return value.L!.reduce((sum, member) => sum + 1 + sizeOf(member), 3);
    default:
      return 1;
  }
}

function numberSize(text: string): number {
  const digits = parseDecimal(text).coefficient.toString().replace("-", "").length;
  return Math.ceil(digits / 2) + 1 + (text.startsWith("-") ? 1 : 0);
}

export function sizeOfItem(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + sizeOf(value), 0);
}

export function equal(left: AttributeValue, right: AttributeValue): boolean {
  const type = typeOf(left);
  if (type !== typeOf(right)) return false;
  switch (type) {
    case "N":
      return compareDecimals(parseDecimal(left.N!), parseDecimal(right.N!)) === 0;
    case "B":
      return Buffer.from(left.B!).equals(right.B!);
    case "SS":
    case "NS":
    case "BS": {
      const members = new Set(setMembers(left));
      const others = setMembers(right);
      return members.size === others.length && others.every((member) => members.has(member));
    }
    case "L":
      return left.L!.length === right.L!.length && left.L!.every((member, at) => equal(member, right.L![at]!));
    case "M": {
      const names = Object.keys(left.M!);
      return (
        names.length === Object.keys(right.M!).length &&
        names.every((name) => Object.hasOwn(right.M!, name) && equal(left.M![name]!, right.M![name]!))
      );
    }
    default:
      return left[type as keyof AttributeValue] === right[type as keyof AttributeValue];
  }
}

/** Set members as comparable strings: binary as base64, numbers canonical. */
export function setMembers(value: AttributeValue): string[] {
  return value.SS ?? value.NS?.map((text) => formatDecimal(parseDecimal(text))) ?? value.BS!.map(base64);
}

/** Negative, zero or positive; undefined where the types differ or have no order. */
export function compare(left: AttributeValue, right: AttributeValue): number | undefined {
  if (left.S !== undefined && right.S !== undefined) return Buffer.compare(Buffer.from(left.S), Buffer.from(right.S));
  if (left.N !== undefined && right.N !== undefined)
    return compareDecimals(parseDecimal(left.N), parseDecimal(right.N));
  if (left.B !== undefined && right.B !== undefined) return Buffer.compare(left.B, right.B);
  return undefined;
}

/** A key attribute as bytes that sort (memcmp) as DynamoDB sorts the values. */
export function sortable(value: AttributeValue): Buffer {
  if (value.S !== undefined) return Buffer.from(value.S);
  if (value.N !== undefined) return sortableDecimal(parseDecimal(value.N));
  return Buffer.from(value.B!);
}

/** DynamoDB JSON, binary as base64. */
export function encodeItem(item: Item): string {
  const encode = (value: AttributeValue): unknown => {
    if (value.B !== undefined) return { B: base64(value.B) };
    if (value.BS !== undefined) return { BS: value.BS.map(base64) };
    if (value.L !== undefined) return { L: value.L.map(encode) };
    if (value.M !== undefined) return { M: mapValues(value.M, encode) };
    return value;
  };
  return JSON.stringify(mapValues(item, encode));
}

export function decodeItem(json: string): Item {
  // biome-ignore lint/suspicious/noExplicitAny: the stored form, written by encodeItem
  const decode = (value: any): AttributeValue => {
    if (value.B !== undefined) return { B: new Uint8Array(Buffer.from(value.B, "base64")) };
    if (value.BS !== undefined)
      return { BS: value.BS.map((text: string) => new Uint8Array(Buffer.from(text, "base64"))) };
    if (value.L !== undefined) return { L: value.L.map(decode) };
    if (value.M !== undefined) return { M: mapValues(value.M, decode) };
    return value;
  };
  return mapValues(JSON.parse(json), decode);
}
