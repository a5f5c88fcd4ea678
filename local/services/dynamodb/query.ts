/** Query and Scan: a range of a table or an index, page by page. */

import { AwsError } from "../../service.ts";
import { type AttributeValue, type Item, normalizeItem, sizeOfItem, typeOf } from "./attribute-values.ts";
import { type Condition, parseCondition } from "./expressions/condition.ts";
import { type KeyRange, parseKeyCondition } from "./expressions/key-condition.ts";
import type { Path } from "./expressions/path.ts";
import { type Placeholders, placeholders } from "./expressions/placeholders.ts";
import { parseProjection, project } from "./expressions/projection.ts";
import { refuseLegacy, tableOf } from "./items.ts";
import { keyOf, type Reading, type Storage } from "./storage.ts";
import { type Index, type KeySchema, keyNames, type Table } from "./table.ts";

const MAX_PAGE_BYTES = 1024 * 1024;

export interface QueryRequest {
  TableName?: string;
  IndexName?: string;
  KeyConditionExpression?: string;
  FilterExpression?: string;
  ProjectionExpression?: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Item;
  ExclusiveStartKey?: Item;
  ScanIndexForward?: boolean;
  ConsistentRead?: boolean;
  Limit?: number;
  ReturnConsumedCapacity?: string;
  Select?: string;
  Segment?: number;
  TotalSegments?: number;
}

