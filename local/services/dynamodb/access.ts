/** What each operation must be allowed, with the condition keys that fine-grained policies test. */

import type { Access, Cloud, Operation } from "../../service.ts";
import { accessedAttributes, selected } from "./accessed-attributes.ts";
import type { AttributeValue, Item } from "./attribute-values.ts";
import type { BatchGet, BatchWrite, TransactGet, TransactWrite } from "./batches.ts";
import { parseKeyCondition } from "./expressions/key-condition.ts";
import { placeholders } from "./expressions/placeholders.ts";
import { type ItemRequest, tableName } from "./items.ts";
import type { QueryRequest } from "./query.ts";
import type { Storage } from "./storage.ts";

type Authorize = NonNullable<Operation["authorize"]>;

export interface AccessRules {
  arn(table: string | undefined, index?: string): string;
  /** Host and port. */
  endpoint: string;
  onTable(action: string): Authorize;
  onItem(action: string): Authorize;
  onQuery(action: "Query" | "Scan"): Authorize;
  /** Of a statement: the table or an index of it, and the keys that it touches. */
  partiql(action: string, table: string, index: string | undefined, keys: Item[], more: Access["context"]): Access;
  batchGet: Authorize;
  batchWrite: Authorize;
  transactGet: Authorize;
  transactWrite: Authorize;
}

const ACTIONS = { Put: "PutItem", Update: "UpdateItem", Delete: "DeleteItem", ConditionCheck: "ConditionCheckItem" };

export function accessRules(cloud: Cloud, storage: Storage): AccessRules {
  const arn = (table: string | undefined, index?: string) =>
    `arn:aws:dynamodb:${cloud.region}:${cloud.account}:table/${tableName(table)}${index === undefined ? "" : `/index/${index}`}`;

  /** `dynamodb:LeadingKeys`: the partition keys that a request touches. */
  function leadingKeys(table: string | undefined, items: (Item | undefined)[]): Access["context"] {
    const hash = storage.tables.get(tableName(table))?.keys.hash;
    const keys = items.map((item) => hash && item?.[hash]).filter((value) => value !== undefined && value !== "");
    return keys.length === 0 ? {} : { "dynamodb:LeadingKeys": [...new Set((keys as AttributeValue[]).map(shown))] };
  }

  /** The only attribute of each is the index's partition key. */
  const indexKeys = (keys: Item[]): Access["context"] =>
    keys.length === 0 ? {} : { "dynamodb:LeadingKeys": keys.flatMap((key) => Object.values(key).map(shown)) };

  const policyOf = (table: string | undefined) => storage.tables.get(tableName(table))?.policy;

  const one = (action: string, table: string | undefined, items: (Item | undefined)[], more = {}): Access => ({
    action: `dynamodb:${action}`,
    resource: arn(table),
    resourcePolicy: policyOf(table),
    context: { ...leadingKeys(table, items), ...more },
  });
  const attributes = (...requests: Parameters<typeof accessedAttributes>[0][]): Record<string, string[]> => {
    const names = requests.flatMap(accessedAttributes);
    return names.length === 0 ? {} : { "dynamodb:Attributes": [...new Set(names)] };
  };

  function queried(input: QueryRequest): Access["context"] {
    const table = storage.tables.get(tableName(input.TableName));
    const keys = table?.indexes.find(({ name }) => name === input.IndexName)?.keys ?? table?.keys;
    if (table === undefined || keys === undefined || input.KeyConditionExpression === undefined) return {};
    try {
      const names = placeholders(input.ExpressionAttributeNames, input.ExpressionAttributeValues, true);
      const { hashValue } = parseKeyCondition(input.KeyConditionExpression, names, keys, table.types);
      return { "dynamodb:LeadingKeys": [shown(hashValue)] };
    } catch {
      return {}; // the operation itself says what is wrong with it
    }
  }

  return {
    arn,
    endpoint: new URL(cloud.endpoint).host,
    onTable: (action) => (input) => ({
      action: `dynamodb:${action}`,
      resource: arn(input.TableName),
      resourcePolicy: policyOf(input.TableName),
    }),
    onItem: (action) => (input: ItemRequest & { ReturnValues?: string }) =>
      one(action, input.TableName, [input.Key ?? input.Item], {
        "dynamodb:ReturnValues": input.ReturnValues ?? "NONE",
        ...(action === "GetItem" ? { "dynamodb:Select": selected(input) } : {}),
        ...attributes(input),
      }),
    onQuery: (action) => (input: QueryRequest) => ({
      action: `dynamodb:${action}`,
      resource: arn(input.TableName, input.IndexName),
      resourcePolicy: policyOf(input.TableName),
      context: {
        ...(action === "Query" && queried(input)),
        "dynamodb:Select": selected(input),
        ...attributes(input as object),
      },
    }),
    partiql: (action, table, index, keys, more) => ({
      ...{ action: `dynamodb:${action}`, resource: arn(table, index), resourcePolicy: policyOf(table) },
      context: { ...(index === undefined ? leadingKeys(table, keys) : indexKeys(keys)), ...more },
    }),
    batchGet: ({ RequestItems: requested = {} }: BatchGet) =>
      Object.entries(requested).map(([table, { Keys = [], ...request }]) =>
        one("BatchGetItem", table, Keys, {
          "dynamodb:Select": selected(request),
          ...attributes(request, ...Keys.map((Key) => ({ Key }))),
        }),
      ),
    batchWrite: ({ RequestItems: requested = {} }: BatchWrite) =>
      Object.entries(requested).map(([table, writes]) =>
        one(
          "BatchWriteItem",
          table,
          writes.map(({ PutRequest, DeleteRequest }) => PutRequest?.Item ?? DeleteRequest?.Key),
          attributes(...writes.map(({ PutRequest, DeleteRequest }) => ({ ...PutRequest, ...DeleteRequest }))),
        ),
      ),
    transactGet: ({ TransactItems: gets = [] }: TransactGet) =>
      gets.map(({ Get: get }) =>
        one("GetItem", get?.TableName, [get?.Key], {
          "dynamodb:EnclosingOperation": "TransactGetItems",
          "dynamodb:Select": selected(get ?? {}),
          ...attributes(get ?? {}),
        }),
      ),
    transactWrite: ({ TransactItems: items = [] }: TransactWrite) =>
      items.flatMap((item) =>
        Object.entries(item).map(([kind, request]) =>
          one(ACTIONS[kind as keyof typeof ACTIONS], request.TableName, [request.Key ?? request.Item], {
            "dynamodb:EnclosingOperation": "TransactWriteItems",
            ...attributes(request),
          }),
        ),
      ),
  };
}

function shown(value: AttributeValue): string {
  return value.S ?? value.N ?? Buffer.from(value.B ?? []).toString("base64");
}
