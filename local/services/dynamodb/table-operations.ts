/** Create, describe, list and delete tables; TTL and tags. */

import type {
  CreateTableCommandInput,
  DeleteTableCommandInput,
  DescribeTableCommandInput,
  ListTablesCommandInput,
  ListTagsOfResourceCommandInput,
  TagResourceCommandInput,
  UntagResourceCommandInput,
  UpdateTimeToLiveCommandInput,
} from "@aws-sdk/client-dynamodb";
import { AwsError, type Clock, type Operation } from "../../service.ts";
import type { AccessRules } from "./access.ts";
import { tableName } from "./items.ts";
import type { Storage } from "./storage.ts";
import { describeTable, type Table, tableOfRequest } from "./table.ts";

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
