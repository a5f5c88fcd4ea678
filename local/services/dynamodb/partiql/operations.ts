/**
 * ExecuteStatement, BatchExecuteStatement and ExecuteTransaction: each statement is one of the operations on items, under
 * PartiQL's own actions in IAM.
 *
 * Not there: elements of lists in SELECT, `IN` as several queries (it reads as a scan does), statements' own limits.
 */
import { type Access, AwsError, type Call } from "../../../service.ts";
import { type AttributeValue, decodeItem, encodeItem, type Item } from "../attribute-values.ts";
import { read } from "../expressions/path.ts";
import { tableOf } from "../items.ts";
import type { Storage } from "../storage.ts";
import type { Table } from "../table.ts";
import {
  checkRequest,
  deleteRequest,
  insertRequest,
  keyed,
  selectRequest,
  singleRequest,
  updateRequest,
} from "./requests.ts";
import { parseStatement, type Select, type Statement } from "./statement.ts";

export interface PartiqlParts {
  items: Storage;
  /** The operations on items, without what IAM says to them. */
  run(operation: string, input: object, call: Call): Promise<Record<string, unknown>>;
  authorize(call: Call, access: Access): void;
  /** What IAM is asked: of a table, or an index of it, and the keys that are touched. */
  access(action: string, table: string, index: string | undefined, keys: Item[], more: Access["context"]): Access;
}

interface StatementInput {
  Statement: string;
  Parameters?: AttributeValue[];
  ConsistentRead?: boolean;
  ReturnConsumedCapacity?: string;
  ReturnValuesOnConditionCheckFailure?: string;
}

const ACTIONS = { SELECT: "PartiQLSelect", INSERT: "PartiQLInsert", UPDATE: "PartiQLUpdate", DELETE: "PartiQLDelete" };
const MAX_BATCH = 25;
const DUPLICATE = "Duplicate primary key exists in table";

