import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import type { Resource } from "../../../engine/graph.ts";
import { manualClock } from "../../../local/clock.ts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { filterPattern } from "../../../local/services/logs/filter-pattern.ts";
import { logs } from "../../../local/services/logs/index.ts";
import { logStore } from "../../../local/services/logs/store.ts";
import { resource } from "../resource.ts";
import { roleWith } from "../role-with.ts";

describe("CloudWatch Logs", () => {
  let cloud: RunningCloud;
  let client: CloudWatchLogsClient;
  const clock = manualClock(Date.now());

  beforeAll(async () => {
    cloud = await startCloud({ clock, services: { logs } });
    client = new CloudWatchLogsClient(cloud.client());
  });
  afterAll(async () => {
    client.destroy();
    await cloud.stop();
  });

  const makeStream = async (logGroupName: string, ...streams: string[]) => {
    await client.send(new CreateLogGroupCommand({ logGroupName }));
    for (const logStreamName of streams) await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
  };
  const put = (logGroupName: string, logStreamName: string, ...messages: string[]) =>
    client.send(
      new PutLogEventsCommand({
        logGroupName,
        logStreamName,
        logEvents: messages.map((message, index) => ({ message, timestamp: clock.now() + index })),
      }),
    );

  it("gives a stream's lines back in order, from either end, page by page, and ends with a token that stays", async () => {
    await makeStream("/pages", "s");
    await put("/pages", "s", "1", "2", "3");
    await put("/pages", "s", "4", "5");
    const get = async (input: object) => {
      const page = await client.send(new GetLogEventsCommand({ logGroupName: "/pages", logStreamName: "s", ...input }));
      return { ...page, messages: page.events!.map(({ message }) => message).join("") };
    };
    const first = await get({ startFromHead: true, limit: 2 });
    const second = await get({ nextToken: first.nextForwardToken, limit: 2 });
    const third = await get({ nextToken: second.nextForwardToken, limit: 2 });
    expect([first, second, third].map(({ messages }) => messages)).toEqual(["12", "34", "5"]);
    const end = await get({ nextToken: third.nextForwardToken });
    expect(end).toMatchObject({ messages: "", nextForwardToken: third.nextForwardToken });
    const newest = await get({ limit: 2 });
    const older = await get({ nextToken: newest.nextBackwardToken, limit: 2 });
    expect([newest.messages, older.messages]).toEqual(["45", "23"]);
    await expect(get({ nextToken: "x" })).rejects.toMatchObject({ name: "InvalidParameterException" });
  });

  it.each([[["", " ", "[1, 2]", "a b\tc\nd", "héllo ✓ 🙂"]], [["plain", "with \u001e inside", 'and \\ " after']]])(
    "gives every character back: %j",
    async (messages) => {
      const store = logStore(new DatabaseSync(":memory:"));
      const sent = messages.map((message, index) => ({ timestamp: 1_700_000_000_000 + index, message }));
      store.append("group", "stream", sent, clock.now());
      expect([...store.events("group", {})].map(({ timestamp, message }) => ({ timestamp, message }))).toEqual(sent);
    },
  );

  it("finds lines over all streams by pattern, time and stream", async () => {
    await makeStream("/filter", "a/1", "a/2", "b/1");
    await put("/filter", "a/1", '{"level":"ERROR","tenant":"acme"}', "plain error");
    await put("/filter", "a/2", '{"level":"INFO"}');
    await clock.advance(60_000);
    await put("/filter", "b/1", '{"level":"ERROR","tenant":"globex"}');
    const find = async (input: object) => {
      const { events } = await client.send(new FilterLogEventsCommand({ logGroupName: "/filter", ...input }));
      return events!.map(({ logStreamName, message }) => `${logStreamName} ${message}`);
    };
    expect(await find({})).toHaveLength(4);
    expect(await find({ filterPattern: '{ $.level = "ERROR" }' })).toHaveLength(2);
    expect(await find({ logStreamNames: ["a/2"] })).toEqual(['a/2 {"level":"INFO"}']);
    expect(await find({ logStreamNamePrefix: "a/", filterPattern: "ERROR" })).toHaveLength(1);
    expect(await find({ startTime: clock.now() })).toHaveLength(1);
    expect(await find({ endTime: clock.now() })).toHaveLength(3);
    const one = await client.send(new FilterLogEventsCommand({ logGroupName: "/filter", limit: 3 }));
    const two = await client.send(new FilterLogEventsCommand({ logGroupName: "/filter", nextToken: one.nextToken }));
    expect([one.events!.length, two.events!.length, two.nextToken]).toEqual([3, 1, undefined]);
  });

  it("has the streams that a program declares, once however often it starts", async () => {
    const group = resource("aws:cloudwatch/logGroup:LogGroup", "g", { name: "/declared" });
    const stream = resource("aws:cloudwatch/logStream:LogStream", "s", { name: "failures", logGroupName: "/declared" });
    for (const declared of [group, stream, group, stream]) {
      await (await cloud.service("logs")).resources[declared.type]!(declared);
    }
    const { logStreams } = await client.send(new DescribeLogStreamsCommand({ logGroupName: "/declared" }));
    expect(logStreams!.map(({ logStreamName }) => logStreamName)).toEqual(["failures"]);
  });

  it("tells of groups and streams, the latest first where asked", async () => {
    await makeStream("/describe/one", "old", "new", "empty");
    await put("/describe/one", "old", "x");
    await clock.advance(1000);
    await put("/describe/one", "new", "y");
    const { logGroups } = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: "/describe" }));
    expect(logGroups).toMatchObject([
      { logGroupName: "/describe/one", arn: "arn:aws:logs:eu-west-1:000000000000:log-group:/describe/one:*" },
    ]);
    const { logStreams } = await client.send(
      new DescribeLogStreamsCommand({
        logGroupName: "/describe/one",
        orderBy: "LastEventTime",
        descending: true,
        limit: 2,
      }),
    );
    expect(logStreams!.map(({ logStreamName }) => logStreamName)).toEqual(["new", "old"]);
    expect(logStreams![0]!.lastEventTimestamp).toBe(clock.now());
  });

  it("answers what AWS answers: what is missing, what exists, and batches out of order or out of time", async () => {
    await makeStream("/errors", "s");
    const rejects = (sent: Promise<unknown>, name: string) => expect(sent).rejects.toMatchObject({ name });
    await rejects(
      client.send(new CreateLogGroupCommand({ logGroupName: "/errors" })),
      "ResourceAlreadyExistsException",
    );
    await rejects(client.send(new CreateLogGroupCommand({ logGroupName: "a b" })), "InvalidParameterException");
    const again = { logGroupName: "/errors", logStreamName: "s" };
    await rejects(client.send(new CreateLogStreamCommand(again)), "ResourceAlreadyExistsException");
    await rejects(put("/errors", "none", "x"), "ResourceNotFoundException");
    await rejects(put("/none", "s", "x"), "ResourceNotFoundException");
    const at = (...timestamps: number[]) =>
      client.send(
        new PutLogEventsCommand({ ...again, logEvents: timestamps.map((timestamp) => ({ timestamp, message: "x" })) }),
      );
    await rejects(at(clock.now(), clock.now() - 1), "InvalidParameterException");
    const { rejectedLogEventsInfo } = await at(clock.now() - 15 * 86_400_000, clock.now(), clock.now() + 3 * 3_600_000);
    expect(rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 1, tooNewLogEventStartIndex: 2 });
    const { events } = await client.send(new GetLogEventsCommand(again));
    expect(events).toHaveLength(1);
    await client.send(new DeleteLogGroupCommand({ logGroupName: "/errors" }));
    await rejects(client.send(new GetLogEventsCommand(again)), "ResourceNotFoundException");
  });

  it("lets a role write to the group that its policy names and to no other", async () => {
    await makeStream("/mine", "s");
    await makeStream("/others", "s");
    const roleArn = await roleWith(cloud, "writer", {
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: "arn:aws:logs:eu-west-1:000000000000:log-group:/mine:*",
    });
    const principal = cloud.principalFor(roleArn, "test");
    const write = (logGroupName: string) =>
      cloud.call(
        "logs",
        "PutLogEvents",
        { logGroupName, logStreamName: "s", logEvents: [{ timestamp: clock.now(), message: "x" }] },
        { principal },
      );
    await write("/mine");
    await cloud.call("logs", "CreateLogStream", { logGroupName: "/mine", logStreamName: "t" }, { principal });
    await expect(write("/others")).rejects.toMatchObject({ code: "AccessDeniedException" });
  });
});

