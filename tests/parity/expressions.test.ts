/** Common table expressions and set operations. */

import { sql } from "kysely";
import { onEveryBackend } from "./backends.ts";
import { CATTO, DOGGO, HAMMO, joined } from "./kennel.ts";

onEveryBackend((backend) => {
  it("reads from a common table expression, whose columns keep their types under other names", async () => {
    const { db, same } = backend;
    const query = db
      .with("old(who, since)", (with_) => with_.selectFrom("person").select(["id as who", "joined as since"]))
      .with("few", (with_) => with_.selectFrom("old").selectAll().where("since", "<", joined[1]!))
      .selectFrom("few")
      .selectAll()
      .where("since", ">=", joined[0]!);
    await same(query, {
      sql:
        'with "old"("who", "since") as (select "id" as "who", "joined" as "since" from "person"), ' +
        '"few" as (select * from "old" where "since" < :1::timestamptz) ' +
        'select * from "few" where "since" >= :2::timestamptz',
      rows: [{ who: 1, since: joined[0] }],
    });
  });

  it("counts up recursively", async () => {
    const { db, same } = backend;
    const query = db
      .withRecursive("up(n)", (with_) =>
        with_
          .selectNoFrom((eb) => eb.lit(1).as("n"))
          .unionAll(
            with_
              .selectFrom("up")
              .select((eb) => eb("n", "+", eb.lit(1)).as("n"))
              .where("n", "<", 3),
          ),
      )
      .selectFrom("up")
      .selectAll();
    await same(query, {
      sql: {
        dataApi:
          'with recursive "up"("n") as (select 1 as "n" union all select "n" + 1 as "n" from "up" where "n" < :1::int4) ' +
          'select * from "up"',
        pg: 'with recursive "up"("n") as (select 1 as "n" union all select "n" + 1 as "n" from "up" where "n" < $1) select * from "up"',
      },
      rows: [{ n: 1 }, { n: 2 }, { n: 3 }],
    });
  });

  it("writes in one expression and reads what was written in the next", async () => {
    const { db, same } = backend;
    const query = db
      .with("moved", (with_) => with_.deleteFrom("pet").where("id", "=", HAMMO).returning(["id", "name"]))
      .with("kept", (with_) =>
        with_
          .insertInto("archive.pet")
          .columns(["id", "note"])
          .expression((eb) => eb.selectFrom("moved").select(["id", sql`to_json(name)`.as("note")]))
          .returning(["id", "note"]),
      )
      .selectFrom("kept")
      .selectAll()
      .where("id", "=", HAMMO);
    await same(query, {
      sql:
        'with "moved" as (delete from "pet" where "id" = :1::uuid returning "id", "name"), ' +
        '"kept" as (insert into "archive"."pet" ("id", "note") select "id", to_json(name) as "note" from "moved" ' +
        'returning "id", "note") select * from "kept" where "id" = :2::uuid',
      rows: [{ id: HAMMO, note: "Hammo" }],
    });
  });

  it("materialises what it is told to", async () => {
    const { db, same } = backend;
    const query = db
      .with(
        (name) => name("cats").materialized(),
        (with_) => with_.selectFrom("pet").select("id").where("species", "=", "cat"),
      )
      .selectFrom("cats")
      .select("id");
    await same(query, {
      sql: 'with "cats" as materialized (select "id" from "pet" where "species" = :1) select "id" from "cats"',
      rows: [{ id: CATTO }],
    });
  });

  it.each([
    ["union", "union", [CATTO, DOGGO]],
    ["unionAll", "union all", [CATTO, CATTO, DOGGO]],
    ["intersect", "intersect", [CATTO]],
    ["except", "except", []],
  ] as const)("takes rows by %s", async (method, words, ids) => {
    const { db, same } = backend;
    const query = db
      .selectFrom("pet")
      .select("id")
      .where("id", "=", CATTO)
      [method](db.selectFrom("pet").select("id").where("id", "in", [CATTO, DOGGO]))
      .orderBy("id");
    await same(query, {
      sql:
        `select "id" from "pet" where "id" = :1::uuid ${words} ` +
        'select "id" from "pet" where "id" in (:2::uuid, :3::uuid) order by "id"',
      rows: ids.map((id) => ({ id })),
    });
  });

  it("nests set operations in parentheses", async () => {
    const { db, same } = backend;
    const names = (species: "cat" | "dog" | "hamster") =>
      db.selectFrom("pet").select("name").where("species", "=", species);
    const query = names("cat")
      .union((eb) => eb.parens(names("dog").unionAll(names("hamster"))))
      .orderBy("name", "desc");
    await same(query, {
      sql:
        'select "name" from "pet" where "species" = :1 union (select "name" from "pet" where "species" = :2 ' +
        'union all select "name" from "pet" where "species" = :3) order by "name" desc',
      rows: [{ name: "Hammo" }, { name: "Doggo" }, { name: "Catto" }],
    });
  });
});
