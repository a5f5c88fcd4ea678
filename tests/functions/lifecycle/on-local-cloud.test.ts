/**
 * The lifecycle and the tenants' sessions on the local cloud, over unmodified SDK clients: what IAM, Secrets Manager and
 * PostgreSQL make of each other. API keys and bridge databases, which other functions serve, are tested with fakes.
 */

import { sql } from "kysely";
import type { Graph, Value } from "../../../engine/graph.ts";
import type { LifecyclePorts } from "../../../functions/lifecycle/ports.ts";
import { provision, setState } from "../../../functions/lifecycle/provision.ts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { services } from "../../../local/services/index.ts";

const CLUSTER = "arn:aws:rds:eu-west-1:000000000000:cluster:eu1";
const MASTER = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:rds!cluster-0000-AbCdEf";
const TENANT_ROLE = "arn:aws:iam::000000000000:role/tenant";
const FUNCTION_ROLE = "arn:aws:iam::000000000000:role/function";

const resource = (type: string, name: string, inputs: Record<string, Value>, outputs: Record<string, Value> = {}) => ({
  ...{ urn: `urn:pulumi:test::terrace::${type}::${name}`, type, name, custom: true, id: name, inputs },
  ...{ outputs: { ...inputs, name, ...outputs }, secrets: [], dependencies: [], propertyDependencies: {}, options: {} },
});
const policy = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });

const graph = {
  resources: [
    resource(
      "aws:dynamodb/table:Table",
      "tenants",
      { hashKey: "tenantId", billingMode: "PAY_PER_REQUEST", attributes: [{ name: "tenantId", type: "S" }] },
      { arn: "arn:aws:dynamodb:eu-west-1:000000000000:table/tenants" },
    ),
    resource(
      "aws:rds/cluster:Cluster",
      "eu1",
      {
        ...{ clusterIdentifier: "eu1", databaseName: "app", masterUsername: "terrace" },
        ...{ manageMasterUserPassword: true, enableHttpEndpoint: true },
      },
      { arn: CLUSTER, masterUserSecrets: [{ secretArn: MASTER }] },
    ),
    resource(
      "aws:iam/role:Role",
      "function",
      {
        assumeRolePolicy: policy({
          Effect: "Allow",
          Principal: { Service: "lambda.amazonaws.com" },
          Action: "sts:AssumeRole",
        }),
      },
      { arn: FUNCTION_ROLE },
    ),
    resource("aws:iam/rolePolicy:RolePolicy", "function-policy", {
      role: "function",
      policy: policy({ Effect: "Allow", Action: ["sts:AssumeRole", "sts:TagSession"], Resource: TENANT_ROLE }),
    }),
    resource(
      "aws:iam/role:Role",
      "tenant",
      {
        assumeRolePolicy: policy({
          ...{ Effect: "Allow", Principal: { AWS: FUNCTION_ROLE }, Action: ["sts:AssumeRole", "sts:TagSession"] },
        }),
      },
      { arn: TENANT_ROLE },
    ),
    resource("aws:iam/rolePolicy:RolePolicy", "tenant-policy", {
      role: "tenant",
      policy: policy(
        {
          ...{ Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: "*" },
          Condition: { StringEquals: { "secretsmanager:ResourceTag/TenantId": "${aws:PrincipalTag/TenantId}" } },
        },
        {
          ...{ Effect: "Allow", Resource: CLUSTER },
          Action: ["ExecuteStatement", "BeginTransaction", "CommitTransaction", "RollbackTransaction"].map(
            (a) => `rds-data:${a}`,
          ),
        },
        {
          ...{ Effect: "Allow", Action: "ssm:GetParameter" },
          Resource: "arn:aws:ssm:eu-west-1:000000000000:parameter/terrace/test/tenants/${aws:PrincipalTag/TenantId}/*",
        },
      ),
    }),
  ],
} as unknown as Graph;

const settings = { cell: "eu1", poolDatabase: "app" };
const tenant = (id: string) => ({
  ...{ id, displayName: id, tier: "basic", placement: "pool" as const, cell: "eu1", hosts: [`${id}.example.com`] },
});

let cloud: RunningCloud;
let ports: LifecyclePorts;
const environmentBefore = { ...process.env };

