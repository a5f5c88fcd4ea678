/** What a statement asks of the operations that were there before PartiQL. Pure. */
import { AwsError } from "../../../service.ts";
import type { AttributeValue, Item } from "../attribute-values.ts";
import type { ItemRequest } from "../items.ts";
import type { QueryRequest } from "../query.ts";
import { type KeySchema, keyNames, type Table } from "../table.ts";
import { type Condition, conjuncts, equalityOn, valuesOn, type Writing, writing } from "./conditions.ts";
import type { Change, Delete, Insert, Select, Update } from "./statement.ts";

const RANGES = ["=", "<", "<=", ">", ">=", "BETWEEN"];

/** The whole key that a condition names, and what it demands beside it. */
export function keyed(table: Table, where: Condition | undefined): { key?: Item; rest: Condition[] } {
  const all = conjuncts(where);
  const key: Item = {};
  const used = new Set<Condition>();
  for (const name of keyNames(table.keys)) {
    const found = all.find((each) => equalityOn(name, each) !== undefined);
    if (!found) return { rest: all };
    key[name] = equalityOn(name, found)!;
    used.add(found);
  }
  return { key, rest: all.filter((each) => !used.has(each)) };
}

export function insertRequest(table: Table, { item }: Insert): ItemRequest {
  const written = writing();
  const ConditionExpression = `attribute_not_exists(${written.path([table.keys.hash])})`;
  return { TableName: table.name, Item: item, ConditionExpression, ...written.placeholders() };
}

export function updateRequest(table: Table, { changes, where }: Update): ItemRequest {
  const { key, rest } = wholeKey(table, where);
  const written = writing();
  const UpdateExpression = changesOf(changes, written);
  const there = `attribute_exists(${written.path([table.keys.hash])})`;
  const ConditionExpression = [there, ...(rest.length > 0 ? [written.all(rest)] : [])].join(" AND ");
  return { TableName: table.name, Key: key, UpdateExpression, ConditionExpression, ...written.placeholders() };
}

/** To delete what is not there is no failure, whatever else was demanded of it. */
export function deleteRequest(table: Table, { where }: Delete): ItemRequest {
  const { key, rest } = wholeKey(table, where);
  if (rest.length === 0) return { TableName: table.name, Key: key };
  const written = writing();
  const ConditionExpression = `attribute_not_exists(${written.path([table.keys.hash])}) OR ${written.all(rest)}`;
  return { TableName: table.name, Key: key, ConditionExpression, ...written.placeholders() };
}

/** `EXISTS(SELECT …)` of a transaction. */
export function checkRequest(table: Table, { where }: Select): ItemRequest {
  const { key, rest } = wholeKey(table, where);
  const written = writing();
  const there = `attribute_exists(${written.path([table.keys.hash])})`;
  const ConditionExpression = [there, ...(rest.length > 0 ? [written.all(rest)] : [])].join(" AND ");
  return { TableName: table.name, Key: key, ConditionExpression, ...written.placeholders() };
}

/** A read of one item, for a batch or a transaction. */
export function singleRequest(table: Table, { where, index }: Select): { TableName: string; Key: Item } {
  const { key, rest } = keyed(table, where);
  if (!key || rest.length > 0 || index !== undefined) {
    throw invalid("Select statements within BatchExecuteStatement must specify the primary key in the where clause.");
  }
  return { TableName: table.name, Key: key };
}

export interface Reading {
  operation: "Query" | "Scan";
  request: QueryRequest;
  /** The only partition keys that it may find; undefined where it may find any. */
  leading?: AttributeValue[];
}

