/** `sql` templates, and kysely's plugins. */

import { CamelCasePlugin, CompiledQuery, DeduplicateJoinsPlugin, ParseJSONResultsPlugin, sql } from "kysely";
import { onEveryBackend } from "./backends.ts";
import { CATTO, DOGGO } from "./kennel.ts";

onEveryBackend((backend) => {
  it("takes identifiers, literals, lists and fragments", async () => {
    const { db } = backend;
    const ids = [CATTO, DOGGO];
    const query = sql<{ name: string }>`select ${sql.ref("p.name")} from ${sql.table("pet")} as p
      where p.id in (${sql.join(ids.map((id) => sql`${id}::uuid`))}) and p.species <> ${sql.lit("it's")}
      order by ${sql.id("p", "name")} ${sql.raw("desc")}`;
    expect((await query.execute(db)).rows).toEqual([{ name: "Doggo" }, { name: "Catto" }]);
  });

  it("takes values beside a cast, in every JavaScript type", async () => {
    const { db } = backend;
    const { rows } = await sql`select ${"x"}::text as text, ${5}::int4 as int, ${2 ** 40}::int8 as long,
      ${9007199254740993n}::int8 as big, ${1.5}::float8 as double, ${true}::bool as flag, ${null}::date as none,
      ${new Date(1e12)}::timestamptz as instant, ${JSON.stringify({ a: 1 })}::jsonb as document,
      ${["a", null]}::text[] as list, ${Buffer.from("ü")}::bytea as bytes, ${"2024-02-29"}::date as day`.execute(db);
    expect(rows).toEqual([
      {
        text: "x",
        int: 5,
        long: "1099511627776",
        big: "9007199254740993",
        double: 1.5,
        flag: true,
        none: null,
        instant: new Date(1e12),
        document: { a: 1 },
        list: ["a", null],
        bytes: Buffer.from("ü"),
        day: "2024-02-29",
      },
    ]);
  });

  it("leaves colons, quotes, dollars and comments alone where they mean none of its own", async () => {
    const { db } = backend;
    const { rows } =
      await sql`select ':a'' :b' as ":c", 'it''s'::text as d /* :e */, ${"$1 :1 ' \" \\ -- /*"}::text as f -- :g
      , e'\\x41' as h, '{"k": ":v"}'::jsonb as i`.execute(db);
    expect(rows).toEqual([{ ":c": ":a' :b", d: "it's", f: "$1 :1 ' \" \\ -- /*", h: "A", i: { k: ":v" } }]);
  });

  it("runs what gives no rows", async () => {
    const { db } = backend;
    expect(await sql`update pet set weight = 1 where false`.execute(db)).toEqual({ rows: [], numAffectedRows: 0n });
    expect((await db.executeQuery(CompiledQuery.raw("select 1 as one"))).rows).toEqual([{ one: 1 }]);
    expect((await sql`select from pet`.execute(db)).rows).toEqual([{}, {}, {}]);
  });

  it("calls functions that return tables, records and nothing", async () => {
    const { db } = backend;
    expect((await sql`select * from generate_series(1, ${3}::int4) n where n <> 2`.execute(db)).rows).toEqual([
      { n: 1 },
      { n: 3 },
    ]);
    expect((await sql`select pg_sleep(0) as nothing`.execute(db)).rows).toEqual([{ nothing: "" }]);
    expect(
      (await sql`select * from jsonb_to_record('{"a": 1, "b": "x"}') as r(a int, b text)`.execute(db)).rows,
    ).toEqual([{ a: 1, b: "x" }]);
  });

  it("works behind kysely's plugins", async () => {
    const { db } = backend;
    // biome-ignore lint/suspicious/noExplicitAny: names are others than the tables'
    const camel = db.withPlugin(new CamelCasePlugin()) as any;
    const query = camel.selectFrom("person").select(["firstName", "id"]).where("lastName", "=", "Aniston");
    expect(query.compile().sql).toMatch(/^select "first_name", "id" from "person" where "last_name" = [:$]1$/);
    expect(await query.execute()).toEqual([{ firstName: "Jennifer", id: 1 }]);

    const schema = db.withSchema("archive");
    await schema
      .insertInto("pet" as never)
      .values({ id: CATTO, note: JSON.stringify({ a: 1 }) } as never)
      .execute();
    expect(await schema.selectFrom("pet").select("id").where("id", "=", CATTO).execute()).toEqual([{ id: CATTO }]);

    const parsed = db.withPlugin(new ParseJSONResultsPlugin()).withPlugin(new DeduplicateJoinsPlugin());
    const join = parsed
      .selectFrom("pet")
      .innerJoin("toy", "toy.pet_id", "pet.id")
      .innerJoin("toy", "toy.pet_id", "pet.id")
      .select(sql<unknown>`'[1]'::text`.as("list"))
      .where("toy.name", "=", "Bone");
    expect(await join.execute()).toEqual([{ list: [1] }]);
  });

  it("tells where a statement is wrong", async () => {
    const { db } = backend;
    const error = await sql`select ${1}::int4, nope from pet`.execute(db).catch((thrown) => thrown);
    expect(error.message).toContain('column "nope" does not exist');
    expect(Number(error.position)).toBe("select $1::int4, ".length + (backend.isDataApi ? "::int4".length : 0) + 1);
  });
});
