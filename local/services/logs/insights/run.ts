/** A query over rows, command by command. Pure. */
import { evaluate, type Row } from "./evaluate.ts";
import { AGGREGATES } from "./functions.ts";
import type { Column, Command } from "./syntax.ts";
import { asText, compared, isTrue, shown, type Value } from "./values.ts";

export type ResultRow = { field: string; value: string }[];

export interface Outcome {
  rows: ResultRow[];
  /** Rows that passed the filters. */
  matched: number;
}

const DEFAULT_LIMIT = 10_000;

/** Whether a line may matter to what comes after the first filters: asked for each line as it is read. */
export function firstFilters(commands: Command[], now: number): (row: Row) => boolean {
  const filters: Command[] = [];
  for (const command of commands) {
    if (command.type === "filter") filters.push(command);
    else if (command.type !== "source" && command.type !== "sort") break;
  }
  return (row) => filters.every((each) => each.type !== "filter" || isTrue(evaluate(each.condition, row, now)));
}

/** @param rows what the first filters let pass */
export function runQuery(commands: Command[], rows: Row[], now: number, limit?: number): Outcome {
  let current = rows;
  let columns: string[] | undefined;
  let isSorted = false;
  let isGrouped = false;
  let matched = rows.length;
  let cut: number | undefined;

  for (const command of commands) {
    switch (command.type) {
      case "filter":
        current = current.filter((row) => isTrue(evaluate(command.condition, row, now)));
        if (!isGrouped) matched = current.length;
        break;
      case "fields":
      case "display": {
        for (const row of current) compute(row, command.columns, now);
        const names = command.columns.map(({ name }) => name);
        columns = command.type === "display" ? names : [...(columns ?? []), ...names];
        break;
      }
      case "parse":
        for (const row of current) {
          const found = command.pattern.exec(asText(evaluate(command.of, row, now)) ?? "");
          for (const [index, name] of command.names.entries()) {
            const value = found?.groups?.[name] ?? found?.[index + 1];
            if (value !== undefined) row.fields.set(name, value);
          }
        }
        break;
      case "stats":
        current = grouped(command, current, now);
        columns = [...command.by, ...command.aggregates].map(({ name }) => name);
        [isGrouped, isSorted] = [true, false];
        break;
      case "sort":
        current = sorted(current, command.keys, now);
        isSorted = true;
        break;
      case "dedup":
        current = unique(
          current,
          command.by.map((by) => (row: Row) => evaluate(by, row, now)),
        );
        break;
      case "limit":
        if (!isSorted && !isGrouped) current.sort((a, b) => b.time - a.time);
        isSorted = true;
        current = current.slice(0, command.count);
        cut = command.count;
        break;
    }
  }
  if (!isSorted && !isGrouped) current.sort((a, b) => b.time - a.time);
  const shownRows = current.slice(0, Math.min(cut ?? DEFAULT_LIMIT, limit ?? DEFAULT_LIMIT));
  const names = [...new Set(columns ?? ["@timestamp", "@message"])];
  if (!isGrouped && !names.includes("@ptr")) names.push("@ptr");
  return { rows: shownRows.map((row) => resultOf(row, names)), matched };
}

function compute(row: Row, columns: Column[], now: number): void {
  for (const { expression, name } of columns) {
    if (expression.type === "field" && expression.name === name) continue;
    row.fields.set(name, evaluate(expression, row, now));
  }
}

function resultOf({ fields }: Row, names: string[]): ResultRow {
  return names.flatMap((field) => {
    const value = fields.get(field) ?? fields.get(field.replaceAll(/\[(\d+)\]/g, ".$1"));
    return value === undefined
      ? []
      : { field, value: typeof value === "boolean" ? wordOf(field, value) : shown(value) };
  });
}

/** What a function found is a number, what a JSON line says a word. */
const wordOf = (field: string, value: boolean): string => (field.includes("(") ? String(Number(value)) : String(value));

function grouped({ aggregates, by }: Extract<Command, { type: "stats" }>, rows: Row[], now: number): Row[] {
  const groups = new Map<string, { keys: Value[]; rows: Row[] }>();
  for (const row of rows) {
    const keys = by.map(({ expression }) => evaluate(expression, row, now));
    const id = JSON.stringify(keys.map((key) => key ?? null));
    const group = groups.get(id);
    if (group) group.rows.push(row);
    else groups.set(id, { keys, rows: [row] });
  }
  return [...groups.values()].map((group) => {
    const fields = new Map<string, Value>(by.map(({ name }, index) => [name, group.keys[index]]));
    const times = group.rows.map(({ time }) => time);
    for (const { name, expression } of aggregates) {
      const args = group.rows.map((row) => expression.args.map((each) => evaluate(each, row, now)));
      fields.set(name, AGGREGATES[expression.name]!(args, times));
    }
    return { fields, time: Math.max(...times.slice(0, 1000)) };
  });
}

function sorted(rows: Row[], keys: Extract<Command, { type: "sort" }>["keys"], now: number): Row[] {
  const valued = rows.map((row) => ({ row, values: keys.map(({ expression }) => sortValue(expression, row, now)) }));
  valued.sort((one, other) => {
    for (const [index, { descending }] of keys.entries()) {
      const [a, b] = [one.values[index], other.values[index]];
      // What has no value stands last.
      if (a === undefined || b === undefined) {
        if (a === b) continue;
        return a === undefined ? 1 : -1;
      }
      const order = compared(a, b)!;
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  });
  return valued.map(({ row }) => row);
}

/** `sort count(*) desc` means the column of that name. */
function sortValue(expression: Parameters<typeof evaluate>[0], row: Row, now: number): Value {
  if (expression.type !== "call") return evaluate(expression, row, now);
  for (const [name, value] of row.fields) {
    if (name.replaceAll(/\s/g, "").startsWith(`${expression.name}(`)) return value;
  }
  return evaluate(expression, row, now);
}

function unique(rows: Row[], keys: ((row: Row) => Value)[]): Row[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const id = JSON.stringify(keys.map((key) => key(row) ?? null));
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}
