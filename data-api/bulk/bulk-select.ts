/** Rows of plain values as one JSON document, and the SELECT that makes rows of it again. */

import { encodeParameter } from "../compile/encode-parameter.ts";
import type { Found } from "../compile/scope.ts";
import { aroundOf, quoteType } from "../compile/type-casts.ts";
import type { Field } from "../transport/data-api-transport.ts";
import type { BulkValuesNode } from "./bulk-insert.ts";

/** What stands before and after the document's placeholder. */
export function bulkSelect(targets: readonly Found[]): { before: string; after: string } {
  const columns = targets.map(({ type }, index) => {
    const text = `(v->>${index})`;
    if (type === "text" || type === "varchar") return text;
    // What goes as a parameter of its type elsewhere comes out of the document as text.
    const { prefix = "", suffix = `::${quoteType(type)}` } = aroundOf(type);
    const value = `${prefix}${text}${suffix}`;
    // An array made from no document is empty, not null.
    return type.endsWith("{}[]") ? `case when ${text} is not null then ${value} end` : value;
  });
  return { before: `select ${columns.join(", ")} from jsonb_array_elements(`, after: "::jsonb) as r(v)" };
}

/**
 * An array for each row: names would be most of it, and every quotation mark costs, for the request has the document as a
 * string once more.
 * @throws ParameterError naming the column that does not take a value
 */
export function bulkDocument({ rows, keys }: BulkValuesNode, targets: readonly Found[]): string {
  const isPlain = targets.map(({ type }) => PLAIN[type] ?? never);
  const documents = rows.map((row) => {
    const document = new Array<unknown>(keys.length);
    for (let i = 0; i < keys.length; i++) {
      const value = row[keys[i]!];
      document[i] = isPlain[i]!(value) ? value : scalar(value, targets[i]!);
    }
    return document;
  });
  return JSON.stringify(documents);
}

type IsPlain = (value: unknown) => boolean;

const never: IsPlain = () => false;
const isInteger: IsPlain = (value) => Number.isSafeInteger(value) && !Object.is(value, -0);
const isDouble: IsPlain = (value) => Number.isFinite(value) && !Object.is(value, -0);
const isText: IsPlain = (value) => typeof value === "string" && value.isWellFormed() && !value.includes("\0");

/** What JSON says as it is; anything else goes the way of all parameters. */
const PLAIN: Record<string, IsPlain> = {
  __proto__: null as never,
  ...{ int2: isInteger, int4: isInteger, int8: isInteger, float4: isDouble, float8: isDouble },
  bool: (value) => typeof value === "boolean",
  ...{ text: isText, varchar: isText, uuid: isText, date: isText, numeric: isText },
};

function scalar(value: unknown, { type, column }: Found): unknown {
  const { stringValue, longValue, doubleValue, booleanValue, blobValue }: Field = encodeParameter(
    value,
    type,
    column,
  ).field;
  if (blobValue) return `\\x${Buffer.from(blobValue as Uint8Array).toString("hex")}`;
  return stringValue ?? longValue ?? doubleValue ?? booleanValue;
}
