/** What a query reads is what the caller may read; tables are Glue's. */
import { CreateWorkGroupCommand } from "@aws-sdk/client-athena";
import {
  BatchCreatePartitionCommand,
  CreateTableCommand,
  GetPartitionsCommand,
  GetTablesCommand,
} from "@aws-sdk/client-glue";
import { type AthenaCloud, lines, startAthena } from "./fixture.ts";

let cloud: AthenaCloud;

beforeAll(async () => {
  cloud = await startAthena();
  for (const tenant of ["acme", "globex"]) {
    await cloud.put(`tenants/${tenant}/requests/day=2026-03-01/a.json`, lines({ route: `/${tenant}`, status: 200 }));
  }
});

afterAll(() => cloud.stop());

const sql = (tenant: string) => `SELECT route FROM requests WHERE tenant = '${tenant}' AND day = '2026-03-01'`;
const GROUP = "arn:aws:athena:eu-west-1:000000000000:workgroup/usage.acme";
const GLUE = ["catalog", "database/usage", "table/usage/*"].map(
  (path) => `arn:aws:glue:eu-west-1:000000000000:${path}`,
);

/** As the component grants them to a tenant. */
const grants = (tenant: string) => {
  const data = `arn:aws:s3:::${cloud.bucket}`;
  const results = `arn:aws:s3:::${cloud.results}/tenants/${tenant}/*`;
  return {
    athena: { Effect: "Allow", Action: ["athena:StartQueryExecution", "athena:GetQueryResults"], Resource: GROUP },
    glue: { Effect: "Allow", Action: ["glue:GetTable", "glue:GetDatabase"], Resource: GLUE },
    list: {
      ...{ Effect: "Allow", Action: "s3:ListBucket", Resource: data },
      Condition: { StringLike: { "s3:prefix": `tenants/${tenant}/*` } },
    },
    read: { Effect: "Allow", Action: "s3:GetObject", Resource: `${data}/tenants/${tenant}/*` },
    results: { Effect: "Allow", Action: ["s3:PutObject", "s3:GetObject"], Resource: results },
  };
};

describe("a tenant's role", () => {
  const asked = { WorkGroup: "usage.acme" };

  it("reads its own prefix and nobody else's", async () => {
    const client = await cloud.as(...Object.values(grants("acme")));

    const own = await cloud.ask(sql("acme"), asked, client);
    const other = await cloud.ask(sql("globex"), asked, client);

    expect(own.rows).toEqual([["route"], ["/acme"]]);
    expect(other.execution.Status?.State).toBe("FAILED");
    expect(other.execution.Status?.StateChangeReason).toContain(
      `Permission denied on S3 path: s3://${cloud.bucket}/tenants/globex/requests/day=2026-03-01/`,
    );
  });

  it("without a permission of Glue learns which it lacks", async () => {
    const { glue: _, ...rest } = grants("acme");
    const { execution } = await cloud.ask(sql("acme"), asked, await cloud.as(...Object.values(rest)));

    expect(execution.Status?.StateChangeReason).toContain("glue:GetTable");
  });

  it("that may not write results gets none", async () => {
    const { results: _, ...rest } = grants("acme");
    const { execution } = await cloud.ask(sql("acme"), asked, await cloud.as(...Object.values(rest)));

    expect(execution.Status?.State).toBe("FAILED");
    expect(execution.Status?.StateChangeReason).toContain("Access denied when writing output to url");
  });

  it("may not use another tenant's workgroup", async () => {
    const client = await cloud.as(...Object.values(grants("acme")));

    await expect(cloud.start("SELECT 1", { WorkGroup: "usage.globex" }, client)).rejects.toMatchObject({
      message: expect.stringContaining("athena:StartQueryExecution"),
    });
  });
});

describe("a workgroup", () => {
  it("cancels a query that would read more than it allows", async () => {
    const Configuration = {
      ...{ BytesScannedCutoffPerQuery: 10_000_000, EnforceWorkGroupConfiguration: true },
      ResultConfiguration: { OutputLocation: `s3://${cloud.results}/limited/` },
    };
    await cloud.client.send(new CreateWorkGroupCommand({ Name: "limited", Configuration }));
    await cloud.put("tenants/acme/requests/day=2026-03-02/big.json", Buffer.alloc(10_000_001, "\n"));

    const { execution } = await cloud.ask("SELECT 1 FROM requests WHERE tenant = 'acme' AND day = '2026-03-02'", {
      WorkGroup: "limited",
    });

    expect(execution.Status).toMatchObject({
      ...{ State: "CANCELLED", StateChangeReason: "Query cancelled! : Bytes scanned limit was exceeded" },
    });
  });
});

