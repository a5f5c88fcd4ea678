/**
 * RDS Data API over embedded PostgreSQL: every call runs as the LOGIN role that its secret names, so what one tenant's
 * secret can not reach on Aurora it can not reach here.
 *
 * Not emulated: ExecuteSql (gone from AWS as well), reader endpoints, IAM database authentication. A batch outside a
 * transaction is all or nothing here; AWS does not promise that.
 */

import type { Resource } from "../../../engine/graph.ts";
import { AwsError, type Call, type Cloud, type Operation, type Service } from "../../service.ts";
import { clusterMetrics } from "./cluster-metrics.ts";
import { type Cluster, configureCluster, requireCluster, startCluster } from "./clusters.ts";
import type { Connection, Login } from "./connections.ts";
import { fromPostgres } from "./errors.ts";
import { type ExecuteInput, execute, executeBatch, onFreshSession, withTimeout } from "./execute.ts";
import { Faults } from "./faults.ts";
import type { SqlParameter } from "./parameter-values.ts";
import { Transactions } from "./transactions.ts";
import { handleWire } from "./wire.ts";

interface BatchInput extends Omit<ExecuteInput, "parameters"> {
  parameterSets?: SqlParameter[][];
}

interface TransactionInput {
  resourceArn: string;
  secretArn: string;
  transactionId: string;
}

export interface RdsDataOptions {
  /** How long a paused cluster takes to resume, in milliseconds. @default TERRACE_RESUME_SECONDS, else one second */
  resumeMs?: number;
}

export interface RdsData extends Service {
  /** What goes wrong on purpose. */
  faults: Faults;
}

export function rdsData(cloud: Cloud, { resumeMs = defaultResumeMs() }: RdsDataOptions = {}): RdsData {
  const clusters = new Map<string, Cluster>();
  const faults = new Faults(cloud.clock);
  const transactions = new Transactions(cloud.clock);
  clusterMetrics(cloud, clusters);

  async function provisionCluster(resource: Resource): Promise<void> {
    const arn = String(resource.outputs.arn);
    let cluster = clusters.get(arn);
    if (!cluster) {
      cluster = startCluster(cloud, resource, resumeMs);
      clusters.set(arn, cluster);
      cluster.running.catch((error) => {
        cloud.log({ level: "error", source: "rds-data", message: `${resource.name}: ${error.message}` });
      });
    }
    configureCluster(cluster, resource);
    if (cluster.master.secretArn) await publishMasterSecret(cloud, cluster);
  }

  /** The secret is read with the caller's own permissions: IAM decides which database role it gets. */
  async function readLogin(
    input: { secretArn: string; database?: string },
    cluster: Cluster,
    call: Call,
  ): Promise<Login> {
    const { username, password, dbname } = await readSecret(cloud, input.secretArn, call);
    return { user: username, password, database: input.database ?? dbname ?? cluster.defaultDatabase };
  }

  async function run(
    input: ExecuteInput | BatchInput,
    call: Call,
    task: (connection: Connection) => Promise<object>,
  ): Promise<object> {
    refuseSchema(input);
    const cluster = await requireCluster(clusters, input.resourceArn);
    const login = await readLogin(input, cluster, call);
    const { connections } = cluster;
    const patient = input.continueAfterTimeout === true;
    const timed = async (connection: Connection, running: Promise<object>) => {
      const start = performance.now();
      try {
        return await withTimeout(cloud.clock, connections, connection, patient, running);
      } finally {
        cluster.load.ran(performance.now() - start);
      }
    };
    if (input.transactionId) {
      const { transactionId, resourceArn } = input;
      const connection = transactions.take(transactionId, resourceArn, login.user);
      return timed(
        connection,
        transactions.use(transactionId, () => task(connection)),
      );
    }
    const connection = await connections.acquire(login);
    return timed(
      connection,
      onFreshSession(connections, connection, input.sql, () => task(connection)),
    );
  }

  async function end(input: TransactionInput, call: Call, verb: "commit" | "rollback"): Promise<boolean> {
    const cluster = await requireCluster(clusters, input.resourceArn);
    const { user } = await readLogin(input, cluster, call);
    return transactions.end(input.transactionId, input.resourceArn, user, verb);
  }

  const operations: Record<string, Operation["run"]> = {
    ExecuteStatement: (input: ExecuteInput, call) => run(input, call, (connection) => execute(input, connection)),
    BatchExecuteStatement: (input: BatchInput, call) =>
      run(input, call, (connection) => executeBatch(input, connection)),
    BeginTransaction: async (input: ExecuteInput, call) => {
      refuseSchema(input);
      const cluster = await requireCluster(clusters, input.resourceArn);
      const connection = await cluster.connections.acquire(await readLogin(input, cluster, call));
      return { transactionId: await transactions.begin(input.resourceArn, cluster.connections, connection) };
    },
    CommitTransaction: async (input: TransactionInput, call) => {
      if (await end(input, call, "commit")) return { transactionStatus: "Transaction Committed" };
      throw new AwsError(
        "DatabaseErrorException",
        "ERROR: current transaction is aborted, it was rolled back; SQLState: 25P02",
      );
    },
    RollbackTransaction: async (input: TransactionInput, call) => {
      await end(input, call, "rollback");
      return { transactionStatus: "Rollback Complete" };
    },
  };

  const guarded = Object.fromEntries(Object.entries(operations).map(([name, task]) => [name, operation(name, task)]));
  return {
    name: "rds-data",
    faults,
    handle: (request) => handleWire(cloud, guarded, faults, request),
    client: () => import("@aws-sdk/client-rds-data"),
    resources: {
      "aws:rds/cluster:Cluster": provisionCluster,
      // They size and place what runs on AWS; one server on one machine has nothing to take from them.
      "aws:rds/clusterInstance:ClusterInstance": () => {},
      "aws:rds/subnetGroup:SubnetGroup": () => {},
      "aws:rds/clusterParameterGroup:ClusterParameterGroup": () => {},
    },
    operations: guarded,
    async stop() {
      transactions.stop();
      const running = await Promise.allSettled([...clusters.values()].map((cluster) => cluster.running));
      await Promise.all(
        running.map(async (outcome) => {
          if (outcome.status === "rejected") return;
          outcome.value.connections.stop();
          await outcome.value.server.stop();
        }),
      );
      clusters.clear();
    },
  };
}

