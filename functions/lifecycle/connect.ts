/** The lifecycle's ports on AWS. */

import { randomBytes } from "node:crypto";
import { ConditionalCheckFailedException, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";
import { CompiledQuery, Kysely } from "kysely";
import { DataApiDialect } from "../../data-api/index.ts";
import { dynamodbRegistry } from "../shared/dynamodb-registry.ts";
import { environment } from "../shared/environment.ts";
import { ensureApiKey } from "./api-keys.ts";
import { type LifecyclePorts, TenantChanged } from "./ports.ts";
import { tenantSecrets } from "./tenant-secrets.ts";

export function connectLifecycle(): LifecyclePorts {
  const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}), {
    marshallOptions: { removeUndefinedValues: true },
  });
  const table = environment("TENANTS_TABLE");
  const lambda = new LambdaClient({});
  const database = new Kysely<never>({
    dialect: new DataApiDialect({
      resourceArn: environment("CLUSTER_ARN"),
      secretArn: environment("ADMIN_SECRET_ARN"),
      database: environment("POOL_DATABASE"),
    }),
  });

  return {
    ...tenantSecrets(),
    random: randomBytes,
    now: () => new Date(),

    registry: {
      get: dynamodbRegistry(documents, table).get,
      async put(record, expectedVersion) {
        const condition =
          expectedVersion === undefined
            ? { ConditionExpression: "attribute_not_exists(tenantId)" }
            : {
                ConditionExpression: "stateVersion = :expected",
                ExpressionAttributeValues: { ":expected": expectedVersion },
              };
        try {
          await documents.send(new PutCommand({ TableName: table, Item: record, ...condition }));
        } catch (error) {
          if (error instanceof ConditionalCheckFailedException) throw new TenantChanged(record.tenantId);
          throw error;
        }
      },
    },

    async sql(statement) {
      return (await database.executeQuery(CompiledQuery.raw(statement))).rows;
    },

    async migrate(name) {
      const { FunctionError, Payload } = await lambda.send(
        new InvokeCommand({
          FunctionName: environment("MIGRATE_FUNCTION"),
          Payload: JSON.stringify({ operation: "migrate", databases: [name] }),
        }),
      );
      if (FunctionError) throw new Error(`Migrating ${name} failed: ${Payload?.transformToString()}`);
    },

    apiKey: (tenantId, value, { apiKeyId, tier }) =>
      ensureApiKey({
        name: `${environment("TERRACE_ENVIRONMENT")}-${environment("TERRACE_CELL")}-${tenantId}`,
        tags: { TenantId: tenantId, Environment: environment("TERRACE_ENVIRONMENT") },
        ...{ value, tier, knownId: apiKeyId, usagePlans: JSON.parse(process.env["USAGE_PLANS"] ?? "{}") },
      }),
  };
}
