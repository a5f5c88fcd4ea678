import { onEveryBackend } from "./backends.ts";
import { CATTO, DOGGO } from "./kennel.ts";

onEveryBackend((backend) => {
  it("joins inner, by several conditions", async () => {
    const { db, same } = backend;
    const query = db
      .selectFrom("person as p")
      .innerJoin("pet", (join) => join.onRef("pet.owner_id", "=", "p.id").on("pet.id", "in", [CATTO, DOGGO]))
      .innerJoin("toy as t", "t.pet_id", "pet.id")
      .select(["p.first_name", "pet.name as pet", "t.name as toy", "t.price"])
      .where("t.price", ">=", "3.5")
      .orderBy("t.price");
    await same(query, {
      sql:
        'select "p"."first_name", "pet"."name" as "pet", "t"."name" as "toy", "t"."price" from "person" as "p" ' +
        'inner join "pet" on "pet"."owner_id" = "p"."id" and "pet"."id" in (:1::uuid, :2::uuid) ' +
        'inner join "toy" as "t" on "t"."pet_id" = "pet"."id" where "t"."price" >= :3::numeric order by "t"."price"',
      rows: [
        { first_name: "Jennifer", pet: "Catto", toy: "Mouse", price: "3.50" },
        { first_name: "Arnold", pet: "Doggo", toy: "Bone", price: "12.00" },
      ],
    });
  });

  it.each([
    ["left", [null, "Ball", "Bone", "Mouse"]],
    ["right", ["Ball", "Bone", "Mouse"]],
    ["full", [null, "Ball", "Bone", "Mouse"]],
  ] as const)("joins %s, with nulls where there is nothing", async (kind, toys) => {
    const { db, same } = backend;
    const pets = db.selectFrom("pet");
    const join = pets[`${kind}Join`].bind(pets) as typeof pets.leftJoin;
    const query = join("toy", "toy.pet_id", "pet.id")
      .select("toy.name")
      .orderBy("toy.name", (order) => order.nullsFirst());
    await same(query, {
      sql: `select "toy"."name" from "pet" ${kind} join "toy" on "toy"."pet_id" = "pet"."id" order by "toy"."name" nulls first`,
      rows: toys.map((name) => ({ name })),
    });
  });

  it("joins crosswise", async () => {
    const { db, same } = backend;
    const query = db.selectFrom("person").crossJoin("pet").select(["first_name", "name"]).where("name", "=", "Catto");
    await same(query.orderBy("first_name").limit(1), {
      sql: {
        dataApi:
          'select "first_name", "name" from "person" cross join "pet" where "name" = :1 order by "first_name" limit :2::int4',
        pg: 'select "first_name", "name" from "person" cross join "pet" where "name" = $1 order by "first_name" limit $2',
      },
      rows: [{ first_name: "Arnold", name: "Catto" }],
    });
  });

  it("joins a subquery, whose columns keep their types", async () => {
    const { db, same } = backend;
    const query = db
      .selectFrom("person")
      .innerJoin(
        (eb) => eb.selectFrom("pet").select(["owner_id as owner", "id as pet_id", "weight as load"]).as("owned"),
        (join) => join.onRef("owned.owner", "=", "person.id").on("owned.load", "<", "1"),
      )
      .select("owned.pet_id")
      .where("owned.pet_id", "!=", CATTO);
    await same(query, {
      sql:
        'select "owned"."pet_id" from "person" inner join (select "owner_id" as "owner", "id" as "pet_id", "weight" as "load" ' +
        'from "pet") as "owned" on "owned"."owner" = "person"."id" and "owned"."load" < :1::numeric ' +
        'where "owned"."pet_id" != :2::uuid',
      rows: [{ pet_id: "33333333-3333-4333-8333-333333333333" }],
    });
  });

  it("joins laterally, one row for each", async () => {
    const { db, same } = backend;
    const query = db
      .selectFrom("pet")
      .leftJoinLateral(
        (eb) =>
          eb
            .selectFrom("toy")
            .select(["name as toy", "price"])
            .whereRef("toy.pet_id", "=", "pet.id")
            .where("price", ">", "2")
            .orderBy("price")
            .limit(1)
            .as("best"),
        (join) => join.onTrue(),
      )
      .select(["pet.name", "best.toy", "best.price"])
      .orderBy("pet.name");
    await same(query, {
      sql: {
        dataApi:
          'select "pet"."name", "best"."toy", "best"."price" from "pet" left join lateral (select "name" as "toy", "price" ' +
          'from "toy" where "toy"."pet_id" = "pet"."id" and "price" > :1::numeric order by "price" limit :2::int4) as "best" ' +
          'on true order by "pet"."name"',
        pg:
          'select "pet"."name", "best"."toy", "best"."price" from "pet" left join lateral (select "name" as "toy", "price" ' +
          'from "toy" where "toy"."pet_id" = "pet"."id" and "price" > $1 order by "price" limit $2) as "best" ' +
          'on true order by "pet"."name"',
      },
      rows: [
        { name: "Catto", toy: "Mouse", price: "3.50" },
        { name: "Doggo", toy: "Bone", price: "12.00" },
        { name: "Hammo", toy: null, price: null },
      ],
    });
  });

  it("joins a table with itself, and across schemas", async () => {
    const { db, same } = backend;
    await db
      .insertInto("archive.pet")
      .values({ id: CATTO, note: JSON.stringify(["kept", 1]) })
      .execute();
    const query = db
      .selectFrom("pet as a")
      .innerJoin("pet as b", (join) => join.onRef("a.id", "<", "b.id").on("b.id", "=", DOGGO))
      .innerJoin("archive.pet as old", "old.id", "a.id")
      .select(["a.name as first", "b.name as second", "old.note"]);
    await same(query, {
      sql:
        'select "a"."name" as "first", "b"."name" as "second", "old"."note" from "pet" as "a" ' +
        'inner join "pet" as "b" on "a"."id" < "b"."id" and "b"."id" = :1::uuid ' +
        'inner join "archive"."pet" as "old" on "old"."id" = "a"."id"',
      rows: [{ first: "Catto", second: "Doggo", note: ["kept", 1] }],
    });
  });

  it("gives the later of two columns of one name", async () => {
    const { db, same } = backend;
    const query = db
      .selectFrom("person")
      .innerJoin("pet", "pet.owner_id", "person.id")
      .selectAll("person")
      .select("pet.id");
    await same(query.where("pet.id", "=", CATTO), {
      sql:
        'select "person".*, "pet"."id" from "person" inner join "pet" on "pet"."owner_id" = "person"."id" ' +
        'where "pet"."id" = :1::uuid',
      rows: [expect.objectContaining({ id: CATTO, first_name: "Jennifer" })],
    });
  });
});
