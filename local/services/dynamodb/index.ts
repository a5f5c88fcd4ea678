/**
 * DynamoDB on one machine: tables, items, expressions, indexes, batches, transactions, PartiQL and TTL over SQLite.
 *
 * Not emulated: backups and exports, global tables, capacity limits and throttling, the legacy
 * parameters that expressions replaced (refused by name).
 * Items past their TTL are gone at once; AWS takes up to two days.
 */

import type { CreateTableCommandInput } from "@aws-sdk/client-dynamodb";
import type { Resource } from "../../../engine/graph.ts";
import { afterKms, keyAccess } from "../../key-access.ts";
import { measured } from "../../operation-metrics.ts";
import { AwsError, type Call, type Cloud, type Operation, type Service } from "../../service.ts";
import { accessRules } from "./access.ts";
import { type Item, sizeOfItem } from "./attribute-values.ts";
import { batchGet, batchWrite, transactGet, transactions } from "./batches.ts";
import { capacity } from "./capacity.ts";
import { project } from "./expressions/projection.ts";
import {
  carryOut,
  type ItemRequest,
  keyOfRequest,
  projection,
  put,
  refuseLegacy,
  remove,
  tableName,
  tableOf,
  update,
  type Write,
} from "./items.ts";
import { type QueryRequest, query, scan } from "./query.ts";
import { storage } from "./storage.ts";
import { keyOfSpecification, type Table, tableOfResource } from "./table.ts";
import { tableMetrics } from "./table-metrics.ts";
import { tableOperations } from "./table-operations.ts";

interface ItemInput extends ItemRequest {
  ReturnValues?: string;
  ReturnConsumedCapacity?: string;
  ConsistentRead?: boolean;
}

const DATA_OPERATIONS = [
  ...["GetItem", "PutItem", "DeleteItem", "UpdateItem", "Query", "Scan"],
  ...["BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems"],
];

/** Whatever the form of the request: one table, several, or one for each part of a transaction. */
function tablesIn(input: {
  TableName?: string;
  RequestItems?: object;
  TransactItems?: Record<string, { TableName?: string } | undefined>[];
}): (string | undefined)[] {
  if (input.RequestItems) return Object.keys(input.RequestItems);
  if (input.TransactItems)
    return input.TransactItems.flatMap((item) => Object.values(item).map((each) => each?.TableName));
  return [input.TableName];
}

