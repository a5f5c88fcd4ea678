/**
 * Glue's data catalog: databases, tables and partitions, which Athena reads.
 *
 * Not emulated: crawlers, jobs, connections, schemas, table versions, Lake Formation, and expressions of GetPartitions.
 */
import type { Resource } from "../../../engine/graph.ts";
import { type Access, AwsError, type Cloud, type Operation, type Service } from "../../service.ts";
import {
  type Column,
  type Database,
  type GlueCatalog,
  glueCatalog,
  missing,
  type Partition,
  type Table,
} from "./catalog.ts";

interface Names {
  DatabaseName?: string;
  TableName?: string;
  Name?: string;
}

export function glue(cloud: Cloud): Service {
  const catalog = glueCatalog(cloud);
  return {
    name: "glue",
    client: () => import("@aws-sdk/client-glue"),
    requiresMembers: "InvalidInputException",
    resources: {
      "aws:glue/catalogDatabase:CatalogDatabase": ({ inputs, name }) => {
        catalog.putDatabase({
          Name: String(inputs.name ?? name),
          Description: inputs.description as string | undefined,
        });
      },
      "aws:glue/catalogTable:CatalogTable": (resource) => catalog.putTable(declared(resource)),
    },
    operations: glueOperations(cloud, catalog),
  };
}

type Inputs = Record<string, unknown>;

function declared({ inputs, name }: Resource): Table {
  const storage = (inputs.storageDescriptor ?? {}) as Inputs;
  const serde = (storage.serDeInfo ?? {}) as { serializationLibrary?: string; parameters?: Record<string, string> };
  return {
    Name: String(inputs.name ?? name),
    DatabaseName: String(inputs.databaseName),
    Description: inputs.description as string | undefined,
    TableType: inputs.tableType as string | undefined,
    PartitionKeys: columnsOf(inputs.partitionKeys),
    Parameters: (inputs.parameters ?? {}) as Record<string, string>,
    StorageDescriptor: {
      Columns: columnsOf(storage.columns),
      Location: storage.location as string | undefined,
      InputFormat: storage.inputFormat as string | undefined,
      OutputFormat: storage.outputFormat as string | undefined,
      SerdeInfo: { SerializationLibrary: serde.serializationLibrary, Parameters: serde.parameters ?? {} },
    },
  };
}

function columnsOf(columns: unknown): Column[] {
  const given = (columns ?? []) as { name: string; type?: string; comment?: string }[];
  return given.map(({ name, type, comment }) => ({ Name: name, Type: type, Comment: comment }));
}

