/** What the dialect adds, on kysely's own dialect too; and types that only ours has to cast. */

import { sql } from "kysely";
import { executeBatch, insertMany } from "../../data-api/index.ts";
import { onEveryBackend } from "./backends.ts";
import { CATTO, DOGGO } from "./kennel.ts";

const NEWBIE = "44444444-4444-4444-8444-444444444444";

onEveryBackend((backend) => {
  it("inserts many rows, with defaults, conflicts and what is returned", async () => {
    const { db } = backend;
    const { rows } = await insertMany(
      db,
      "pet",
      [
        { id: CATTO, name: "Again", owner_id: 1, species: "cat", tags: ["x,y", '"'], chip: 2n ** 60n },
        { id: NEWBIE, name: "New", owner_id: 2, species: "dog", tags: [], chip: null },
      ],
      (insert) =>
        insert
          .onConflict((conflict) => conflict.column("id").doUpdateSet((eb) => ({ tags: eb.ref("excluded.tags") })))
          .returning(["id", "name", "tags", "traits"]),
    );
    expect(rows).toEqual([
      { id: CATTO, name: "Catto", tags: ["x,y", '"'], traits: { color: "grey", age: 4, likes: ["fish", "naps"] } },
      { id: NEWBIE, name: "New", tags: [], traits: {} },
    ]);
  });

  it("runs writes of one shape as one", async () => {
    const { db } = backend;
    const update = (id: string, weight: string | null) => db.updateTable("pet").set({ weight }).where("id", "=", id);
    await executeBatch(db, [update(CATTO, "1.5"), update(DOGGO, null)]);
    expect(
      await db.selectFrom("pet").select("weight").where("id", "in", [CATTO, DOGGO]).orderBy("id").execute(),
    ).toEqual([{ weight: "1.500" }, { weight: null }]);
  });

  it("gives text for what the Data API does not return, in any part of a query", async () => {
    const { db } = backend;
    const query = db
      .selectFrom("person")
      .select((eb) => [
        eb.cast<string>("born", "text").as("born"),
        sql<string>`(joined - joined + interval '1 day 2 hours')::text`.as("span"),
      ])
      .where("id", "=", 1);
    expect(await query.execute()).toEqual([{ born: "1969-02-11", span: "1 day 02:00:00" }]);
  });
});
