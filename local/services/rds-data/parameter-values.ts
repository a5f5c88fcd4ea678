/** What a parameter's field and hint mean to PostgreSQL: a type and a value on its wire. */

import { AwsError } from "../../service.ts";
import { badRequest } from "./errors.ts";

export interface Field {
  isNull?: boolean;
  booleanValue?: boolean;
  longValue?: number | bigint;
  doubleValue?: number;
  stringValue?: string;
  blobValue?: Uint8Array;
  arrayValue?: unknown;
}

export interface SqlParameter {
  name?: string;
  value?: Field;
  typeHint?: string;
}

export interface BoundValue {
  /** The OID in the Parse message; 0 leaves the type to PostgreSQL. */
  type: number;
  value: string | Buffer | null;
}

const BOOL = 16;
const BYTEA = 17;
const INT8 = 20;
const TEXT = 25;
const FLOAT8 = 701;

/** The type a hint stands for, what it takes, and what AWS calls it in a complaint. */
const HINTS: Record<string, { type: number; pattern: RegExp; label: string }> = {
  UUID: { type: 2950, pattern: /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i, label: "UUID" },
  DATE: { type: 1082, pattern: /^\d{4}-\d{2}-\d{2}$/, label: "Date" },
  TIME: { type: 1083, pattern: /^\d{2}:\d{2}:\d{2}(\.\d{1,9})?$/, label: "Time" },
  TIMESTAMP: { type: 1114, pattern: /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,9})?$/, label: "TimeStamp" },
  DECIMAL: { type: 1700, pattern: /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i, label: "Decimal" },
  JSON: { type: 3802, pattern: /[\s\S]/, label: "JSON" },
};

/** Values in the order of `names`. */
export function bindParameters(names: string[], parameters: SqlParameter[] | undefined): BoundValue[] {
  if (names.length === 0 && !parameters?.length) return [];
  const given = new Map<string, SqlParameter>();
  for (const parameter of parameters ?? []) given.set(parameter.name ?? "", parameter);
  return names.map((name) => {
    const parameter = given.get(name);
    if (!parameter) throw badRequest(`Cannot find parameter: ${name}`);
    return bindValue(name, parameter);
  });
}

function bindValue(name: string, { value, typeHint }: SqlParameter): BoundValue {
  if (value?.arrayValue !== undefined) {
    throw new AwsError("ValidationException", "Array parameters are not supported.");
  }
  if (!value || value.isNull) return { type: 0, value: null };
  if (typeHint !== undefined) return bindHinted(name, value, typeHint);
  if (value.stringValue !== undefined) return { type: TEXT, value: value.stringValue };
  if (value.longValue !== undefined) return { type: INT8, value: String(value.longValue) };
  if (value.doubleValue !== undefined) return { type: FLOAT8, value: String(value.doubleValue) };
  if (value.booleanValue !== undefined) return { type: BOOL, value: value.booleanValue ? "t" : "f" };
  if (value.blobValue !== undefined) return { type: BYTEA, value: toBuffer(value.blobValue) };
  throw badRequest(`Parameter ${name} has no value.`);
}

function bindHinted(name: string, value: Field, typeHint: string): BoundValue {
  const hint = HINTS[typeHint]!;
  const text = value.stringValue;
  if (text === undefined) throw badRequest(`The type hint ${typeHint} of parameter ${name} needs a stringValue.`);
  if (!hint.pattern.test(text)) throw badRequest(`Parse Error for ${hint.label}: input contains invalid characters`);
  return { type: hint.type, value: text };
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
