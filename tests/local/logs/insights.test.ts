import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeQueryDefinitionsCommand,
  GetLogRecordCommand,
  GetQueryResultsCommand,
  PutLogEventsCommand,
  PutQueryDefinitionCommand,
  StartQueryCommand,
  type StartQueryRequest,
  StopQueryCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { QUERIES } from "../../../components/insight/saved-queries.ts";
import { manualClock } from "../../../local/clock.ts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { logs } from "../../../local/services/logs/index.ts";
import { parseQuery } from "../../../local/services/logs/insights/parse.ts";
import { resource } from "../resource.ts";
import { roleWith } from "../role-with.ts";

const START = Math.floor(Date.now() / 3_600_000) * 3_600_000;
const clock = manualClock(START);
let cloud: RunningCloud;
let client: CloudWatchLogsClient;

beforeAll(async () => {
  cloud = await startCloud({ clock, services: { logs } });
  client = new CloudWatchLogsClient(cloud.client());
  await write("app", [
    '{"level":"INFO","tenantId":"acme","Latency":10,"items":[{"id":"a"}],"message":"one"}',
    '{"level":"ERROR","tenantId":"globex","Latency":250,"error":{"name":"Timeout"},"message":"two, refused"}',
    '{"level":"ERROR","tenantId":"acme","Latency":90,"error":{"name":"Conflict"},"ok":false,"message":"three"}',
    "user=ann took 12 ms for /albums",
    "user=bob took 340 ms for /photos",
  ]);
});
afterAll(async () => {
  client.destroy();
  await cloud.stop();
});

/** One line each minute. */
async function write(logGroupName: string, lines: string[], by: CloudWatchLogsClient = client): Promise<void> {
  await by.send(new CreateLogGroupCommand({ logGroupName }));
  await by.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "s" }));
  const logEvents = lines.map((message, index) => ({ message, timestamp: START + index * 60_000 }));
  await by.send(new PutLogEventsCommand({ logGroupName, logStreamName: "s", logEvents }));
}

const startOf = (queryString: string, more: Partial<StartQueryRequest> = {}) =>
  client.send(
    new StartQueryCommand({
      ...{ queryString, startTime: START / 1000, endTime: START / 1000 + 3600 },
      ...(more.logGroupNames ? {} : { logGroupName: "app" }),
      ...more,
    }),
  );

async function resultsOf(queryId: string | undefined) {
  for (;;) {
    const found = await client.send(new GetQueryResultsCommand({ queryId }));
    if (found.status !== "Running" && found.status !== "Scheduled") return found;
  }
}

/** Rows as records, without their pointers. */
async function ask(query: string, more?: Partial<StartQueryRequest>): Promise<Record<string, string>[]> {
  const { queryId } = await startOf(query, more);
  const { results = [], status } = await resultsOf(queryId);
  expect(status).toBe("Complete");
  return results.map((row) =>
    Object.fromEntries(row.filter(({ field }) => field !== "@ptr").map(({ field, value }) => [field!, value!])),
  );
}

/** The first column of each row. */
const first = async (query: string) => (await ask(query)).map((row) => Object.values(row)[0]);

