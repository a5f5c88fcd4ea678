/** What stands behind WHERE: read into a tree, and written again as DynamoDB's own expressions. */
import type { AttributeValue, Item } from "../attribute-values.ts";
import type { Path } from "../expressions/path.ts";
import { malformed, type Tokens } from "./tokens.ts";
import { type NextParameter, takeList, takeValue } from "./values.ts";

export type Operand = { path: Path } | { value: AttributeValue } | { size: Path };

export type Condition =
  | { kind: "AND"; of: Condition[] }
  | { kind: "OR"; of: Condition[] }
  | { kind: "NOT"; of: Condition }
  | { kind: "compare"; operator: string; left: Operand; right: Operand[] }
  | { kind: "call"; name: string; args: Operand[] };

const COMPARISONS: Record<string, string> = {
  "=": "=",
  "<>": "<>",
  "!=": "<>",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
};
const FUNCTIONS = ["begins_with", "contains", "attribute_type"];

export function pathAt(tokens: Tokens): Path {
  const path: Path = [];
  do {
    const { kind, text } = tokens.peek();
    if (kind !== "word" && kind !== "name") throw tokens.unexpected();
    tokens.next();
    path.push(text);
    while (tokens.at("[")) {
      tokens.next();
      const index = tokens.next();
      if (index.kind !== "number" || !/^\d+$/.test(index.text)) throw malformed("A list's element has a whole number");
      path.push(Number(index.text));
      tokens.expect("]");
    }
  } while (tokens.take("."));
  return path;
}

export function conditionAt(tokens: Tokens, parameter: NextParameter): Condition {
  const joined = (kind: "AND" | "OR", part: () => Condition): Condition => {
    const of = [part()];
    while (tokens.take(kind)) of.push(part());
    return of.length === 1 ? of[0]! : { kind, of };
  };
  const operand = (): Operand => {
    if (tokens.at("SIZE") && tokens.at("(", 1)) {
      tokens.next();
      tokens.next();
      const size = pathAt(tokens);
      tokens.expect(")");
      return { size };
    }
    const value = takeValue(tokens, parameter);
    return value === undefined ? { path: pathAt(tokens) } : { value };
  };

  function single(): Condition {
    if (tokens.take("NOT")) return { kind: "NOT", of: single() };
    if (tokens.take("(")) {
      const inner = any();
      tokens.expect(")");
      return inner;
    }
    const name = tokens.peek().text.toLowerCase();
    if (FUNCTIONS.includes(name) && tokens.at("(", 1)) {
      tokens.next();
      tokens.next();
      const args = [operand()];
      while (tokens.take(",")) args.push(operand());
      tokens.expect(")");
      return { kind: "call", name, args };
    }
    return comparison(operand());
  }

  function comparison(left: Operand): Condition {
    if (tokens.take("IS")) {
      const isNot = tokens.take("NOT");
      const exists: Condition = {
        kind: "call",
        name: isNot ? "attribute_exists" : "attribute_not_exists",
        args: [left],
      };
      if (tokens.take("MISSING")) return exists;
      tokens.expect("NULL");
      const isNull: Condition = { kind: "call", name: "attribute_type", args: [left, { value: { S: "NULL" } }] };
      return isNot ? { kind: "NOT", of: isNull } : isNull;
    }
    if (tokens.take("BETWEEN")) {
      const low = operand();
      tokens.expect("AND");
      return { kind: "compare", operator: "BETWEEN", left, right: [low, operand()] };
    }
    if (tokens.take("IN")) {
      const end = tokens.take("(") ? ")" : "]";
      if (end === "]") tokens.expect("[");
      const values = takeList(tokens, parameter, end);
      if (values.length === 0) throw malformed("IN has at least one value");
      return { kind: "compare", operator: "IN", left, right: values.map((value) => ({ value })) };
    }
    const symbol = tokens.peek().text;
    const operator = tokens.peek().kind === "symbol" && Object.hasOwn(COMPARISONS, symbol) && COMPARISONS[symbol];
    if (!operator) throw tokens.unexpected();
    tokens.next();
    return { kind: "compare", operator, left, right: [operand()] };
  }

  const any = (): Condition => joined("OR", () => joined("AND", single));
  return any();
}