describe("a table", () => {
  it("made by DDL reads CSV, and partitions that were added to it", async () => {
    await cloud.put("csv/region=eu/a.csv", "name,price\nlens,12.5\nframe,\n");
    const ddl = `CREATE EXTERNAL TABLE IF NOT EXISTS goods (name string, price double)
      PARTITIONED BY (region string)
      ROW FORMAT DELIMITED FIELDS TERMINATED BY ','
      LOCATION 's3://${cloud.bucket}/csv/'
      TBLPROPERTIES ('skip.header.line.count'='1')`;
    expect((await cloud.ask(ddl)).execution.Status?.State).toBe("SUCCEEDED");
    expect((await cloud.ask("SELECT * FROM goods")).rows).toEqual([["name", "price", "region"]]);

    await cloud.ask("ALTER TABLE goods ADD IF NOT EXISTS PARTITION (region = 'eu')");

    expect((await cloud.ask("SELECT * FROM goods ORDER BY name")).rows).toEqual([
      ["name", "price", "region"],
      ["frame", undefined, "eu"],
      ["lens", "12.5", "eu"],
    ]);
    expect((await cloud.ask("SHOW PARTITIONS goods")).rows).toEqual([["region=eu"]]);
    expect((await cloud.ask("SHOW TABLES")).rows).toEqual([["goods"], ["requests"]]);
    await cloud.ask("DROP TABLE goods");
    expect((await cloud.ask("SELECT * FROM goods")).execution.Status?.StateChangeReason).toContain("TABLE_NOT_FOUND");
  });

  it("made by Glue's API reads Parquet, with partitions of an enum and of numbers that it projects", async () => {
    const { DuckDBInstance } = await import("@duckdb/node-api");
    const { mkdtempSync, readFileSync, rmSync } = await import("node:fs");
    const { tmpdir } = await import("node:os");
    const { join } = await import("node:path");
    const folder = mkdtempSync(join(tmpdir(), "terrace-parquet-"));
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    await connection.run(`COPY (SELECT 5 AS n, ['a', 'b'] AS tags) TO '${folder}/x.parquet' (FORMAT parquet)`);
    connection.closeSync();
    instance.closeSync();
    await cloud.put("parquet/eu/07/x.parquet", readFileSync(join(folder, "x.parquet")));
    rmSync(folder, { recursive: true });
    const TableInput = {
      Name: "counts",
      PartitionKeys: [
        { Name: "region", Type: "string" },
        { Name: "month", Type: "int" },
      ],
      Parameters: {
        "projection.enabled": "true",
        "projection.region.type": "enum",
        "projection.region.values": "eu,us",
        "projection.month.type": "integer",
        "projection.month.range": "1,12",
        "projection.month.digits": "2",
        "storage.location.template": `s3://${cloud.bucket}/parquet/\${region}/\${month}/`,
      },
      StorageDescriptor: {
        Columns: [
          { Name: "n", Type: "bigint" },
          { Name: "tags", Type: "array<string>" },
          { Name: "later", Type: "string" },
        ],
        Location: `s3://${cloud.bucket}/parquet/`,
        SerdeInfo: { SerializationLibrary: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe" },
      },
    };
    await cloud.catalog.send(new CreateTableCommand({ DatabaseName: "usage", TableInput }));

    const { rows, types } = await cloud.ask("SELECT n, tags, later, region, month FROM counts WHERE month = 7");

    expect(rows[1]).toEqual(["5", "[a, b]", undefined, "eu", "7"]);
    expect(types).toEqual(["bigint", "array", "varchar", "varchar", "integer"]);
    const { TableList } = await cloud.catalog.send(new GetTablesCommand({ DatabaseName: "usage", Expression: "c*" }));
    expect(TableList?.map(({ Name }) => Name)).toEqual(["counts"]);
  });

  it("has each partition once", async () => {
    const StorageDescriptor = { Columns: [{ Name: "a", Type: "string" }], Location: `s3://${cloud.bucket}/p/` };
    const TableInput = { Name: "parts", PartitionKeys: [{ Name: "p", Type: "string" }], StorageDescriptor };
    await cloud.catalog.send(new CreateTableCommand({ DatabaseName: "usage", TableInput }));
    const table = { DatabaseName: "usage", TableName: "parts" };
    const PartitionInputList = [{ Values: ["x"], StorageDescriptor }];
    const create = () => cloud.catalog.send(new BatchCreatePartitionCommand({ ...table, PartitionInputList }));

    expect((await create()).Errors).toEqual([]);
    expect((await create()).Errors?.[0]?.ErrorDetail?.ErrorCode).toBe("AlreadyExistsException");
    const { Partitions } = await cloud.catalog.send(new GetPartitionsCommand(table));
    expect(Partitions?.map(({ Values }) => Values)).toEqual([["x"]]);
    await expect(
      cloud.catalog.send(new CreateTableCommand({ DatabaseName: "usage", TableInput })),
    ).rejects.toMatchObject({ name: "AlreadyExistsException" });
  });
});
