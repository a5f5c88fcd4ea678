import { sql } from "kysely";
import { onEveryBackend } from "./backends.ts";
import { CATTO, DOGGO, HAMMO } from "./kennel.ts";

const NEWBIE = "44444444-4444-4444-8444-444444444444";

onEveryBackend((backend) => {
  it("inserts a row and counts it", async () => {
    const { db, same } = backend;
    const query = db.insertInto("pet").values({ id: NEWBIE, name: "New", owner_id: 1, species: "cat", chip: 7n });
    await same(query, {
      sql: 'insert into "pet" ("id", "name", "owner_id", "species", "chip") values (:1::uuid, :2, :3, :4, :5::int8)',
      rows: [{ insertId: undefined, numInsertedOrUpdatedRows: 1n }],
    });
    expect(await db.selectFrom("pet").select("chip").where("id", "=", NEWBIE).execute()).toEqual([{ chip: "7" }]);
  });

  it("inserts rows that leave out different columns, and returns what they became", async () => {
    const { db, same } = backend;
    const query = db
      .insertInto("person")
      .values([
        { first_name: "A", gender: "other", born: "2000-02-29" },
        { first_name: "B", gender: "female", children: 2 },
      ])
      .returning(["first_name", "gender", "children", "born"]);
    await same(query, {
      sql:
        'insert into "person" ("first_name", "gender", "born", "children") values (:1, :2::gender, :3::date, default), ' +
        '(:4, :5::gender, default, :6) returning "first_name", "gender", "children", "born"',
      rows: [
        { first_name: "A", gender: "other", children: 0, born: "2000-02-29" },
        { first_name: "B", gender: "female", children: 2, born: null },
      ],
    });
  });

  it("inserts expressions, defaults, and what a query gives", async () => {
    const { db, same } = backend;
    await same(
      db
        .insertInto("toy")
        .values(({ selectFrom }) => ({
          name: sql<string>`upper(${"x"})`,
          price: "0.5",
          pet_id: selectFrom("pet").select("id").where("name", "=", "Doggo").$asScalar().$castTo<string>(),
        }))
        .returning(["name", "pet_id"]),
      {
        sql:
          'insert into "toy" ("name", "price", "pet_id") values (upper(:1), :2::numeric, ' +
          '(select "id" from "pet" where "name" = :3)) returning "name", "pet_id"',
        rows: [{ name: "X", pet_id: DOGGO }],
      },
    );
    await same(
      db
        .insertInto("toy")
        .columns(["pet_id", "name", "price"])
        .expression((eb) =>
          eb
            .selectFrom("pet")
            .select(["id", eb.val("Stick").as("name"), eb.val("1.10").as("price")])
            .where("species", "=", "dog"),
        )
        .returning(["pet_id", "name", "price"]),
      {
        sql:
          'insert into "toy" ("pet_id", "name", "price") select "id", :1 as "name", :2::numeric as "price" from "pet" ' +
          'where "species" = :3 returning "pet_id", "name", "price"',
        rows: [{ pet_id: DOGGO, name: "Stick", price: "1.10" }],
      },
    );
  });

  it("upserts, with what was to be inserted at hand", async () => {
    const { db, same } = backend;
    const query = db
      .insertInto("pet")
      .values({ id: CATTO, name: "Other", owner_id: 2, species: "cat", weight: "5", traits: { color: "red" } })
      .onConflict((conflict) =>
        conflict
          .column("id")
          .doUpdateSet((eb) => ({
            name: eb.ref("excluded.name"),
            weight: eb("excluded.weight", "+", "0.5"),
            traits: eb("pet.traits", "||", eb.ref("excluded.traits")),
            chip: "8",
          }))
          .where("pet.id", "=", CATTO),
      )
      .returning(["name", "weight", "owner_id", "traits", "chip"]);
    await same(query, {
      sql:
        'insert into "pet" ("id", "name", "owner_id", "species", "weight", "traits") ' +
        "values (:1::uuid, :2, :3, :4, :5::numeric, :6::jsonb) " +
        'on conflict ("id") do update set "name" = "excluded"."name", "weight" = "excluded"."weight" + :7::numeric, ' +
        '"traits" = "pet"."traits" || "excluded"."traits", "chip" = :8::int8 where "pet"."id" = :9::uuid ' +
        'returning "name", "weight", "owner_id", "traits", "chip"',
      rows: [
        {
          name: "Other",
          weight: "5.500",
          owner_id: 1,
          traits: { color: "red", age: 4, likes: ["fish", "naps"] },
          chip: "8",
        },
      ],
    });
  });

  it("leaves a conflicting row alone when told to", async () => {
    const { db, same } = backend;
    const query = db
      .insertInto("pet")
      .values({ name: "Catto", owner_id: 1, species: "cat" })
      .onConflict((conflict) => conflict.column("name").doNothing());
    await same(query, {
      sql: 'insert into "pet" ("name", "owner_id", "species") values (:1, :2, :3) on conflict ("name") do nothing',
      rows: [{ insertId: undefined, numInsertedOrUpdatedRows: 0n }],
    });
  });

  it("updates, by values, expressions, cases and other tables", async () => {
    const { db, same } = backend;
    await same(
      db
        .updateTable("pet")
        .set((eb) => ({
          weight: eb.case().when("species", "=", "cat").then("9.5").else(eb.ref("weight")).end(),
          tags: eb("tags", "||", eb.val(["new"])),
        }))
        .set("chip", null)
        .where("id", "=", CATTO)
        .returning(["weight", "tags", "chip"]),
      {
        sql:
          'update "pet" set "weight" = case when "species" = :1 then :2::numeric else "weight" end, ' +
          '"tags" = "tags" || :3::text[], "chip" = :4::int8 where "id" = :5::uuid returning "weight", "tags", "chip"',
        rows: [{ weight: "9.500", tags: ["soft", "lazy, very", "new"], chip: null }],
      },
    );
    await same(
      db
        .updateTable("toy as t")
        .from("pet as p")
        .set((eb) => ({ name: eb.ref("p.name"), price: eb("t.price", "*", 2 as never) }))
        .whereRef("t.pet_id", "=", "p.id")
        .where("p.id", "=", DOGGO),
      {
        sql:
          'update "toy" as "t" set "name" = "p"."name", "price" = "t"."price" * :1::numeric from "pet" as "p" ' +
          'where "t"."pet_id" = "p"."id" and "p"."id" = :2::uuid',
        rows: [{ numChangedRows: undefined, numUpdatedRows: 1n }],
      },
    );
    expect(await db.selectFrom("toy").select("price").where("name", "=", "Doggo").execute()).toEqual([
      { price: "24.00" },
    ]);
  });

  it("deletes, by other tables too, and returns what was there", async () => {
    const { db, same } = backend;
    await same(db.deleteFrom("toy").using("pet").whereRef("pet.id", "=", "toy.pet_id").where("pet.id", "=", CATTO), {
      sql: 'delete from "toy" using "pet" where "pet"."id" = "toy"."pet_id" and "pet"."id" = :1::uuid',
      rows: [{ numDeletedRows: 2n }],
    });
    await same(db.deleteFrom("pet").where("id", "in", [CATTO, HAMMO]).returning("name"), {
      sql: 'delete from "pet" where "id" in (:1::uuid, :2::uuid) returning "name"',
      rows: [{ name: "Catto" }, { name: "Hammo" }],
    });
  });

  it("merges", async () => {
    const { db, same } = backend;
    const query = db
      .mergeInto("pet as target")
      .using("toy as t", (join) => join.onRef("t.pet_id", "=", "target.id").on("t.price", ">", "10"))
      .whenMatchedAnd("target.id", "=", DOGGO)
      .thenUpdateSet({ weight: "1.5", photo: Buffer.from([1]) })
      .whenNotMatchedAnd("t.price", "<", "2")
      .thenInsertValues({ id: NEWBIE, name: "Merged", owner_id: 1, species: "cat" });
    await same(query, {
      sql:
        'merge into "pet" as "target" using "toy" as "t" on "t"."pet_id" = "target"."id" and "t"."price" > :1::numeric ' +
        'when matched and "target"."id" = :2::uuid then update set "weight" = :3::numeric, "photo" = :4 ' +
        'when not matched and "t"."price" < :5::numeric then insert ("id", "name", "owner_id", "species") ' +
        "values (:6::uuid, :7, :8, :9)",
      rows: [{ numChangedRows: 2n }],
    });
  });

  it("tells which constraint a row violates", async () => {
    const { db } = backend;
    const insert = db.insertInto("pet").values({ name: "Catto", owner_id: 1, species: "cat" });
    await expect(insert.execute()).rejects.toMatchObject({
      constraint: "pet_name_key",
      message: 'duplicate key value violates unique constraint "pet_name_key"',
      detail: "Key (name)=(Catto) already exists.",
    });
  });
});
