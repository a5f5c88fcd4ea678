/** Reading and writing single items: the core that batches and transactions repeat. */

import { AwsError } from "../../service.ts";
import { type Item, normalize, normalizeItem, sizeOfItem, typeOf } from "./attribute-values.ts";
import { parseCondition } from "./expressions/condition.ts";
import type { Path } from "./expressions/path.ts";
import { placeholders } from "./expressions/placeholders.ts";
import { parseProjection, project } from "./expressions/projection.ts";
import { parseUpdate, type Update } from "./expressions/update.ts";
import { type ItemKey, keyOf, type Storage } from "./storage.ts";
import { type KeySchema, keyNames, type Table } from "./table.ts";

const MAX_ITEM_BYTES = 400 * 1024;

/** What Put, Update, Delete, Get and ConditionCheck have in common, alone or in a transaction. */
export interface ItemRequest {
  TableName?: string;
  Item?: Item;
  Key?: Item;
  ConditionExpression?: string;
  UpdateExpression?: string;
  ProjectionExpression?: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Item;
  ReturnValuesOnConditionCheckFailure?: string;
}

/** A checked request: nothing has happened yet, and only its condition can still refuse it. */
export interface Write {
  table: Table;
  key: ItemKey;
  /** Throws ConditionalCheckFailedException or what the update expression meets; otherwise what will be there after. */
  plan(before: Item | undefined): Item | undefined;
  /** Paths that an update expression changes. */
  paths: Path[];
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

/** Parameters of 2011–2013 that expressions replaced. */
const LEGACY = [
  "AttributesToGet",
  "AttributeUpdates",
  "ConditionalOperator",
  "Expected",
  "KeyConditions",
  "QueryFilter",
  "ScanFilter",
];

export function refuseLegacy(input: object): void {
  const found = LEGACY.filter((name) => (input as Record<string, unknown>)[name] !== undefined);
  if (found.length > 0)
    throw invalid(`The local cloud takes expressions only; use them in place of the legacy ${found.join(", ")}`);
}

export function tableOf(storage: Storage, nameOrArn: string | undefined): Table {
  const name = tableName(nameOrArn);
  const table = storage.tables.get(name);
  if (table === undefined) throw new AwsError("ResourceNotFoundException", "Requested resource not found");
  return table;
}

/** `TableName` may be an ARN. */
export function tableName(nameOrArn = ""): string {
  return nameOrArn.startsWith("arn:") ? nameOrArn.slice(nameOrArn.lastIndexOf("/") + 1) : nameOrArn;
}

/** A key given by itself: exactly the schema's attributes, of the right types. */
export function keyOfRequest(table: Table, given: Item | undefined): { item: Item; key: ItemKey } {
  const names = keyNames(table.keys);
  const item = given ?? {};
  const exact = Object.keys(item).length === names.length && names.every((name) => Object.hasOwn(item, name));
  if (!exact || names.some((name) => typeOf(item[name]!) !== table.types[name]))
    throw invalid("The provided key element does not match the schema");
  const normalized = normalizeItem(item);
  assertKeyValues(normalized, names);
  return { item: normalized, key: keyOf(normalized, table.keys) };
}

function assertKeyValues(item: Item, names: string[]): void {
  for (const [at, name] of names.entries()) {
    const value = item[name]!;
    const kind = value.S === "" ? "string" : value.B?.length === 0 ? "binary" : undefined;
    if (kind !== undefined)
      throw invalid(
        `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${kind} value. Key: ${name}`,
      );
    const bytes = value.S === undefined ? (value.B?.length ?? 0) : Buffer.byteLength(value.S);
    const limit = at === 0 ? 2048 : 1024;
    if (bytes > limit)
      throw invalid(
        at === 0
          ? `One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of${limit} bytes`
          : `One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of ${limit} bytes`,
      );
  }
}

/** An item about to be stored: keys present and typed, index keys typed, not too large. */
function assertStorable(table: Table, item: Item, tooLarge: string): void {
  for (const name of keyNames(table.keys)) {
    const value = item[name];
    if (value === undefined)
      throw invalid(`One or more parameter values were invalid: Missing the key ${name} in the item`);
    if (typeOf(value) !== table.types[name])
      throw invalid(
        `One or more parameter values were invalid: Type mismatch for key ${name} expected: ${table.types[name]} actual: ${typeOf(value)}`,
      );
  }
  assertKeyValues(item, keyNames(table.keys));
  for (const index of table.indexes) assertIndexable(item, index.name, index.keys, table);
  if (sizeOfItem(item) > MAX_ITEM_BYTES) throw invalid(tooLarge);
}

function assertIndexable(item: Item, index: string, keys: KeySchema, table: Table): void {
  for (const name of keyNames(keys)) {
    const value = item[name];
    if (value === undefined) continue;
    if (typeOf(value) !== table.types[name])
      throw invalid(
        `One or more parameter values were invalid: Type mismatch for Index Key ${name} Expected: ${table.types[name]} Actual: ${typeOf(value)} IndexName: ${index}`,
      );
    if (value.S === "" || value.B?.length === 0)
      throw invalid(
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. " +
          `The AttributeValue for a key attribute cannot contain an empty ${value.S === "" ? "string" : "binary"} value. IndexName: ${index}, IndexKey: ${name}`,
      );
  }
}

export function put(table: Table, request: ItemRequest): Write {
  const item = normalizeItem(request.Item ?? {});
  assertStorable(table, item, "Item size has exceeded the maximum allowed size");
  return conditional(table, keyOf(item, table.keys), request, () => item);
}

export function remove(table: Table, request: ItemRequest): Write {
  return conditional(table, keyOfRequest(table, request.Key).key, request, () => undefined);
}

/** ConditionCheck of a transaction: changes nothing. */
export function conditionCheck(table: Table, request: ItemRequest): Write {
  return conditional(table, keyOfRequest(table, request.Key).key, request, (before) => before);
}

function conditional(table: Table, key: Write["key"], request: ItemRequest, plan: Write["plan"]): Write {
  const check = condition(request);
  return {
    table,
    key,
    paths: [],
    plan: (before) => {
      check(before);
      return plan(before);
    },
  };
}

export function update(table: Table, request: ItemRequest): Write {
  const { item, key } = keyOfRequest(table, request.Key);
  let parsed: Update | undefined;
  const check = condition(request, (names) => {
    if (request.UpdateExpression !== undefined) parsed = parseUpdate(request.UpdateExpression, names);
  });
  const paths = parsed?.paths ?? [];
  const touched = paths.find(([name]) => keyNames(table.keys).includes(name as string));
  if (touched !== undefined)
    throw invalid(
      `One or more parameter values were invalid: Cannot update attribute ${touched[0]}. This attribute is part of the key`,
    );
  return {
    table,
    key,
    paths,
    plan: (before) => {
      check(before);
      const after = parsed?.apply(before ?? item) ?? before ?? item;
      normalize({ M: after });
      assertStorable(table, after, "Item size to update has exceeded the maximum allowed size");
      return after;
    },
  };
}

/** Parses the request's expressions; what comes back throws when the condition does not hold. */
function condition(
  request: ItemRequest,
  parseOthers: (names: ReturnType<typeof placeholders>) => void = () => {},
): (before: Item | undefined) => void {
  const { ConditionExpression: text } = request;
  const names = placeholders(
    request.ExpressionAttributeNames,
    request.ExpressionAttributeValues,
    text !== undefined || request.UpdateExpression !== undefined,
  );
  parseOthers(names);
  const parsed = text === undefined ? undefined : parseCondition("ConditionExpression", text, names);
  names.assertAllUsed();
  return (before) => {
    if (parsed === undefined || parsed.matches(before ?? {})) return;
    const shown = request.ReturnValuesOnConditionCheckFailure === "ALL_OLD" && before !== undefined;
    throw new AwsError(
      "ConditionalCheckFailedException",
      "The conditional request failed",
      400,
      shown ? { Item: before } : {},
    );
  };
}

/** Plans a write against what is stored and carries it out. */
export function carryOut(storage: Storage, write: Write): { before?: Item; after?: Item } {
  const before = storage.get(write.table, write.key);
  const after = write.plan(before);
  if (after === undefined) storage.delete(write.table, write.key);
  else if (after !== before) storage.put(write.table, after);
  storage.changed(write.table, before, after);
  return { before, after };
}

/** How a read narrows the items it found. */
export function projection(request: ItemRequest): (item: Item) => Item {
  const { ProjectionExpression: text } = request;
  const names = placeholders(request.ExpressionAttributeNames, undefined, text !== undefined);
  if (text === undefined) return (item) => item;
  const paths = parseProjection(text, names);
  names.assertAllUsed();
  return (item) => project(item, paths);
}
