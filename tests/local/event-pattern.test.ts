import { matchesPattern, type Pattern, validatePattern } from "../../local/event-pattern.ts";

function matches(pattern: Pattern, event: unknown): boolean {
  validatePattern(pattern);
  return matchesPattern(pattern, event as never);
}

describe("event patterns", () => {
  const table: [what: string, pattern: Pattern, yes: unknown[], no: unknown[]][] = [
    ["exact values", { a: ["x", 1, null, true] }, [{ a: "x" }, { a: 1 }, { a: null }, { a: true }], [{ a: "X" }, {}]],
    ["every field", { a: ["x"], b: ["y"] }, [{ a: "x", b: "y", c: 1 }], [{ a: "x" }, { a: "x", b: "z" }]],
    ["arrays by any element", { a: ["x"] }, [{ a: ["w", "x"] }], [{ a: ["w"] }, { a: [] }]],
    ["prefix", { a: [{ prefix: "eu-" }] }, [{ a: "eu-west-1" }], [{ a: "us-east-1" }, { a: 5 }]],
    ["prefix ignoring case", { a: [{ prefix: { "equals-ignore-case": "EU" } }] }, [{ a: "eu-x" }], [{ a: "us" }]],
    ["suffix", { a: [{ suffix: ".png" }] }, [{ a: "a.png" }], [{ a: "a.png.txt" }]],
    ["equals-ignore-case", { a: [{ "equals-ignore-case": "alice" }] }, [{ a: "AliCe" }], [{ a: "bob" }]],
    ["wildcard", { a: [{ wildcard: "d/*.p(g" }] }, [{ a: "d/1/x.p(g" }], [{ a: "d/x.png" }]],
    ["numeric", { a: [{ numeric: [">", 0, "<=", 5] }] }, [{ a: 5 }, { a: 0.1 }], [{ a: 0 }, { a: 6 }, { a: "3" }]],
    ["numeric equality", { a: [{ numeric: ["=", 3e2] }] }, [{ a: 300 }], [{ a: 301 }]],
    ["anything-but", { a: [{ "anything-but": ["x", "y"] }] }, [{ a: "z" }, { a: ["x", "z"] }], [{ a: "x" }, {}]],
    ["anything-but prefix", { a: [{ "anything-but": { prefix: "x" } }] }, [{ a: "yx" }], [{ a: "xy" }]],
    [
      "anything-but several suffixes",
      { a: [{ "anything-but": { suffix: [".a", ".b"] } }] },
      [{ a: "x.c" }],
      [{ a: "x.b" }],
    ],
    ["anything-but or absent", { a: [{ "anything-but": "x" }, { exists: false }] }, [{ a: "y" }, {}], [{ a: "x" }]],
    ["exists", { a: { b: [{ exists: true }] } }, [{ a: { b: null } }], [{ a: {} }, {}, { a: { b: { c: 1 } } }]],
    ["exists not", { a: { b: [{ exists: false }] } }, [{ a: {} }, {}], [{ a: { b: 0 } }]],
    ["cidr", { a: [{ cidr: "10.0.0.0/24" }] }, [{ a: "10.0.0.255" }], [{ a: "10.0.1.0" }, { a: "ten" }, { a: "::1" }]],
    ["cidr of IPv6", { a: [{ cidr: "2001:db8::/32" }] }, [{ a: "2001:db8:1::1" }], [{ a: "2001:db9::1" }]],
    ["nested objects", { a: { b: ["x"] } }, [{ a: { b: "x" } }], [{ a: "x" }, { b: "x" }]],
    ["objects in an array", { a: { b: ["x"], c: [1] } }, [{ a: [{ b: "x", c: 1 }] }], [{ a: [{ b: "x" }, { c: 1 }] }]],
    ["$or", { k: [1], $or: [{ a: ["x"] }, { b: ["y"] }] }, [{ k: 1, b: "y" }], [{ k: 1 }, { k: 2, a: "x" }]],
    ["a field named $or", { $or: ["x"] }, [{ $or: "x" }], [{ a: "x" }]],
    ["no inherited field", { constructor: [{ exists: true }] }, [{ constructor: "x" }], [{}]],
  ];
  it.each(table)("match %s", (_what, pattern, yes, no) => {
    for (const event of yes) expect([event, matches(pattern, event)]).toEqual([event, true]);
    for (const event of no) expect([event, matches(pattern, event)]).toEqual([event, false]);
  });

  it.each([
    [{ a: "x" }],
    [{ a: [] }],
    [{ a: [["x"]] }],
    [{ a: [{ like: "x" }] }],
    [{ a: [{ prefix: "x", suffix: "y" }] }],
    [{ a: [{ prefix: 5 }] }],
    [{ a: [{ prefix: ["x", "y"] }] }],
    [{ a: [{ numeric: [">"] }] }],
    [{ a: [{ numeric: ["~", 5] }] }],
    [{ a: [{ exists: "yes" }] }],
    [{ a: [{ cidr: "10.0.0.0/33" }] }],
    [{ a: [{ wildcard: "a**b" }] }],
    [{ a: [{ "anything-but": { like: "x" } }] }],
    [{ a: [{ "anything-but": [] }] }],
    [{ a: [{}] }],
    ["text"],
  ])("refuse %j before it is ever asked", (pattern) => {
    expect(() => validatePattern(pattern)).toThrow("Invalid filter pattern definition");
  });
});
