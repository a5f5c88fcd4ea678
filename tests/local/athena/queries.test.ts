/** Athena through its SDK: questions to a lake as the component declares it. */
import { gzipSync } from "node:zlib";
import {
  GetNamedQueryCommand,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  ListNamedQueriesCommand,
  ListQueryExecutionsCommand,
  StopQueryExecutionCommand,
} from "@aws-sdk/client-athena";
import { CreateBucketCommand, GetObjectCommand } from "@aws-sdk/client-s3";
import { eventually } from "../lambda/fixture.ts";
import { type AthenaCloud, lines, startAthena } from "./fixture.ts";

let cloud: AthenaCloud;

beforeAll(async () => {
  cloud = await startAthena();
  await cloud.put(
    "tenants/acme/requests/day=2026-03-01/a.json",
    lines({ route: "/albums", milliseconds: 12.5, status: 200 }, { Route: "/photos", milliseconds: 7, status: 404 }),
  );
  await cloud.put(
    "tenants/acme/requests/day=2026-03-02/b.json.gz",
    gzipSync(lines({ route: "/albums", milliseconds: 3 })),
  );
  await cloud.put("tenants/globex/requests/day=2026-03-01/c.json", lines({ route: "/secret", milliseconds: 1 }));
});

afterAll(() => cloud.stop());

const only = async (sql: string) => (await cloud.ask(sql)).rows[1]?.[0];

describe("a query", () => {
  it("reads JSON of the tenant and the days that it names, packed or not, and counts what it read", async () => {
    const { rows, types, execution } = await cloud.ask(
      "SELECT day, route, milliseconds, status FROM requests WHERE tenant = 'acme' AND day >= '2026-03-01' ORDER BY day, route",
    );

    expect(rows).toEqual([
      ["day", "route", "milliseconds", "status"],
      ["2026-03-01", "/albums", "12.5", "200"],
      ["2026-03-01", "/photos", "7.0", "404"],
      ["2026-03-02", "/albums", "3.0", undefined],
    ]);
    expect(types).toEqual(["varchar", "varchar", "double", "integer"]);
    expect(execution.Statistics?.DataScannedInBytes).toBeGreaterThan(100);
    expect(execution).toMatchObject({ StatementType: "DML", WorkGroup: "usage", Status: { State: "SUCCEEDED" } });
  });

  it("of a day reads no other day's objects", async () => {
    const one = await cloud.ask("SELECT count(*) AS n FROM requests WHERE tenant = 'acme' AND day = '2026-03-02'");
    const both = await cloud.ask("SELECT count(*) AS n FROM requests WHERE tenant = 'acme'");

    expect(one.rows).toEqual([["n"], ["1"]]);
    expect(both.rows[1]).toEqual(["3"]);
    expect(one.execution.Statistics!.DataScannedInBytes!).toBeLessThan(both.execution.Statistics!.DataScannedInBytes!);
  });

  it("saved with the lake runs with its parameters", async () => {
    const { NamedQueryIds } = await cloud.client.send(new ListNamedQueriesCommand({ WorkGroup: "usage.acme" }));
    const { NamedQuery } = await cloud.client.send(new GetNamedQueryCommand({ NamedQueryId: NamedQueryIds![0] }));

    const { rows } = await cloud.ask(NamedQuery!.QueryString!, {
      ExecutionParameters: ["acme", "2026-03-01", "2026-03-31"],
      WorkGroup: "usage.acme",
    });

    expect(NamedQuery!.Name).toBe("requests-per-day");
    expect(rows).toEqual([
      ["day", "records"],
      ["2026-03-01", "2"],
      ["2026-03-02", "1"],
    ]);
  });

  it("joins tenants that it names one by one", async () => {
    const { rows } = await cloud.ask(`
      WITH all_of_them AS (SELECT tenant, route FROM usage.requests WHERE tenant IN ('acme', 'globex'))
      SELECT a.tenant, count(*) FROM all_of_them a GROUP BY 1 ORDER BY 1`);

    expect(rows).toEqual([
      ["tenant", "_col1"],
      ["acme", "3"],
      ["globex", "1"],
    ]);
  });

  it("that does not say for whom is refused", async () => {
    const { execution } = await cloud.ask("SELECT count(*) FROM requests");

    expect(execution.Status).toMatchObject({
      State: "FAILED",
      StateChangeReason: expect.stringContaining(
        "CONSTRAINT_VIOLATION: For the injected projected partition column tenant",
      ),
    });
  });

  it.each([
    [
      "SELECT nothing FROM requests WHERE tenant = 'acme'",
      "COLUMN_NOT_FOUND: line 1:8: Column 'nothing' cannot be resolved",
    ],
    ["SELECT 1\nFROM missing", "TABLE_NOT_FOUND: line 2:6: Table 'awsdatacatalog.usage.missing' does not exist"],
    ["SELECT 1 FROM other.requests", "SCHEMA_NOT_FOUND: line 1:15: Schema 'other' does not exist"],
    ["SELECT no_such_function(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'no_such_function' not registered"],
    ["SELECT 1 FROM FROM", "SYNTAX_ERROR: line 1:15: mismatched input 'FROM'"],
    ["SELECT CAST('a' AS integer)", "INVALID_CAST_ARGUMENT: Cannot cast 'a' to INT"],
    ["SELECT ? + ?", "INVALID_PARAMETER_USAGE: line 1:8: Incorrect number of parameters: expected 2 but found 0"],
  ])("that is wrong fails in Athena's words: %s", async (sql, reason) => {
    const { Status } = (await cloud.ask(sql)).execution;

    expect(Status?.State).toBe("FAILED");
    expect(Status?.StateChangeReason).toContain(reason);
  });

  it("sees no file of this machine", async () => {
    const { Status } = (await cloud.ask("SELECT * FROM read_text('/etc/hostname')")).execution;

    expect(Status?.State).toBe("FAILED");
    expect(Status?.StateChangeReason).toMatch(/disabled|permission/i);
  });

  it("cannot write", async () => {
    const { Status } = (await cloud.ask("WITH x AS (SELECT 1) INSERT INTO requests SELECT 1, 2, 3, 4, 5")).execution;

    expect(Status).toMatchObject({ State: "FAILED" });
  });
});