describe("Logs Insights", () => {
  it("shows time and message of the newest lines first, where nothing else is asked for", async () => {
    const [newest, ...rest] = await ask("limit 3");
    const time = new Date(START + 4 * 60_000).toISOString().replace("T", " ").replace("Z", "");
    expect(newest).toEqual({ "@timestamp": time, "@message": "user=bob took 340 ms for /photos" });
    expect(rest).toHaveLength(2);
  });

  const FILTERS: [condition: string, messages: string[]][] = [
    ['level = "ERROR"', ["two, refused", "three"]],
    ["level = 'ERROR' and tenantId != 'acme'", ["two, refused"]],
    ["Latency > 50 and Latency <= 250", ["two, refused", "three"]],
    ['level in ["ERROR", "FATAL"] and not tenantId = "acme"', ["two, refused"]],
    ['tenantId not in ["acme"] and ispresent(level)', ["two, refused"]],
    ["message like /^t(wo|hree)/", ["two, refused", "three"]],
    ['message like "refused"', ["two, refused"]],
    ["message =~ /ONE/i", ["one"]],
    ["message like /(?i)ONE/", ["one"]],
    ["message not like /o/ and ispresent(message)", ["three"]],
    ["error.name = 'Conflict'", ["three"]],
    ["items[0].id = 'a' or items.0.id = 'b'", ["one"]],
    ["`tenantId` = 'globex'", ["two, refused"]],
    ["ok = false", ["three"]],
    ["strlen(tenantId) * 10 = 60", ["two, refused"]],
    ["Latency / 10 - 1 = 8 # a remark\n", ["three"]],
  ];
  for (const [condition, messages] of FILTERS) {
    it(`filters by ${condition}`, async () => {
      expect(await first(`filter ${condition} | sort @timestamp asc | display message`)).toEqual(messages);
    });
  }

  it("parses lines with globs and with regular expressions, for what comes after", async () => {
    const rows = await ask(
      "parse @message 'user=* took * ms for *' as user, ms, path | filter ms > 100 | display user, ms, path",
    );
    expect(rows).toEqual([{ user: "bob", ms: "340", path: "/photos" }]);
    expect(
      await ask(
        String.raw`parse @message /user=(?<who>\w+) took (?<ms>\d+)/ | filter ispresent(who) | stats sum(ms) as ms, count(*) by 1 + 1 as two`,
      ),
    ).toEqual([{ two: "2", ms: "352", "count(*)": "2" }]);
  });

  it("counts, sums and averages by fields and by time", async () => {
    const rows = await ask(
      "filter ispresent(Latency) | stats count(*) as n, sum(Latency) as sum, avg(Latency) as avg, min(Latency) as min, max(Latency) as max, pct(Latency, 50) as p50, count_distinct(level) as levels, latest(message) as last by tenantId | sort n desc",
    );
    expect(rows).toEqual([
      { tenantId: "acme", n: "2", sum: "100", avg: "50", min: "10", max: "90", p50: "10", levels: "2", last: "three" },
      {
        tenantId: "globex",
        n: "1",
        sum: "250",
        avg: "250",
        min: "250",
        max: "250",
        p50: "250",
        levels: "1",
        last: "two, refused",
      },
    ]);
    const text = (minute: number) => new Date(START + minute * 60_000).toISOString().replace("T", " ").replace("Z", "");
    expect(await ask("stats count(*) by bin(2m) as time | sort time")).toEqual([
      { time: text(0), "count(*)": "2" },
      { time: text(2), "count(*)": "2" },
      { time: text(4), "count(*)": "1" },
    ]);
    expect(await ask("stats count(*) by bin(5m)")).toEqual([{ "bin(5m)": text(0), "count(*)": "5" }]);
    expect(await ask("stats count(*) as n by tenantId, level | filter n > 0 | stats max(n) as most")).toEqual([
      { most: "2" },
    ]);
  });

  it("sorts by several keys, numbers as numbers, and leaves one of each with dedup", async () => {
    expect(await first("filter ispresent(level) | sort level desc, Latency desc | display message")).toEqual([
      ...["one", "two, refused", "three"],
    ]);
    expect(await first("filter ispresent(level) | sort Latency asc | dedup tenantId | display tenantId")).toEqual([
      "acme",
      "globex",
    ]);
  });

  it("computes columns and names them", async () => {
    expect(
      await ask(
        'filter tenantId = "globex" | fields concat(toupper(tenantId), "/", level) as who, Latency / 3 as third, coalesce(nothing, "-") as no',
      ),
    ).toEqual([{ who: "GLOBEX/ERROR", third: "83.3333", no: "-" }]);
  });

  it("tells Lambda's reports in text apart", async () => {
    await write("lambda", [
      "START RequestId: 11111111-2222-3333-4444-555555555555 Version: 1",
      "REPORT RequestId: 11111111-2222-3333-4444-555555555555\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 512 MB\tMax Memory Used: 80 MB\tInit Duration: 100.00 ms\t",
    ]);
    const query =
      'filter @type = "REPORT" | stats max(@duration) as ms, max(@maxMemoryUsed / 1000 / 1000) as mb by @requestId';
    expect(await ask(query, { logGroupName: "lambda" })).toEqual([
      { "@requestId": "11111111-2222-3333-4444-555555555555", ms: "12.5", mb: "80" },
    ]);
  });

  it("looks through several groups, within the time asked for, and counts what it scanned", async () => {
    await write("other", ['{"level":"ERROR","message":"elsewhere"}']);
    const logGroupNames = ["app", "other"];
    const rows = await ask('filter level = "ERROR" | stats count(*) as n by @log', {
      logGroupName: undefined,
      logGroupNames,
    });
    expect(rows).toEqual([
      { "@log": "000000000000:app", n: "2" },
      { "@log": "000000000000:other", n: "1" },
    ]);
    const { queryId } = await startOf("filter Latency > 0", { endTime: START / 1000 + 60 });
    expect((await resultsOf(queryId)).statistics).toMatchObject({ recordsMatched: 2, recordsScanned: 2 });
  });

  it("leads from a row to the whole record", async () => {
    const { queryId } = await startOf('filter error.name = "Timeout"');
    const { results } = await resultsOf(queryId);
    const logRecordPointer = results![0]!.find(({ field }) => field === "@ptr")!.value!;
    const { logRecord } = await client.send(new GetLogRecordCommand({ logRecordPointer }));
    expect(logRecord).toMatchObject({ tenantId: "globex", "error.name": "Timeout", "@logStream": "s", Latency: "250" });
  });

  const MALFORMED = [
    ...["fields", "filter level =", "stats nothing(x)", "stats level", "explode", "filter (a = 1", "limit many"],
    ...["parse @message 'a*b*' as one", "fields @message |", "filter a like /(/", 'filter a = "open'],
  ];
  for (const query of MALFORMED) {
    it(`refuses "${query}" as malformed, saying where`, async () => {
      await expect(startOf(query)).rejects.toMatchObject({
        name: "MalformedQueryException",
        queryCompileError: { location: { startCharOffset: expect.any(Number) } },
      });
    });
  }

  it("refuses groups that are not there, other languages, and ends nothing that has ended", async () => {
    const rejects = (sent: Promise<unknown>, name: string) => expect(sent).rejects.toMatchObject({ name });
    await rejects(startOf("limit 1", { logGroupName: "nobody" }), "ResourceNotFoundException");
    await rejects(startOf("SELECT 1", { queryLanguage: "SQL" }), "InvalidParameterException");
    const { queryId } = await startOf("limit 1");
    await resultsOf(queryId);
    await rejects(client.send(new StopQueryCommand({ queryId })), "InvalidParameterException");
    await rejects(client.send(new GetQueryResultsCommand({ queryId: "nobody" })), "ResourceNotFoundException");
  });

  it("lets a role query the groups that its policy names, and no other, by SOURCE neither", async () => {
    const Resource = "arn:aws:logs:*:*:log-group:app:*";
    const arn = await roleWith(cloud, "reader", { Effect: "Allow", Action: "logs:StartQuery", Resource });
    const reader = new CloudWatchLogsClient(cloud.client(arn));
    const start = (input: object) =>
      reader.send(new StartQueryCommand({ queryString: "limit 1", startTime: 0, endTime: START / 1000, ...input }));
    expect((await start({ logGroupName: "app" })).queryId).toBeDefined();
    await expect(start({ logGroupName: "other" })).rejects.toThrow(/logs:StartQuery/);
    const queryString = "SOURCE 'other' | limit 1";
    await expect(start({ logGroupName: "app", queryString })).rejects.toThrow(/logs:StartQuery/);
    reader.destroy();
  });

  it("keeps query definitions, those of the program among them", async () => {
    const logGroupNames = ["app"];
    const declared = resource("aws:cloudwatch/queryDefinition:QueryDefinition", "errors", {
      ...{ name: "dev/Errors", queryString: "filter a = 1", logGroupNames },
    });
    await cloud.provision({ resources: [declared] } as never);
    await client.send(new PutQueryDefinitionCommand({ name: "dev/Mine", queryString: "limit 1" }));
    const { queryDefinitions } = await client.send(
      new DescribeQueryDefinitionsCommand({ queryDefinitionNamePrefix: "dev/" }),
    );
    expect(queryDefinitions).toMatchObject([
      { name: "dev/Errors", queryString: "filter a = 1", logGroupNames },
      { name: "dev/Mine" },
    ]);
  });
});

describe("Every query that the components save", () => {
  for (const [title, query] of Object.entries(QUERIES)) {
    it(`runs here: ${title}`, async () => {
      expect(parseQuery(query).length).toBeGreaterThan(1);
      expect(await ask(query)).toBeDefined();
    });
  }

  it("finds what it is named after: errors by tenant, slowest requests, cold starts", async () => {
    expect(await ask(QUERIES["Errors by tenant"]!)).toEqual([
      { tenantId: "globex", "error.name": "Timeout", errors: "1" },
      { tenantId: "acme", "error.name": "Conflict", errors: "1" },
    ]);
    expect((await ask(QUERIES["Slowest requests"]!)).map(({ Latency }) => Latency)).toEqual(["250", "90", "10"]);
    const report = (initDurationMs?: number) =>
      JSON.stringify({
        type: "platform.report",
        record: { status: "success", metrics: { durationMs: 5, maxMemoryUsedMB: 90, initDurationMs } },
      });
    await write("platform", [report(200), report()]);
    expect(await ask(QUERIES["Cold starts"]!, { logGroupName: "platform" })).toEqual([
      { "@log": "000000000000:platform", invocations: "2", coldStarts: "1", p99Ms: "200", memoryMb: "90" },
    ]);
  });
});
