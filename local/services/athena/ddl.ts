/**
 * Statements about the catalog, done through Glue's own operations with the rights of who asks.
 *
 * Not emulated: views, CTAS, INSERT, UNLOAD, prepared statements, MSCK REPAIR TABLE, ALTER TABLE but for ADD PARTITION.
 */
import type { AwsError, Call, Cloud } from "../../service.ts";
import type { Column, Table } from "../glue/catalog.ts";
import { SqlError } from "./sql/translate.ts";
import { type ColumnInfo, columnInfo } from "./types.ts";

interface Answer {
  columns: ColumnInfo[];
  rows: (string | undefined)[][];
}

type Run = (cloud: Cloud, found: RegExpExecArray, database: string, call: Partial<Call>) => Promise<string[][]>;

const NAME = '[`"]?(?:([\\w-]+)[`"]?\\.[`"]?)?([\\w-]+)[`"]?';

const STATEMENTS: [form: RegExp, run: Run][] = [
  [
    /^CREATE\s+(?:DATABASE|SCHEMA)\s+(IF\s+NOT\s+EXISTS\s+)?[`"]?(\w+)[`"]?/i,
    async (cloud, [, isLenient, Name], _, call) => {
      await lenient(
        isLenient,
        "AlreadyExistsException",
        cloud.call("glue", "CreateDatabase", { DatabaseInput: { Name } }, call),
      );
      return [];
    },
  ],
  [
    /^DROP\s+(?:DATABASE|SCHEMA)\s+(IF\s+EXISTS\s+)?[`"]?(\w+)[`"]?(?:\s+CASCADE|\s+RESTRICT)?$/i,
    async (cloud, [, isLenient, Name], _, call) => {
      await lenient(isLenient, "EntityNotFoundException", cloud.call("glue", "DeleteDatabase", { Name }, call));
      return [];
    },
  ],
  [
    new RegExp(`^CREATE\\s+EXTERNAL\\s+TABLE\\s+(IF\\s+NOT\\s+EXISTS\\s+)?${NAME}\\s*\\(`, "i"),
    async (cloud, found, database, call) => {
      const [, isLenient, DatabaseName = database, Name = ""] = found;
      const TableInput = tableOf(Name, found.input);
      await lenient(
        isLenient,
        "AlreadyExistsException",
        cloud.call("glue", "CreateTable", { DatabaseName, TableInput }, call),
      );
      return [];
    },
  ],
  [
    new RegExp(`^DROP\\s+TABLE\\s+(IF\\s+EXISTS\\s+)?${NAME}$`, "i"),
    async (cloud, [, isLenient, DatabaseName = "", Name], database, call) => {
      const request = { DatabaseName: DatabaseName || database, Name };
      await lenient(isLenient, "EntityNotFoundException", cloud.call("glue", "DeleteTable", request, call));
      return [];
    },
  ],
  [
    new RegExp(`^ALTER\\s+TABLE\\s+${NAME}\\s+ADD\\s+(IF\\s+NOT\\s+EXISTS\\s+)?(PARTITION[\\s\\S]*)$`, "i"),
    async (cloud, [, owner, TableName, isLenient, rest = ""], database, call) => {
      const DatabaseName = owner ?? database;
      const { Table } = await cloud.call("glue", "GetTable", { DatabaseName, Name: TableName }, call);
      for (const [, spec = "", location] of rest.matchAll(/PARTITION\s*\(([^)]*)\)(?:\s*LOCATION\s*'([^']*)')?/gi)) {
        const pairs = [...spec.matchAll(/[`"]?(\w+)[`"]?\s*=\s*'?([^',]*)'?/g)].map(([, key, value]) => [key, value]);
        const path = pairs.map(([key, value]) => `${key}=${value}/`).join("");
        const Location = location ?? `${Table.StorageDescriptor.Location.replace(/\/?$/, "/")}${path}`;
        const PartitionInput = {
          Values: pairs.map(([, value]) => value),
          StorageDescriptor: { ...Table.StorageDescriptor, Location },
        };
        const request = { DatabaseName, TableName, PartitionInput };
        await lenient(isLenient, "AlreadyExistsException", cloud.call("glue", "CreatePartition", request, call));
      }
      return [];
    },
  ],
  [
    /^SHOW\s+(?:DATABASES|SCHEMAS)$/i,
    async (cloud, _found, _database, call) => {
      const { DatabaseList } = await cloud.call("glue", "GetDatabases", {}, call);
      return DatabaseList.map(({ Name }: { Name: string }) => [Name]);
    },
  ],
  [
    /^SHOW\s+TABLES(?:\s+IN\s+[`"]?(\w+)[`"]?)?$/i,
    async (cloud, [, owner], database, call) => {
      const { TableList } = await cloud.call("glue", "GetTables", { DatabaseName: owner ?? database }, call);
      return TableList.map(({ Name }: Table) => [Name]);
    },
  ],
  [
    new RegExp(`^SHOW\\s+PARTITIONS\\s+${NAME}$`, "i"),
    async (cloud, [, owner, Name], database, call) => {
      const DatabaseName = owner ?? database;
      const { Table } = await cloud.call("glue", "GetTable", { DatabaseName, Name }, call);
      const { Partitions } = await cloud.call("glue", "GetPartitions", { DatabaseName, TableName: Name }, call);
      const keys = Table.PartitionKeys as Column[];
      return Partitions.map(({ Values }: { Values: string[] }) => [
        keys.map((key, index) => `${key.Name}=${Values[index]}`).join("/"),
      ]);
    },
  ],
  [
    new RegExp(`^DESCRIBE\\s+${NAME}$`, "i"),
    async (cloud, [, owner, Name], database, call) => {
      const { Table } = await cloud.call("glue", "GetTable", { DatabaseName: owner ?? database, Name }, call);
      const { StorageDescriptor, PartitionKeys } = Table as Table;
      return [...(StorageDescriptor?.Columns ?? []), ...(PartitionKeys ?? [])].map(({ Name, Type = "string" }) => [
        `${Name.padEnd(20)}\t${Type.padEnd(20)}\t`,
      ]);
    },
  ],
];

export async function runDdl(cloud: Cloud, sql: string, database: string, call: Partial<Call>): Promise<Answer> {
  const text = sql
    .replace(/--[^\n]*/g, "")
    .trim()
    .replace(/;$/, "")
    .trim();
  for (const [form, run] of STATEMENTS) {
    const found = form.exec(text);
    if (!found) continue;
    try {
      return { columns: [columnInfo("result", "VARCHAR")], rows: await run(cloud, found, database, call) };
    } catch (error) {
      const { code, message } = error as AwsError;
      if (!code) throw error;
      throw new SqlError(
        "FAILED",
        `Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. ${code}: ${message}`,
      );
    }
  }
  const [word = ""] = text.split(/\s+/);
  throw new SqlError("NOT_SUPPORTED", `line 1:1: ${word.toUpperCase()} in this form does not run on this machine`);
}

async function lenient(isLenient: string | undefined, code: string, doing: Promise<unknown>): Promise<void> {
  await doing.catch((error: AwsError) => {
    if (!isLenient || error.code !== code) throw error;
  });
}

const SERDES: Record<string, string> = {
  PARQUET: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
  TEXTFILE: "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
};

function tableOf(Name: string, sql: string) {
  const open = sql.indexOf("(");
  const [, serde] = /ROW\s+FORMAT\s+SERDE\s+'([^']+)'/i.exec(sql) ?? [];
  const [, stored = "TEXTFILE"] = /STORED\s+AS\s+(\w+)/i.exec(sql) ?? [];
  const [, delimiter] = /FIELDS\s+TERMINATED\s+BY\s+'([^']+)'/i.exec(sql) ?? [];
  const [, Location] = /LOCATION\s+'([^']+)'/i.exec(sql) ?? [];
  const by = /PARTITIONED\s+BY\s*\(/i.exec(sql);
  return {
    ...{ Name, TableType: "EXTERNAL_TABLE" },
    PartitionKeys: by ? columnsAt(sql, by.index + by[0].length - 1) : [],
    Parameters: { EXTERNAL: "TRUE", ...propertiesAt(sql, /TBLPROPERTIES\s*\(/i) },
    StorageDescriptor: {
      ...{ Columns: columnsAt(sql, open), Location },
      SerdeInfo: {
        SerializationLibrary: serde ?? SERDES[stored.toUpperCase()],
        Parameters: {
          ...propertiesAt(sql, /SERDEPROPERTIES\s*\(/i),
          ...(delimiter && { "field.delim": delimiter.replace("\\t", "\t") }),
        },
      },
    },
  };
}

function inside(sql: string, open: number): string {
  let depth = 0;
  for (let at = open; at < sql.length; at++) {
    if (sql[at] === "(") depth++;
    if (sql[at] === ")" && --depth === 0) return sql.slice(open + 1, at);
  }
  throw new SqlError("FAILED", "ParseException: missing ')'");
}

function columnsAt(sql: string, open: number): Column[] {
  const columns: Column[] = [];
  const form =
    /\s*[`"]?(\w+)[`"]?\s+((?:[^,<('\s]|<(?:[^<>]|<[^<>]*>)*>|\([^)]*\))+)(?:\s+COMMENT\s+'([^']*)')?\s*(?:,|$)/gi;
  for (const [, Name = "", Type = "", Comment] of inside(sql, open).matchAll(form)) {
    columns.push({ Name: Name.toLowerCase(), Type: Type.toLowerCase(), Comment });
  }
  return columns;
}

function propertiesAt(sql: string, form: RegExp): Record<string, string> {
  const found = form.exec(sql);
  if (!found) return {};
  const text = inside(sql, found.index + found[0].length - 1);
  return Object.fromEntries(
    [...text.matchAll(/['"]([^'"]+)['"]\s*=\s*['"]([^'"]*)['"]/g)].map(([, key, value]) => [key, value]),
  );
}
