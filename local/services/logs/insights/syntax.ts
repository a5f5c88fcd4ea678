/** What a query is made of. */

export type Expression =
  | { type: "value"; value: string | number | boolean }
  | { type: "field"; name: string }
  | { type: "call"; name: string; args: Expression[] }
  | { type: "operation"; operator: string; left: Expression; right: Expression }
  | { type: "not"; of: Expression }
  | { type: "like"; of: Expression; pattern: RegExp }
  | { type: "in"; of: Expression; values: Expression[] };

/** An expression and what its column is called. */
export interface Column {
  expression: Expression;
  name: string;
}

export interface Aggregate extends Column {
  expression: Extract<Expression, { type: "call" }>;
}

export type Command =
  | { type: "fields" | "display"; columns: Column[] }
  | { type: "filter"; condition: Expression }
  | { type: "stats"; aggregates: Aggregate[]; by: Column[] }
  | { type: "sort"; keys: { expression: Expression; descending: boolean }[] }
  | { type: "limit"; count: number }
  | { type: "parse"; of: Expression; pattern: RegExp; names: string[] }
  | { type: "dedup"; by: Expression[] }
  | { type: "source"; group: string };
