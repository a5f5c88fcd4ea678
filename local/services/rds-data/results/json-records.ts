/** `formatRecordsAs: JSON`: the whole result as one JSON text, written by hand so that a long keeps all its digits. */

import { badRequest, unsupportedResult } from "../errors.ts";
import type { Field } from "../parameter-values.ts";

const LIMIT_BYTES = 10 * 1024 * 1024;
export const FORMATTED_LIMIT = "The formatted result exceeds the size limit 10 MB.";

export function formatRecords(labels: string[], records: Field[][]): string {
  const duplicate = labels.find((label, index) => labels.indexOf(label) !== index);
  if (duplicate !== undefined) {
    throw badRequest(`The result has more than one column "${duplicate}": JSON needs a label of its own for each.`);
  }
  const keys = labels.map((label) => `${JSON.stringify(label)}:`);
  const objects = records.map(
    (record) => `{${record.map((field, index) => keys[index] + fieldText(field)).join(",")}}`,
  );
  const text = `[${objects.join(",")}]`;
  if (Buffer.byteLength(text) > LIMIT_BYTES) {
    throw unsupportedResult(FORMATTED_LIMIT);
  }
  return text;
}

function fieldText(field: Field): string {
  if (field.isNull) return "null";
  if (field.arrayValue) {
    const items = Object.values(field.arrayValue as Record<string, unknown[]>)[0]!;
    return `[${items.map(plainText).join(",")}]`;
  }
  return plainText(Object.values(field)[0]);
}

function plainText(value: unknown): string {
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}
