/** BatchGetItem, BatchWriteItem, TransactGetItems and TransactWriteItems. */

import { createHash } from "node:crypto";
import { AwsError, type Clock } from "../../service.ts";
import type { Item } from "./attribute-values.ts";
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

export interface BatchGet {
  RequestItems?: Record<string, ItemRequest & { Keys?: Item[] }>;
}

export function batchGet(storage: Storage, { RequestItems: requested = {} }: BatchGet) {
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
    const found = keys.map((key) => storage.get(table, key)).filter((item) => item !== undefined);
    return [name, found.map(chosen)] as const;
  });
  return { Responses: Object.fromEntries(responses), UnprocessedKeys: {} };
}

export interface BatchWrite {
  RequestItems?: Record<string, { PutRequest?: { Item?: Item }; DeleteRequest?: { Key?: Item } }[]>;
}

export function batchWrite(storage: Storage, { RequestItems: requested = {} }: BatchWrite) {
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
  storage.atomically(() => {
    for (const write of writes) carryOut(storage, write);
  });
  return { UnprocessedItems: {} };
}

function emptyBatch(): AwsError {
  return invalid(
    "1 validation error detected: Value at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1",
  );
}

export interface TransactGet {
  TransactItems?: { Get?: ItemRequest }[];
}

export function transactGet(storage: Storage, { TransactItems: gets = [] }: TransactGet) {
  assertTransactionSize(gets.length);
  return {
    Responses: gets.map(({ Get: get = {} }) => {
      const table = tableOf(storage, get.TableName);
      const item = storage.get(table, keyOfRequest(table, get.Key).key);
      return item === undefined ? {} : { Item: projection(get)(item) };
    }),
  };
}

export interface TransactWrite {
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
export function transactions(storage: Storage, clock: Clock) {
  const done = new Map<string, { digest: string; until: number }>();
  return function transactWrite(input: TransactWrite): Record<string, never> {
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
    storage.atomically(() => {
      const reasons = writes.map((write) => attempt(storage, write));
      if (reasons.every(({ Code }) => Code === "None")) return;
      throw new AwsError(
        "TransactionCanceledException",
        `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons.map(({ Code }) => Code).join(", ")}]`,
        400,
        { CancellationReasons: reasons },
      );
    });
    if (token !== undefined) done.set(token, { digest, until: clock.now() + TOKEN_LIFETIME_MS });
    return {};
  };
}

function attempt(storage: Storage, write: Write): { Code: string; Message?: string; Item?: Item } {
  try {
    carryOut(storage, write);
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