/** Placeholders of one request. */
export interface Writing {
  path(path: Path): string;
  value(value: AttributeValue): string;
  condition(condition: Condition): string;
  /** All of them. */
  all(conditions: Condition[]): string;
  operand(operand: Operand): string;
  /** What the request has beside its expressions. */
  placeholders(): { ExpressionAttributeNames?: Record<string, string>; ExpressionAttributeValues?: Item };
}

export function writing(): Writing {
  const names = new Map<string, string>();
  const values: Item = {};
  const nameOf = (name: string) => {
    if (!names.has(name)) names.set(name, `#n${names.size}`);
    return names.get(name)!;
  };
  const self: Writing = {
    path: ([first, ...rest]) =>
      rest.reduce<string>(
        (text, part) => (typeof part === "number" ? `${text}[${part}]` : `${text}.${nameOf(part)}`),
        nameOf(String(first)),
      ),
    value(value) {
      const reference = `:v${Object.keys(values).length}`;
      values[reference] = value;
      return reference;
    },
    operand(operand) {
      if ("path" in operand) return self.path(operand.path);
      return "size" in operand ? `size(${self.path(operand.size)})` : self.value(operand.value);
    },
    all: (conditions) =>
      conditions.map((each) => (each.kind === "OR" ? `(${self.condition(each)})` : self.condition(each))).join(" AND "),
    condition(condition) {
      if (condition.kind === "NOT") return `NOT (${self.condition(condition.of)})`;
      if (condition.kind === "AND") return self.all(condition.of);
      // What is joined by AND belongs together without parentheses, of which DynamoDB takes none too many.
      if (condition.kind === "OR") return condition.of.map(self.condition).join(" OR ");
      if (condition.kind === "call") return `${condition.name}(${condition.args.map(self.operand).join(", ")})`;
      const left = self.operand(condition.left);
      const right = condition.right.map(self.operand);
      if (condition.operator === "BETWEEN") return `${left} BETWEEN ${right[0]} AND ${right[1]}`;
      if (condition.operator === "IN") return `${left} IN (${right.join(", ")})`;
      return `${left} ${condition.operator} ${right[0]}`;
    },
    placeholders: () => ({
      ...(names.size > 0 && {
        ExpressionAttributeNames: Object.fromEntries([...names].map(([name, alias]) => [alias, name])),
      }),
      ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
    }),
  };
  return self;
}

/** Those that all have to hold. */
export function conjuncts(condition: Condition | undefined): Condition[] {
  if (condition === undefined) return [];
  return condition.kind === "AND" ? condition.of.flatMap(conjuncts) : [condition];
}

/** `name = value` of a top-level attribute. */
export function equalityOn(name: string, condition: Condition): AttributeValue | undefined {
  const isEquality = condition.kind === "compare" && condition.operator === "=";
  return isEquality ? valuesOn(name, condition)?.[0] : undefined;
}

/** The only values of a top-level attribute that a condition may hold for; undefined where it may hold for any. */
export function valuesOn(name: string, condition: Condition): AttributeValue[] | undefined {
  if (condition.kind === "OR") {
    const each = condition.of.map((part) => valuesOn(name, part));
    return each.every((values) => values !== undefined) ? each.flat() : undefined;
  }
  if (condition.kind === "AND") return condition.of.map((part) => valuesOn(name, part)).find((values) => values);
  if (condition.kind !== "compare" || (condition.operator !== "=" && condition.operator !== "IN")) return undefined;
  const isName = "path" in condition.left && condition.left.path.length === 1 && condition.left.path[0] === name;
  const values = condition.right.map((operand) => ("value" in operand ? operand.value : undefined));
  return isName && values.every((value) => value !== undefined) ? values : undefined;
}
