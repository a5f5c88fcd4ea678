/**
 * Round trips of random values, in a process of its own so that TZ is what it says: `node properties.ts <endpoint> <table>`.
 * Prints one line, and fails with fast-check's counterexample.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Kysely, sql } from "kysely";
import { DataApiDialect, insertMany } from "../../data-api/index.ts";
import { TARGET } from "../local/rds-data/data-api-server.ts";
import { SEED } from "../seed.ts";

const [endpoint, table] = process.argv.slice(2) as [string, string];
const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "example" };

const two = (value: number) => String(value).padStart(2, "0");
/** As PostgreSQL's text is told: no fraction, three digits, or six. */
const fraction = fc.integer({ min: 0, max: 999_999 }).map((micros) => {
  if (micros === 0) return "";
  return micros % 1000 ? `.${String(micros).padStart(6, "0")}` : `.${String(micros / 1000).padStart(3, "0")}`;
});
const days = fc.date({
  min: new Date("0001-01-01T00:00:00Z"),
  max: new Date("9999-12-31T23:59:59.999Z"),
  noInvalidDate: true,
});
const day = days.map((date) => date.toISOString().slice(0, 10));
const clock = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 59 }), fraction)
  .map(([hours, minutes, seconds, part]) => `${two(hours)}:${two(minutes)}:${two(seconds)}${part}`);
const text = fc
  .string({ unit: "binary", maxLength: 30 })
  .filter((value) => value.isWellFormed() && !value.includes("\0"));
const wellFormedJson = fc
  .jsonValue({ stringUnit: "grapheme" })
  .filter((value) => !JSON.stringify(value).includes("\\u0000"));
const document = wellFormedJson.map((value) => JSON.parse(JSON.stringify(value)));
const noNegativeZero = (value: number) => (Object.is(value, -0) ? 0 : value);
/** Some text of a float4 is as short as another: what counts is the float4 that it means. */
const comparable = (rows: Record<string, unknown>[]) =>
  rows.map((row) => ({ ...row, a_float4: row.a_float4 === null ? null : Math.fround(row.a_float4 as number) }));
const big = (bits: number) => fc.bigInt({ min: -(2n ** BigInt(bits)), max: 2n ** BigInt(bits) - 1n });
const decimal = fc.tuple(big(200), fc.integer({ min: 0, max: 30 })).map(([digits, scale]) => {
  const [sign, plain] = digits < 0n ? ["-", String(-digits)] : ["", String(digits)];
  const padded = plain.padStart(scale + 1, "0");
  return sign + (scale ? `${padded.slice(0, -scale)}.${padded.slice(-scale)}` : padded);
});
const exactDecimal = decimal.filter((value) => !/^-0(\.0*)?$/.test(value));

/** Column → PostgreSQL type, values, and the way a value is written where that differs from how it is read. */
const COLUMNS: Record<string, [type: string, values: fc.Arbitrary<unknown>]> = {
  a_bool: ["bool", fc.boolean()],
  an_int2: ["int2", fc.integer({ min: -32768, max: 32767 })],
  an_int4: ["int4", fc.integer()],
  an_int8: ["int8", big(63).map(String)],
  a_float4: ["float4", fc.float().map(noNegativeZero)],
  a_float8: ["float8", fc.double().map(noNegativeZero)],
  a_numeric: ["numeric", fc.oneof(exactDecimal, fc.constantFrom("NaN", "Infinity", "-Infinity"))],
  a_text: ["text", text],
  a_varchar: ["varchar", text],
  a_bytea: ["bytea", fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes))],
  a_uuid: ["uuid", fc.uuid()],
  a_date: ["date", day],
  a_time: ["time", clock],
  a_timestamp: ["timestamp", fc.tuple(day, clock).map((parts) => parts.join(" "))],
  a_timestamptz: [
    "timestamptz",
    fc.date({
      min: new Date("-004000-01-01T00:00:00Z"),
      max: new Date("+200000-01-01T00:00:00Z"),
      noInvalidDate: true,
    }),
  ],
  a_json: ["json", document],
  a_jsonb: ["jsonb", document],
  an_inet: ["inet", fc.oneof(fc.ipV4(), fc.constantFrom("2001:db8::/32", "10.0.0.0/8"))],
  a_mood: ["mood", fc.constantFrom("sad", 'it\'s "ok"', "ü, {}")],
  an_interval: [
    "interval",
    fc
      .tuple(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1, max: 23 }))
      .map(([n, h]) => `${n + 1} days ${two(h)}:00:00`),
  ],
  a_timetz: [
    "timetz",
    clock.map(
      (time) => `${time.replace(/\.?0+$/, (zeros) => (zeros.startsWith(".") || time.includes(".") ? "" : zeros))}+00`,
    ),
  ],
  a_point: ["point", fc.tuple(fc.integer(), fc.integer()).map(([x, y]) => `(${x},${y})`)],
  a_range: ["int4range", fc.integer({ min: -1000, max: 1000 }).map((from) => `[${from},${from + 5})`)],
  an_address: [
    "address{}",
    fc.record(
      { street: fc.option(text), zip: fc.option(fc.integer()), parts: fc.option(fc.array(fc.option(text))) },
      { noNullPrototype: true },
    ),
  ],
};

