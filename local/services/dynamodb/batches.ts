/** BatchGetItem, BatchWriteItem, TransactGetItems and TransactWriteItems. */

import { createHash } from "node:crypto";
import { AwsError, type Clock } from "../../service.ts";
import { type Item, sizeOfItem } from "./attribute-values.ts";
import { type Capacity, type Consumed, readUnits, writeUnits } from "./capacity.ts";
import {
  carryOut,
  conditionCheck,
  type ItemRequest,
  keyOfRequest,
  projection,
  put,
  remove,
  tableOf,
  update,
  type Write,
} from "./items.ts";
import type { ItemKey, Storage } from "./storage.ts";
import type { Table } from "./table.ts";

const MAX_GETS = 100;
const MAX_WRITES = 25;
const MAX_TRANSACTION = 100;
const TOKEN_LIFETIME_MS = 10 * 60 * 1000;

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

function position(table: Table, key: ItemKey): string {
  return `${table.name} ${key.hash.toString("base64")} ${key.range.toString("base64")}`;
}

function assertDistinct(positions: string[], message: string): void {
  if (new Set(positions).size !== positions.length) throw invalid(message);
}

/** A transaction prepares and commits: twice. */
const TRANSACTED = 2;

interface Asked {
  ReturnConsumedCapacity?: string;
}

export interface BatchGet extends Asked {
  RequestItems?: Record<string, ItemRequest & { Keys?: Item[]; ConsistentRead?: boolean }>;
}

export function batchGet(storage: Storage, input: BatchGet, capacity: Capacity) {
  const { RequestItems: requested = {} } = input;
  const consumed: Consumed[] = [];
  const tables = Object.entries(requested);
  if (tables.length === 0) throw emptyBatch();
  if (tables.reduce((sum, [, { Keys = [] }]) => sum + Keys.length, 0) > MAX_GETS)
    throw invalid("Too many items requested for the BatchGetItem call");
  const responses = tables.map(([name, request]) => {
    const table = tableOf(storage, name);
    const keys = (request.Keys ?? []).map((key) => keyOfRequest(table, key).key);
    assertDistinct(
      keys.map((key) => position(table, key)),
      "Provided list of item keys contains duplicates",
    );
    const chosen = projection(request);
    const read = keys.map((key) => storage.get(table, key));
    for (const item of read) {
      const bytes = item === undefined ? 0 : sizeOfItem(item);
      consumed.push({ table: table.name, units: readUnits(bytes, request.ConsistentRead) });
    }
    return [name, read.filter((item) => item !== undefined).map(chosen)] as const;
  });
  const Responses = Object.fromEntries(responses);
  return { Responses, UnprocessedKeys: {}, ...capacity.several("Read", input, consumed) };
}

export interface BatchWrite extends Asked {
  RequestItems?: Record<string, { PutRequest?: { Item?: Item }; DeleteRequest?: { Key?: Item } }[]>;
}

export function batchWrite(storage: Storage, input: BatchWrite, capacity: Capacity) {
  const { RequestItems: requested = {} } = input;
  const requests = Object.entries(requested).flatMap(([name, writes]) => writes.map((write) => ({ name, write })));
  if (requests.length === 0) throw emptyBatch();
  if (requests.length > MAX_WRITES) throw invalid("Too many items requested for the BatchWriteItem call");
  const writes = requests.map(({ name, write }): Write => {
    const table = tableOf(storage, name);
    if ((write.PutRequest === undefined) === (write.DeleteRequest === undefined))
      throw invalid(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
      );
    return write.PutRequest === undefined
      ? remove(table, { Key: write.DeleteRequest!.Key })
      : put(table, { Item: write.PutRequest.Item });
  });
  assertDistinct(
    writes.map(({ table, key }) => position(table, key)),
    "Provided list of item keys contains duplicates",
  );
  const consumed = storage.atomically(() => writes.map((write) => written(write, carryOut(storage, write))));
  return { UnprocessedItems: {}, ...capacity.several("Write", input, consumed) };
}

function written({ table }: Write, { before, after }: ReturnType<typeof carryOut>): Consumed {
  const bytes = Math.max(...[before, after].map((item) => (item === undefined ? 0 : sizeOfItem(item))));
  return { table: table.name, units: writeUnits(bytes) };
}

function emptyBatch(): AwsError {
  return invalid(
    "1 validation error detected: Value at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1",
  );
}

