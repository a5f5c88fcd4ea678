/** Our dialect, doing what the peers' modules do (bench/peers/data-api). */
import { Kysely } from "kysely";
import { DataApiDialect, insertMany } from "../../../data-api/index.ts";
import type { Target } from "./target.ts";

interface Written {
  id: number;
  name: string;
  price: number;
  active: boolean;
  note: string;
}

interface Database {
  items: { id: number; name: string };
  wide: { id: number };
  written: Written;
}

const columnTypes = {
  items: { id: "int4", name: "text" },
  wide: {
    id: "int4",
    key: "uuid",
    name: "text",
    count: "int8",
    price: "numeric",
    ratio: "float8",
    active: "bool",
    day: "date",
    at: "timestamptz",
    data: "jsonb",
  },
  written: { id: "int4", name: "text", price: "float8", active: "bool", note: "text" },
};

export function open({ endpoint, region, credentials, target }: Target) {
  const dialect = new DataApiDialect({ ...target, endpoint, region, credentials, columnTypes });
  const db = new Kysely<Database>({ dialect });
  return {
    one: (id: number) => db.selectFrom("items").select(["id", "name"]).where("id", "=", id).executeTakeFirst(),
    many: () => db.selectFrom("wide").selectAll().execute(),
    insert: (rows: Written[]) => insertMany(db, "written", rows),
    close: () => db.destroy(),
  };
}
