/** Create, describe, list and delete tables; TTL and tags. */

import { createHash } from "node:crypto";
import type {
  CreateTableCommandInput,
  DeleteResourcePolicyCommandInput,
  DeleteTableCommandInput,
  DescribeTableCommandInput,
  GetResourcePolicyCommandInput,
  ListTablesCommandInput,
  ListTagsOfResourceCommandInput,
  PutResourcePolicyCommandInput,
  TagResourceCommandInput,
  UntagResourceCommandInput,
  UpdateContinuousBackupsCommandInput,
  UpdateTableCommandInput,
  UpdateTimeToLiveCommandInput,
} from "@aws-sdk/client-dynamodb";
import { checkPolicy } from "../../iam/policy.ts";
import { AwsError, type Clock, type Operation } from "../../service.ts";
import type { AccessRules } from "./access.ts";
import { tableName } from "./items.ts";
import type { Storage } from "./storage.ts";
import { describeTable, type Table, tableOfRequest } from "./table.ts";
import { updatedTable } from "./update-table.ts";

export function tableOperations(storage: Storage, access: AccessRules, clock: Clock): Record<string, Operation> {
  const { onTable } = access;
  const onArn = (action: string) => (input: { ResourceArn?: string }) => ({
    action: `dynamodb:${action}`,
    resource: input.ResourceArn ?? "*",
  });

  function existing(nameOrArn: string | undefined): Table {
    const name = tableName(nameOrArn);
    const table = storage.tables.get(name);
    if (table === undefined)
      throw new AwsError("ResourceNotFoundException", `Requested resource not found: Table: ${name} not found`);
    return table;
  }

  function described(table: Table) {
    const { items, bytes } = storage.count(table.name);
    return describeTable(table, items, bytes);
  }

  return {
    CreateTable: {
      authorize: onTable("CreateTable"),
      run(input: CreateTableCommandInput) {
        const name = tableName(input.TableName);
        if (storage.tables.has(name)) throw new AwsError("ResourceInUseException", `Table already exists: ${name}`);
        const table = tableOfRequest({ ...input, TableName: name }, access.arn(name), clock.now());
        storage.saveTable(table);
        return { TableDescription: described(table) };
      },
    },
    UpdateTable: {
      authorize: onTable("UpdateTable"),
      run(input: UpdateTableCommandInput) {
        const next = updatedTable(existing(input.TableName), input, clock.now());
        storage.saveTable(next);
        return { TableDescription: described(next) };
      },
    },
    DescribeTable: {
      authorize: onTable("DescribeTable"),
      run: (input: DescribeTableCommandInput) => ({ Table: described(existing(input.TableName)) }),
    },
    DeleteTable: {
      authorize: onTable("DeleteTable"),
      run(input: DeleteTableCommandInput) {
        const table = existing(input.TableName);
        if (table.deletionProtection)
          throw new AwsError(
            "ValidationException",
            `Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.`,
          );
        const description = { ...described(table), TableStatus: "DELETING" };
        storage.atomically(() => storage.dropTable(table.name));
        return { TableDescription: description };
      },
    },
    ListTables: {
      authorize: () => ({ action: "dynamodb:ListTables", resource: "*" }),
      run({ ExclusiveStartTableName: after = "", Limit: limit = 100 }: ListTablesCommandInput) {
        if (!(limit >= 1 && limit <= 100))
          throw new AwsError("ValidationException", `Value '${limit}' at 'limit' must be from 1 to 100`);
        const names = [...storage.tables.keys()].sort().filter((name) => name > after);
        const page = names.slice(0, limit);
        return { TableNames: page, ...(names.length > limit && { LastEvaluatedTableName: page.at(-1) }) };
      },
    },
    DescribeTimeToLive: {
      authorize: onTable("DescribeTimeToLive"),
      run(input: DescribeTableCommandInput) {
        const { ttlAttribute: name } = existing(input.TableName);
        return {
          TimeToLiveDescription:
            name === undefined
              ? { TimeToLiveStatus: "DISABLED" }
              : { TimeToLiveStatus: "ENABLED", AttributeName: name },
        };
      },
    },
    UpdateTimeToLive: {
      authorize: onTable("UpdateTimeToLive"),
      run({ TableName, TimeToLiveSpecification: wanted }: UpdateTimeToLiveCommandInput) {
        const table = existing(TableName);
        const enabled = wanted?.Enabled === true;
        if (enabled === (table.ttlAttribute !== undefined))
          throw new AwsError("ValidationException", `TimeToLive is already ${enabled ? "enabled" : "disabled"}`);
        storage.saveTable({ ...table, ttlAttribute: enabled ? wanted.AttributeName : undefined });
        return { TimeToLiveSpecification: wanted };
      },
    },
    DescribeContinuousBackups: {
      authorize: onTable("DescribeContinuousBackups"),
      run: (input: DescribeTableCommandInput) => backups(existing(input.TableName)),
    },
    UpdateContinuousBackups: {
      authorize: onTable("UpdateContinuousBackups"),
      run({ TableName, PointInTimeRecoverySpecification: wanted }: UpdateContinuousBackupsCommandInput) {
        const next = { ...existing(TableName), pointInTimeRecovery: wanted?.PointInTimeRecoveryEnabled === true };
        storage.saveTable(next);
        return backups(next);
      },
    },
    DescribeLimits: {
      authorize: () => ({ action: "dynamodb:DescribeLimits", resource: "*" }),
      run: () => ({
        AccountMaxReadCapacityUnits: 80_000,
        AccountMaxWriteCapacityUnits: 80_000,
        TableMaxReadCapacityUnits: 40_000,
        TableMaxWriteCapacityUnits: 40_000,
      }),
    },
    DescribeEndpoints: {
      authorize: () => ({ action: "dynamodb:DescribeEndpoints", resource: "*" }),
      run: () => ({ Endpoints: [{ Address: access.endpoint, CachePeriodInMinutes: 1440 }] }),
    },
    GetResourcePolicy: {
      authorize: onArn("GetResourcePolicy"),
      run({ ResourceArn }: GetResourcePolicyCommandInput) {
        const { policy } = existing(ResourceArn);
        if (policy === undefined)
          throw new AwsError("PolicyNotFoundException", `Resource-based policy not found for ${ResourceArn}`);
        return { Policy: policy, RevisionId: revisionOf(policy) };
      },
    },
    PutResourcePolicy: {
      authorize: onArn("PutResourcePolicy"),
      run({ ResourceArn, Policy }: PutResourcePolicyCommandInput) {
        const table = existing(ResourceArn);
        checkPolicy(Policy ?? "", "ValidationException");
        storage.saveTable({ ...table, policy: Policy });
        return { RevisionId: revisionOf(Policy ?? "") };
      },
    },
    DeleteResourcePolicy: {
      authorize: onArn("DeleteResourcePolicy"),
      run({ ResourceArn }: DeleteResourcePolicyCommandInput) {
        const { policy: _, ...rest } = existing(ResourceArn);
        storage.saveTable(rest);
        return {};
      },
    },
    ListTagsOfResource: {
      authorize: onArn("ListTagsOfResource"),
      run: ({ ResourceArn }: ListTagsOfResourceCommandInput) => ({
        Tags: Object.entries(existing(ResourceArn).tags).map(([Key, Value]) => ({ Key, Value })),
      }),
    },
    TagResource: {
      authorize: onArn("TagResource"),
      run({ ResourceArn, Tags = [] }: TagResourceCommandInput) {
        const table = existing(ResourceArn);
        const added = Object.fromEntries(Tags.map(({ Key, Value }) => [Key!, Value!]));
        storage.saveTable({ ...table, tags: { ...table.tags, ...added } });
        return {};
      },
    },
    UntagResource: {
      authorize: onArn("UntagResource"),
      run({ ResourceArn, TagKeys = [] }: UntagResourceCommandInput) {
        const table = existing(ResourceArn);
        const kept = Object.entries(table.tags).filter(([key]) => !TagKeys.includes(key));
        storage.saveTable({ ...table, tags: Object.fromEntries(kept) });
        return {};
      },
    },
  };
}

function revisionOf(policy: string): string {
  return createHash("sha256").update(policy).digest("hex").slice(0, 32);
}

/** Whether it is on is kept; there is nothing to restore from. */
function backups({ pointInTimeRecovery = false }: Table) {
  const PointInTimeRecoveryStatus = pointInTimeRecovery ? "ENABLED" : "DISABLED";
  return {
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: "ENABLED",
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus },
    },
  };
}
