/** Schema building and introspection. */

import { sql } from "kysely";
import { onEveryBackend } from "./backends.ts";

onEveryBackend((backend) => {
  const drop = async () => {
    await sql`drop view if exists made_view`.execute(backend.db);
    await sql`drop materialized view if exists made_matter`.execute(backend.db);
    await sql`drop table if exists made, made_other, renamed`.execute(backend.db);
    await sql`drop type if exists made_type`.execute(backend.db);
    await sql`drop schema if exists made_schema cascade`.execute(backend.db);
  };
  beforeEach(drop);
  afterEach(drop);

  it("creates tables with every kind of column and constraint", async () => {
    const { db, same } = backend;
    await db.schema
      .createTable("made_other")
      .addColumn("id", "integer", (column) => column.primaryKey())
      .execute();
    const query = db.schema
      .createTable("made")
      .ifNotExists()
      .addColumn("id", "bigserial", (column) => column.primaryKey())
      .addColumn("name", "varchar(20)", (column) => column.notNull().defaultTo("it's").unique())
      .addColumn("size", "numeric(6, 2)", (column) => column.check(sql`size > 0`))
      .addColumn("twice", "numeric", (column) => column.generatedAlwaysAs(sql`size * 2`).stored())
      .addColumn("other", "integer", (column) => column.references("made_other.id").onDelete("set null"))
      .addColumn("made_at", "timestamptz", (column) => column.defaultTo(sql`now()`))
      .addUniqueConstraint("made_unique", ["name", "size"], (constraint) => constraint.nullsNotDistinct())
      .addCheckConstraint("made_check", sql`name <> ''`);
    await same(query, {
      sql:
        'create table if not exists "made" ("id" bigserial primary key, "name" varchar(20) default \'it\'\'s\' not null unique, ' +
        '"size" numeric(6, 2) check (size > 0), "twice" numeric generated always as (size * 2) stored, ' +
        '"other" integer references "made_other" ("id") on delete set null, "made_at" timestamptz default now(), ' +
        'constraint "made_unique" unique nulls not distinct ("name", "size"), constraint "made_check" check (name <> \'\'))',
      rows: undefined,
    });
    const insert = sql`insert into made (size) values (1.5) returning id, name, twice`;
    expect((await insert.execute(db)).rows).toEqual([{ id: "1", name: "it's", twice: "3.00" }]);
  });

  it("alters, indexes, renames and drops", async () => {
    const { db, same } = backend;
    await db.schema.createTable("made").addColumn("a", "integer").execute();
    await same(
      db.schema
        .alterTable("made")
        .addColumn("b", "text", (column) => column.notNull().defaultTo("x"))
        .alterColumn("a", (column) => column.setNotNull()),
      {
        sql: `alter table "made" add column "b" text default 'x' not null, alter column "a" set not null`,
        rows: undefined,
      },
    );
    await same(
      db.schema.alterTable("made").alterColumn("a", (column) => column.setDataType("bigint")),
      {
        sql: 'alter table "made" alter column "a" type bigint',
        rows: undefined,
      },
    );
    await same(
      db.schema.createIndex("made_b").unique().on("made").expression(sql`lower(b)`).where(sql.ref("a"), ">", 5),
      {
        sql: 'create unique index "made_b" on "made" (lower(b)) where "a" > 5',
        rows: undefined,
      },
    );
    await same(db.schema.alterTable("made").renameTo("renamed"), {
      sql: 'alter table "made" rename to "renamed"',
      rows: undefined,
    });
    await db.schema.alterTable("renamed").renameColumn("b", "c").execute();
    await db.schema.alterTable("renamed").addPrimaryKeyConstraint("made_pk", ["a"]).execute();
    await db.schema.alterTable("renamed").dropColumn("c").execute();
    await same(db.schema.dropTable("renamed").ifExists().cascade(), {
      sql: 'drop table if exists "renamed" cascade',
      rows: undefined,
    });
  });

  it("creates views, materialised views, types, schemas, and tables from queries", async () => {
    const { db, same } = backend;
    await same(
      db.schema
        .createView("made_view")
        .orReplace()
        .as(db.selectFrom("pet").select(["id", "name"]).where("species", "=", "cat")),
      {
        sql: `create or replace view "made_view" as select "id", "name" from "pet" where "species" = 'cat'`,
        rows: undefined,
      },
    );
    expect((await sql`select name from made_view`.execute(db)).rows).toEqual([{ name: "Catto" }]);
    await db.schema.createView("made_matter").materialized().as(db.selectFrom("pet").selectAll()).execute();
    await same(db.schema.refreshMaterializedView("made_matter"), {
      sql: 'refresh materialized view "made_matter" with data',
      rows: undefined,
    });
    await db.schema.createType("made_type").asEnum(["a", "b"]).execute();
    expect(
      (await sql`select 'b'::made_type as value, array['a']::made_type[]::text[] as list`.execute(db)).rows,
    ).toEqual([{ value: "b", list: ["a"] }]);
    await db.schema.createSchema("made_schema").ifNotExists().execute();
    await db.schema
      .createTable("made_schema.copy")
      .as(db.selectFrom("pet").select("name").where("owner_id", "=", 2))
      .execute();
    expect((await sql`select name from made_schema.copy`.execute(db)).rows).toEqual([{ name: "Doggo" }]);
  });

  it("sees schemas, tables, views, columns and comments", async () => {
    const { db } = backend;
    await sql`comment on column pet.chip is 'the chip''s number'`.execute(db);
    await db.schema.createView("made_view").as(db.selectFrom("pet").select("id")).execute();

    const schemas = (await db.introspection.getSchemas()).map(({ name }) => name);
    const tables = await db.introspection.getTables();

    expect(schemas).toEqual(expect.arrayContaining(["archive", "public", "pg_catalog"]));
    expect(tables.map(({ schema, name, isView, isForeign }) => [schema, name, isView, isForeign])).toEqual([
      ["archive", "pet", false, false],
      ["public", "made_view", true, false],
      ["public", "person", false, false],
      ["public", "pet", false, false],
      ["public", "toy", false, false],
    ]);
    const column = (name: string, dataType: string, more: object = {}) => ({
      name,
      dataType,
      dataTypeSchema: "pg_catalog",
      isNullable: false,
      isAutoIncrementing: false,
      hasDefaultValue: false,
      comment: undefined,
      ...more,
    });
    expect(tables.find(({ schema, name }) => schema === "public" && name === "pet")!.columns).toEqual([
      column("id", "uuid", { hasDefaultValue: true }),
      column("name", "text"),
      column("owner_id", "int4"),
      column("species", "text"),
      column("tags", "_text", { hasDefaultValue: true }),
      column("traits", "jsonb", { hasDefaultValue: true }),
      column("weight", "numeric", { isNullable: true }),
      column("chip", "int8", { isNullable: true, comment: "the chip's number" }),
      column("photo", "bytea", { isNullable: true }),
    ]);
    expect(tables.find(({ name }) => name === "person")!.columns).toEqual(
      expect.arrayContaining([
        column("id", "int4", { isAutoIncrementing: true }),
        column("gender", "gender", { dataTypeSchema: "public" }),
      ]),
    );
  });
});
