/** Text as PostgreSQL writes it → fields as the Data API gives them. */

import { AwsError } from "../../../service.ts";
import { unsupportedResult, unsupportedType } from "../errors.ts";
import type { Field } from "../parameter-values.ts";
import type { ResultType } from "./result-types.ts";

export interface ResultSetOptions {
  decimalReturnType?: "STRING" | "DOUBLE_OR_LONG";
  longReturnType?: "LONG" | "STRING";
}

export type Convert = (text: string) => Field;

/** The conversion of one column, chosen once per result. */
export function fieldConverter(type: ResultType, options: ResultSetOptions = {}): Convert {
  switch (type.kind) {
    case "boolean":
      return (text) => ({ booleanValue: text === "t" });
    case "long":
      if (options.longReturnType === "STRING") return (text) => ({ stringValue: text });
      return (text) => ({ longValue: exactLong(text) });
    case "double":
      return (text) => ({ doubleValue: double(text) });
    case "decimal":
      if (options.decimalReturnType !== "DOUBLE_OR_LONG") return (text) => ({ stringValue: text });
      return (text) => (/^-?\d+$/.test(text) ? { longValue: exactLong(text) } : { doubleValue: double(text) });
    case "blob":
      return (text) => ({ blobValue: new Blob(Buffer.from(text.slice(2), "hex")) });
    case "date":
    case "time":
    case "timestamp":
    case "timestamptz":
      return (text) => ({ stringValue: temporal(text) });
    case "array":
      return arrayConverter(type.element!, options);
    case "unsupported":
      throw unsupportedType(type.name);
    default:
      return (text) => ({ stringValue: text });
  }
}

/** Bytes that JSON shows as base64, which is what the wire wants of a blob. */
class Blob extends Uint8Array {
  toJSON(): string {
    return Buffer.from(this.buffer, this.byteOffset, this.byteLength).toString("base64");
  }
}

/** Beyond 2^53 a bigint: the wire carries every digit, whatever the client then makes of it. */
function exactLong(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

/** JSON has no NaN and no infinities: they travel as strings. */
function double(text: string): number {
  const value = Number(text);
  return Number.isFinite(value) ? value : (text as never);
}

/** UTC without offset, the fraction absent or of 3 or 6 digits. */
function temporal(text: string): string {
  if (text.endsWith("infinity")) {
    throw new AwsError("InternalServerErrorException", "InternalFailure", 500);
  }
  if (text.endsWith(" BC")) return `${temporal(text.slice(0, -3))} BC`;
  const local = toUtc(text);
  const point = local.indexOf(".");
  if (point < 0) return local;
  const digits = local.length - point - 1;
  return digits === 3 || digits === 6 ? local : local.padEnd(point + 1 + (digits < 3 ? 3 : 6), "0");
}

/** A session may have set another time zone: the offset is then taken off. */
function toUtc(text: string): string {
  const offset = /([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/.exec(text.slice(11));
  if (!offset || text.length < 19) return text;
  const local = text.slice(0, text.length - offset[0].length);
  const seconds = Number(offset[2]) * 3600 + Number(offset[3] ?? 0) * 60 + Number(offset[4] ?? 0);
  if (seconds === 0) return local;
  const utc = Date.parse(`${local.slice(0, 19).replace(" ", "T")}Z`) - (offset[1] === "-" ? -1000 : 1000) * seconds;
  return `${new Date(utc).toISOString().slice(0, 19).replace("T", " ")}${local.slice(19)}`;
}

const MEMBERS = { boolean: "booleanValues", long: "longValues", double: "doubleValues" } as const;

function arrayConverter(element: ResultType, options: ResultSetOptions): Convert {
  if (element.kind === "blob") throw unsupportedType("_bytea");
  const convert = fieldConverter(element, options);
  const asText = element.kind === "long" && options.longReturnType === "STRING";
  return (text) => {
    const items = splitArray(text).map((item) => (item === null ? null : Object.values(convert(item))[0]));
    const numbers = element.kind === "decimal" && options.decimalReturnType === "DOUBLE_OR_LONG";
    const member = numbers
      ? "doubleValues"
      : (!asText && MEMBERS[element.kind as keyof typeof MEMBERS]) || "stringValues";
    return { arrayValue: { [member]: items } };
  };
}

/** `{a,"b \"c\"",NULL}` → elements. */
export function splitArray(text: string): (string | null)[] {
  if (text === "{}") return [];
  // `[2:3]={a,b}`: bounds other than 1 are told in front.
  const body = text.slice(text.indexOf("{") + 1, -1);
  if (body.startsWith("{")) throw unsupportedResult("The result contains a multidimensional array.");
  const items: (string | null)[] = [];
  for (let at = 0; at <= body.length; at++) {
    if (body[at] === '"') {
      let value = "";
      for (at++; body[at] !== '"'; at++) {
        if (body[at] === "\\") at++;
        value += body[at];
      }
      items.push(value);
      at++;
    } else {
      const comma = body.indexOf(",", at);
      const end = comma < 0 ? body.length : comma;
      const value = body.slice(at, end);
      items.push(value === "NULL" ? null : value);
      at = end;
    }
  }
  return items;
}
