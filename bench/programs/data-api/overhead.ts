/**
 * One row by its key through the Data API, and by the PostgreSQL driver on the same server, taking turns in one process:
 * the difference is what the local Data API adds. Prints both medians, in milliseconds.
 */
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import pg from "pg";
import { httpTransport } from "../../../data-api/index.ts";
import type { Target } from "./target.ts";

const { endpoint, region, credentials, target } = JSON.parse(process.env.TARGET!) as Target;
const call = httpTransport({ endpoint, region, credentials });
const where = await call("ExecuteStatement", {
  ...target,
  sql: "select current_setting('unix_socket_directories'), current_setting('port')",
});
const [host, port] = where.records![0]!.map(({ stringValue }) => stringValue!);
const secrets = new SecretsManagerClient({ endpoint, region, credentials });
const secret = await secrets.send(new GetSecretValueCommand({ SecretId: target.secretArn }));
const { username: user, password } = JSON.parse(secret.SecretString!);
const client = new pg.Client({ host: host || "127.0.0.1", port: Number(port), user, password, database: "app" });
await client.connect();

const sql = "select id, name from items where id = ";
const byDriver = (id: number) => client.query(`${sql}$1`, [id]);
const byDataApi = (id: number) =>
  call("ExecuteStatement", { ...target, sql: `${sql}:id`, parameters: [{ name: "id", value: { longValue: id } }] });
const driver: number[] = [];
const dataApi: number[] = [];
for (let round = 0; round < 12; round++) {
  // The first rounds warm up.
  await run(byDriver, round > 1 ? driver : []);
  await run(byDataApi, round > 1 ? dataApi : []);
}
console.log(JSON.stringify({ driverMs: middle(driver), dataApiMs: middle(dataApi) }));
process.exit(0);

async function run(query: (id: number) => Promise<unknown>, times: number[]): Promise<void> {
  for (let id = 1; id <= 200; id++) {
    const started = performance.now();
    await query(id);
    times.push(performance.now() - started);
  }
}

function middle(times: number[]): number {
  return times.sort((a, b) => a - b)[times.length >> 1]!;
}
