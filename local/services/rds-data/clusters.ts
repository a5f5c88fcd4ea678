/** A cluster of the graph is one PostgreSQL server: its master user is no superuser, as on Aurora. */

import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import type { Resource } from "../../../engine/graph.ts";
import { type PostgresServer, startPostgres } from "../../postgres.ts";
import { AwsError, type Cloud } from "../../service.ts";
import { AutoPause, autoPauseMs } from "./auto-pause.ts";
import { capacityOf, Load } from "./cluster-metrics.ts";
import { Connections } from "./connections.ts";

export interface Cluster {
  arn: string;
  identifier: string;
  httpEndpoint: boolean;
  /** Where a call that names no database goes. */
  defaultDatabase: string;
  /** In ACU. */
  capacity: { least: number; most: number };
  load: Load;
  /** How many connections there are, and since when none of them was used. */
  open(): { connections: number; unusedSince: number | undefined };
  /** Whether it sleeps: a call may have to wake it. */
  pause: AutoPause;
  master: { username: string; password: string; secretArn?: string };
  /** Clusters start beside one another and beside everything else; a call waits here. */
  running: Promise<{ server: PostgresServer; connections: Connections }>;
}

const identifier = pg.escapeIdentifier;
const literal = pg.escapeLiteral;

/**
 * Starts the server, and makes the master user and the first database where they are missing.
 * @param resumeMs how long the cluster takes to wake after a pause
 */
export function startCluster(cloud: Cloud, resource: Resource, resumeMs: number): Cluster {
  const { inputs, outputs } = resource;
  const clusterIdentifier = String(outputs.clusterIdentifier ?? resource.id ?? resource.name);
  const home = join(cloud.directory, "rds", clusterIdentifier);
  const secrets = outputs.masterUserSecrets as { secretArn: string }[] | undefined;
  const username = String(inputs.masterUsername ?? "postgres");
  const password = inputs.masterPassword ? String(inputs.masterPassword) : keptPassword(home);
  const database = inputs.databaseName ? String(inputs.databaseName) : undefined;
  const started = cloud.clock.now();
  let pool: Connections | undefined;
  const running = startPostgres({ directory: home }).then(async (server) => {
    const connections = new Connections(server, cloud.clock);
    try {
      await setUp(home, connections, username, password, database);
    } catch (error) {
      await server.stop();
      throw error;
    }
    pool = connections;
    return { server, connections };
  });
  const arn = String(outputs.arn);
  const onResume = (pausedMs: number) => {
    const paused = `it had paused ${Math.round(pausedMs / 1000)} s ago for want of use`;
    const message = `${clusterIdentifier} resumes (${resumeMs / 1000} s): ${paused}`;
    cloud.log({ level: "info", source: "rds-data", message });
  };
  return {
    arn,
    identifier: clusterIdentifier,
    httpEndpoint: false,
    capacity: capacityOf(inputs.serverlessv2ScalingConfiguration),
    load: new Load(),
    open: () => ({ connections: pool?.size ?? 0, unusedSince: pool ? pool.unusedSince : started }),
    pause: new AutoPause({ clock: cloud.clock, arn, resumeMs, onResume }),
    defaultDatabase: database ?? "postgres",
    master: { username, password, secretArn: secrets?.[0]?.secretArn },
    running,
  };
}

/** What may change while the cluster runs. */
export function configureCluster(cluster: Cluster, { inputs }: Resource): void {
  cluster.httpEndpoint = inputs.enableHttpEndpoint === true;
  cluster.capacity = capacityOf(inputs.serverlessv2ScalingConfiguration);
  cluster.pause.afterMs = autoPauseMs(inputs.serverlessv2ScalingConfiguration);
}

/** A managed master password is made once per cluster and kept beside its data. */
function keptPassword(home: string): string {
  const file = join(home, "master");
  if (!existsSync(file)) {
    mkdirSync(home, { recursive: true });
    writeFileSync(file, randomBytes(24).toString("base64url"), { mode: 0o600 });
  }
  return readFileSync(file, "utf8");
}

async function setUp(home: string, connections: Connections, user: string, password: string, database?: string) {
  // Within the data, so that it goes when the data goes; PostgreSQL minds no foreign file.
  const done = join(home, "data", "terrace-set-up");
  const wanted = createHash("sha256")
    .update(JSON.stringify([user, password, database]))
    .digest("hex");
  if (existsSync(done) && readFileSync(done, "utf8") === wanted) return;
  await connections.asSuperuser("postgres", async (client) => {
    const exists = async (query: string, name: string) => ((await client.query(query, [name])).rowCount ?? 0) > 0;
    if (!(await exists("select from pg_roles where rolname = $1", "rds_superuser"))) {
      await client.query("create role rds_superuser nologin");
      await client.query("grant pg_monitor, pg_signal_backend, pg_checkpoint to rds_superuser with admin option");
    }
    const verb = (await exists("select from pg_roles where rolname = $1", user)) ? "alter" : "create";
    await client.query(
      `${verb} role ${identifier(user)} login nosuperuser nobypassrls createdb createrole password ${literal(password)}`,
    );
    await client.query(`grant rds_superuser to ${identifier(user)}`);
    if (database && !(await exists("select from pg_database where datname = $1", database))) {
      await client.query(`create database ${identifier(database)} owner ${identifier(user)}`);
    }
  });
  writeFileSync(done, wanted);
}

/**
 * The cluster that a call names, able to take it.
 * @throws AwsError when there is none, its Data API is off, it sleeps, or its server did not start
 */
export async function requireCluster(
  clusters: Map<string, Cluster>,
  arn: string,
): Promise<Cluster & { connections: Connections }> {
  const cluster = clusters.get(arn);
  if (!cluster) throw new AwsError("DatabaseNotFoundException", `The DB cluster ${arn} is not found.`, 404);
  if (!cluster.httpEndpoint) {
    throw new AwsError(
      "HttpEndpointNotEnabledException",
      `HttpEndpoint is not enabled for cluster ${cluster.identifier}.`,
    );
  }
  const { connections } = await cluster.running.catch((error: Error) => {
    throw new AwsError("DatabaseUnavailableException", error.message, 504);
  });
  cluster.pause.wake(connections.unusedSince);
  return { ...cluster, connections };
}
