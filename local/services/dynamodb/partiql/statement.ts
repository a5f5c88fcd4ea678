/** A PartiQL statement as a tree. */
import { AwsError } from "../../../service.ts";
import type { AttributeValue, Item } from "../attribute-values.ts";
import type { Path } from "../expressions/path.ts";
import { type Condition, conditionAt, type Operand, pathAt } from "./conditions.ts";
import { malformed, type Tokens, tokensOf } from "./tokens.ts";
import { type NextParameter, takeValue, valueAt } from "./values.ts";

export interface Select {
  kind: "SELECT";
  table: string;
  index?: string;
  /** Undefined for `*`. */
  paths?: Path[];
  where?: Condition;
  orderBy?: { name: string; descending: boolean }[];
  /** `EXISTS(…)`, in a transaction. */
  isCheck?: boolean;
}

export interface Insert {
  kind: "INSERT";
  table: string;
  item: Item;
}

export type Change =
  | { kind: "set"; path: Path; operands: Operand[]; operator?: "+" | "-" | "list_append" }
  | { kind: "add" | "delete"; path: Path; set: AttributeValue }
  | { kind: "remove"; path: Path };

export interface Update {
  kind: "UPDATE";
  table: string;
  changes: Change[];
  where?: Condition;
  returning?: string;
}

export interface Delete {
  kind: "DELETE";
  table: string;
  where?: Condition;
  returning?: string;
}

export type Statement = Select | Insert | Update | Delete;

/** @throws AwsError ValidationException */
export function parseStatement(text = "", parameters: AttributeValue[] = []): Statement {
  const tokens = tokensOf(text);
  let used = 0;
  const parameter: NextParameter = () => {
    const value = parameters[used++];
    // A list on the wire may have holes.
    if (!value) throw mismatch();
    return value;
  };
  const statement = statementAt(tokens, parameter);
  if (tokens.peek().kind !== "end") throw tokens.unexpected();
  if (used !== parameters.length) throw mismatch();
  return statement;
}

function statementAt(tokens: Tokens, parameter: NextParameter): Statement {
  if (tokens.take("EXISTS")) {
    tokens.expect("(");
    tokens.expect("SELECT");
    const select = selectAt(tokens, parameter);
    tokens.expect(")");
    return { ...select, isCheck: true };
  }
  if (tokens.take("SELECT")) return selectAt(tokens, parameter);
  if (tokens.take("INSERT")) return insertAt(tokens, parameter);
  if (tokens.take("UPDATE")) return updateAt(tokens, parameter);
  if (!tokens.take("DELETE")) throw tokens.unexpected();
  tokens.expect("FROM");
  const table = nameAt(tokens);
  return { kind: "DELETE", table, ...whereAt(tokens, parameter), ...returningAt(tokens) };
}

function selectAt(tokens: Tokens, parameter: NextParameter): Select {
  let paths: Path[] | undefined;
  if (!tokens.take("*")) {
    paths = [pathAt(tokens)];
    while (tokens.take(",")) paths.push(pathAt(tokens));
    if (paths.some((path) => typeof path.at(-1) === "number")) {
      throw malformed("SELECT names attributes and members of maps, no elements of lists");
    }
  }
  tokens.expect("FROM");
  const table = nameAt(tokens);
  const index = tokens.take(".") ? nameAt(tokens) : undefined;
  const select: Select = { kind: "SELECT", table, index, paths, ...whereAt(tokens, parameter) };
  if (!tokens.take("ORDER")) return select;
  tokens.expect("BY");
  select.orderBy = [];
  do {
    const name = nameAt(tokens);
    const descending = tokens.take("DESC");
    if (!descending) tokens.take("ASC");
    select.orderBy.push({ name, descending });
  } while (tokens.take(","));
  return select;
}

function insertAt(tokens: Tokens, parameter: NextParameter): Insert {
  tokens.expect("INTO");
  const table = nameAt(tokens);
  tokens.expect("VALUE");
  const { M: item } = valueAt(tokens, parameter);
  if (!item) throw malformed("INSERT takes one item: VALUE {'name': value, …}");
  return { kind: "INSERT", table, item };
}

function updateAt(tokens: Tokens, parameter: NextParameter): Update {
  const table = nameAt(tokens);
  const changes: Change[] = [];
  for (;;) {
    if (tokens.take("SET")) {
      do changes.push(settingAt(tokens, parameter));
      while (tokens.take(","));
    } else if (tokens.take("REMOVE")) {
      do changes.push({ kind: "remove", path: pathAt(tokens) });
      while (tokens.take(","));
    } else break;
  }
  if (changes.length === 0) throw tokens.unexpected();
  return { kind: "UPDATE", table, changes, ...whereAt(tokens, parameter), ...returningAt(tokens) };
}

function settingAt(tokens: Tokens, parameter: NextParameter): Change {
  const path = pathAt(tokens);
  tokens.expect("=");
  const operand = (): Operand => {
    const value = takeValue(tokens, parameter);
    return value === undefined ? { path: pathAt(tokens) } : { value };
  };
  const name = tokens.peek().text.toLowerCase();
  if (tokens.at("(", 1) && ["list_append", "set_add", "set_delete"].includes(name)) {
    tokens.next();
    tokens.next();
    const first = operand();
    tokens.expect(",");
    const second = operand();
    tokens.expect(")");
    if (name === "list_append") return { kind: "set", path, operands: [first, second], operator: name };
    const isSame = "path" in first && JSON.stringify(first.path) === JSON.stringify(path);
    if (!isSame || !("value" in second)) throw malformed(`${name} changes the attribute that it reads, by a set`);
    return { kind: name === "set_add" ? "add" : "delete", path, set: second.value };
  }
  const operands = [operand()];
  const operator = tokens.take("+") ? "+" : tokens.take("-") ? "-" : undefined;
  if (operator) operands.push(operand());
  return { kind: "set", path, operands, operator };
}

function whereAt(tokens: Tokens, parameter: NextParameter): { where?: Condition } {
  return tokens.take("WHERE") ? { where: conditionAt(tokens, parameter) } : {};
}

/** As `ReturnValues` names it. */
function returningAt(tokens: Tokens): { returning?: string } {
  if (!tokens.take("RETURNING")) return {};
  const which = tokens.take("ALL") ? "ALL" : tokens.take("MODIFIED") ? "UPDATED" : undefined;
  const when = tokens.take("OLD") ? "OLD" : tokens.take("NEW") ? "NEW" : undefined;
  if (!which || !when) throw tokens.unexpected();
  tokens.expect("*");
  return { returning: `${which}_${when}` };
}

function nameAt(tokens: Tokens): string {
  const { kind, text } = tokens.peek();
  if (kind !== "word" && kind !== "name") throw tokens.unexpected();
  tokens.next();
  return text;
}

function mismatch(): AwsError {
  return new AwsError("ValidationException", "Number of parameters in request and statement don't match.");
}
