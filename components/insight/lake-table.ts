/** A table of a data lake: its columns, and partitions by tenant and day that nobody has to register. */
import type * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkForm, InvalidArgumentError } from "../invalid-argument.ts";

export interface LakeTable {
  /** Athena's type by column, in lower case: `{ kind: "string", bytes: "bigint" }`. JSON names are found in any case. */
  columns: Record<string, string>;
  /** `parquet` scans a fraction of what JSON does, and costs a conversion at delivery. @default "json" */
  format?: "json" | "parquet";
  description?: string;
}

interface Place {
  databaseName: pulumi.Input<string>;
  bucketName: pulumi.Input<string>;
  /** First day that queries look for, `2026-01-01`. */
  firstDay: string;
}

/** Where the objects of a tenant stand: all of a tenant's data is below one prefix, for IAM and for its deletion. */
export const tenantPrefix = (tenant: string): string => `tenants/${tenant}/`;

const FORMATS = {
  json: {
    inputFormat: "org.apache.hadoop.mapred.TextInputFormat",
    outputFormat: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    serDeInfo: {
      serializationLibrary: "org.openx.data.jsonserde.JsonSerDe",
      // One broken line is no reason to refuse the day.
      parameters: { "ignore.malformed.json": "true" },
    },
  },
  parquet: {
    inputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    outputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    serDeInfo: {
      serializationLibrary: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
      parameters: { "serialization.format": "1" },
    },
  },
};

/** Athena works the partitions out of the query: a new tenant or day needs no crawler and no registration. */
export function tableInputs(name: string, table: LakeTable, place: Place): aws.glue.CatalogTableArgs {
  const { bucketName, databaseName, firstDay } = place;
  const format = table.format ?? "json";
  return {
    name,
    databaseName,
    description: table.description,
    tableType: "EXTERNAL_TABLE",
    partitionKeys: [
      { name: "tenant", type: "string" },
      { name: "day", type: "string" },
    ],
    storageDescriptor: {
      ...FORMATS[format],
      location: pulumi.interpolate`s3://${bucketName}/tenants/`,
      columns: Object.entries(table.columns).map(([column, type]) => ({ name: column, type })),
    },
    parameters: {
      EXTERNAL: "TRUE",
      classification: format,
      "projection.enabled": "true",
      // A query has to name its tenants: who they are is nowhere listed.
      "projection.tenant.type": "injected",
      "projection.day.type": "date",
      "projection.day.format": "yyyy-MM-dd",
      "projection.day.range": `${firstDay},NOW`,
      "projection.day.interval": "1",
      "projection.day.interval.unit": "DAYS",
      "storage.location.template": pulumi.interpolate`s3://${bucketName}/${tenantPrefix("${tenant}")}${name}/day=$\{day}/`,
    },
  };
}

/** How much came in per day: the question that every table answers. */
export const perDay = (table: string): string =>
  `SELECT day, count(*) AS records FROM ${table} WHERE tenant = ? AND day BETWEEN ? AND ? GROUP BY day ORDER BY day`;

const TYPE =
  /^(string|boolean|tinyint|smallint|int|bigint|float|double|date|timestamp|decimal\(\d{1,2},\d{1,2}\)|(array|map|struct)<.+>)$/;
const NAME = /^[a-z][a-z0-9_]{0,254}$/;

export function checkTable(component: string, name: string, { columns, format }: LakeTable): void {
  const at = `tables.${name}`;
  checkForm(component, at, name, NAME, "a name of lower-case letters, digits and _");
  if (format !== undefined && !(format in FORMATS)) {
    throw new InvalidArgumentError(component, `${at}.format`, format, "it has to be json or parquet");
  }
  if (Object.keys(columns ?? {}).length === 0) {
    throw new InvalidArgumentError(component, `${at}.columns`, columns, "name at least one column and its type");
  }
  for (const [column, type] of Object.entries(columns)) {
    checkForm(component, `${at}.columns.${column}`, column, NAME, "a name of lower-case letters, digits and _");
    if (column === "tenant" || column === "day") {
      throw new InvalidArgumentError(
        component,
        `${at}.columns`,
        column,
        "that is the partition's name; call the column otherwise",
      );
    }
    checkForm(
      component,
      `${at}.columns.${column}`,
      type,
      TYPE,
      "a type of Athena's, such as string, bigint, timestamp or array<string>",
    );
  }
}

/** A saved query names its tenants, or Athena refuses it. */
export function checkQuery(component: string, name: string, sql: string): void {
  const at = `queries.${name}`;
  checkForm(component, at, name, /^[\w-]{1,128}$/, "a name of 1 to 128 letters, digits, _ or -");
  if (sql.length > 262_144)
    throw new InvalidArgumentError(component, at, sql.length, "Athena takes at most 262144 characters");
  if (!/\btenant\s*(=|in\b)/i.test(sql)) {
    throw new InvalidArgumentError(component, at, sql.slice(0, 80), "say for whom: WHERE tenant = ?, or tenant IN (…)");
  }
}