beforeAll(async () => {
  cloud = await startCloud({ services });
  await cloud.provision(graph);
  const { accessKeyId, secretAccessKey } = cloud.client().credentials;
  const shared = {
    AWS_REGION: "eu-west-1",
    AWS_ENDPOINT_URL: cloud.endpoint,
    CLUSTER_ARN: CLUSTER,
    POOL_DATABASE: "app",
  };
  const names = { TENANTS_TABLE: "tenants", ADMIN_SECRET_ARN: MASTER, TENANT_ROLE_ARN: TENANT_ROLE };
  const paths = { PARAMETERS_PATH: "/terrace/test/tenants", SECRETS_PREFIX: "terrace/test/eu1/tenants" };
  const cell = { TERRACE_ENVIRONMENT: "test", TERRACE_CELL: "eu1", POWERTOOLS_LOG_LEVEL: "SILENT" };
  Object.assign(process.env, shared, names, paths, cell, {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
  const { handler: migrate } = await import("../../../functions/migrate/handler.ts");
  await migrate({ operation: "migrate", databases: ["app"] }, {} as never);
  const { connectLifecycle } = await import("../../../functions/lifecycle/connect.ts");
  ports = connectLifecycle();
});
afterAll(async () => {
  await cloud.stop();
  for (const name of Object.keys(process.env)) if (!(name in environmentBefore)) delete process.env[name];
  Object.assign(process.env, environmentBefore);
});

/** Acts as a function does: with its role's credentials, it assumes the tenant's session. */
async function asFunction<Result>(run: () => Promise<Result>): Promise<Result> {
  const administrator = { ...process.env };
  const { accessKeyId, secretAccessKey, sessionToken } = cloud.client(FUNCTION_ROLE).credentials;
  Object.assign(process.env, {
    ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken },
  });
  try {
    return await run();
  } finally {
    delete process.env["AWS_SESSION_TOKEN"];
    Object.assign(process.env, administrator);
  }
}

describe("a provisioned tenant", () => {
  it("is found in the registry, can sign in to its database by its session, and only to its own rows", async () => {
    const { tenantDatabase } = await import("../../../functions/shared/tenant-database.ts");
    const { accessOf } = await import("../../../functions/shared/tenant-registry.ts");
    const { dynamodbRegistry } = await import("../../../functions/shared/dynamodb-registry.ts");
    for (const id of ["initech", "umbrella"]) {
      const record = await provision(tenant(id), settings, ports);
      expect(await ports.registry.get(id)).toEqual(JSON.parse(JSON.stringify(record)));
    }
    const active = await dynamodbRegistry().active();
    expect(active.map(({ tenantId }) => tenantId).sort()).toEqual(["initech", "umbrella"]);
    const [initech, umbrella] = ["initech", "umbrella"].map((id) =>
      accessOf(
        id,
        active.find((t) => t.tenantId === id),
      ),
    );

    await asFunction(async () => {
      const own = tenantDatabase(initech!);
      await own.insertInto("albums").values({ title: "Own" }).execute();
      const { rows } = await sql<{ user: string }>`select current_user::text as user`.execute(own);
      expect(rows).toEqual([{ user: "t_initech" }]);
      expect(await tenantDatabase(umbrella!).selectFrom("albums").selectAll().execute()).toEqual([]);
      // The secret of another tenant, with the session of this one.
      const stolen = tenantDatabase({ ...initech!, dbSecretArn: umbrella!.dbSecretArn });
      await expect(stolen.selectFrom("albums").selectAll().execute()).rejects.toThrow(/not authorized|AccessDenied/i);
    });
  });

  it("reads its own parameters with its session, and nobody else's", async () => {
    const { ssmParameters, tenantParameterPath } = await import("../../../functions/shared/parameters.ts");
    const { tenantCredentials } = await import("../../../functions/shared/tenant-credentials.ts");
    await provision(tenant("hooli"), settings, ports);
    await asFunction(async () => {
      const read = ssmParameters(tenantCredentials("hooli"));
      expect(await read(tenantParameterPath("hooli", "webhook-secret"))).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
      expect(await read(tenantParameterPath("hooli", "webhook-url"))).toBeUndefined();
      await expect(read(tenantParameterPath("initech", "webhook-secret"))).rejects.toThrow(/not authorized/);
    });
  });

  it("keeps its password, parameters and login when it is provisioned again", async () => {
    await provision(tenant("vandelay"), settings, ports);
    const never = () => {
      throw new Error("made a second time");
    };
    const before = await ports.databaseSecret("vandelay", never);
    const again = await provision(tenant("vandelay"), settings, ports);
    expect(again).toMatchObject({ state: "ACTIVE", stateVersion: 4 });
    expect(await ports.databaseSecret("vandelay", never)).toEqual(before);
    const { tenantDatabase } = await import("../../../functions/shared/tenant-database.ts");
    const { accessOf } = await import("../../../functions/shared/tenant-registry.ts");
    await asFunction(async () => {
      await tenantDatabase(accessOf("vandelay", again)).insertInto("albums").values({ title: "Still in" }).execute();
    });
  });

  it("has a statement timeout of its own that it runs into", async () => {
    const record = await provision({ ...tenant("slow"), limits: { statementTimeoutMs: 150 } }, settings, ports);
    const { tenantDatabase } = await import("../../../functions/shared/tenant-database.ts");
    const { accessOf } = await import("../../../functions/shared/tenant-registry.ts");
    const { explain } = await import("../../../functions/api/explain.ts");
    const error = await asFunction(() =>
      sql`select pg_sleep(10)::text`
        .execute(tenantDatabase(accessOf("slow", record)))
        .catch((thrown: unknown) => thrown),
    );
    expect(explain(error)).toMatchObject({ status: 503, code: "unavailable" });
  });

  it("is not worked for while it is suspended", async () => {
    await provision(tenant("paused"), settings, ports);
    await setState("paused", "SUSPENDED", ports);
    const { accessOf } = await import("../../../functions/shared/tenant-registry.ts");
    const record = await ports.registry.get("paused");
    expect(() => accessOf("paused", record)).toThrow("Tenant paused is SUSPENDED, not ACTIVE");
  });

  it("is changed by one operation at a time", async () => {
    const record = await provision(tenant("busy"), settings, ports);
    await ports.registry.put({ ...record, stateVersion: record.stateVersion + 1 }, record.stateVersion);
    await expect(
      ports.registry.put({ ...record, stateVersion: record.stateVersion + 1 }, record.stateVersion),
    ).rejects.toThrow("Tenant busy was changed by another operation");
  });
});
