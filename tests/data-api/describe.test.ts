import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Kysely, sql } from "kysely";
import { type ColumnTypes, describeDatabase } from "../../data-api/index.ts";
import { type Backend, startBackend } from "./backend.ts";

let backend: Backend;
// biome-ignore lint/suspicious/noExplicitAny: the tables are made here
let db: Kysely<any>;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "terrace-describe-"));
  backend = await startBackend();
  db = backend.connect();
  const statements = [
    "create schema audit",
    "create type mood as enum ('sad', 'it''s ok')",
    "create type audit.level as enum ('low', 'high')",
    "create type address as (street text, zip int4, moods mood[])",
    "create domain email as text check (value like '%@%')",
    "create domain short_email as email check (length(value) < 50)",
    `create table everything (id int8 generated always as identity primary key, "odd name" text, mail short_email not null,
       mails email[], mood mood not null default 'sad', moods mood[], home address, homes address[] not null,
       span interval, at timestamptz not null default now(), twice int8 generated always as (1) stored, bytes bytea)`,
    "create table audit.log_entry (id uuid not null default gen_random_uuid(), level audit.level not null, note jsonb)",
    "create view seen as select id, mood from everything",
    "create table parted (id int4) partition by range (id)",
    "create table parted_one partition of parted for values from (0) to (10)",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await backend.stop();
});

/** What the written module exports. */
async function load(text: string): Promise<{ columnTypes: ColumnTypes }> {
  const file = join(directory, "schema.ts");
  writeFileSync(file, text);
  return import(pathToFileURL(file).href);
}

describe("describeDatabase", () => {
  it("writes an interface for each table: what is read, what is inserted, what is set", async () => {
    const text = await describeDatabase(db, { schemas: ["public", "audit"] });

    expect(text).toContain(`
export interface EverythingTable {
  id: ColumnType<string, never, never>;
  "odd name": string | null;
  mail: string;
  mails: string[] | null;
  mood: ColumnType<"sad" | "it's ok", "sad" | "it's ok" | undefined, "sad" | "it's ok">;
  moods: ("sad" | "it's ok")[] | null;
  home: { "street": string | null; "zip": number | null; "moods": ("sad" | "it's ok")[] | null } | null;
  homes: ({ "street": string | null; "zip": number | null; "moods": ("sad" | "it's ok")[] | null })[];
  span: string | null;
  at: ColumnType<Date, Instant | undefined, Instant>;
  twice: ColumnType<string | null, never, never>;
  bytes: Uint8Array | null;
}
`);
    expect(text).toContain(`
export interface Database {
  everything: EverythingTable;
  parted: PartedTable;
  seen: SeenTable;
  "audit.log_entry": AuditLogEntryTable;
}
`);
  });

  it("writes a column map with which every column is written and read again", async () => {
    const { columnTypes } = await load(await describeDatabase(db, { schemas: ["public", "audit"] }));

    expect(columnTypes).toEqual({
      everything: {
        id: "int8",
        "odd name": "text",
        mail: "text",
        mails: "text[]",
        mood: "mood",
        moods: "mood[]",
        home: "address{}",
        homes: "address{}[]",
        span: "interval",
        at: "timestamptz",
        twice: "int8",
        bytes: "bytea",
      },
      seen: { id: "int8", mood: "mood" },
      parted: { id: "int4" },
      "audit.log_entry": { id: "uuid", level: "audit.level", note: "jsonb" },
    });
    const typed = backend.connect(columnTypes);
    const row = {
      "odd name": "x",
      mail: "a@b",
      mails: ["c@d", null],
      mood: "it's ok",
      moods: ["sad"],
      home: { street: "A", zip: 1, moods: ["it's ok", null] },
      homes: [],
      span: "01:00:00",
      at: new Date(1e12),
      bytes: Buffer.from([1]),
    };
    await typed.insertInto("everything").values(row).execute();
    // An array of a domain is none of the Data API's.
    const { mails, ...readable } = row;
    const columns = [...Object.keys(readable), "id", "twice"];
    expect(await typed.selectFrom("everything").select(columns).execute()).toEqual([
      { ...readable, id: "1", twice: "1" },
    ]);
    expect(await typed.selectFrom("everything").select(sql`mails::text[]`.as("mails")).execute()).toEqual([{ mails }]);
    const entry = { level: "high", note: { a: 1 } };
    const written = typed.insertInto("audit.log_entry").values(entry).returning(["level", "note"]);
    expect(await written.execute()).toEqual([entry]);
  });

  it("leaves other schemas out, and says what it is told to say", async () => {
    const text = await describeDatabase(db, { comment: "Ours." });
    expect(text.startsWith("/** Ours. */\n")).toBe(true);
    expect(text).not.toContain("log_entry");
  });
});
