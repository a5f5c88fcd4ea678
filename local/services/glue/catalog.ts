/** Databases, tables and partitions, in the SDK's own shapes: by the program, which declares them anew, or by the API. */
import { AwsError, type Cloud } from "../../service.ts";

export interface Column {
  Name: string;
  Type?: string;
  Comment?: string;
}

export interface StorageDescriptor {
  Columns?: Column[];
  Location?: string;
  InputFormat?: string;
  OutputFormat?: string;
  SerdeInfo?: { SerializationLibrary?: string; Parameters?: Record<string, string> };
  [member: string]: unknown;
}

export interface Table {
  Name: string;
  DatabaseName: string;
  Description?: string;
  TableType?: string;
  PartitionKeys?: Column[];
  StorageDescriptor?: StorageDescriptor;
  Parameters?: Record<string, string>;
  CreateTime?: number;
  UpdateTime?: number;
  [member: string]: unknown;
}

export interface Database {
  Name: string;
  Description?: string;
  LocationUri?: string;
  Parameters?: Record<string, string>;
  CreateTime?: number;
}

export interface Partition {
  Values: string[];
  StorageDescriptor?: StorageDescriptor;
  Parameters?: Record<string, string>;
  CreationTime?: number;
}

type Kind = "database" | "table" | "partition";

/** A name within a name: `db`, `db.table`, `db.table.["a"]`, with a character between them that no name has. */
const keyOf = (...parts: string[]) => parts.join("\u001f");

export function glueCatalog({ database, clock }: Cloud) {
  database.exec(
    "CREATE TABLE IF NOT EXISTS glue_catalog (kind TEXT, key TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, key)) STRICT",
  );
  const insert = database.prepare("INSERT OR REPLACE INTO glue_catalog VALUES (?, ?, ?)");
  const one = database.prepare("SELECT body FROM glue_catalog WHERE kind = ? AND key = ?");
  const below = database.prepare(
    "SELECT body FROM glue_catalog WHERE kind = ?1 AND substr(key, 1, length(?2)) = ?2 ORDER BY key",
  );
  const drop = database.prepare("DELETE FROM glue_catalog WHERE kind = ? AND key = ?");
  const dropBelow = database.prepare("DELETE FROM glue_catalog WHERE substr(key, 1, length(?1)) = ?1");

  const read = <T>(kind: Kind, key: string): T | undefined => {
    const row = one.get(kind, key);
    return row && JSON.parse(String(row.body));
  };
  const list = <T>(kind: Kind, prefix: string): T[] =>
    below.all(kind, prefix).map(({ body }) => JSON.parse(String(body)));
  const write = (kind: Kind, key: string, value: object) => void insert.run(kind, key, JSON.stringify(value));

  function findDatabase(name: string): Database {
    const found = read<Database>("database", name.toLowerCase());
    if (found) return found;
    throw missing(`Database ${name.toLowerCase()} not found.`);
  }

  function findTable(databaseName: string, name: string): Table {
    findDatabase(databaseName);
    const found = read<Table>("table", keyOf(databaseName.toLowerCase(), name.toLowerCase()));
    if (found) return found;
    throw missing(`Table ${name.toLowerCase()} not found.`);
  }

  return {
    findDatabase,
    findTable,
    databases: () => list<Database>("database", ""),
    tables: (databaseName: string) => list<Table>("table", keyOf(findDatabase(databaseName).Name, "")),
    hasDatabase: (name: string) => read("database", name.toLowerCase()) !== undefined,
    hasTable: (databaseName: string, name: string) =>
      read("table", keyOf(databaseName.toLowerCase(), name.toLowerCase())) !== undefined,
    putDatabase(input: Database): void {
      const Name = input.Name.toLowerCase();
      const CreateTime = read<Database>("database", Name)?.CreateTime ?? clock.now();
      write("database", Name, { ...input, Name, CreateTime });
    },
    putTable(input: Table): void {
      const [DatabaseName, Name] = [findDatabase(input.DatabaseName).Name, input.Name.toLowerCase()];
      const key = keyOf(DatabaseName, Name);
      const CreateTime = read<Table>("table", key)?.CreateTime ?? clock.now();
      write("table", key, { ...input, DatabaseName, Name, CreateTime, UpdateTime: clock.now() });
    },
    removeDatabase(name: string): void {
      const { Name } = findDatabase(name);
      dropBelow.run(keyOf(Name, ""));
      drop.run("database", Name);
    },
    removeTable(databaseName: string, name: string): void {
      const { DatabaseName, Name } = findTable(databaseName, name);
      dropBelow.run(keyOf(DatabaseName, Name, ""));
      drop.run("table", keyOf(DatabaseName, Name));
    },
    partitions: ({ DatabaseName, Name }: Table) => list<Partition>("partition", keyOf(DatabaseName, Name, "")),
    partition: ({ DatabaseName, Name }: Table, values: string[]) =>
      read<Partition>("partition", keyOf(DatabaseName, Name, JSON.stringify(values))),
    putPartition({ DatabaseName, Name }: Table, partition: Partition): void {
      const key = keyOf(DatabaseName, Name, JSON.stringify(partition.Values));
      write("partition", key, { ...partition, CreationTime: clock.now() });
    },
    removePartition({ DatabaseName, Name }: Table, values: string[]): boolean {
      return drop.run("partition", keyOf(DatabaseName, Name, JSON.stringify(values))).changes > 0;
    },
  };
}

export type GlueCatalog = ReturnType<typeof glueCatalog>;

export function missing(message: string): AwsError {
  return new AwsError("EntityNotFoundException", message, 400, { Message: message });
}