/** A query where the partition key is given, a scan otherwise. */
export function selectRequest(table: Table, select: Select): Reading {
  const { index, where, orderBy } = select;
  const keys = keysOf(table, index);
  const all = conjuncts(where);
  const hash = all.find((each) => equalityOn(keys.hash, each) !== undefined);
  const range = all.find((each) => each !== hash && isRange(keys.range, each));
  const rest = all.filter((each) => each !== hash && each !== range);
  const leading = all.map((each) => valuesOn(keys.hash, each)).find((values) => values);
  const base = { TableName: table.name, IndexName: index };
  // A query's filter may not speak of its keys.
  const isQuery = hash !== undefined && !rest.some((each) => speaksOf(keyNames(keys), each));
  const backwards = directionOf(keys, orderBy, isQuery);
  const written = writing();
  const condition = (of: Condition[]) => (of.length === 0 ? undefined : written.all(of));
  if (!isQuery) {
    const request = { ...base, FilterExpression: condition(all), ...written.placeholders() };
    return { operation: "Scan", request: defined(request), leading };
  }
  const KeyConditionExpression = [hash, ...(range ? [range] : [])].map(written.condition).join(" AND ");
  const request = {
    ...{ ...base, KeyConditionExpression, FilterExpression: condition(rest), ScanIndexForward: !backwards },
    ...written.placeholders(),
  };
  return { operation: "Query", request: defined(request), leading };
}

function keysOf(table: Table, index: string | undefined): KeySchema {
  if (index === undefined) return table.keys;
  const found = table.indexes.find(({ name }) => name === index);
  if (!found) throw invalid(`The table does not have the specified index: ${index}`);
  return found.keys;
}

function isRange(name: string | undefined, condition: Condition): boolean {
  if (name === undefined) return false;
  if (condition.kind === "call") {
    const [first, second] = condition.args;
    return condition.name === "begins_with" && isNamed(name, first) && second !== undefined && "value" in second;
  }
  if (condition.kind !== "compare" || !RANGES.includes(condition.operator)) return false;
  return isNamed(name, condition.left) && condition.right.every((each) => "value" in each);
}

const isNamed = (name: string, operand: object | undefined): boolean =>
  operand !== undefined && "path" in operand && JSON.stringify(operand.path) === JSON.stringify([name]);

function speaksOf(names: string[], condition: Condition): boolean {
  if (condition.kind === "NOT") return speaksOf(names, condition.of);
  if (condition.kind === "AND" || condition.kind === "OR") return condition.of.some((each) => speaksOf(names, each));
  const operands = condition.kind === "call" ? condition.args : [condition.left, ...condition.right];
  return operands.some((operand) => {
    const path = "path" in operand ? operand.path : "size" in operand ? operand.size : [];
    return names.includes(String(path[0]));
  });
}

function directionOf(keys: KeySchema, orderBy: Select["orderBy"], isQuery: boolean): boolean {
  if (!orderBy) return false;
  if (!isQuery) throw invalid("Must have WHERE clause in the statement when using ORDER BY clause.");
  for (const { name } of orderBy) {
    if (!keyNames(keys).includes(name)) {
      throw invalid("Variables in ORDER BY clause must be part of the primary key");
    }
  }
  return orderBy.find(({ name }) => name === keys.range)?.descending ?? false;
}

function wholeKey(table: Table, where: Condition | undefined): { key: Item; rest: Condition[] } {
  const { key, rest } = keyed(table, where);
  if (!key) throw invalid("Where clause does not contain a mandatory equality on all key attributes");
  return { key, rest };
}

function changesOf(changes: Change[], written: Writing): string {
  const clauses: Record<string, string[]> = { SET: [], REMOVE: [], ADD: [], DELETE: [] };
  for (const change of changes) {
    const path = written.path(change.path);
    if (change.kind === "remove") clauses.REMOVE!.push(path);
    else if (change.kind === "set") {
      const [first = "", second = ""] = change.operands.map(written.operand);
      const isCall = change.operator === "list_append";
      const value = isCall
        ? `list_append(${first}, ${second})`
        : [first, change.operator, second].filter(Boolean).join(" ");
      clauses.SET!.push(`${path} = ${value}`);
    } else clauses[change.kind.toUpperCase()]!.push(`${path} ${written.value(change.set)}`);
  }
  return Object.entries(clauses)
    .filter(([, parts]) => parts.length > 0)
    .map(([clause, parts]) => `${clause} ${parts.join(", ")}`)
    .join(" ");
}

function defined<Request extends object>(request: Request): Request {
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) as Request;
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}
