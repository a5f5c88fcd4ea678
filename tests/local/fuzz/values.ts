/** Members as no client would send them, and sometimes as one would: along the schemas that the SDK brings. */
import { NormalizedSchema } from "@smithy/core/schema";
import type { Random } from "./random.ts";

type Shape = Parameters<typeof NormalizedSchema.of>[0];

export interface Names {
  /** Of what is there, or could be: queues, tables, ARNs. By a member's name. */
  of(member: string): readonly string[];
}

const ODD_TEXTS = [
  "",
  " ",
  "a",
  "0",
  "-1",
  "NaN",
  "null",
  "true",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "../../../../etc/passwd",
  "%00",
  "%",
  "%ZZ",
  "\u0000",
  "\ud800",
  "日本語 🦄",
  "a\r\nx-injected: 1",
  "' or 1=1 --",
  "${jndi:ldap://x}",
  "<a>&amp;",
  "]]>",
  ":::::",
  "arn:aws:::::",
  "http://",
  "2026-11-31T25:00:00Z",
  "rate(0 minutes)",
  "cron(* * * * ? *)",
  "x".repeat(300),
];

/** JSON where a text is to be JSON, and what only looks like it. */
const DOCUMENTS = [
  "{",
  "{}",
  "[]",
  "null",
  "1",
  '"x"',
  "[[]]",
  '{"Statement":null}',
  '{"Statement":[null]}',
  '{"Statement":{"Effect":"Allow"}}',
  '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":7,"Action":{},"Resource":[null]}]}',
  '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":null},"Action":"s3:Nothing","Resource":"*","Condition":{"Bogus":{"a":1}}}]}',
  '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"nobody","Action":"a:b","Resource":"*","Condition":7}]}',
  '{"deadLetterTargetArn":7,"maxReceiveCount":"x"}',
  '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:nowhere"}',
  '{"redrivePermission":"byQueue","sourceQueueArns":7}',
  '{"a":[{"numeric":["<"]}]}',
  '{"a":[{"wildcard":7}]}',
  '{"a":null}',
  '{"$or":[]}',
  '{"source":"x"}',
  '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}',
  '{"StartAt":"A","States":{"A":{"Type":"Task"}}}',
  '{"StartAt":"A","States":null}',
  '{"a":{"a":{"a":{"a":[{"anything-but":null}]}}}}',
];

const EXPRESSIONS = [
  "a = :b",
  "#",
  "set a = a + :b",
  "attribute_exists(",
  "a[0][",
  "remove a, a",
  "a between :x",
  "((((",
];

const ODD_NUMBERS = [0, 1, -1, 2, 10, 11, 100, 1001, 2 ** 31, 2 ** 53, -(2 ** 40), 0.5, 1e308];

/** A string that nobody would call sensible; `big` may be larger than a service takes. */
export function oddText(random: Random): string {
  return anyText(random).toWellFormed();
}

function anyText(random: Random): string {
  if (random.chance(0.002)) return "y".repeat(300_000);
  if (random.chance(0.2)) return random.pick(DOCUMENTS);
  if (random.chance(0.1)) return random.pick(EXPRESSIONS);
  if (random.chance(0.2)) {
    return String.fromCodePoint(...Array.from({ length: random.below(12) + 1 }, () => random.below(0xd7ff)));
  }
  return random.pick(ODD_TEXTS);
}

function textFor(member: string, random: Random, names: Names): string {
  const known = names.of(member);
  return known.length > 0 && random.chance(0.75) ? random.pick(known) : oddText(random);
}

const WRONG: unknown[] = [null, 0, -7, "x", "", true, [], {}, [null], [[]], { a: { b: {} } }, "2026-01-01"];

/** @param oddness how often a member is missing or of another type than it should be: 0 never */
export function jsonValue(
  shape: Shape,
  random: Random,
  names: Names,
  oddness: number,
  member = "",
  depth = 0,
): unknown {
  if (random.chance(oddness * 0.15)) return random.pick(WRONG);
  const ns = NormalizedSchema.of(shape);
  const inner = (of: Shape, name: string) => jsonValue(of, random, names, oddness, name, depth + 1);
  if (ns.isDocumentSchema()) return random.pick([null, {}, [], "x", 7, { a: [1] }]);
  if (ns.isStructSchema()) {
    const found: Record<string, unknown> = {};
    let required = ((ns.getSchema() as unknown[])[6] as number | undefined) ?? 0;
    for (const [name, of] of ns.structIterator()) {
      const isRequired = required-- > 0;
      const wanted = isRequired ? 1 - oddness * 0.2 : depth > 4 ? 0 : depth === 0 ? 0.4 : 0.3;
      if (random.chance(wanted)) found[name] = inner(of, name);
    }
    if (random.chance(oddness * 0.05)) found.__proto__x = 1;
    return found;
  }
  if (ns.isListSchema()) {
    const length = depth > 5 ? 0 : random.chance(0.02) ? 120 : random.below(3);
    return Array.from({ length }, () => inner(ns.getValueSchema(), member));
  }
  if (ns.isMapSchema()) {
    const keys = Array.from({ length: depth > 5 ? 0 : random.below(3) }, () => textFor(`${member}.key`, random, names));
    return Object.fromEntries(keys.map((key) => [key, inner(ns.getValueSchema(), member)]));
  }
  if (ns.isBlobSchema()) return random.chance(0.8) ? Buffer.from(oddText(random)).toString("base64") : oddText(random);
  if (ns.isTimestampSchema() && oddness === 0) return 1_700_000_000;
  if (ns.isTimestampSchema()) return random.pick<unknown>([1_700_000_000, 0, -1, 1e15, "2026-01-01T00:00:00Z"]);
  if (ns.isBooleanSchema()) return random.chance(0.5);
  if (ns.isNumericSchema()) return random.chance(0.5) ? random.below(12) : random.pick(ODD_NUMBERS);
  return textFor(member, random, names);
}