function glueOperations(cloud: Cloud, catalog: GlueCatalog): Record<string, Operation> {
  const arn = (path: string) => `arn:aws:glue:${cloud.region}:${cloud.account}:${path}`;
  /** IAM has to allow an operation on each level down to what it is about. */
  const on = (action: string) => (input: Names) => {
    const database = input.DatabaseName ?? input.Name;
    const table = input.TableName ?? (input.DatabaseName === undefined ? undefined : input.Name);
    const resources = [arn("catalog")];
    if (database) resources.push(arn(`database/${database}`));
    if (database && table) resources.push(arn(`table/${database}/${table}`));
    return resources.map((resource): Access => ({ action: `glue:${action}`, resource }));
  };
  const inDatabase = (action: string) => (input: Names & { DatabaseInput?: Database; TableInput?: Table }) => {
    const accesses = on(action)({ DatabaseName: input.DatabaseName ?? input.DatabaseInput?.Name });
    if (!input.DatabaseName) return accesses;
    const table = arn(`table/${input.DatabaseName}/${input.TableInput?.Name ?? "*"}`);
    return [...accesses, { action: `glue:${action}`, resource: table }];
  };
  const dated = <T extends { CreateTime?: number; UpdateTime?: number }>({ CreateTime, UpdateTime, ...rest }: T) => ({
    ...{ ...rest, CatalogId: cloud.account, CreateTime: new Date(CreateTime ?? 0) },
    ...(UpdateTime !== undefined && { UpdateTime: new Date(UpdateTime) }),
  });
  const described = (table: Table, { CreationTime, ...partition }: Partition) => ({
    ...{ ...partition, DatabaseName: table.DatabaseName, TableName: table.Name, CatalogId: cloud.account },
    CreationTime: new Date(CreationTime ?? 0),
  });

  return {
    CreateDatabase: {
      authorize: inDatabase("CreateDatabase"),
      run({ DatabaseInput }) {
        if (catalog.hasDatabase(DatabaseInput.Name)) throw exists("Database already exists.");
        catalog.putDatabase(DatabaseInput);
        return {};
      },
    },
    GetDatabase: {
      authorize: on("GetDatabase"),
      run: ({ Name }) => ({ Database: dated(catalog.findDatabase(Name)) }),
    },
    GetDatabases: {
      authorize: () => on("GetDatabases")({}),
      run: (input) => {
        const { items, NextToken } = pageOf(catalog.databases().map(dated), input);
        return { DatabaseList: items, NextToken };
      },
    },
    DeleteDatabase: {
      authorize: on("DeleteDatabase"),
      run({ Name }) {
        catalog.removeDatabase(Name);
        return {};
      },
    },
    CreateTable: {
      authorize: inDatabase("CreateTable"),
      run({ DatabaseName, TableInput }) {
        if (!TableInput) throw new AwsError("InvalidInputException", "TableInput is missing.");
        if (catalog.hasTable(DatabaseName, TableInput.Name)) throw exists("Table already exists.");
        catalog.putTable({ ...TableInput, DatabaseName });
        return {};
      },
    },
    UpdateTable: {
      authorize: inDatabase("UpdateTable"),
      run({ DatabaseName, TableInput }) {
        if (!TableInput) throw new AwsError("InvalidInputException", "TableInput is missing.");
        catalog.findTable(DatabaseName, TableInput.Name);
        catalog.putTable({ ...TableInput, DatabaseName });
        return {};
      },
    },
    GetTable: {
      authorize: on("GetTable"),
      run: ({ DatabaseName, Name }) => ({ Table: dated(catalog.findTable(DatabaseName, Name)) }),
    },
    GetTables: {
      authorize: ({ DatabaseName }) => on("GetTables")({ DatabaseName, TableName: "*" }),
      run({ DatabaseName, Expression, ...input }) {
        const wanted = Expression === undefined ? undefined : expressionOf(Expression);
        const found = catalog.tables(DatabaseName).filter(({ Name }) => wanted?.test(Name) ?? true);
        const { items, NextToken } = pageOf(found.map(dated), input);
        return { TableList: items, NextToken };
      },
    },
    DeleteTable: {
      authorize: on("DeleteTable"),
      run({ DatabaseName, Name }) {
        catalog.removeTable(DatabaseName, Name);
        return {};
      },
    },
    CreatePartition: {
      authorize: on("CreatePartition"),
      run({ DatabaseName, TableName, PartitionInput }) {
        const table = catalog.findTable(DatabaseName, TableName);
        checkValues(table, PartitionInput.Values);
        if (catalog.partition(table, PartitionInput.Values)) throw exists("Partition already exists.");
        catalog.putPartition(table, PartitionInput);
        return {};
      },
    },
    BatchCreatePartition: {
      authorize: on("BatchCreatePartition"),
      run({ DatabaseName, TableName, PartitionInputList }) {
        const table = catalog.findTable(DatabaseName, TableName);
        const Errors = [];
        for (const input of PartitionInputList as Partition[]) {
          checkValues(table, input.Values);
          if (catalog.partition(table, input.Values)) {
            const ErrorDetail = { ErrorCode: "AlreadyExistsException", ErrorMessage: "Partition already exists." };
            Errors.push({ PartitionValues: input.Values, ErrorDetail });
          } else catalog.putPartition(table, input);
        }
        return { Errors };
      },
    },
    GetPartition: {
      authorize: on("GetPartition"),
      run({ DatabaseName, TableName, PartitionValues }) {
        const table = catalog.findTable(DatabaseName, TableName);
        const found = catalog.partition(table, PartitionValues);
        if (!found) throw missing("Cannot find partition.");
        return { Partition: described(table, found) };
      },
    },
    GetPartitions: {
      authorize: on("GetPartitions"),
      run({ DatabaseName, TableName, Expression, ...input }) {
        if (Expression) {
          throw new AwsError(
            "InvalidInputException",
            "GetPartitions with an Expression is not emulated on this machine.",
          );
        }
        const table = catalog.findTable(DatabaseName, TableName);
        const { items, NextToken } = pageOf(catalog.partitions(table), input);
        return { Partitions: items.map((each) => described(table, each)), NextToken };
      },
    },
    DeletePartition: {
      authorize: on("DeletePartition"),
      run({ DatabaseName, TableName, PartitionValues }) {
        const table = catalog.findTable(DatabaseName, TableName);
        if (!catalog.removePartition(table, PartitionValues)) throw missing("Cannot find partition.");
        return {};
      },
    },
  };
}

function checkValues({ PartitionKeys = [] }: Table, values: string[]): void {
  if (values?.length === PartitionKeys.length) return;
  throw new AwsError(
    "InvalidInputException",
    "The number of partition keys do not match the number of partition values",
  );
}

function exists(message: string): AwsError {
  return new AwsError("AlreadyExistsException", message);
}

const MOST = 100;

function pageOf<T>(all: T[], { NextToken, MaxResults = MOST }: { NextToken?: string; MaxResults?: number }) {
  const from = Number(NextToken ?? 0);
  const until = from + Math.min(MaxResults, 1000);
  return { items: all.slice(from, until), NextToken: until < all.length ? String(until) : undefined };
}

/** A regular expression over whole names, in which `*` stands for anything. */
function expressionOf(text: string): RegExp {
  try {
    return new RegExp(`^(${text.replaceAll("*", ".*")})$`);
  } catch {
    throw new AwsError("InvalidInputException", `The expression ${text} is not a regular expression.`);
  }
}
