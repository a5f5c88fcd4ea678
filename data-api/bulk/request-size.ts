/** What the Data API takes in one request. */

import { RequestTooLargeError } from "../errors.ts";
import type { Field } from "../transport/data-api-transport.ts";

/** 4 MiB with headers and JSON's own characters: a session token alone has more than 1 KiB. */
export const REQUEST_LIMIT_BYTES = 4 * 1024 * 1024 - 16 * 1024;
const SQL_LIMIT_CHARACTERS = 65_536;
/** PostgreSQL's wire counts parameters in two bytes, and its JDBC driver once took the sign for one of them. */
const PARAMETER_LIMIT = 32_767;
/** A parameter's own characters, a number's digits among them: `{"name":"12345","value":{"longValue":-1234567890123456}},`. */
const PARAMETER_BYTES = 64;
/** In JSON a character has six bytes at most: `\u0001`. */
const LONGEST_CHARACTER = 6;

export function isTooLarge(sql: string, fields: readonly Field[]): boolean {
  if (sql.length > SQL_LIMIT_CHARACTERS || fields.length > PARAMETER_LIMIT) return true;
  let characters = sql.length;
  for (const { stringValue, blobValue } of fields) {
    characters += PARAMETER_BYTES + (stringValue?.length ?? blobValue?.length ?? 0);
  }
  if (characters * LONGEST_CHARACTER < REQUEST_LIMIT_BYTES) return false;
  return Buffer.byteLength(sql) + bytesOfSet(fields) > REQUEST_LIMIT_BYTES;
}

/** Bytes that the values of a statement take in a request. */
export function bytesOfSet(fields: readonly Field[]): number {
  let bytes = 2;
  for (const { stringValue, blobValue } of fields) {
    bytes += PARAMETER_BYTES;
    if (stringValue !== undefined) bytes += Buffer.byteLength(JSON.stringify(stringValue));
    else if (blobValue) bytes += Math.ceil(blobValue.length / 3) * 4;
  }
  return bytes;
}

export function requestTooLarge(sql: string, fields: readonly Field[]): RequestTooLargeError {
  if (sql.length > SQL_LIMIT_CHARACTERS) {
    return new RequestTooLargeError(
      `The statement has ${sql.length} characters; the Data API takes ${SQL_LIMIT_CHARACTERS}. ` +
        "Hand its values over as parameters, a list as one array: = any (…).",
    );
  }
  if (fields.length > PARAMETER_LIMIT) {
    return new RequestTooLargeError(
      `The statement has ${fields.length} parameters; PostgreSQL takes ${PARAMETER_LIMIT}. Hand a list over as one array: = any (…).`,
    );
  }
  const megabytes = ((Buffer.byteLength(sql) + bytesOfSet(fields)) / 1024 / 1024).toFixed(1);
  return new RequestTooLargeError(
    `The request has ${megabytes} MiB; the Data API takes 4 MiB, and this one can not be split. ` +
      "Write a large value in parts (value || …), or keep it in S3.",
  );
}
