import { sql } from "kysely";
import { onEveryBackend } from "./backends.ts";
import { CATTO, DOGGO, HAMMO, joined } from "./kennel.ts";

onEveryBackend((backend) => {
  it("selects every column of every type", async () => {
    const { db, same } = backend;
    await same(db.selectFrom("pet").selectAll().where("id", "=", CATTO), {
      sql: 'select * from "pet" where "id" = :1::uuid',
      rows: [
        {
          id: CATTO,
          name: "Catto",
          owner_id: 1,
          species: "cat",
          tags: ["soft", "lazy, very"],
          traits: { color: "grey", age: 4, likes: ["fish", "naps"] },
          weight: "4.250",
          chip: "9007199254740993",
          photo: Buffer.from([0, 127, 255]),
        },
      ],
    });
    await same(db.selectFrom("person as p").selectAll("p").where("p.gender", "=", "female"), {
      sql: 'select "p".* from "person" as "p" where "p"."gender" = :1::gender',
      rows: [
        {
          id: 1,
          first_name: "Jennifer",
          last_name: "Aniston",
          gender: "female",
          children: 0,
          born: "1969-02-11",
          joined: joined[0],
        },
      ],
    });
  });

  it("filters by values of every type", async () => {
    const { db, same } = backend;
    const names = db.selectFrom("pet").select("name");
    const rows = [{ name: "Catto" }];
    await same(names.where("weight", ">", "4.2"), {
      sql: 'select "name" from "pet" where "weight" > :1::numeric',
      rows,
    });
    await same(names.where("chip", "=", "9007199254740993"), {
      sql: 'select "name" from "pet" where "chip" = :1::int8',
      rows,
    });
    await same(names.where("photo", "=", Buffer.from([0, 127, 255])), {
      sql: 'select "name" from "pet" where "photo" = :1',
      rows,
    });
    await same(db.selectFrom("person").select("id").where("joined", "=", joined[1]!).where("born", "<", "1950-01-01"), {
      sql: 'select "id" from "person" where "joined" = :1::timestamptz and "born" < :2::date',
      rows: [{ id: 2 }],
    });
  });

  it("takes lists, ranges, nulls, negations, or, and tuples", async () => {
    const { db, same } = backend;
    const query = db
      .selectFrom("pet")
      .select("name")
      .where("id", "in", [CATTO, DOGGO])
      .where((eb) => eb.between("owner_id", 1, 2))
      .where("photo", "is", null)
      .where((eb) =>
        eb.or([eb("name", "like", "D%"), eb("weight", "is not", null), eb.not(eb("species", "=", "dog"))]),
      );
    await same(query, {
      sql:
        'select "name" from "pet" where "id" in (:1::uuid, :2::uuid) and "owner_id" between :3 and :4 and "photo" is null ' +
        'and ("name" like :5 or "weight" is not null or not "species" = :6)',
      rows: [{ name: "Doggo" }],
    });
    const tuples = db
      .selectFrom("pet")
      .select("name")
      .where(({ eb, refTuple, tuple }) =>
        eb(refTuple("id", "species"), "in", [tuple(CATTO, "cat"), tuple(HAMMO, "dog")] as never),
      );
    await same(tuples, {
      sql: 'select "name" from "pet" where ("id", "species") in ((:1::uuid, :2), (:3::uuid, :4))',
      rows: [{ name: "Catto" }],
    });
  });

  it("orders, limits and skips", async () => {
    const { db, same } = backend;
    const query = db
      .selectFrom("person")
      .select(["first_name", "last_name"])
      .orderBy("last_name", (order) => order.desc().nullsLast())
      .orderBy("id")
      .limit(2)
      .offset(1);
    await same(query, {
      sql: {
        dataApi:
          'select "first_name", "last_name" from "person" order by "last_name" desc nulls last, "id" limit :1::int4 offset :2::int4',
        pg: 'select "first_name", "last_name" from "person" order by "last_name" desc nulls last, "id" limit $1 offset $2',
      },
      rows: [
        { first_name: "Jennifer", last_name: "Aniston" },
        { first_name: "Sylvester", last_name: null },
      ],
    });
  });

  it("gives distinct rows, on columns too", async () => {
    const { db, same } = backend;
    await same(db.selectFrom("person").select("gender").distinct().orderBy("gender"), {
      sql: 'select distinct "gender" from "person" order by "gender"',
      rows: [{ gender: "male" }, { gender: "female" }],
    });
    const query = db
      .selectFrom("person")
      .distinctOn("gender")
      .select(["gender", "id"])
      .orderBy("gender")
      .orderBy("id", "desc");
    await same(query, {
      sql: 'select distinct on ("gender") "gender", "id" from "person" order by "gender", "id" desc',
      rows: [
        { gender: "male", id: 3 },
        { gender: "female", id: 1 },
      ],
    });
  });

  it("selects subqueries, cases, functions, casts and literals", async () => {
    const { db, same } = backend;
    const query = db
      .selectFrom("person as p")
      .select(({ eb, fn, lit, selectFrom, cast, case: when }) => [
        selectFrom("pet").whereRef("pet.owner_id", "=", "p.id").select("pet.name").as("pet"),
        when()
          .when("p.children", "=", 0)
          .then("none")
          .when("p.children", ">", 4)
          .then("many")
          .else("some")
          .end()
          .as("much"),
        fn.coalesce("p.last_name", eb.val("?")).as("last"),
        fn<string>("substr", ["p.first_name", eb.val(2), lit(3)]).as("part"),
        cast<string>("p.id", "text").as("text"),
        eb("p.children", "+", 2).as("sum"),
        eb.neg("p.children").as("negative"),
      ])
      .orderBy("p.id");
    await same(query, {
      sql: {
        dataApi:
          'select (select "pet"."name" from "pet" where "pet"."owner_id" = "p"."id") as "pet", ' +
          'case when "p"."children" = :1 then :2 when "p"."children" > :3 then :4 else :5 end as "much", ' +
          'coalesce("p"."last_name", :6) as "last", substr("p"."first_name", :7::int4, 3) as "part", ' +
          'cast("p"."id" as text) as "text", "p"."children" + :8::int4 as "sum", -"p"."children" as "negative" ' +
          'from "person" as "p" order by "p"."id"',
        pg:
          'select (select "pet"."name" from "pet" where "pet"."owner_id" = "p"."id") as "pet", ' +
          'case when "p"."children" = $1 then $2 when "p"."children" > $3 then $4 else $5 end as "much", ' +
          'coalesce("p"."last_name", $6) as "last", substr("p"."first_name", $7, 3) as "part", ' +
          'cast("p"."id" as text) as "text", "p"."children" + $8 as "sum", -"p"."children" as "negative" ' +
          'from "person" as "p" order by "p"."id"',
      },
      rows: [
        { pet: "Catto", much: "none", last: "Aniston", part: "enn", text: "1", sum: 2, negative: 0 },
        { pet: "Doggo", much: "many", last: "Schwarzenegger", part: "rno", text: "2", sum: 7, negative: -5 },
        { pet: "Hammo", much: "some", last: "?", part: "ylv", text: "3", sum: 5, negative: -3 },
      ],
    });
  });

  it("finds by a subquery, by exists, by any", async () => {
    const { db, same } = backend;
    const owners = db.selectFrom("pet").select("owner_id").where("species", "=", "cat");
    await same(db.selectFrom("person").select("id").where("id", "in", owners), {
      sql: 'select "id" from "person" where "id" in (select "owner_id" from "pet" where "species" = :1)',
      rows: [{ id: 1 }],
    });
    const query = db
      .selectFrom("person as p")
      .select("p.id")
      .where(({ exists, selectFrom, eb }) =>
        exists(selectFrom("pet").select(eb.lit(1).as("one")).whereRef("owner_id", "=", "p.id").where("chip", ">", "1")),
      );
    await same(query, {
      sql: 'select "p"."id" from "person" as "p" where exists (select 1 as "one" from "pet" where "owner_id" = "p"."id" and "chip" > :1::int8)',
      rows: [{ id: 1 }],
    });
  });

  it("compares coalesced, nulled and greatest values of a column with a value of its type", async () => {
    const { db, same } = backend;
    const query = db
      .selectFrom("pet")
      .select((eb) => [
        eb.fn.coalesce("weight", eb.val("0.5")).as("weight"),
        eb.fn<string>("nullif", ["id", eb.val(DOGGO)]).as("id"),
      ])
      .where((eb) => eb(eb.fn.coalesce("chip", eb.val("0")), "<", "10"))
      .orderBy("name");
    await same(query, {
      sql:
        'select coalesce("weight", :1::numeric) as "weight", nullif("id", :2::uuid) as "id" from "pet" ' +
        'where coalesce("chip", :3::int8) < :4::int8 order by "name"',
      rows: [
        { weight: "0.5", id: null },
        { weight: "0.120", id: HAMMO },
      ],
    });
  });

  it("locks the rows it reads", async () => {
    const { db, same } = backend;
    await same(db.selectFrom("person").select("id").where("id", "=", 1).forUpdate().skipLocked(), {
      sql: 'select "id" from "person" where "id" = :1 for update skip locked',
      rows: [{ id: 1 }],
    });
  });

  it("counts, and gives one row, none, or an error", async () => {
    const { db } = backend;
    const count = db.selectFrom("pet").select((eb) => eb.fn.countAll().as("count"));
    expect(await count.executeTakeFirstOrThrow()).toEqual({ count: "3" });
    const none = db.selectFrom("pet").selectAll().where("name", "=", "nobody");
    expect(await none.executeTakeFirst()).toBeUndefined();
    await expect(none.executeTakeFirstOrThrow()).rejects.toThrow("no result");
  });

  it("explains", async () => {
    const { db } = backend;
    const plan = await db.selectFrom("pet").selectAll().where("id", "=", CATTO).explain("text", sql`costs off`);
    expect(plan.map((line) => line["QUERY PLAN"]).join("\n")).toContain("on pet");
  });
});