export interface Page {
  Items?: Item[];
  Count: number;
  ScannedCount: number;
  LastEvaluatedKey?: Item;
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

/** The pages' table, for what a caller reports beside them. */
export function query(storage: Storage, request: QueryRequest): { table: Table; page: Page; bytes: number } {
  return run(storage, request, true);
}

export function scan(storage: Storage, request: QueryRequest): { table: Table; page: Page; bytes: number } {
  return run(storage, request, false);
}

function run(storage: Storage, request: QueryRequest, isQuery: boolean) {
  refuseLegacy(request);
  const table = tableOf(storage, request.TableName);
  const index = indexOf(table, request);
  const keys = index?.keys ?? table.keys;
  if (request.Limit !== undefined && request.Limit < 1)
    throw invalid(
      `1 validation error detected: Value '${request.Limit}' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1`,
    );
  const { range, filter, paths } = parse(request, keys, table, isQuery);
  const chosen = selector(request, table, index, paths);
  const reading: Reading = {
    index: index?.name,
    hash: range?.hash,
    lower: range?.lower,
    upper: range?.upper,
    descending: request.ScanIndexForward === false,
    after: startOf(request, table, keys, range),
  };
  const inSegment = segment(request, keys);

  const page: Page = { Count: 0, ScannedCount: 0 };
  const items: Item[] = [];
  let bytes = 0;
  for (const item of storage.read(table, reading)) {
    if (!inSegment(item)) continue;
    page.ScannedCount++;
    bytes += sizeOfItem(item);
    if (filter === undefined || filter.matches(item)) items.push(chosen(item));
    if (page.ScannedCount === request.Limit || bytes >= MAX_PAGE_BYTES) {
      const names = new Set([...keyNames(table.keys), ...keyNames(keys)]);
      page.LastEvaluatedKey = Object.fromEntries([...names].map((name) => [name, item[name]!]));
      break;
    }
  }
  page.Count = items.length;
  if (request.Select !== "COUNT") page.Items = items;
  return { table, page, bytes };
}

function indexOf(table: Table, { IndexName: name, ConsistentRead: consistent }: QueryRequest): Index | undefined {
  if (name === undefined) return undefined;
  const index = table.indexes.find((candidate) => candidate.name === name);
  if (index === undefined) throw invalid(`The table does not have the specified index: ${name}`);
  if (index.global && consistent) throw invalid("Consistent reads are not supported on global secondary indexes");
  return index;
}

function parse(request: QueryRequest, keys: KeySchema, table: Table, isQuery: boolean) {
  const expressions = [request.KeyConditionExpression, request.FilterExpression, request.ProjectionExpression];
  const names: Placeholders = placeholders(
    request.ExpressionAttributeNames,
    request.ExpressionAttributeValues,
    expressions.some((text) => text !== undefined),
  );
  if (isQuery && request.KeyConditionExpression === undefined)
    throw invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.");
  const range = isQuery ? parseKeyCondition(request.KeyConditionExpression!, names, keys, table.types) : undefined;
  const filter: Condition | undefined =
    request.FilterExpression === undefined
      ? undefined
      : parseCondition("FilterExpression", request.FilterExpression, names);
  const paths =
    request.ProjectionExpression === undefined ? undefined : parseProjection(request.ProjectionExpression, names);
  names.assertAllUsed();
  const key = isQuery ? filter?.attributes.find((name) => keyNames(keys).includes(name)) : undefined;
  if (key !== undefined)
    throw invalid(`Filter Expression can only contain non-primary key attributes: Primary key attribute: ${key}`);
  return { range, filter, paths };
}

/** What of each item comes back: the projection expression's paths, within what the index holds. */
function selector(
  { Select: select }: QueryRequest,
  table: Table,
  index: Index | undefined,
  paths: Path[] | undefined,
): (item: Item) => Item {
  if (paths !== undefined && select !== undefined && select !== "SPECIFIC_ATTRIBUTES")
    throw invalid(`Cannot specify the ProjectionExpression when choosing to get ${select}`);
  if (select === "SPECIFIC_ATTRIBUTES" && paths === undefined)
    throw invalid("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES");
  if (select === "ALL_PROJECTED_ATTRIBUTES" && index === undefined)
    throw invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
  const held =
    index === undefined || index.projection === "ALL"
      ? undefined
      : new Set([...keyNames(table.keys), ...keyNames(index.keys), ...index.nonKeyAttributes]);
  if (held !== undefined && select === "ALL_ATTRIBUTES" && index!.global)
    throw invalid(
      `One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index ${index!.name} because its projection type is not ALL`,
    );
  // A local index fetches from the table what it does not hold; a global one can not
  const fetches = index !== undefined && !index.global && (select === "ALL_ATTRIBUTES" || paths !== undefined);
  const missing = index?.global && held ? paths?.find(([name]) => !held.has(name as string)) : undefined;
  if (missing !== undefined)
    throw invalid(
      `One or more parameter values were invalid: Global secondary index ${index!.name} does not project [${missing[0]}]`,
    );
  return (item) => {
    const seen =
      held === undefined || fetches
        ? item
        : Object.fromEntries(Object.entries(item).filter(([name]) => held.has(name)));
    return paths === undefined ? seen : project(seen, paths);
  };
}

function startOf(
  { ExclusiveStartKey: given }: QueryRequest,
  table: Table,
  keys: KeySchema,
  range: KeyRange | undefined,
): Reading["after"] {
  if (given === undefined) return undefined;
  const names = new Set([...keyNames(table.keys), ...keyNames(keys)]);
  const fits =
    Object.keys(given).length === names.size &&
    [...names].every(
      (name) => given[name] !== undefined && typeOf(given[name] as AttributeValue) === table.types[name],
    );
  if (!fits) throw invalid("The provided starting key is invalid");
  const start = normalizeItem(given);
  const position = keyOf(start, keys);
  if (range !== undefined && !position.hash.equals(range.hash))
    throw invalid("The provided starting key is outside query boundaries based on provided conditions");
  return { ...position, item: keyOf(start, table.keys) };
}

/** A parallel scan's share: partitions are dealt out by a hash of their key. */
function segment({ Segment: at, TotalSegments: total }: QueryRequest, keys: KeySchema): (item: Item) => boolean {
  if (total === undefined && at === undefined) return () => true;
  if (total === undefined)
    throw invalid(
      "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
    );
  if (at === undefined)
    throw invalid(
      "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
    );
  if (at >= total)
    throw invalid(
      `The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: ${at} is not less than TotalSegments: ${total}`,
    );
  return (item) => {
    let hash = 0;
    for (const byte of keyOf(item, { hash: keys.hash }).hash) hash = (Math.imul(hash, 31) + byte) >>> 0;
    return hash % total === at;
  };
}