function operation(name: string, task: Operation["run"]): Operation {
  return {
    authorize: (input: { resourceArn: string }) => ({ action: `rds-data:${name}`, resource: input.resourceArn }),
    async run(input, call) {
      try {
        return await task(input, call);
      } catch (error) {
        throw fromPostgres(error);
      }
    },
  };
}

function refuseSchema({ schema }: { schema?: string }): void {
  if (schema !== undefined) throw new AwsError("ValidationException", "The schema parameter is not supported.");
}

function defaultResumeMs(): number {
  const seconds = process.env.TERRACE_RESUME_SECONDS ?? "1";
  if (/^\d+(\.\d+)?$/.test(seconds)) return Number(seconds) * 1000;
  throw new Error(`TERRACE_RESUME_SECONDS is a number of seconds, not "${seconds}"`);
}

interface DatabaseSecret {
  username: string;
  password: string;
  dbname?: string;
}

async function readSecret(cloud: Cloud, secretArn: string, call: Call): Promise<DatabaseSecret> {
  let text: string | undefined;
  try {
    const input = { SecretId: secretArn };
    const from = { principal: call.principal, sourceIp: call.sourceIp };
    text = (await cloud.call<{ SecretString?: string }>("secretsmanager", "GetSecretValue", input, from)).SecretString;
  } catch (error) {
    if (error instanceof AwsError && error.code.startsWith("AccessDenied")) throw error;
    throw new AwsError("SecretsErrorException", `The secret ${secretArn} can not be read: ${(error as Error).message}`);
  }
  try {
    const secret = JSON.parse(text ?? "") as DatabaseSecret;
    if (typeof secret.username === "string" && typeof secret.password === "string") return secret;
  } catch {
    // Not JSON: the same complaint as a lack of members, and never the secret's text.
  }
  throw new AwsError("InvalidSecretException", `The secret ${secretArn} is not {"username": …, "password": …}.`);
}

/** The secret that RDS manages for the master user, under the ARN that the deployment graph already told everyone. */
async function publishMasterSecret(cloud: Cloud, { arn, master }: Cluster): Promise<void> {
  const { username, password, secretArn } = master;
  await cloud.call("secretsmanager", "PutManagedSecret", {
    ARN: secretArn,
    OwningService: "rds",
    Description: `The secret associated with the primary RDS DB cluster: ${arn}`,
    SecretString: JSON.stringify({ username, password }),
  });
}