export function dynamodb(cloud: Cloud): Service {
  const items = storage(cloud.database, cloud.clock);
  const access = accessRules(cloud, items);
  const consumed = capacity(cloud);

  function provision({ outputs, inputs }: Resource): void {
    const name = outputs.name as string;
    const createdAt = items.tables.get(name)?.createdAt ?? cloud.clock.now();
    const table = tableOfResource({ ...inputs, ...outputs }, access.arn(name), createdAt);
    items.saveTable(table);
    items.forgetExpired(table);
  }

  function writing(
    action: string,
    make: (table: Table, request: ItemRequest) => Write,
    returnable: readonly string[],
  ): Operation<ItemInput> {
    return {
      authorize: access.onItem(action),
      run(input) {
        refuseLegacy(input);
        const returned = input.ReturnValues ?? "NONE";
        if (!returnable.includes(returned))
          throw new AwsError("ValidationException", "Return values set to invalid value");
        const write = make(tableOf(items, input.TableName), input);
        const { before, after } = items.atomically(() => carryOut(items, write));
        const bytes = Math.max(before ? sizeOfItem(before) : 0, after ? sizeOfItem(after) : 0);
        const attributes = returnValues(returned, write, before, after);
        return {
          ...(attributes && Object.keys(attributes).length > 0 && { Attributes: attributes }),
          ...consumed.write(input, write.table.name, bytes),
        };
      },
    };
  }

  const paging =
    (read: typeof query): Operation["run"] =>
    (input: QueryRequest) => {
      const { table, page, bytes } = read(items, input);
      return { ...page, ...consumed.read(input, table.name, bytes) };
    };

  const keys = keyAccess(cloud, { service: "dynamodb" });

  /** Who reads or writes items of a table under a customer's key may use that key. */
  function askKms(input: object, call: Call): Promise<void> | undefined {
    const asking = tablesIn(input)
      .map((name) => items.tables.get(tableName(name)))
      .filter((table) => table?.keyId !== undefined)
      .map((table) => keys.read(table!.keyId, keyContext(table!.name), call));
    const waiting = asking.filter((promise) => promise !== undefined);
    return waiting.length > 0 ? Promise.all(waiting).then(() => {}) : undefined;
  }

  const keyContext = (name: string) => ({
    "aws:dynamodb:tableName": name,
    "aws:dynamodb:subscriberId": cloud.account,
  });

  function underKeys(operations: Record<string, Operation>): Record<string, Operation> {
    const guarded = DATA_OPERATIONS.map((name) => [name, afterKms(operations[name]!, askKms)]);
    const CreateTable = afterKms(operations.CreateTable!, (input: CreateTableCommandInput, call) =>
      keys.write(keyOfSpecification(input.SSESpecification), keyContext(input.TableName ?? ""), call),
    );
    return { ...operations, ...Object.fromEntries(guarded), CreateTable };
  }

  const ended = tableMetrics(cloud, (input) =>
    [...new Set(tablesIn(input).map((name) => tableName(name)))].filter((name) => items.tables.has(name)),
  );
  const measuredTables = (operations: Record<string, Operation>) =>
    measured(underKeys(operations), DATA_OPERATIONS, ended);

  const operations = measuredTables({
    ...tableOperations(items, access, cloud.clock),
    GetItem: {
      authorize: access.onItem("GetItem"),
      run(input: ItemInput) {
        refuseLegacy(input);
        const table = tableOf(items, input.TableName);
        const { key } = keyOfRequest(table, input.Key);
        const chosen = projection(input);
        const item = items.get(table, key);
        const units = consumed.read(input, table.name, item === undefined ? 0 : sizeOfItem(item));
        return item === undefined ? units : { Item: chosen(item), ...units };
      },
    },
    PutItem: writing("PutItem", put, ["NONE", "ALL_OLD"]),
    DeleteItem: writing("DeleteItem", remove, ["NONE", "ALL_OLD"]),
    UpdateItem: writing("UpdateItem", update, ["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"]),
    Query: { authorize: access.onQuery("Query"), run: paging(query) },
    Scan: { authorize: access.onQuery("Scan"), run: paging(scan) },
    BatchGetItem: { authorize: access.batchGet, run: (input) => batchGet(items, input, consumed) },
    BatchWriteItem: { authorize: access.batchWrite, run: (input) => batchWrite(items, input, consumed) },
    TransactGetItems: { authorize: access.transactGet, run: (input) => transactGet(items, input, consumed) },
    TransactWriteItems: { authorize: access.transactWrite, run: transactions(items, cloud.clock, consumed) },
  });

  /** What IAM is asked stands in the statement: `dynamodb:PartiQLSelect` on a table or an index, and its like. */
  const statements = async () =>
    (await import("./partiql/operations.ts")).partiqlOperations({
      ...{ items, authorize: cloud.authorize, access: access.partiql },
      run: async (operation, input, call) => operations[operation]!.run(input, call),
    });

  return {
    name: "dynamodb",
    client: () => import("@aws-sdk/client-dynamodb"),
    resources: { "aws:dynamodb/table:Table": provision },
    operations: {
      ...operations,
      ExecuteStatement: { run: async (input, call) => (await statements()).executeStatement(input, call) },
      BatchExecuteStatement: { run: async (input, call) => (await statements()).batchExecute(input, call) },
      ExecuteTransaction: { run: async (input, call) => (await statements()).executeTransaction(input, call) },
    },
    stop: items.stop,
  };
}

function returnValues(wanted: string, { paths }: Write, before?: Item, after?: Item): Item | undefined {
  switch (wanted) {
    case "ALL_OLD":
      return before;
    case "ALL_NEW":
      return after;
    case "UPDATED_OLD":
      return before && project(before, paths);
    case "UPDATED_NEW":
      return after && project(after, paths);
    default:
      return undefined;
  }
}
