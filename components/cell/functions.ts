/** The functions of a cell: what each is told, what it may do, and what wakes it. */
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { CellParts } from "../cell.ts";
import type { Function } from "../compute/function.ts";
import { Schedule } from "../compute/schedule.ts";
import { Migration } from "../data/migration.ts";
import { Api } from "../edge/api.ts";
import {
  type Grant,
  grantAssume,
  grantConsume,
  grantDelay,
  grantGet,
  grantQuery,
  grantRead,
  grantReadSecret,
  grantSend,
  grantWrite,
} from "../grants.ts";
import type { Watched } from "../insight/watched.ts";
import { FanOut, type FanOutConsumer } from "../messaging/fan-out.ts";
import { nameOf } from "../names.ts";
import { type Environment, HERE, type Make } from "./function-maker.ts";
import { lifecycleGrants } from "./lifecycle-grants.ts";

export interface CellFunctions {
  api: Api;
  lifecycle: Function;
  migrated: Migration;
  topicArn: pulumi.Output<string>;
  /** What an operator looks at, by names that are short: the cell is known. */
  watched: Watched;
}

export function cellFunctions(parent: pulumi.ComponentResource, parts: CellParts): CellFunctions {
  const { name, settings, tags, database, bucket, uploads, outbox, tenants, idempotency, users } = parts;
  const { environment } = settings;
  const child = { parent };
  const parametersPath = `/terrace/${environment}/tenants`;
  const secretsPrefix = `terrace/${environment}/${name}/tenants`;

  const { make, functions } = parts;

  // What a function needs to act for one tenant: who the tenant is, and the role to become.
  const forTenants: Environment = {
    TENANTS_TABLE: tenants.tableName,
    TENANT_ROLE_ARN: parts.tenantRoleArn,
    CLUSTER_ARN: database.clusterArn,
    POOL_DATABASE: database.databaseName,
  };
  const asTenant = [grantGet(tenants.arn), grantAssume(parts.tenantRoleArn)];
  const asAdministrator = [grantQuery(database.clusterArn), grantReadSecret(database.adminSecretArn)];
  const administrator: Environment = {
    CLUSTER_ARN: database.clusterArn,
    ADMIN_SECRET_ARN: database.adminSecretArn,
    POOL_DATABASE: database.databaseName,
  };

  const webhookVariables = {
    ...forTenants,
    PARAMETERS_PATH: parametersPath,
    ...(settings.webhookNetworks.length > 0 && { WEBHOOK_ALLOWED_NETWORKS: settings.webhookNetworks.join(",") }),
  };
  const fanOut = new FanOut(
    `${name}-events`,
    {
      tags,
      consumers: {
        audit: consumer(make, "audit", forTenants, asTenant),
        usage: consumer(make, "usage", forTenants, asTenant),
        webhooks: {
          ...consumer(make, "webhooks", webhookVariables, asTenant, grantDelay),
          // Deliveries to other people's servers are slow, and theirs to refuse for half a day: the delays grow to an hour.
          queue: { visibilityTimeoutSeconds: 360, maxReceiveCount: 20 },
        },
      },
    },
    child,
  );

  const migrate = make("migrate", administrator, asAdministrator, { timeoutSeconds: 300 });
  const migrated = new Migration(
    `${name}-migrated`,
    { database, function: migrate, folder: join(HERE, "migrations") },
    child,
  );

  const relay = make("outbox", forTenants, [...asTenant, grantRead(tenants.arn), grantConsume(outbox.arn)], {
    timeoutSeconds: 30,
    link: { events: fanOut.topic.publish() },
  });
  outbox.consume(`${name}-outbox`, relay, { batchSize: 10 });
  // A safety net and a broom: every change queues a nudge before it commits. More often would keep an idle cluster awake.
  new Schedule(`${name}-outbox-sweep`, { expression: "rate(1 day)", target: relay, input: { sweep: true } }, child);

  const thumbnailer = make(
    "thumbnailer",
    { ...forTenants, BUCKET: bucket.bucketName, OUTBOX_QUEUE_URL: outbox.url },
    [...asTenant, grantConsume(uploads.arn), grantSend(outbox.arn)],
    { timeoutSeconds: 60, memoryMb: 1536, nativeModules: ["sharp"] },
  );
  // The message with which S3 tries the queue has an Event and no Records: it wakes nobody.
  const filters = [{ body: { Event: [{ exists: false }] } }];
  uploads.consume(`${name}-uploads`, thumbnailer, { batchSize: 4, maximumConcurrency: 10, filters });

  const authorizer = make(
    "authorizer",
    {
      TENANTS_TABLE: tenants.tableName,
      USER_POOL_ID: users.userPoolId,
      USER_POOL_CLIENT_ID: users.clientId,
      PARAMETERS_PATH: parametersPath,
    },
    [
      grantGet(tenants.arn),
      {
        actions: ["ssm:GetParameter"],
        resources: [
          pulumi.interpolate`arn:aws:ssm:${parts.region}:${parts.account}:parameter${parametersPath}/*/api-key`,
        ],
      },
    ],
  );
  const handler = make(
    "api",
    {
      ...forTenants,
      IDEMPOTENCY_TABLE: idempotency.tableName,
      BUCKET: bucket.bucketName,
      OUTBOX_QUEUE_URL: outbox.url,
      PARAMETERS_PATH: parametersPath,
    },
    [...asTenant, grantGet(idempotency.arn), grantWrite(idempotency.arn), grantSend(outbox.arn)],
    { memoryMb: 1024 },
  );
  const api = new Api(
    `${name}-api-gateway`,
    {
      openapi: join(HERE, "functions/api/openapi.json"),
      handler,
      authorizer,
      apiName: nameOf("api", ["terrace", environment, name]),
      usagePlans: settings.tiers,
      logRetentionDays: settings.logRetentionDays,
      tags,
    },
    child,
  );

  const lifecycle = make(
    "lifecycle",
    {
      ...administrator,
      TENANTS_TABLE: tenants.tableName,
      MIGRATE_FUNCTION: migrate.functionName,
      PARAMETERS_PATH: parametersPath,
      SECRETS_PREFIX: secretsPrefix,
      API_ID: api.apiId,
      API_STAGE: api.stageName,
      USAGE_PLANS: pulumi.jsonStringify(api.usagePlanIds),
    },
    [...asAdministrator, ...lifecycleGrants(parts, { secretsPrefix, parametersPath, migrate, api })],
    { timeoutSeconds: 120 },
  );
  const queues = { uploads, outbox, ...fanOut.queues };
  const watched = { functions, queues, apis: { api }, databases: { database } };
  return { api, lifecycle, migrated, topicArn: fanOut.topic.arn, watched };
}

/** A function at the end of the fan-out. */
function consumer(
  make: Make,
  id: string,
  variables: Environment,
  grants: Grant[],
  ...onQueue: ((queue: pulumi.Input<string>) => Grant)[]
): FanOutConsumer {
  return {
    function: (queue) =>
      make(
        id,
        onQueue.length > 0 ? { ...variables, QUEUE_URL: queue.url } : variables,
        [...grants, grantConsume(queue.arn), ...onQueue.map((grant) => grant(queue.arn))],
        { timeoutSeconds: 30 },
      ),
    queue: { visibilityTimeoutSeconds: 180 },
    batchSize: 10,
  };
}