it("keeps lines over a restart", async () => {
  const directory = mkdtempSync(join(tmpdir(), "terrace-logs-"));
  const first = await startCloud({ directory, services: { logs } });
  await first.call("logs", "CreateLogGroup", { logGroupName: "g" });
  await first.call("logs", "CreateLogStream", { logGroupName: "g", logStreamName: "s" });
  const line = { timestamp: Date.now(), message: "kept" };
  await first.call("logs", "PutLogEvents", { logGroupName: "g", logStreamName: "s", logEvents: [line] });
  await first.stop();
  const second = await startCloud({ directory, services: { logs } });
  const { events } = await second.call("logs", "GetLogEvents", { logGroupName: "g", logStreamName: "s" });
  expect(events).toMatchObject([line]);
  await second.stop();
  rmSync(directory, { recursive: true });
});

it("keeps a group's newest lines when it outgrows its size, and drops nothing of another's", () => {
  const store = logStore(new DatabaseSync(":memory:"), 10_000);
  for (const name of ["busy", "quiet"]) store.saveGroup({ name, createdAt: 0 });
  store.append("quiet", "s", [{ timestamp: 0, message: "still here" }], 0);
  for (let batch = 0; batch < 100; batch++) {
    const message = `${batch} ${"x".repeat(300)}`;
    store.append("busy", "s", [{ timestamp: batch, message }], batch);
  }
  const kept = [...store.events("busy", {})];
  expect(kept.at(-1)!.timestamp).toBe(99);
  expect(kept.length).toBeLessThan(35);
  expect(kept.length).toBeGreaterThan(20);
  expect(store.bytes("busy")).toBeLessThanOrEqual(10_000);
  expect([...store.events("quiet", {})]).toHaveLength(1);
});