export interface TransactGet extends Asked {
  TransactItems?: { Get?: ItemRequest }[];
}

export function transactGet(storage: Storage, input: TransactGet, capacity: Capacity) {
  const { TransactItems: gets = [] } = input;
  assertTransactionSize(gets.length);
  const consumed: Consumed[] = [];
  const Responses = gets.map(({ Get: get = {} }) => {
    const table = tableOf(storage, get.TableName);
    const item = storage.get(table, keyOfRequest(table, get.Key).key);
    const bytes = item === undefined ? 0 : sizeOfItem(item);
    consumed.push({ table: table.name, units: TRANSACTED * readUnits(bytes, true) });
    return item === undefined ? {} : { Item: projection(get)(item) };
  });
  return { Responses, ...capacity.several("Read", input, consumed) };
}

export interface TransactWrite extends Asked {
  ClientRequestToken?: string;
  TransactItems?: { Put?: ItemRequest; Update?: ItemRequest; Delete?: ItemRequest; ConditionCheck?: ItemRequest }[];
}

const MAKERS = { Put: put, Update: update, Delete: remove, ConditionCheck: conditionCheck };
type Kind = keyof typeof MAKERS;

/** What a transaction asks for, in its order. */
export function transactedRequests({
  TransactItems: items = [],
}: TransactWrite): { kind: Kind; request: ItemRequest }[] {
  return items.map((item) => {
    const kinds = (Object.keys(MAKERS) as Kind[]).filter((kind) => item[kind] !== undefined);
    if (kinds.length !== 1) throw invalid("TransactItems can only contain one of Check, Put, Update or Delete");
    return { kind: kinds[0]!, request: item[kinds[0]!]! };
  });
}

/** All or none; a client request token makes a repetition within ten minutes harmless. */
export function transactions(storage: Storage, clock: Clock, capacity: Capacity) {
  const done = new Map<string, { digest: string; until: number }>();
  return function transactWrite(input: TransactWrite): object {
    assertTransactionSize(input.TransactItems?.length ?? 0);
    const requests = transactedRequests(input);
    const token = input.ClientRequestToken;
    const digest = createHash("sha256").update(fingerprint(requests)).digest("base64");
    for (const [key, { until }] of done) if (until <= clock.now()) done.delete(key);
    const earlier = token === undefined ? undefined : done.get(token);
    if (earlier !== undefined && earlier.digest !== digest)
      throw new AwsError(
        "IdempotentParameterMismatchException",
        "Parameters are different from a prior request with the same client token",
      );
    if (earlier !== undefined) return {};

    const writes = requests.map(({ kind, request }) => {
      if (kind === "ConditionCheck" && request.ConditionExpression === undefined)
        throw invalid("The expression can not be empty;");
      return MAKERS[kind](tableOf(storage, request.TableName), request);
    });
    assertDistinct(
      writes.map(({ table, key }) => position(table, key)),
      "Transaction request cannot include multiple operations on one item",
    );
    const consumed: Consumed[] = [];
    storage.atomically(() => {
      const reasons = writes.map((write) => attempt(storage, write, consumed));
      if (reasons.every(({ Code }) => Code === "None")) return;
      throw new AwsError(
        "TransactionCanceledException",
        `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons.map(({ Code }) => Code).join(", ")}]`,
        400,
        { CancellationReasons: reasons },
      );
    });
    if (token !== undefined) done.set(token, { digest, until: clock.now() + TOKEN_LIFETIME_MS });
    return capacity.several("Write", input, consumed);
  };
}

function attempt(
  storage: Storage,
  write: Write,
  consumed: Consumed[],
): { Code: string; Message?: string; Item?: Item } {
  try {
    const { table, units } = written(write, carryOut(storage, write));
    consumed.push({ table, units: TRANSACTED * units });
    return { Code: "None" };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const code = error.code === "ValidationException" ? "ValidationError" : error.code.replace(/Exception$/, "");
    return { Code: code, Message: error.message, ...error.detail };
  }
}

function fingerprint(requests: { kind: string; request: ItemRequest }[]): string {
  return JSON.stringify(requests, (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
  );
}

function assertTransactionSize(count: number): void {
  if (count < 1 || count > MAX_TRANSACTION)
    throw invalid(
      `1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length ${count < 1 ? "greater than or equal to 1" : `less than or equal to ${MAX_TRANSACTION}`}`,
    );
}
