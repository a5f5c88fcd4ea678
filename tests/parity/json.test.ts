/** JSON and arrays. */

import { sql } from "kysely";
import { jsonArrayFrom, jsonBuildObject, jsonObjectFrom } from "kysely/helpers/postgres";
import { onEveryBackend } from "./backends.ts";
import { CATTO, DOGGO } from "./kennel.ts";

onEveryBackend((backend) => {
  it("nests rows of other tables in a row", async () => {
    const { db } = backend;
    const query = db
      .selectFrom("person as p")
      .select((eb) => [
        "p.first_name",
        jsonArrayFrom(eb.selectFrom("pet").select(["pet.name", "pet.tags"]).whereRef("owner_id", "=", "p.id")).as(
          "pets",
        ),
        jsonObjectFrom(
          eb.selectFrom("pet").select("pet.id").whereRef("owner_id", "=", "p.id").where("pet.id", "=", CATTO),
        ).as("cat"),
        jsonBuildObject({ last: eb.ref("p.last_name"), born: eb.ref("p.born"), n: eb.lit(1) }).as("built"),
      ])
      .where("p.id", "<", 3)
      .orderBy("p.id");
    expect(await query.execute()).toEqual([
      {
        first_name: "Jennifer",
        pets: [{ name: "Catto", tags: ["soft", "lazy, very"] }],
        cat: { id: CATTO },
        built: { last: "Aniston", born: "1969-02-11", n: 1 },
      },
      {
        first_name: "Arnold",
        pets: [{ name: "Doggo", tags: ["loud"] }],
        cat: null,
        built: { last: "Schwarzenegger", born: "1947-07-30", n: 1 },
      },
    ]);
  });

  it("reaches into documents, and compares what is there with text, numbers and documents", async () => {
    const { db, same } = backend;
    const query = db
      .selectFrom("pet")
      .select((eb) => [
        eb.ref("traits", "->>").key("color").as("color"),
        eb.ref("traits", "->").key("likes").at(0).as("first"),
      ])
      .where((eb) => eb(eb.ref("traits", "->>").key("age"), "=", 4 as never))
      .where((eb) => eb(eb.ref("traits", "->").key("likes"), "=", JSON.stringify(["fish", "naps"]) as never))
      .where("traits", "@>", { color: "grey" });
    await same(query, {
      sql:
        `select "traits"->>'color' as "color", "traits"->'likes'->0 as "first" from "pet" where "traits"->>'age' = :1 ` +
        `and "traits"->'likes' = :2::jsonb and "traits" @> :3::jsonb`,
      rows: [{ color: "grey", first: "fish" }],
    });
  });

  it("changes documents in place", async () => {
    const { db, same } = backend;
    const query = db
      .updateTable("pet")
      .set((eb) => ({ traits: eb("traits", "||", { color: "black", seen: true }) }))
      .where("id", "=", DOGGO)
      .returning("traits");
    await same(query, {
      sql: 'update "pet" set "traits" = "traits" || :1::jsonb where "id" = :2::uuid returning "traits"',
      rows: [{ traits: { color: "black", age: 7, seen: true } }],
    });
  });

  it("keeps every kind of JSON value apart from SQL's null", async () => {
    const { db } = backend;
    const documents = [{}, [], [1, "a", null, { b: [] }], "text", 1.5, true, { "ü'\"\\": "\n" }];
    for (const document of documents) {
      const traits = JSON.stringify(document);
      await db.updateTable("pet").set({ traits }).where("id", "=", CATTO).execute();
      const [row] = await db.selectFrom("pet").select("traits").where("id", "=", CATTO).execute();
      expect(row).toEqual({ traits: document });
    }
    await db
      .insertInto("archive.pet")
      .values([
        { id: CATTO, note: "null" },
        { id: DOGGO, note: null },
      ])
      .execute();
    const rows = db.selectFrom("archive.pet").select(sql<boolean>`note is null`.as("missing")).orderBy("id");
    expect(await rows.execute()).toEqual([{ missing: false }, { missing: true }]);
  });

  it("compares, searches and aggregates arrays", async () => {
    const { db, same } = backend;
    await same(
      db
        .selectFrom("pet")
        .select("name")
        .where("tags", "@>", sql<string[]>`${["soft"]}`),
      {
        sql: 'select "name" from "pet" where "tags" @> :1::text[]',
        rows: [{ name: "Catto" }],
      },
    );
    await same(
      db
        .selectFrom("pet")
        .select("name")
        .where(sql<string>`${"loud"}`, "=", (eb) => eb.fn.any("tags")),
      {
        sql: 'select "name" from "pet" where :1 = any("tags")',
        rows: [{ name: "Doggo" }],
      },
    );
    await same(
      db
        .selectFrom("pet")
        .select("name")
        .where("id", "=", sql<string>`any(${[CATTO, DOGGO]})`)
        .orderBy("name"),
      {
        sql: 'select "name" from "pet" where "id" = any(:1::uuid[]) order by "name"',
        rows: [{ name: "Catto" }, { name: "Doggo" }],
      },
    );
    const query = db
      .selectFrom("pet")
      .select((eb) => [
        eb.fn.agg<string[]>("array_agg", ["id"]).orderBy("id").as("ids"),
        eb.fn.jsonAgg("name").orderBy("name").as("names"),
      ])
      .where("species", "!=", "hamster");
    await same(query, {
      sql:
        'select array_agg("id" order by "id") as "ids", json_agg("name" order by "name") as "names" from "pet" ' +
        'where "species" != :1',
      rows: [{ ids: [CATTO, DOGGO], names: ["Catto", "Doggo"] }],
    });
  });

  it("gives arrays of every type, nulls kept", async () => {
    const { db } = backend;
    const { rows } = await sql`select array[1, null, 3] as ints, array[9007199254740993]::int8[] as longs,
      array[1.5, null]::float8[] as doubles, array[true, false, null] as flags, array['a,b', '"', null, ''] as texts,
      array[]::text[] as none, array['2024-01-01'::date] as days, array['2024-01-01T00:00:00Z'::timestamptz] as instants,
      array[1.10, 2]::numeric[] as numbers, array['{"a":1}'::jsonb] as documents`.execute(db);
    expect(rows).toEqual([
      {
        ints: [1, null, 3],
        longs: ["9007199254740993"],
        doubles: [1.5, null],
        flags: [true, false, null],
        texts: ["a,b", '"', null, ""],
        none: [],
        days: ["2024-01-01"],
        instants: [new Date("2024-01-01")],
        numbers: ["1.10", "2"],
        documents: [{ a: 1 }],
      },
    ]);
  });
});
