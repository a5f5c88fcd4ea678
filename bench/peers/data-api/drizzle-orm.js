import { RDSDataClient } from "@aws-sdk/client-rds-data";
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/aws-data-api/pg";
import {
  bigint,
  boolean,
  date,
  doublePrecision,
  integer,
  jsonb,
  numeric,
  pgTable,
  text,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core";

const items = pgTable("items", { id: integer().primaryKey(), name: text().notNull() });
const wide = pgTable("wide", {
  id: integer(),
  key: uuid(),
  name: text(),
  count: bigint({ mode: "bigint" }),
  price: numeric(),
  ratio: doublePrecision(),
  active: boolean(),
  day: date(),
  at: timestamp({ withTimezone: true }),
  data: jsonb(),
});
const written = pgTable("written", {
  id: integer(),
  name: text(),
  price: doublePrecision(),
  active: boolean(),
  note: text(),
});

export function open({ endpoint, region, credentials, target }) {
  const client = new RDSDataClient({ endpoint, region, credentials });
  const db = drizzle(client, target);
  return {
    one: async (id) => (await db.select({ id: items.id, name: items.name }).from(items).where(eq(items.id, id)))[0],
    many: () => db.select().from(wide),
    insert: (rows) => db.insert(written).values(rows),
    close: () => client.destroy(),
  };
}
