/** The tenants' records in the cell's table. */

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, paginateScan } from "@aws-sdk/lib-dynamodb";
import { environment } from "./environment.ts";
import type { TenantRecord, TenantRegistry } from "./tenant-registry.ts";

export function dynamodbRegistry(
  client = DynamoDBDocumentClient.from(new DynamoDBClient({})),
  table = environment("TENANTS_TABLE"),
): TenantRegistry {
  return {
    async get(tenantId) {
      const { Item } = await client.send(new GetCommand({ TableName: table, Key: { tenantId }, ConsistentRead: true }));
      return Item as TenantRecord | undefined;
    },

    async active() {
      const found: TenantRecord[] = [];
      const request = {
        TableName: table,
        FilterExpression: "#state = :active",
        ExpressionAttributeNames: { "#state": "state" },
        ExpressionAttributeValues: { ":active": "ACTIVE" },
      };
      for await (const { Items } of paginateScan({ client }, request)) found.push(...((Items ?? []) as TenantRecord[]));
      return found;
    },
  };
}
