/** Rows of plain values as one JSON document, and the SELECT that makes rows of it again. */

import { encodeParameter } from "../compile/encode-parameter.ts";
import type { Found } from "../compile/scope.ts";
import { aroundOf, quoteType } from "../compile/type-casts.ts";
import type { Field } from "../transport/data-api-transport.ts";

/** What stands before and after the document's placeholder. */
export function bulkSelect(targets: readonly Found[]): { before: string; after: string } {
  const columns = targets.map(({ type }, index) => {
    const name = `c${index}`;
    // JSON text, arrays and rows would be taken for JSON of the document itself.
    if (!/^jsonb?$|\[\]$|\{\}$/.test(type)) return { select: name, definition: `${name} ${quoteType(type)}` };
    const { prefix = "", suffix = "" } = aroundOf(type);
    const value = `${prefix}${name}${suffix}`;
    // An array made from no document is empty, not null.
    const select = type.endsWith("{}[]") ? `case when ${name} is not null then ${value} end` : value;
    return { select, definition: `${name} text` };
  });
  return {
    before: `select ${columns.map(({ select }) => select).join(", ")} from jsonb_to_recordset(`,
    after: `::jsonb) as r(${columns.map(({ definition }) => definition).join(", ")})`,
  };
}

/**
 * Nulls are left out.
 * @throws ParameterError naming the column that does not take a value
 */
export function bulkDocument(rows: readonly (readonly unknown[])[], targets: readonly Found[]): string {
  const documents = rows.map((row) => {
    const document: Record<string, unknown> = {};
    targets.forEach(({ type, column }, index) => {
      const { field } = encodeParameter(row[index], type, column);
      if (!field.isNull) document[`c${index}`] = scalar(field);
    });
    return document;
  });
  return JSON.stringify(documents);
}

function scalar({ stringValue, longValue, doubleValue, booleanValue, blobValue }: Field): unknown {
  if (blobValue) return `\\x${Buffer.from(blobValue as Uint8Array).toString("hex")}`;
  return stringValue ?? longValue ?? doubleValue ?? booleanValue;
}