describe("Presto's functions", () => {
  it.each([
    ["date_parse('2026-03-04 05:06', '%Y-%m-%d %H:%i')", "2026-03-04 05:06:00.000"],
    ["date_format(timestamp '2026-03-04 05:06:07', '%d.%m.%Y %H:%i:%s')", "04.03.2026 05:06:07"],
    ["format_datetime(timestamp '2026-03-04 05:06:07', 'yyyy-MM-dd HH:mm')", "2026-03-04 05:06"],
    ["parse_datetime('04/03/2026', 'dd/MM/yyyy')", "2026-03-04 00:00:00.000"],
    ["from_iso8601_timestamp('2026-03-04T05:06:07Z')", "2026-03-04 05:06:07.000 UTC"],
    ["date_trunc('month', date '2026-03-04')", "2026-03-01"],
    ["date_add('day', 2, date '2026-03-04')", "2026-03-06"],
    ["date_diff('day', date '2026-03-01', date '2026-03-04')", "3"],
    ["json_extract_scalar('{\"a\":{\"b\":5}}', '$.a.b')", "5"],
    ["element_at(array[7, 8], 2)", "8"],
    ["element_at(map(array['k'], array[9]), 'k')", "9"],
    ["cardinality(array[1, 2, 3])", "3"],
    ["split_part('a-b-c', '-', 2)", "b"],
    ["if(1 > 2, 'yes', 'no')", "no"],
    ["if(1 > 2, 'yes')", undefined],
    ["try(cast('x' as integer))", undefined],
    ["try_cast('12' as bigint)", "12"],
    ["approx_distinct(x) FROM (VALUES (1), (1), (2)) v(x)", "2"],
    ["array_join(array['a', 'b'], '/')", "a/b"],
    ["regexp_like('photo.jpg', '\\.jpg$')", "true"],
    ["regexp_replace('a1b2', '[0-9]', '')", "ab"],
    ["7 / 2", "3"],
    ["cast(array['a'] as array(varchar))", "[a]"],
    ["to_unixtime(timestamp '1970-01-01 00:01:00')", "60.0"],
    ["transform(array[1, 2], x -> x * 2)", "[2, 4]"],
    ["url_extract_host('https://acme.example.com/x')", "acme.example.com"],
    ["cast(row(1, 'a') as row(n integer, s varchar)).s", "a"],
    ["1e10", "1.0E10"],
  ])("%s", async (expression, expected) => {
    const { execution, rows } = await cloud.ask(`SELECT ${expression}`);

    expect(execution.Status?.StateChangeReason).toBeUndefined();
    expect(rows[1]?.[0]).toBe(expected);
  });

  it("tell times with a zone in UTC, wherever the machine stands", async () => {
    const { DuckDBTimestampTZValue } = await import("@duckdb/node-api");
    // What DuckDB's package reads from the machine when it loads.
    DuckDBTimestampTZValue.timezoneOffsetInMinutes = -300;
    expect(await only("SELECT from_iso8601_timestamp('2026-03-04T05:06:07Z')")).toBe("2026-03-04 05:06:07.000 UTC");
  });

  it("take the time from the cloud's clock", async () => {
    const before = new Date(cloud.clock.now()).toISOString().slice(0, 10);
    expect(await only("SELECT cast(current_date as varchar)")).toBe(before);
    expect(await only("SELECT cast(now() as date)")).toBe(before);
  });
});

