/** The tables that every backend has, and the rows that every test finds in them. */

import { type ColumnType, type Generated, type GeneratedAlways, type Kysely, sql } from "kysely";

type Json = ColumnType<unknown, unknown, unknown>;

export interface Kennel {
  person: {
    id: GeneratedAlways<number>;
    first_name: string;
    last_name: string | null;
    gender: "male" | "female" | "other";
    children: Generated<number>;
    born: string | null;
    joined: ColumnType<Date, Date | string | undefined, Date | string>;
  };
  pet: {
    id: Generated<string>;
    name: string;
    owner_id: number;
    species: "cat" | "dog" | "hamster";
    tags: Generated<string[]>;
    traits: ColumnType<{ color?: string; age?: number; likes?: string[] }, unknown, unknown>;
    weight: ColumnType<string | null, string | number | null | undefined, string | number | null>;
    chip: ColumnType<string | null, string | bigint | null | undefined, string | bigint | null>;
    photo: Uint8Array | null;
  };
  toy: { id: GeneratedAlways<number>; pet_id: string; name: string; price: ColumnType<string, string, string> };
  "archive.pet": { id: string; note: Json };
}

export const columnTypes = {
  person: {
    id: "int4",
    first_name: "varchar",
    last_name: "text",
    gender: "gender",
    children: "int4",
    born: "date",
    joined: "timestamptz",
  },
  pet: {
    id: "uuid",
    name: "text",
    owner_id: "int4",
    species: "text",
    tags: "text[]",
    traits: "jsonb",
    weight: "numeric",
    chip: "int8",
    photo: "bytea",
  },
  toy: { id: "int4", pet_id: "uuid", name: "text", price: "numeric" },
  "archive.pet": { id: "uuid", note: "json" },
};

export const CATTO = "11111111-1111-4111-8111-111111111111";
export const DOGGO = "22222222-2222-4222-8222-222222222222";
export const HAMMO = "33333333-3333-4333-8333-333333333333";

export const people = [
  { first_name: "Jennifer", last_name: "Aniston", gender: "female", born: "1969-02-11", children: 0 },
  { first_name: "Arnold", last_name: "Schwarzenegger", gender: "male", born: "1947-07-30", children: 5 },
  { first_name: "Sylvester", last_name: null, gender: "male", born: null, children: 3 },
] as const;

export const joined = [
  new Date("2024-03-31T01:30:00.123Z"),
  new Date("2024-10-27T00:59:59.999Z"),
  new Date("1999-12-31T23:59:59.000Z"),
];

export async function createKennel(db: Kysely<Kennel>): Promise<void> {
  await db.schema.createType("gender").asEnum(["male", "female", "other"]).execute();
  await db.schema
    .createTable("person")
    .addColumn("id", "integer", (column) => column.generatedAlwaysAsIdentity().primaryKey())
    .addColumn("first_name", "varchar(255)", (column) => column.notNull())
    .addColumn("last_name", "text")
    .addColumn("gender", sql`gender`, (column) => column.notNull())
    .addColumn("children", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("born", "date")
    .addColumn("joined", sql`timestamptz(3)`, (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
  await db.schema
    .createTable("pet")
    .addColumn("id", "uuid", (column) => column.primaryKey().defaultTo(sql`gen_random_uuid()`))
    .addColumn("name", "text", (column) => column.notNull().unique())
    .addColumn("owner_id", "integer", (column) => column.notNull().references("person.id").onDelete("cascade"))
    .addColumn("species", "text", (column) => column.notNull().check(sql`species in ('cat', 'dog', 'hamster')`))
    .addColumn("tags", sql`text[]`, (column) => column.notNull().defaultTo(sql`'{}'`))
    .addColumn("traits", "jsonb", (column) => column.notNull().defaultTo(sql`'{}'`))
    .addColumn("weight", sql`numeric(8, 3)`)
    .addColumn("chip", "bigint")
    .addColumn("photo", "bytea")
    .execute();
  await db.schema.createIndex("pet_owner").on("pet").columns(["owner_id", "species"]).execute();
  await db.schema
    .createTable("toy")
    .addColumn("id", "integer", (column) => column.generatedAlwaysAsIdentity().primaryKey())
    .addColumn("pet_id", "uuid", (column) => column.notNull().references("pet.id").onDelete("cascade"))
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("price", "numeric", (column) => column.notNull())
    .execute();
  await db.schema.createSchema("archive").execute();
  await db.schema
    .createTable("archive.pet")
    .addColumn("id", "uuid", (column) => column.primaryKey())
    .addColumn("note", "json")
    .execute();
}

/** Numbers start from 1 again. */
export async function fillKennel(db: Kysely<Kennel>): Promise<void> {
  await sql`truncate person, pet, toy, archive.pet restart identity`.execute(db);
  await db
    .insertInto("person")
    .values(people.map((person, index) => ({ ...person, joined: joined[index]! })))
    .execute();
  await db
    .insertInto("pet")
    .values([
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
      { id: DOGGO, name: "Doggo", owner_id: 2, species: "dog", tags: ["loud"], traits: { color: "brown", age: 7 } },
      { id: HAMMO, name: "Hammo", owner_id: 3, species: "hamster", tags: [], traits: {}, weight: 0.12 },
    ])
    .execute();
  await db
    .insertInto("toy")
    .values([
      { pet_id: CATTO, name: "Mouse", price: "3.50" },
      { pet_id: CATTO, name: "Ball", price: "1.25" },
      { pet_id: DOGGO, name: "Bone", price: "12.00" },
    ])
    .execute();
}
