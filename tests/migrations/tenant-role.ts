/** A tenant's LOGIN role as the lifecycle function makes it, and the secret that names it. */

import { Kysely, sql } from "kysely";
import { DataApiDialect } from "../../data-api/index.ts";
import { columnTypes, type Database } from "../../migrations/schema.ts";
import { CLUSTER_ARN, MASTER_SECRET, type TestServer } from "../local/rds-data/data-api-server.ts";

export function connect(server: TestServer, secretArn: string, database = "app"): Kysely<Database> {
  const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "example" };
  const dialect = new DataApiDialect({
    resourceArn: CLUSTER_ARN,
    secretArn,
    database,
    columnTypes,
    endpoint: server.endpoint,
    credentials,
  });
  return new Kysely<Database>({ dialect });
}

export function connectAsMaster(server: TestServer, database = "app"): Kysely<Database> {
  return connect(server, MASTER_SECRET, database);
}

export function tenantSecret(tenantId: string): string {
  return `arn:aws:secretsmanager:eu-west-1:000000000000:secret:terrace/${tenantId}-AbCdEf`;
}

/** What a call that must fail failed with. */
export async function failure<E = Error>(call: Promise<unknown>): Promise<E> {
  const error = await call.then(
    () => undefined,
    (thrown) => thrown as E,
  );
  if (!error) throw new Error("the call succeeded");
  return error;
}

export async function addTenant(server: TestServer, tenantId: string, database = "app"): Promise<Kysely<Database>> {
  const role = sql.id(`t_${tenantId}`);
  const password = `password of ${tenantId}`;
  const master = connectAsMaster(server, database);
  await sql`create role ${role} login password ${sql.lit(password)}`.execute(master);
  await sql`grant terrace_tenant to ${role} with inherit true, set false`.execute(master);
  await sql`grant connect on database ${sql.id(database)} to ${role}`.execute(master);
  const arn = tenantSecret(tenantId);
  server.secrets.set(arn, JSON.stringify({ username: `t_${tenantId}`, password }));
  return connect(server, arn, database);
}