describe("results", () => {
  it("stand in S3 as CSV with every value in quotes", async () => {
    const { execution } = await cloud.ask('SELECT \'a "b"\' AS "text", cast(null as varchar) AS nothing, 1 AS one');
    const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.*)$/.exec(execution.ResultConfiguration!.OutputLocation!)!;

    const { Body } = await cloud.objects.send(new GetObjectCommand({ Bucket, Key }));

    expect(Bucket).toBe(cloud.results);
    expect(Key).toBe(`platform/${execution.QueryExecutionId}.csv`);
    expect(await Body!.transformToString()).toBe('"text","nothing","one"\n"a ""b""",,"1"\n');
  });

  it("come in pages, with the names in the first", async () => {
    const { execution } = await cloud.ask("SELECT x FROM unnest(sequence(1, 5)) AS t(x)");
    const { QueryExecutionId } = execution;
    const values: (string | undefined)[][] = [];
    for (let NextToken: string | undefined, isFirst = true; isFirst || NextToken; isFirst = false) {
      const page = await cloud.client.send(new GetQueryResultsCommand({ QueryExecutionId, NextToken, MaxResults: 4 }));
      values.push(page.ResultSet!.Rows!.map(({ Data }) => Data![0]!.VarCharValue));
      NextToken = page.NextToken;
    }

    expect(values).toEqual([
      ["x", "1", "2", "3"],
      ["4", "5"],
    ]);
  });

  it("go where the workgroup says, whatever the caller wants", async () => {
    const { execution } = await cloud.ask("SELECT 1", { ResultConfiguration: { OutputLocation: "s3://elsewhere/" } });

    expect(execution.ResultConfiguration?.OutputLocation).toContain(`s3://${cloud.results}/platform/`);
  });

  it("need a place", async () => {
    await expect(cloud.start("SELECT 1", { WorkGroup: "primary" })).rejects.toMatchObject({
      name: "InvalidRequestException",
      message: expect.stringContaining("No output location provided."),
    });
    await cloud.objects.send(new CreateBucketCommand({ Bucket: "own-place" }));
    const own = { WorkGroup: "primary", ResultConfiguration: { OutputLocation: "s3://own-place/x" } };
    const { execution } = await cloud.ask("SELECT 1", own);
    expect(execution.ResultConfiguration?.OutputLocation).toMatch(/^s3:\/\/own-place\/x\/.+\.csv$/);
  });

  it("of a query that was stopped there are none", async () => {
    const id = await cloud.start(
      "SELECT count(*) FROM unnest(sequence(1, 100000)) a(x), unnest(sequence(1, 100000)) b(y)",
    );
    await cloud.client.send(new StopQueryExecutionCommand({ QueryExecutionId: id }));
    await expect(cloud.client.send(new GetQueryResultsCommand({ QueryExecutionId: id }))).rejects.toMatchObject({
      name: "InvalidRequestException",
    });
    const read = () => cloud.client.send(new GetQueryExecutionCommand({ QueryExecutionId: id }));
    const { QueryExecution } = await eventually(read, (found) => found.QueryExecution?.Status?.State !== "RUNNING");
    expect(QueryExecution?.Status).toMatchObject({ State: "CANCELLED", StateChangeReason: "Query cancelled by user" });
    const { QueryExecutionIds } = await cloud.client.send(new ListQueryExecutionsCommand({ WorkGroup: "usage" }));
    expect(QueryExecutionIds![0]).toBe(id);
  });

  it("of a query that runs when the platform stops there are none, and the stop does not wait for its end", async () => {
    const other = await startAthena();
    const id = await other.start(
      "SELECT count(*) FROM unnest(sequence(1, 100000)) a(x), unnest(sequence(1, 100000)) b(y)",
    );
    const read = () => other.client.send(new GetQueryExecutionCommand({ QueryExecutionId: id }));
    await eventually(read, (found) => found.QueryExecution?.Status?.State === "RUNNING");

    await expect(other.stop()).resolves.toBeUndefined();
  });

  it("are those of the first call, where the same token comes again", async () => {
    const more = { ClientRequestToken: "0123456789012345678901234567890123456789" };
    const first = await cloud.start("SELECT 1", more);

    expect(await cloud.start("SELECT 1", more)).toBe(first);
    await expect(cloud.start("SELECT 2", more)).rejects.toMatchObject({
      message: "Idempotent parameters do not match",
    });
  });
});