it("drops lines past a group's retention when the program is served again", async () => {
  const clock = manualClock(Date.now());
  const cloud = await startCloud({ clock, services: { logs } });
  const declare = async () => {
    const service = await cloud.service("logs");
    await service.resources["aws:cloudwatch/logGroup:LogGroup"]!({
      inputs: { retentionInDays: 7 },
      outputs: { name: "g" },
    } as unknown as Resource);
  };
  const input = { logGroupName: "g", logStreamName: "s" };
  await declare();
  await cloud.call("logs", "CreateLogStream", input);
  const put = (message: string) =>
    cloud.call("logs", "PutLogEvents", { ...input, logEvents: [{ timestamp: clock.now(), message }] });
  await put("old");
  await clock.advance(5 * 86_400_000);
  await put("recent");
  await clock.advance(3 * 86_400_000);
  await declare();
  const { events } = await cloud.call("logs", "GetLogEvents", input);
  expect(events.map(({ message }: { message: string }) => message)).toEqual(["recent"]);
  await cloud.stop();
});

it.each<[pattern: string, message: string, matches: boolean]>([
  ["", "anything", true],
  ["ERROR", "an ERROR here", true],
  ["ERROR", "an error here", false],
  ["ERROR timeout", "ERROR: timeout", true],
  ["ERROR timeout", "ERROR only", false],
  ['"two words"', "has two words in it", true],
  ["ERROR -healthy", "ERROR healthy", false],
  ["?ERROR ?WARN", "a WARN", true],
  ["?ERROR ?WARN", "an INFO", false],
  ['{ $.level = "ERROR" }', '{"level":"ERROR"}', true],
  ["{ $.a.b != 1 }", '{"a":{"b":2}}', true],
  ["{ $.ms > 100 }", '{"ms":250}', true],
  ["{ $.ms <= 100 }", '{"ms":250}', false],
  ["{ $.missing = 1 }", '{"ms":250}', false],
  ["{ $.level = ERROR }", "not JSON", false],
])("the pattern %j against %j: %j", (pattern, message, matches) => {
  expect(filterPattern(pattern)(message)).toBe(matches);
});
