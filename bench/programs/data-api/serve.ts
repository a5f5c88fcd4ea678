/**
 * The local Data API on a cluster of its own, as a process: prints how to reach it as one line of JSON, then serves
 * until its input closes. `serve.ts <tenants>` gives each of so many tenants a role, a secret and a database, makes
 * two calls to each of them at once, and prints the memory that the database server then takes.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { httpTransport } from "../../../data-api/index.ts";
import type { Graph } from "../../../engine/graph.ts";
import { startCloud } from "../../../local/cloud.ts";
import { services } from "../../../local/services/index.ts";
import { treeMemoryMiB } from "../../process-tree.ts";
import type { Target } from "./target.ts";

const CLUSTER = "arn:aws:rds:eu-west-1:000000000000:cluster:bench";
const SECRET = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:rds!cluster-bench-AbCdEf";

const SCHEMA = [
  "create table items (id int4 primary key, name text not null)",
  "insert into items select n, 'item ' || n from generate_series(1, 1000) as n",
  `create table wide (id int4, key uuid, name text, count int8, price numeric(12, 2), ratio float8, active bool,
     day date, at timestamptz, data jsonb)`,
  `insert into wide select n, gen_random_uuid(), 'a name of some length ' || n, n::int8 * 1000000007, n * 1.25, n / 7.0,
     n % 2 = 0, date '2024-01-01' + n % 365, timestamptz '2024-01-01 00:00Z' + n * interval '1 minute',
     jsonb_build_object('n', n, 'tags', array['a', 'b'])
   from generate_series(1, 1000) as n`,
  "create table written (id int4, name text, price float8, active bool, note text)",
];

const directory = mkdtempSync(join(tmpdir(), "terrace-bench-"));
const cloud = await startCloud({ services, directory });
await cloud.provision({ resources: [cluster()] } as unknown as Graph);
const { endpoint, region, credentials } = cloud.client();
const call = httpTransport({ endpoint, region, credentials });
const master = { resourceArn: CLUSTER, secretArn: SECRET, database: "app" };
const tenants = Number(process.argv[2] ?? 0);
if (tenants > 0) {
  console.log(JSON.stringify({ memoryMiB: await memoryWith(tenants) }));
} else {
  for (const sql of SCHEMA) await call("ExecuteStatement", { ...master, sql });
  await call("ExecuteStatement", { ...master, sql: "analyze" });
  const target: Target = { endpoint, region, credentials, target: master };
  console.log(JSON.stringify(target));
  await text(process.stdin);
}
await cloud.stop();
rmSync(directory, { recursive: true, force: true });

async function memoryWith(count: number): Promise<number> {
  const secrets = new SecretsManagerClient({ endpoint, region, credentials });
  const all: object[] = [];
  for (let tenant = 1; tenant <= count; tenant++) {
    const username = `tenant_${tenant}`;
    await call("ExecuteStatement", { ...master, sql: `create role ${username} login password 'of ${username}'` });
    await call("ExecuteStatement", { ...master, sql: `create database ${username}` });
    const SecretString = JSON.stringify({ username, password: `of ${username}` });
    const { ARN } = await secrets.send(new CreateSecretCommand({ Name: username, SecretString }));
    all.push({ resourceArn: CLUSTER, secretArn: ARN, database: username });
  }
  secrets.destroy();
  const sql = "select count(*) from pg_catalog.pg_attribute";
  await Promise.all([...all, ...all].map((target) => call("ExecuteStatement", { ...target, sql })));
  const { server } = JSON.parse(readFileSync(join(directory, "rds/bench/owner.json"), "utf8"));
  return treeMemoryMiB(server);
}

function cluster(): object {
  const inputs = {
    clusterIdentifier: "bench",
    databaseName: "app",
    masterUsername: "terrace",
    manageMasterUserPassword: true,
    enableHttpEndpoint: true,
  };
  return {
    urn: "urn:pulumi:bench::terrace::aws:rds/cluster:Cluster::bench",
    type: "aws:rds/cluster:Cluster",
    name: "bench",
    custom: true,
    id: "bench",
    inputs,
    outputs: { ...inputs, arn: CLUSTER, masterUserSecrets: [{ secretArn: SECRET }] },
    secrets: [],
    dependencies: [],
    propertyDependencies: {},
    options: {},
  };
}
