import { RDSData } from "@aws-sdk/client-rds-data";
import { Kysely } from "kysely";
import { DataApiDialect } from "kysely-data-api";

export function open({ endpoint, region, credentials, target }) {
  const client = new RDSData({ endpoint, region, credentials });
  const db = new Kysely({ dialect: new DataApiDialect({ mode: "postgres", driver: { client, ...target } }) });
  return {
    one: (id) => db.selectFrom("items").select(["id", "name"]).where("id", "=", id).executeTakeFirst(),
    many: () => db.selectFrom("wide").selectAll().execute(),
    insert: (rows) => db.insertInto("written").values(rows).execute(),
    close: () => client.destroy(),
  };
}
