/** Reads a request's body: JSON of the right shape, longs with every digit, blobs as bytes. */

import { AwsError } from "../../service.ts";
import { badRequest } from "./errors.ts";

const REQUEST_LIMIT_BYTES = 4 * 1024 * 1024;
const LONGEST_SQL = 65_536;

type Shape = (value: unknown, path: string) => void;

const SHARED = { resourceArn: required(string), secretArn: required(string) };
const STATEMENT = {
  ...SHARED,
  sql: required(sql),
  database: string,
  schema: string,
  transactionId: string,
};

/** Per operation, the members that the service model knows; others are ignored, as AWS ignores them. */
const SHAPES: Record<string, Record<string, Shape>> = {
  ExecuteStatement: {
    ...STATEMENT,
    parameters: list(parameter),
    includeResultMetadata: boolean,
    continueAfterTimeout: boolean,
    resultSetOptions: members({
      decimalReturnType: oneOf("STRING", "DOUBLE_OR_LONG"),
      longReturnType: oneOf("STRING", "LONG"),
    }),
    formatRecordsAs: oneOf("NONE", "JSON"),
  },
  BatchExecuteStatement: { ...STATEMENT, parameterSets: list(list(parameter)) },
  BeginTransaction: { ...SHARED, database: string, schema: string },
  CommitTransaction: { ...SHARED, transactionId: required(string) },
  RollbackTransaction: { ...SHARED, transactionId: required(string) },
};

/** @throws AwsError naming the member that is missing or of the wrong type */
export function readInput(operation: string, body: Buffer): Record<string, unknown> {
  if (body.length > REQUEST_LIMIT_BYTES) throw badRequest("The request exceeds the size limit 4 MB.");
  const input = parse(body.toString("utf8"));
  if (!isObject(input)) throw new AwsError("SerializationException", "The request is not a JSON object.");
  checkMembers(SHAPES[operation]!, input, "");
  return input;
}

/** JSON.parse rounds integers of sixteen digits and more; those are read from their source instead. */
function parse(text: string): unknown {
  try {
    return /[:[,]\s*-?\d{16}/.test(text) ? JSON.parse(text, keepLong as never) : JSON.parse(text);
  } catch {
    throw new AwsError("SerializationException", "The request is not JSON.");
  }
}

function keepLong(_key: string, value: unknown, { source }: { source?: string } = {}): unknown {
  if (typeof value === "number" && source && !Number.isSafeInteger(value) && /^-?\d+$/.test(source)) {
    return BigInt(source);
  }
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrongType(path: string, wanted: string): never {
  throw new AwsError("SerializationException", `'${path}' is not ${wanted}.`);
}

function invalid(path: string, constraint: string): never {
  throw new AwsError(
    "ValidationException",
    `1 validation error detected: Value at '${path}' failed to satisfy constraint: ${constraint}`,
  );
}

function checkMembers(shapes: Record<string, Shape>, input: Record<string, unknown>, prefix: string): void {
  for (const name in shapes) shapes[name]!(input[name] ?? undefined, prefix + name);
}

function members(shapes: Record<string, Shape>): Shape {
  return (value, path) => {
    if (value === undefined) return;
    if (!isObject(value)) wrongType(path, "an object");
    checkMembers(shapes, value, `${path}.`);
  };
}

function required(shape: Shape): Shape {
  return (value, path) => {
    if (value === undefined || value === "") invalid(path, "Member must not be null");
    shape(value, path);
  };
}

function string(value: unknown, path: string): void {
  if (value !== undefined && typeof value !== "string") wrongType(path, "a string");
}

function sql(value: unknown, path: string): void {
  string(value, path);
  if ((value as string).length > LONGEST_SQL) {
    invalid(path, `Member must have length less than or equal to ${LONGEST_SQL}`);
  }
}

function boolean(value: unknown, path: string): void {
  if (value !== undefined && typeof value !== "boolean") wrongType(path, "a boolean");
}

function oneOf(...values: string[]): Shape {
  return (value, path) => {
    string(value, path);
    if (value !== undefined && !values.includes(value as string)) {
      invalid(path, `Member must satisfy enum value set: [${values.join(", ")}]`);
    }
  };
}

function list(shape: Shape): Shape {
  return (value, path) => {
    if (value === undefined) return;
    if (!Array.isArray(value)) wrongType(path, "a list");
    for (let index = 0; index < value.length; index++) shape(value[index], `${path}.${index + 1}.member`);
  };
}

const typeHint = oneOf("JSON", "UUID", "TIMESTAMP", "DATE", "TIME", "DECIMAL");

function parameter(given: unknown, path: string): void {
  if (!isObject(given)) wrongType(path, "an object");
  string(given.name ?? undefined, `${path}.name`);
  if (given.typeHint !== undefined && given.typeHint !== null) typeHint(given.typeHint, `${path}.typeHint`);
  const field = given.value;
  if (field === undefined || field === null) return;
  if (!isObject(field)) wrongType(`${path}.value`, "an object");
  for (const member in field) {
    const value = field[member];
    if (value === undefined || value === null) delete field[member];
    else if (member === "blobValue") field.blobValue = bytes(value, `${path}.value.${member}`);
    else FIELDS[member]?.(value, `${path}.value.${member}`);
  }
}

const FIELDS: Record<string, Shape> = {
  isNull: boolean,
  booleanValue: boolean,
  stringValue: string,
  longValue(value, path) {
    if (typeof value === "bigint" ? BigInt.asIntN(64, value) !== value : !Number.isInteger(value)) {
      wrongType(path, "a 64-bit integer");
    }
  },
  doubleValue(value, path) {
    const isName = value === "NaN" || value === "Infinity" || value === "-Infinity";
    if (typeof value !== "number" && typeof value !== "bigint" && !isName) wrongType(path, "a number");
  },
};

function bytes(value: unknown, path: string): Buffer {
  if (typeof value !== "string") wrongType(path, "bytes in base64");
  return Buffer.from(value, "base64");
}
