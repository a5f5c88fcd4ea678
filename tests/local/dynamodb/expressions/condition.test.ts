import type { Item } from "../../../../local/services/dynamodb/attribute-values.ts";
import { parseCondition } from "../../../../local/services/dynamodb/expressions/condition.ts";
import { placeholders } from "../../../../local/services/dynamodb/expressions/placeholders.ts";

const photo: Item = {
  id: { S: "photo-1" },
  width: { N: "640" },
  camera: { M: { maker: { S: "Nikon" }, lenses: { L: [{ S: "50mm" }, { S: "35mm" }] } } },
  labels: { SS: ["sea", "sun"] },
  sizes: { NS: ["256", "1024"] },
  bytes: { B: new Uint8Array([1, 2, 3]) },
  draft: { BOOL: false },
  nothing: { NULL: true },
};

function holds(text: string, values: Item = {}, names: Record<string, string> = {}, item: Item = photo): boolean {
  const given = placeholders(
    Object.keys(names).length > 0 ? names : undefined,
    Object.keys(values).length > 0 ? values : undefined,
    true,
  );
  const condition = parseCondition("ConditionExpression", text, given);
  given.assertAllUsed();
  return condition.matches(item);
}

describe("a condition holds for", () => {
  it.each<[string, Item]>([
    ["width = :v", { ":v": { N: "640.0" } }],
    ["width <> :v", { ":v": { S: "640" } }],
    ["absent <> :v", { ":v": { S: "x" } }],
    ["width BETWEEN :a AND :b", { ":a": { N: "640" }, ":b": { N: "641" } }],
    ["width IN (:a, :b)", { ":a": { N: "1" }, ":b": { N: "640" } }],
    ["camera.maker = :v", { ":v": { S: "Nikon" } }],
    ["camera.lenses[1] = :v", { ":v": { S: "35mm" } }],
    ["begins_with(id, :v)", { ":v": { S: "photo-" } }],
    ["begins_with(bytes, :v)", { ":v": { B: new Uint8Array([1, 2]) } }],
    ["contains(id, :v)", { ":v": { S: "oto" } }],
    ["contains(labels, :v)", { ":v": { S: "sun" } }],
    ["contains(sizes, :v)", { ":v": { N: "256.0" } }],
    ["contains(camera.lenses, :v)", { ":v": { S: "50mm" } }],
    ["attribute_type(camera, :v)", { ":v": { S: "M" } }],
    ["attribute_type(nothing, :v)", { ":v": { S: "NULL" } }],
    ["size(labels) = :v", { ":v": { N: "2" } }],
    ["size(camera) >= :v", { ":v": { N: "2" } }],
    ["size(bytes) < :v", { ":v": { N: "4" } }],
    ["labels = :v", { ":v": { SS: ["sun", "sea"] } }],
    ["attribute_exists(camera.lenses[0]) and attribute_not_exists(camera.lenses[2])", {}],
    ["NOT attribute_exists(absent) AND (draft = :v OR width < :w)", { ":v": { BOOL: false }, ":w": { N: "0" } }],
  ])("%s", (text, values) => {
    expect(holds(text, values)).toBe(true);
  });

  it("AND before OR, and NOT before both", () => {
    const values = { ":t": { BOOL: false } } satisfies Item;
    expect(holds("draft = :t OR draft = :t AND NOT draft = :t", values)).toBe(true);
    expect(holds("(draft = :t OR draft = :t) AND NOT draft = :t", values)).toBe(false);
  });
});

describe("a condition does not hold for", () => {
  it.each<[string, Item]>([
    ["width = :v", { ":v": { S: "640" } }],
    ["absent = :v", { ":v": { S: "x" } }],
    ["absent < :v", { ":v": { N: "1" } }],
    ["width < :v", { ":v": { S: "zzz" } }],
    ["width >= :v", { ":v": { S: "" } }],
    ["contains(sizes, :v)", { ":v": { S: "256" } }],
    ["begins_with(width, :v)", { ":v": { S: "6" } }],
    ["size(width) = :v", { ":v": { N: "3" } }],
    ["camera.toString = :v", { ":v": { S: "x" } }],
  ])("%s", (text, values) => {
    expect(holds(text, values)).toBe(false);
  });
});

describe("a malformed condition is refused in AWS's words:", () => {
  it.each<[string, Item, Record<string, string>, string]>([
    ["width = ", {}, {}, 'Syntax error; token: "<EOF>"'],
    ["width == :v", { ":v": { N: "1" } }, {}, 'Syntax error; token: "="'],
    ["width = ;", {}, {}, 'Syntax error; token: ";"'],
    ["", {}, {}, "The expression can not be empty;"],
    ["status = :v", { ":v": { S: "x" } }, {}, "Attribute name is a reserved keyword; reserved keyword: status"],
    [
      "#s = :v",
      { ":v": { S: "x" } },
      {},
      "An expression attribute name used in the document path is not defined; attribute name: #s",
    ],
    ["width = :v", {}, {}, "An expression attribute value used in expression is not defined; attribute value: :v"],
    ["draft < :v", { ":v": { BOOL: true } }, {}, "Incorrect operand type for operator or function"],
    ["begins_with(id, :v)", { ":v": { N: "1" } }, {}, "operator or function: begins_with, operand type: N"],
    ["attribute_type(id, :v)", { ":v": { S: "STRING" } }, {}, "Invalid attribute type name found; type: STRING"],
    ["attribute_exists(:v)", { ":v": { S: "x" } }, {}, "Operator or function requires a document path"],
    ["attribute_exists(id, width)", {}, {}, "Incorrect number of operands for operator or function"],
    ["if_not_exists(id, :v)", { ":v": { S: "x" } }, {}, "The function is not allowed in a condition expression"],
    ["begins(id, :v)", { ":v": { S: "x" } }, {}, "Invalid function name; function: begins"],
    ["id = id", {}, {}, "The first operand must be distinct from the remaining operands"],
    ["((attribute_exists(id)))", {}, {}, "The expression has redundant parentheses;"],
    ["width BETWEEN :a AND :b", { ":a": { N: "2" }, ":b": { N: "1" } }, {}, "upper bound to be greater than or equal"],
  ])("%s", (text, values, names, message) => {
    expect(() => holds(text, values, names)).toThrow(message);
  });

  it("names and values that nothing uses", () => {
    expect(() => holds("attribute_exists(id)", { ":v": { S: "x" } })).toThrow(
      "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}",
    );
    expect(() => holds("attribute_exists(id)", {}, { "#n": "x" })).toThrow(
      "Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}",
    );
  });
});
