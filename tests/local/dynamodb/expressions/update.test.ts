import type { Item } from "../../../../local/services/dynamodb/attribute-values.ts";
import { placeholders } from "../../../../local/services/dynamodb/expressions/placeholders.ts";
import { parseUpdate } from "../../../../local/services/dynamodb/expressions/update.ts";

function updated(item: Item, text: string, values?: Item, names?: Record<string, string>): Item {
  const given = placeholders(names, values, true);
  const update = parseUpdate(text, given);
  given.assertAllUsed();
  return update.apply(item);
}

const n = (value: number) => ({ N: String(value) });
const list = (...values: number[]) => ({ L: values.map(n) });

describe("SET", () => {
  it("computes from the item as it was before the update", () => {
    expect(updated({ a: n(1), b: n(2) }, "SET a = b, b = a")).toEqual({ a: n(2), b: n(1) });
  });
  it("counts up from a default", () => {
    const text = "SET hits = if_not_exists(hits, :zero) + :one";
    expect(updated({}, text, { ":zero": n(0), ":one": n(1) })).toEqual({ hits: n(1) });
    expect(updated({ hits: n(4) }, text, { ":zero": n(0), ":one": n(1) })).toEqual({ hits: n(5) });
  });
  it("subtracts without losing digits", () => {
    expect(updated({ a: { N: "0.3" } }, "SET a = a - :v", { ":v": { N: "0.1" } })).toEqual({ a: { N: "0.2" } });
  });
  it("appends and prepends to lists", () => {
    expect(updated({ a: list(1) }, "SET a = list_append(a, :v)", { ":v": list(2) })).toEqual({ a: list(1, 2) });
    expect(updated({ a: list(1) }, "SET a = list_append(:v, a)", { ":v": list(2) })).toEqual({ a: list(2, 1) });
  });
  it("an index past the end of a list appends", () => {
    const values = { ":v": n(9), ":w": n(8) };
    expect(updated({ a: list(1) }, "SET a[7] = :v, a[5] = :w", values)).toEqual({ a: list(1, 8, 9) });
  });
  it("leaves the item it was given alone", () => {
    const before: Item = { a: { M: { b: n(1) } } };
    expect(updated(before, "SET a.b = :v", { ":v": n(2) })).toEqual({ a: { M: { b: n(2) } } });
    expect(before).toEqual({ a: { M: { b: n(1) } } });
  });
});

describe("REMOVE, ADD and DELETE", () => {
  it("removed list elements are those that were meant", () => {
    expect(updated({ a: list(0, 1, 2, 3) }, "REMOVE a[0], a[2]")).toEqual({ a: list(1, 3) });
  });
  it("removing what is not there is no error", () => {
    expect(updated({ a: n(1) }, "REMOVE b")).toEqual({ a: n(1) });
  });
  it("ADD counts, and unites sets", () => {
    expect(updated({ a: n(1) }, "ADD a :v", { ":v": n(-3) })).toEqual({ a: n(-2) });
    expect(updated({}, "ADD a :v", { ":v": n(5) })).toEqual({ a: n(5) });
    expect(updated({ a: { SS: ["x"] } }, "ADD a :v", { ":v": { SS: ["y", "x"] } })).toEqual({ a: { SS: ["x", "y"] } });
  });
  it("DELETE takes out of a set; an empty set disappears", () => {
    expect(updated({ a: { NS: ["1", "2"] } }, "DELETE a :v", { ":v": { NS: ["2.0"] } })).toEqual({ a: { NS: ["1"] } });
    expect(updated({ a: { NS: ["1"] } }, "DELETE a :v", { ":v": { NS: ["1"] } })).toEqual({});
    expect(updated({}, "DELETE a :v", { ":v": { NS: ["1"] } })).toEqual({});
  });
  it("all four in one expression", () => {
    const item: Item = { a: n(1), b: n(2), c: n(3), d: { SS: ["x", "y"] } };
    const values: Item = { ":one": n(1), ":x": { SS: ["x"] } };
    expect(updated(item, "set a = :one + b remove b add c :one delete d :x", values)).toEqual({
      a: n(3),
      c: n(4),
      d: { SS: ["y"] },
    });
  });
});

describe("an update is refused in AWS's words:", () => {
  it.each<[string, Item, Item | undefined, string]>([
    ["SET a = b", {}, undefined, "The provided expression refers to an attribute that does not exist in the item"],
    ["SET a.b = :v", {}, { ":v": n(1) }, "The document path provided in the update expression is invalid for update"],
    ["SET a[0] = :v", { a: n(1) }, { ":v": n(1) }, "The document path provided in the update expression is invalid"],
    [
      "SET a = a + :v",
      { a: { S: "x" } },
      { ":v": n(1) },
      "An operand in the update expression has an incorrect data type",
    ],
    ["ADD a :v", { a: { S: "x" } }, { ":v": n(1) }, "An operand in the update expression has an incorrect data type"],
    ["ADD a :v", {}, { ":v": { S: "x" } }, "operator: ADD, operand type: STRING"],
    ["SET a = :v SET b = :v", {}, { ":v": n(1) }, 'The "SET" section can only be used once in an update expression;'],
    ["SET a = :v, a.b = :v", {}, { ":v": n(1) }, "Two document paths overlap with each other"],
    ["SET a.b = :v, a[0] = :v", {}, { ":v": n(1) }, "Two document paths conflict with each other"],
    ["SET a = size(b)", {}, undefined, "The function is not allowed in an update expression; function: size"],
    ["PUT a = :v", {}, { ":v": n(1) }, 'Syntax error; token: "PUT"'],
    ["SET data = :v", {}, { ":v": n(1) }, "reserved keyword: data"],
  ])("%s", (text, item, values, message) => {
    expect(() => updated(item, text, values)).toThrow(message);
  });
});