const ELEMENTS = [
  "bool",
  "int2",
  "int4",
  "int8",
  "float8",
  "numeric",
  "text",
  "bytea",
  "uuid",
  "date",
  "time",
  "timestamp",
  "timestamptz",
  "jsonb",
  "mood",
  "interval",
  "point",
];
for (const element of ELEMENTS) {
  const [, values] = Object.values(COLUMNS).find(([type]) => type === element)!;
  // A JSON null as an element is one of JSON's, not of SQL's; that difference is the array literal's to keep.
  const known = element === "jsonb" ? values.filter((value) => value !== null && typeof value !== "string") : values;
  COLUMNS[`${element}_list`] = [`${element}[]`, fc.array(fc.option(known), { maxLength: 6 })];
}

const columnTypes = {
  [table]: { id: "int4", ...Object.fromEntries(Object.entries(COLUMNS).map(([name, [type]]) => [name, type])) },
};
const dialect = new DataApiDialect({ ...TARGET, endpoint, credentials, columnTypes });
// biome-ignore lint/suspicious/noExplicitAny: the table is made here
const db = new Kysely<any>({ dialect });

const definitions = Object.entries(COLUMNS).map(
  ([name, [type]]) => sql`${sql.id(name)} ${sql.raw(type.replace("{}", ""))}`,
);
await sql`create table ${sql.table(table)} (id int4, ${sql.join(definitions)})`.execute(db);

const isJson = (name: string) => COLUMNS[name]![0] === "json" || COLUMNS[name]![0] === "jsonb";
const row = fc.record(
  Object.fromEntries(
    Object.entries(COLUMNS).map(([name, [, values]]) => [name, isJson(name) ? values : fc.option(values)]),
  ),
  { noNullPrototype: true },
);

/** JSON documents go as text, so that a string of JSON's own is one, and its null is no SQL null. */
const asWritten = (values: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, isJson(name) ? JSON.stringify(value) : value]),
  );

let values = 0;
await fc.assert(
  fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 8 }), async (rows) => {
    const numbered = rows.map((values, id) => ({ id, ...asWritten(values) }));
    const expected = rows.map((values, id) => ({ id, ...values }));
    await db.deleteFrom(table).execute();
    await db.insertInto(table).values(numbered).execute();
    assert.deepEqual(comparable(await db.selectFrom(table).selectAll().orderBy("id").execute()), expected);
    await db.deleteFrom(table).execute();
    const { rows: returned } = await insertMany(
      db,
      table,
      numbered as never,
      (insert) => insert.returningAll() as never,
    );
    assert.deepEqual(comparable(returned as never), expected);
    await db.updateTable(table).set(asWritten(rows[0]!)).execute();
    const last = db
      .selectFrom(table)
      .selectAll()
      .where("id", "=", rows.length - 1);
    assert.deepEqual(comparable(await last.execute()), [{ ...rows[0], id: rows.length - 1 }]);
    // A value finds its row again, by every type that has an equality.
    let query = db.selectFrom(table).select("id").limit(1);
    for (const [name, value] of Object.entries(asWritten(rows[0]!))) {
      const hasEquality = !["json", "point", "point[]"].includes(COLUMNS[name]![0]);
      if (value !== null && hasEquality) query = query.where(name, "=", Array.isArray(value) ? sql`${value}` : value);
    }
    assert.equal((await query.execute()).length, 1);
    values += rows.length * Object.keys(COLUMNS).length * 3;
  }),
  { numRuns: Number(process.env.PROPERTY_RUNS ?? 25), ...SEED },
);
console.log(`${values} values round-tripped at ${new Date(0).getTimezoneOffset()} minutes`);
