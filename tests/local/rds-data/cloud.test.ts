/** The Data API within the whole cloud: signatures, IAM and Secrets Manager decide which database role a caller becomes. */

import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
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
