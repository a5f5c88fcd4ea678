/** Groups, filters and windows. */

import { sql } from "kysely";
import { onEveryBackend } from "./backends.ts";

onEveryBackend((backend) => {
  it("counts, sums, averages, and keeps what a number can not hold as text", async () => {
    const { db, same } = backend;
    const query = db
      .selectFrom("toy")
      .select(({ fn }) => [
        fn.countAll<string>().as("all"),
        fn.count<string>("pet_id").distinct().as("pets"),
        fn.sum<string>("price").as("sum"),
        fn.avg<string>("id").as("average"),
        fn.min("price").as("least"),
        fn.max("name").as("last"),
      ]);
    await same(query, {
      sql:
        'select count(*) as "all", count(distinct "pet_id") as "pets", sum("price") as "sum", avg("id") as "average", ' +
        'min("price") as "least", max("name") as "last" from "toy"',
      rows: [{ all: "3", pets: "2", sum: "16.75", average: "2.0000000000000000", least: "1.25", last: "Mouse" }],
    });
  });

  it("groups, and filters groups by what they come to", async () => {
    const { db, same } = backend;
    const query = db
      .selectFrom("toy")
      .select(({ fn }) => ["pet_id", fn.sum<string>("price").as("sum")])
      .groupBy("pet_id")
      .having(({ fn }) => fn.count("id"), ">", 1)
      .having(({ fn }) => fn.sum("price"), "<", "5.5")
      .having(({ fn }) => fn.min("price"), ">=", "1.25");
    await same(
      query.clearSelect().select(({ fn }) => fn.sum<string>("price").as("sum")),
      {
        sql:
          'select sum("price") as "sum" from "toy" group by "pet_id" having count("id") > :1::int8 ' +
          'and sum("price") < :2::numeric and min("price") >= :3::numeric',
        rows: [{ sum: "4.75" }],
      },
    );
  });

  it("aggregates some of the rows only", async () => {
    const { db, same } = backend;
    const query = db.selectFrom("person").select(({ fn }) => [
      fn.count<string>("id").filterWhere("born", "<", "1950-01-01").as("old"),
      fn
        .agg<string>("string_agg", ["first_name", sql.lit(",")])
        .orderBy("id")
        .as("names"),
    ]);
    await same(query, {
      sql:
        'select count("id") filter(where "born" < :1::date) as "old", string_agg("first_name", \',\' order by "id") as "names" ' +
        'from "person"',
      rows: [{ old: "1", names: "Jennifer,Arnold,Sylvester" }],
    });
  });

  it("ranks and looks around within windows", async () => {
    const { db, same } = backend;
    const query = db
      .selectFrom("toy")
      .select(({ fn }) => [
        "name",
        fn
          .agg<string>("row_number")
          .over((over) => over.partitionBy("pet_id").orderBy("price", "desc"))
          .as("place"),
        fn
          .sum<string>("price")
          .over((over) => over.orderBy("id"))
          .as("running"),
        fn
          .agg<string | null>("lag", ["name"])
          .over((over) => over.orderBy("id"))
          .as("before"),
      ])
      .orderBy("id");
    await same(query, {
      sql:
        'select "name", row_number() over(partition by "pet_id" order by "price" desc) as "place", ' +
        'sum("price") over(order by "id") as "running", lag("name") over(order by "id") as "before" from "toy" order by "id"',
      rows: [
        { name: "Mouse", place: "1", running: "3.50", before: null },
        { name: "Ball", place: "2", running: "4.75", before: "Mouse" },
        { name: "Bone", place: "1", running: "16.75", before: "Ball" },
      ],
    });
  });
});
