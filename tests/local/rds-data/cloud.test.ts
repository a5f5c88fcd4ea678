/** The Data API within the whole cloud: signatures, IAM and Secrets Manager decide which database role a caller becomes. */

import { ExecuteStatementCommand, RDSDataClient } from "@aws-sdk/client-rds-data";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { HttpRequest } from "@smithy/core/protocols";
import { SignatureV4 } from "@smithy/signature-v4";
import { Kysely, sql } from "kysely";
import { DataApiAccessError, DataApiDialect } from "../../../data-api/index.ts";
import type { Graph } from "../../../engine/graph.ts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { services } from "../../../local/services/index.ts";
import { roleWith } from "../role-with.ts";
import { CLUSTER_ARN, clusterResource, MASTER_SECRET } from "./data-api-server.ts";

let cloud: RunningCloud;

beforeAll(async () => {
  cloud = await startCloud({ services });
  await cloud.provision({ resources: [clusterResource(CLUSTER_ARN)] } as unknown as Graph);
});
afterAll(() => cloud.stop());

function connect(secretArn: string, roleArn?: string, tags?: Record<string, string>): Kysely<unknown> {
  const { endpoint, region, credentials } = cloud.client(roleArn, tags);
  return new Kysely({
    dialect: new DataApiDialect({ resourceArn: CLUSTER_ARN, secretArn, endpoint, region, credentials }),
  });
}

/** A signed request that the SDK's client has no command for. */
async function signed(method: string, path: string, body?: string, roleArn?: string): Promise<Response> {
  const { endpoint, region, credentials } = cloud.client(roleArn);
  const { sha256 } = new RDSDataClient({ region }).config;
  const signer = new SignatureV4({ service: "rds-data", region, credentials, sha256 });
  const { hostname, port, host } = new URL(endpoint);
  const request: { headers: Record<string, string> } = await signer.sign({
    ...{ method, protocol: "http:", hostname, port: Number(port), path, query: {}, body },
    headers: { host },
  } as unknown as HttpRequest);
  const { host: _host, ...headers } = request.headers;
  return fetch(`${endpoint}${path}`, { method, headers, body });
}

const whoAmI = async (db: Kysely<unknown>) =>
  (await sql<{ me: string }>`select current_user::text as me`.execute(db)).rows[0]?.me;

it("the master user's managed secret is there as soon as the cluster is", async () => {
  expect(await whoAmI(connect(MASTER_SECRET))).toBe("terrace");
});

it("a session with a tenant's tag reads that tenant's secret, becomes its role, and no other tenant's", async () => {
  const master = connect(MASTER_SECRET);
  const secrets = new SecretsManagerClient(cloud.client());
  const arns: Record<string, string> = {};
  for (const tenant of ["acme", "globex"]) {
    await sql`create role ${sql.id(`t_${tenant}`)} login password ${sql.lit(`of ${tenant}`)}`.execute(master);
    const SecretString = JSON.stringify({ username: `t_${tenant}`, password: `of ${tenant}` });
    const Tags = [{ Key: "TenantId", Value: tenant }];
    arns[tenant] = (await secrets.send(new CreateSecretCommand({ Name: tenant, SecretString, Tags }))).ARN!;
  }
  secrets.destroy();
  const roleArn = await roleWith(
    cloud,
    "tenant",
    { Effect: "Allow", Action: "rds-data:ExecuteStatement", Resource: CLUSTER_ARN },
    {
      Effect: "Allow",
      Action: "secretsmanager:GetSecretValue",
      Resource: "*",
      Condition: { StringEquals: { "secretsmanager:ResourceTag/TenantId": "${aws:PrincipalTag/TenantId}" } },
    },
  );
  const acme = { TenantId: "acme" };

  const own = await whoAmI(connect(arns["acme"]!, roleArn, acme));
  const others = await whoAmI(connect(arns["globex"]!, roleArn, acme)).catch((error) => error);
  const masters = await whoAmI(connect(MASTER_SECRET, roleArn, acme)).catch((error) => error);
  const begin = await connect(arns["acme"]!, roleArn, acme)
    .transaction()
    .execute(whoAmI)
    .catch((error) => error);

  expect(own).toBe("t_acme");
  for (const refused of [others, masters, begin]) expect(refused).toBeInstanceOf(DataApiAccessError);
  expect(others.message).toContain("secretsmanager:GetSecretValue");
  expect(begin.message).toContain("rds-data:BeginTransaction");
});

it("AWS_ENDPOINT_URL_RDS_DATA alone brings the SDK's client here", async () => {
  const { endpoint, region, credentials } = cloud.client();
  process.env.AWS_ENDPOINT_URL_RDS_DATA = endpoint;
  const client = new RDSDataClient({ region, credentials });
  try {
    const sql = "select 1";
    const { records } = await client.send(
      new ExecuteStatementCommand({ resourceArn: CLUSTER_ARN, secretArn: MASTER_SECRET, sql }),
    );
    expect(records).toEqual([[{ longValue: 1 }]]);
  } finally {
    delete process.env.AWS_ENDPOINT_URL_RDS_DATA;
    client.destroy();
  }
});

describe("faults at the machine (case 14)", () => {
  it("are set with the administrator's keys, and break the connection of the next call", async () => {
    const set = await signed("PUT", "/faults", '{"fault":"Dropped","when":"after"}');
    const client = new RDSDataClient({ ...cloud.client(), maxAttempts: 1 });
    const call = client.send(
      new ExecuteStatementCommand({ resourceArn: CLUSTER_ARN, secretArn: MASTER_SECRET, sql: "select 1" }),
    );

    expect(set.status).toBe(200);
    await expect(call).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(await (await signed("GET", "/faults")).json()).toEqual([]);
    client.destroy();
  });

  it("are refused to every role, whatever its policies allow", async () => {
    const role = await roleWith(cloud, "allowed", { Effect: "Allow", Action: "rds-data:*", Resource: "*" });
    const refused = await signed("PUT", "/faults", '{"fault":"Dropped"}', role);

    expect([refused.status, refused.headers.get("x-amzn-errortype")]).toEqual([403, "AccessDeniedException"]);
  });
});