export function partiqlOperations({ items, run, authorize, access }: PartiqlParts) {
  /** Read, and allowed. */
  function open(input: StatementInput, call: Call): { statement: Statement; table: Table } {
    const statement = parseStatement(input.Statement, input.Parameters);
    authorize(call, accessOf(statement));
    return { statement, table: tableOf(items, statement.table) };
  }

  function accessOf(statement: Statement): Access {
    const action = ACTIONS[statement.kind];
    const table = items.tables.get(statement.table);
    if (statement.kind === "INSERT") return access(action, statement.table, undefined, [statement.item], {});
    if (statement.kind !== "SELECT" || !table) {
      const { key } = table ? keyed(table, statement.where) : {};
      return access(action, statement.table, undefined, key ? [key] : [], {});
    }
    const { leading } = selectRequest(table, statement);
    const { hash } = table.indexes.find(({ name }) => name === statement.index)?.keys ?? table.keys;
    const keys = (leading ?? []).map((value) => ({ [hash]: value }));
    const more = { "dynamodb:FullTableScan": String(leading === undefined) };
    return access(action, statement.table, statement.index, keys, more);
  }

  async function select(table: Table, statement: Select, input: StatementInput & Paging, call: Call) {
    if (statement.isCheck) throw invalid("EXISTS is for transactions.");
    const { operation, request } = selectRequest(table, statement);
    const page = await run(
      operation,
      {
        ...request,
        ...{ ConsistentRead: input.ConsistentRead, ReturnConsumedCapacity: input.ReturnConsumedCapacity },
        ...(input.Limit !== undefined && { Limit: input.Limit }),
        ...(input.NextToken !== undefined && { ExclusiveStartKey: startOf(input.NextToken) }),
      },
      call,
    );
    const {
      Items = [],
      LastEvaluatedKey,
      ConsumedCapacity,
    } = page as {
      Items?: Item[];
      LastEvaluatedKey?: Item;
      ConsumedCapacity?: object;
    };
    return {
      Items: Items.map((item) => chosen(statement, item)),
      ...(LastEvaluatedKey && {
        ...{ LastEvaluatedKey, NextToken: Buffer.from(encodeItem(LastEvaluatedKey)).toString("base64") },
      }),
      ...(ConsumedCapacity && { ConsumedCapacity }),
    };
  }

  async function write(table: Table, statement: Exclude<Statement, Select>, input: StatementInput, call: Call) {
    const { operation, request, returning } = writeOf(table, statement);
    const { ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure } = input;
    const more = { ReturnValues: returning, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure };
    try {
      const { Attributes, ConsumedCapacity } = await run(operation, { ...request, ...more }, call);
      return { Items: Attributes ? [Attributes as Item] : [], ...(ConsumedCapacity ? { ConsumedCapacity } : {}) };
    } catch (error) {
      throw statement.kind === "INSERT" && isConditional(error)
        ? new AwsError("DuplicateItemException", DUPLICATE)
        : error;
    }
  }

  async function inBatch(input: StatementInput, wanted: "read" | "write", call: Call) {
    let TableName: string | undefined;
    try {
      const { statement, table } = open(input, call);
      TableName = table.name;
      if ((statement.kind === "SELECT" ? "read" : "write") !== wanted) throw invalid(MIXED);
      if (statement.kind !== "SELECT") {
        await write(table, statement, input, call);
        return { TableName };
      }
      const request = { ...singleRequest(table, statement), ConsistentRead: input.ConsistentRead };
      const { Item } = await run("GetItem", request, call);
      return { TableName, ...(Item ? { Item: chosen(statement, Item as Item) } : {}) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const Code = error.code === "ValidationException" ? "ValidationError" : error.code.replace(/Exception$/, "");
      return { TableName, Error: { Code, Message: error.message, ...error.detail } };
    }
  }

  return {
    async executeStatement(input: StatementInput & Paging, call: Call) {
      const { statement, table } = open(input, call);
      return statement.kind === "SELECT" ? select(table, statement, input, call) : write(table, statement, input, call);
    },

    async batchExecute({ Statements = [] }: { Statements?: StatementInput[] }, call: Call) {
      if (Statements.length < 1 || Statements.length > MAX_BATCH) {
        throw invalid(`A batch has from 1 to ${MAX_BATCH} statements.`);
      }
      const wanted = /^\s*SELECT\b/i.test(Statements[0]!.Statement) ? "read" : "write";
      const Responses: object[] = [];
      for (const each of Statements) Responses.push(await inBatch(each, wanted, call));
      return { Responses };
    },

    async executeTransaction(
      input: { TransactStatements?: StatementInput[]; ClientRequestToken?: string; ReturnConsumedCapacity?: string },
      call: Call,
    ) {
      const opened = (input.TransactStatements ?? []).map((each) => ({ ...open(each, call), each }));
      const { ReturnConsumedCapacity, ClientRequestToken } = input;
      const isRead = ({ statement }: (typeof opened)[number]) => statement.kind === "SELECT" && !statement.isCheck;
      if (opened.some(isRead)) {
        if (!opened.every(isRead)) throw invalid(MIXED);
        const reads = opened.map(({ table, statement }) => ({ Get: singleRequest(table, statement as Select) }));
        const answer = await run("TransactGetItems", { TransactItems: reads, ReturnConsumedCapacity }, call);
        const Responses = (answer.Responses as { Item?: Item }[]).map(({ Item }, index) =>
          Item ? { Item: chosen(opened[index]!.statement as Select, Item) } : {},
        );
        return { ...answer, Responses };
      }
      const TransactItems = opened.map(({ table, statement, each }) => {
        const { ReturnValuesOnConditionCheckFailure } = each;
        if (statement.kind === "SELECT") return { ConditionCheck: checkRequest(table, statement) };
        const { operation, request, returning } = writeOf(table, statement);
        if (returning !== undefined) throw invalid("RETURNING is not for transactions.");
        return { [operation.replace(/Item$/, "")]: { ...request, ReturnValuesOnConditionCheckFailure } };
      });
      try {
        const request = { TransactItems, ClientRequestToken, ReturnConsumedCapacity };
        return { Responses: opened.map(() => ({})), ...(await run("TransactWriteItems", request, call)) };
      } catch (error) {
        throw cancelled(
          error,
          opened.map(({ statement }) => statement),
        );
      }
    },
  };
}

interface Paging {
  Limit?: number;
  NextToken?: string;
}

const MIXED = "Statements of one request either all read or all write.";

function writeOf(table: Table, statement: Exclude<Statement, Select>) {
  switch (statement.kind) {
    case "INSERT":
      return { operation: "PutItem", request: insertRequest(table, statement), returning: undefined };
    case "UPDATE":
      return { operation: "UpdateItem", request: updateRequest(table, statement), returning: statement.returning };
    default: {
      const { returning } = statement;
      if (returning !== undefined && returning !== "ALL_OLD") throw invalid("DELETE returns ALL OLD * only.");
      return { operation: "DeleteItem", request: deleteRequest(table, statement), returning };
    }
  }
}

/** Each under the last name of its path. */
function chosen({ paths }: Select, item: Item): Item {
  if (!paths) return item;
  const found = paths.map((path) => [String(path.at(-1)), read(item, path)] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined)) as Item;
}

function startOf(token: string): Item {
  try {
    const item = decodeItem(Buffer.from(token, "base64").toString());
    if (typeof item === "object" && item !== null) return item;
  } catch {}
  throw invalid("NextToken does not match request");
}

/** An insert's condition is that nothing is there yet. */
function cancelled(error: unknown, statements: Statement[]): unknown {
  if (!(error instanceof AwsError && error.code === "TransactionCanceledException")) return error;
  const before = error.detail.CancellationReasons as { Code: string; Message?: string }[];
  const reasons = before.map((reason, index) =>
    reason.Code === "ConditionalCheckFailed" && statements[index]?.kind === "INSERT"
      ? { ...reason, Code: "DuplicateItem", Message: DUPLICATE }
      : reason,
  );
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons.map(({ Code }) => Code).join(", ")}]`;
  return new AwsError(error.code, message, error.status, { CancellationReasons: reasons });
}

const isConditional = (error: unknown) => error instanceof AwsError && error.code === "ConditionalCheckFailedException";

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}
