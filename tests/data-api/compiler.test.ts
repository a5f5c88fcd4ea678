import { sql } from "kysely";
import { connectTo } from "./backend.ts";

const columnTypes = {
  albums: { album_id: "uuid", title: "text", created_at: "timestamptz", size: "int4", tags: "text[]", meta: "jsonb" },
  photos: { photo_id: "uuid", album_id: "uuid", taken_on: "date", price: "numeric", bytes: "int8", ok: "bool" },
  "audit.albums": { album_id: "int8" },
};
const db = connectTo(() => Promise.reject(new Error("nothing is executed here")), { columnTypes });
const id = "3f1c9d1e-8f5b-4c59-9d5e-3a4b2c1d0e9f";

const compiled = (query: { compile(): { sql: string; parameters: readonly unknown[] } }) => {
  const { sql: text, parameters, fields } = query.compile() as ReturnType<typeof query.compile> & { fields: unknown[] };
  return { text, parameters, fields };
};

describe("values", () => {
  it("of an insert are cast to their columns' types, and left as they are in the query's parameters", () => {
    const { text, parameters, fields } = compiled(
      db.insertInto("albums").values([
        { album_id: id, title: "A", size: 1, tags: ["x", 'y"'], meta: { a: 1 } },
        { album_id: id, title: "B", size: null, tags: [], meta: "[1]" },
      ]),
    );

    expect(text).toBe(
      'insert into "albums" ("album_id", "title", "size", "tags", "meta") values ' +
        "(:1::uuid, :2, :3, :4::text[], :5::jsonb), (:6::uuid, :7, :8, :9::text[], :10::jsonb)",
    );
    expect(parameters.slice(0, 5)).toEqual([id, "A", 1, ["x", 'y"'], { a: 1 }]);
    expect(fields).toEqual([
      { stringValue: id },
      { stringValue: "A" },
      { longValue: 1 },
      { stringValue: '{"x","y\\""}' },
      { stringValue: '{"a":1}' },
      { stringValue: id },
      { stringValue: "B" },
      { isNull: true },
      { stringValue: "{}" },
      { stringValue: "[1]" },
    ]);
  });

  it.each([
    ["a comparison", () => db.selectFrom("albums").where("album_id", "=", id), '"album_id" = :1::uuid'],
    ["an alias", () => db.selectFrom("albums as a").where("a.album_id", "=", id), '"a"."album_id" = :1::uuid'],
    ["a list", () => db.selectFrom("photos").where("photo_id", "in", [id, id]), '"photo_id" in (:1::uuid, :2::uuid)'],
    [
      "a between",
      () => db.selectFrom("photos").where((eb) => eb.between("taken_on", "2024-01-01", "2024-02-01")),
      '"taken_on" between :1::date and :2::date',
    ],
    [
      "a tuple",
      () =>
        db.selectFrom("albums").where(({ eb, refTuple, tuple }) => {
          return eb(refTuple("created_at", "album_id"), "<", tuple(new Date(0), id));
        }),
      '("created_at", "album_id") < (:1::timestamptz, :2::uuid)',
    ],
    [
      "a list of tuples",
      () =>
        db.selectFrom("photos").where(({ eb, refTuple, tuple }) => {
          return eb(refTuple("photo_id", "taken_on"), "in", [tuple(id, "2024-01-01")]);
        }),
      '("photo_id", "taken_on") in ((:1::uuid, :2::date))',
    ],
    [
      "a joined table",
      () =>
        db.selectFrom("albums").innerJoin("photos as p", "p.album_id", "albums.album_id").where("p.price", ">", 1.5),
      '"p"."price" > :1::numeric',
    ],
    [
      "a subquery, from the query around it",
      () =>
        db
          .selectFrom("albums as a")
          .where((eb) => eb.exists(eb.selectFrom("photos").select("photo_id").where("a.created_at", ">", new Date(0)))),
      '"a"."created_at" > :1::timestamptz',
    ],
    [
      "a schema's table of the same name",
      () => db.withSchema("audit").selectFrom("albums").where("album_id", "=", 2n),
      '"album_id" = :1',
    ],
    [
      "a CTE, by a column's name that means one type everywhere",
      () =>
        db
          .with("recent", (with_) => with_.selectFrom("photos").select("taken_on"))
          .selectFrom("recent")
          .where("taken_on", "=", "2024-01-01"),
      '"taken_on" = :1::date',
    ],
  ])("of %s take the column's type", (_title, query, expected) => {
    // biome-ignore lint/suspicious/noExplicitAny: the queries differ in type
    expect(compiled((query() as any).selectAll()).text).toContain(expected);
  });

  it("of an update, a delete and an upsert take the column's type", () => {
    const update = db.updateTable("photos").set({ price: "1.10", ok: true }).where("photo_id", "=", id);
    const upsert = db
      .insertInto("albums")
      .values({ album_id: id })
      .onConflict((conflict) => conflict.column("album_id").doUpdateSet({ created_at: new Date(0) }));

    expect(compiled(update).text).toBe(
      'update "photos" set "price" = :1::numeric, "ok" = :2 where "photo_id" = :3::uuid',
    );
    expect(compiled(db.deleteFrom("photos").where("taken_on", "<", "2024-01-01")).text).toContain("< :1::date");
    expect(compiled(upsert).text).toContain('do update set "created_at" = :2::timestamptz');
  });

  it("of a table that the map does not know go by their JavaScript type, whatever other tables call theirs", () => {
    expect(compiled(db.insertInto("unknown").values({ album_id: "x", taken_on: "y" })).text).toContain(
      "values (:1, :2)",
    );
  });

  it("without a column go by their JavaScript type", () => {
    const query = sql`select ${"a"}, ${1}, ${2 ** 40}, ${1.5}, ${true}, ${null}, ${new Date(0)}, ${[1, 2]}, ${{ a: 1 }}, ${5n}`;
    const { text, fields } = compiled({ compile: () => query.compile(db) });

    expect(text).toBe("select :1, :2::int4, :3::int8, :4, :5, :6, :7::timestamptz, :8::int4[], :9::jsonb, :10::int8");
    expect(fields.slice(0, 6)).toEqual([
      { stringValue: "a" },
      { longValue: 1 },
      { longValue: 2 ** 40 },
      { doubleValue: 1.5 },
      { booleanValue: true },
      { isNull: true },
    ]);
  });

  it.each([
    ["size", 1.5, "albums.size (int4) takes an integer, not the number 1.5."],
    ["size", "x", "albums.size (int4) takes an integer, not a string."],
    ["title", "a\0b", "albums.title (text) takes text without the character U+0000, not a string."],
    ["title", "\ud800", "albums.title (text) takes well-formed Unicode, not a string."],
    ["meta", Symbol("x"), "albums.meta (jsonb) takes what JSON can hold, not a symbol."],
    ["title", 5, "albums.title (text) takes a string, not the number 5."],
    ["tags", "x", "albums.tags (text[]) takes an array, not a string."],
    ["created_at", 5, "albums.created_at (timestamptz) takes a Date or a string, not the number 5."],
    ["created_at", new Date(Number.NaN), "albums.created_at (timestamptz) takes a valid Date, not a Date."],
  ])("that %s does not take are refused by its name: %j", (column, value, message) => {
    expect(() =>
      db
        .insertInto("albums")
        .values({ [column]: value })
        .compile(),
    ).toThrow(message);
  });

  it("of a date column are no Dates, which mean another day elsewhere", () => {
    expect(() => db.insertInto("photos").values({ taken_on: new Date() }).compile()).toThrow("YYYY-MM-DD");
  });
});
