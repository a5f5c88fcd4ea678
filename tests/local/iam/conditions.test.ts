import { type Context, holds } from "../../../local/iam/conditions.ts";

const test = (operator: string, wanted: string | string[], actual?: string | string[], key = "k"): boolean => {
  const context: Context = actual === undefined ? {} : { [key]: [actual].flat() };
  return holds({ [operator]: { [key]: [wanted].flat() } }, context);
};

describe("conditions", () => {
  it.each<[operator: string, wanted: string | string[], actual: string, holds: boolean]>([
    ["StringEquals", "a", "a", true],
    ["StringEquals", "a", "A", false],
    ["StringEquals", ["a", "b"], "b", true],
    ["StringEquals", "a*", "ab", false],
    ["StringNotEquals", ["a", "b"], "c", true],
    ["StringNotEquals", ["a", "b"], "b", false],
    ["StringEqualsIgnoreCase", "Ab", "aB", true],
    ["StringNotEqualsIgnoreCase", "Ab", "aB", false],
    ["StringLike", "a?c*", "abcdef", true],
    ["StringLike", "a.c", "abc", false],
    ["StringNotLike", "a*", "b", true],
    ["NumericEquals", "10", "10.0", true],
    ["NumericNotEquals", "10", "11", true],
    ["NumericLessThan", "10", "9", true],
    ["NumericLessThan", "10", "10", false],
    ["NumericLessThanEquals", "10", "10", true],
    ["NumericGreaterThan", "10", "11", true],
    ["NumericGreaterThanEquals", "10", "10", true],
    ["NumericLessThan", "10", "nine", false],
    ["DateLessThan", "2026-01-02T00:00:00Z", "2026-01-01T23:59:59Z", true],
    ["DateGreaterThan", "2026-01-02T00:00:00Z", "2026-01-01T23:59:59Z", false],
    ["DateEquals", "1767225600", "2026-01-01T00:00:00Z", true],
    ["Bool", "true", "TRUE", true],
    ["Bool", "true", "false", false],
    ["IpAddress", "10.0.0.0/8", "10.255.0.1", true],
    ["IpAddress", "10.0.0.0/8", "11.0.0.1", false],
    ["IpAddress", "10.1.2.3", "10.1.2.3", true],
    ["IpAddress", "2001:db8::/32", "2001:db8:0:1::5", true],
    ["IpAddress", "2001:db8::/32", "2001:db9::5", false],
    ["NotIpAddress", "10.0.0.0/8", "11.0.0.1", true],
    ["ArnLike", "arn:aws:sns:*:1:t*", "arn:aws:sns:eu-west-1:1:topic", true],
    ["ArnLike", "arn:aws:sns:*:topic", "arn:aws:sns:eu-west-1:1:topic", false],
    ["ArnEquals", "arn:aws:lambda:r:1:function:*", "arn:aws:lambda:r:1:function:f:live", true],
    ["ArnNotLike", "arn:aws:sns:*:1:t*", "arn:aws:sns:eu-west-1:1:x", true],
    ["NoSuchOperator", "a", "a", false],
  ])("%s %j against %j: %j", (operator, wanted, actual, expected) => {
    expect(test(operator, wanted, actual)).toBe(expected);
  });

  it("without the key, a positive operator fails, a negated one holds, and IfExists holds", () => {
    expect(test("StringEquals", "a")).toBe(false);
    expect(test("StringNotEquals", "a")).toBe(true);
    expect(test("StringEqualsIfExists", "a")).toBe(true);
    expect(test("StringEqualsIfExists", "a", "b")).toBe(false);
    expect(test("NumericLessThanIfExists", "1")).toBe(true);
  });

  it("Null asks whether the key is there", () => {
    expect(test("Null", "true")).toBe(true);
    expect(test("Null", "true", "x")).toBe(false);
    expect(test("Null", "false", "x")).toBe(true);
    expect(test("Null", "false")).toBe(false);
  });

  it("ForAllValues holds over nothing, which is why an Allow must not rest on it; ForAnyValue does not", () => {
    expect(test("ForAllValues:StringEquals", ["a", "b"], ["a", "b"])).toBe(true);
    expect(test("ForAllValues:StringEquals", ["a", "b"], ["a", "c"])).toBe(false);
    expect(test("ForAllValues:StringEquals", ["a"])).toBe(true);
    expect(test("ForAnyValue:StringEquals", ["a"], ["x", "a"])).toBe(true);
    expect(test("ForAnyValue:StringEquals", ["a"], ["x"])).toBe(false);
    expect(test("ForAnyValue:StringEquals", ["a"])).toBe(false);
    expect(test("ForAnyValue:StringLike", ["a*"], ["xa", "ab"])).toBe(true);
    expect(test("ForAnyValue:StringEqualsIfExists", ["a"])).toBe(false);
  });

  it("needs every key of every operator to hold", () => {
    const block = { StringEquals: { a: ["1"], b: ["2"] }, StringLike: { c: ["3*"] } };
    expect(holds(block, { a: ["1"], b: ["2"], c: ["33"] })).toBe(true);
    expect(holds(block, { a: ["1"], b: ["x"], c: ["33"] })).toBe(false);
    expect(holds(block, { a: ["1"], b: ["2"], c: ["4"] })).toBe(false);
  });

  it("puts variables in as text: with defaults, with escapes, never as wildcards", () => {
    const context: Context = { "aws:principaltag/team": ["a*"], name: ["a*"], other: ["ab"], literal: ["*"] };
    expect(holds({ StringEquals: { name: ["${aws:PrincipalTag/Team}"] } }, context)).toBe(true);
    expect(holds({ StringLike: { name: ["${aws:PrincipalTag/Team}"] } }, context)).toBe(true);
    expect(holds({ StringLike: { other: ["${aws:PrincipalTag/Team}"] } }, context)).toBe(false);
    expect(holds({ StringLike: { literal: ["${*}"] } }, context)).toBe(true);
    expect(holds({ StringLike: { other: ["${*}"] } }, context)).toBe(false);
    expect(holds({ StringEquals: { other: ["${aws:PrincipalTag/None, 'ab'}"] } }, context)).toBe(true);
    expect(holds({ StringEquals: { other: ["${aws:PrincipalTag/None}"] } }, context)).toBe(false);
  });
});
