import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CancelReplayCommand,
  CreateArchiveCommand,
  CreateEventBusCommand,
  DeleteArchiveCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  DescribeArchiveCommand,
  DescribeEventBusCommand,
  DescribeReplayCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  ListEventBusesCommand,
  ListRuleNamesByTargetCommand,
  ListRulesCommand,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemovePermissionCommand,
  RemoveTargetsCommand,
  StartReplayCommand,
  TagResourceCommand,
} from "@aws-sdk/client-eventbridge";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { manualClock } from "../../../local/clock.ts";
import { s3 } from "../../../local/services/s3/index.ts";
import { codeOf } from "../messaging-cloud.ts";
import { resource } from "../resource.ts";
import { type EventsCloud, startEvents } from "./fixture.ts";

const ANY = { source: ["shop"] };
const DEFAULT_BUS = "arn:aws:events:eu-west-1:000000000000:event-bus/default";

let cloud: EventsCloud;
beforeEach(async () => {
  cloud = await startEvents({ s3 });
});
afterEach(() => cloud.stop());

describe("a scheduled rule", () => {
  const put = (ScheduleExpression: string, more = {}) =>
    cloud.events.send(new PutRuleCommand({ Name: "sweep", ScheduleExpression, ...more }));

  it("sends a scheduled event to its targets each time it is due, by rate and by cron", async () => {
    const { url, arn } = await cloud.openQueue("q");
    const { RuleArn } = await put("rate(5 minutes)");
    await cloud.events.send(new PutTargetsCommand({ Rule: "sweep", Targets: [{ Id: "q", Arn: arn }] }));
    await cloud.clock.advance(299_000);
    expect(await cloud.queue.counts(url)).toEqual([0, 0, 0]);
    await cloud.clock.advance(1_000);
    expect(await cloud.received(url)).toEqual([
      expect.objectContaining({
        ...{ source: "aws.events", "detail-type": "Scheduled Event", resources: [RuleArn], detail: {} },
      }),
    ]);
    await put("cron(0 3 * * ? *)");
    const day = 86_400_000;
    const due = new Date(Math.ceil((cloud.clock.now() - 3 * 3_600_000) / day) * day + 3 * 3_600_000);
    await cloud.clock.advance(due.getTime() - cloud.clock.now());
    const time = due.toISOString().replace(".000Z", "Z");
    // The first one is there as well: its visibility timeout is long over.
    expect((await cloud.received(url)).at(-1)).toMatchObject({ time });
  });

  it("does nothing while it is disabled", async () => {
    const { url, arn } = await cloud.openQueue("q");
    await put("rate(1 minute)");
    await cloud.events.send(new PutTargetsCommand({ Rule: "sweep", Targets: [{ Id: "q", Arn: arn }] }));
    await cloud.events.send(new DisableRuleCommand({ Name: "sweep" }));
    await cloud.clock.advance(120_000);
    expect(await cloud.queue.counts(url)).toEqual([0, 0, 0]);
    await cloud.events.send(new EnableRuleCommand({ Name: "sweep" }));
    await cloud.clock.advance(60_000);
    expect(await cloud.received(url)).toHaveLength(1);
  });

  it("is for the default bus only, and has a schedule that means something", async () => {
    await cloud.events.send(new CreateEventBusCommand({ Name: "other" }));
    await expect(put("rate(1 minute)", { EventBusName: "other" })).rejects.toThrow(
      "ScheduleExpression is supported only on the default event bus.",
    );
    for (const text of ["rate(0 minutes)", "at(2030-01-01T00:00:00)", "daily", "cron(1 2 3)"]) {
      await expect(put(text)).rejects.toThrow("Parameter ScheduleExpression is not valid.");
    }
  });
});

describe("the API of rules and buses", () => {
  it("makes, describes, lists, changes and deletes them with AWS's answers", async () => {
    const { events } = cloud;
    const { EventBusArn } = await events.send(
      new CreateEventBusCommand({ Name: "orders", Description: "all of them" }),
    );
    expect(await codeOf(events.send(new CreateEventBusCommand({ Name: "orders" })))).toBe(
      "ResourceAlreadyExistsException",
    );
    expect(await events.send(new DescribeEventBusCommand({ Name: "orders" }))).toMatchObject({
      ...{ Name: "orders", Arn: EventBusArn, Description: "all of them", CreationTime: expect.any(Date) },
    });
    const { EventBuses } = await events.send(new ListEventBusesCommand({}));
    expect(EventBuses!.map(({ Name }) => Name)).toEqual(["default", "orders"]);

    const { arn } = await cloud.openQueue("q");
    const RuleArn = await cloud.rule(ANY, [{ Id: "q", Arn: arn }], { EventBusName: "orders" });
    expect(RuleArn).toBe("arn:aws:events:eu-west-1:000000000000:rule/orders/rule");
    const at = { Name: "rule", EventBusName: "orders" };
    expect(await events.send(new DescribeRuleCommand(at))).toMatchObject({
      ...{ Arn: RuleArn, EventBusName: "orders", EventPattern: JSON.stringify(ANY), State: "ENABLED" },
      CreatedBy: "000000000000",
    });
    expect((await events.send(new ListRulesCommand({ EventBusName: "orders" }))).Rules).toHaveLength(1);
    const byTarget = new ListRuleNamesByTargetCommand({ TargetArn: arn, EventBusName: "orders" });
    expect((await events.send(byTarget)).RuleNames).toEqual(["rule"]);
    await events.send(new TagResourceCommand({ ResourceARN: RuleArn, Tags: [{ Key: "team", Value: "shop" }] }));
    const { Tags } = await events.send(new ListTagsForResourceCommand({ ResourceARN: RuleArn }));
    expect(Tags).toEqual([{ Key: "team", Value: "shop" }]);

    await expect(events.send(new DeleteRuleCommand(at))).rejects.toThrow("Rule can't be deleted since it has targets.");
    const removal = { Rule: "rule", EventBusName: "orders", Ids: ["q", "other"] };
    expect(await events.send(new RemoveTargetsCommand(removal))).toMatchObject({
      FailedEntryCount: 1,
      FailedEntries: [{ TargetId: "other", ErrorCode: "ResourceNotFoundException" }],
    });
    await events.send(new DeleteRuleCommand(at));
    await expect(events.send(new DescribeRuleCommand(at))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      message: "Rule rule does not exist on EventBus orders.",
    });
    await events.send(new DeleteEventBusCommand({ Name: "orders" }));
    await expect(events.send(new DescribeEventBusCommand({ Name: "orders" }))).rejects.toThrow(
      "Event bus orders does not exist.",
    );
    await expect(events.send(new DeleteEventBusCommand({ Name: "default" }))).rejects.toThrow(
      "Cannot delete event bus default.",
    );
  });

  it("lists in pages", async () => {
    for (const name of ["a", "b", "c"]) await cloud.rule(ANY, [], { Name: name });
    const first = await cloud.events.send(new ListRulesCommand({ Limit: 2 }));
    expect(first.Rules!.map(({ Name }) => Name)).toEqual(["a", "b"]);
    const rest = await cloud.events.send(new ListRulesCommand({ Limit: 2, NextToken: first.NextToken }));
    expect(rest.Rules!.map(({ Name }) => Name)).toEqual(["c"]);
    expect(rest.NextToken).toBeUndefined();
  });

  it("refuses a rule without pattern or schedule, and a pattern that means nothing", async () => {
    const put = (EventPattern?: string) => cloud.events.send(new PutRuleCommand({ Name: "r", EventPattern }));
    await expect(put()).rejects.toThrow("Parameter(s) EventPattern or ScheduleExpression must be specified.");
    for (const pattern of ["{}", "[]", "{", '{"source":[]}', '{"source":[{"like":"x"}]}']) {
      await expect(put(pattern)).rejects.toMatchObject({ name: "InvalidEventPatternException" });
    }
  });

  it("writes a bus's policy statement by statement", async () => {
    const grant = (StatementId: string, Principal: string) =>
      cloud.events.send(new PutPermissionCommand({ StatementId, Principal, Action: "events:PutEvents" }));
    await grant("one", "111111111111");
    await grant("two", "222222222222");
    const policy = async () => {
      const { Policy } = await cloud.events.send(new DescribeEventBusCommand({}));
      return Policy && JSON.parse(Policy).Statement;
    };
    expect((await policy())[0]).toEqual({
      ...{ Sid: "one", Effect: "Allow", Principal: { AWS: "arn:aws:iam::111111111111:root" } },
      ...{ Action: "events:PutEvents", Resource: DEFAULT_BUS },
    });
    await cloud.events.send(new RemovePermissionCommand({ StatementId: "one" }));
    expect(await policy()).toHaveLength(1);
    await expect(cloud.events.send(new RemovePermissionCommand({ StatementId: "one" }))).rejects.toThrow(
      "Statement with the provided id does not exist.",
    );
    await cloud.events.send(new RemovePermissionCommand({ RemoveAllPermissions: true }));
    expect(await policy()).toBeUndefined();
  });
});

describe("an archive", () => {
  const minute = 60_000;
  const replay = (ReplayName: string, from: number, to: number, more = {}) =>
    cloud.events.send(
      new StartReplayCommand({
        ReplayName,
        EventSourceArn: "arn:aws:events:eu-west-1:000000000000:archive/kept",
        EventStartTime: new Date(from),
        EventEndTime: new Date(to),
        Destination: { Arn: DEFAULT_BUS, ...more },
      }),
    );
  const create = (more = {}) =>
    cloud.events.send(new CreateArchiveCommand({ ArchiveName: "kept", EventSourceArn: DEFAULT_BUS, ...more }));
  const count = async () => (await cloud.events.send(new DescribeArchiveCommand({ ArchiveName: "kept" }))).EventCount;

  it("keeps what matches its pattern, and a replay brings it to the bus again, marked", async () => {
    await create({ EventPattern: '{"detail-type":["paid"]}' });
    const start = cloud.clock.now();
    await cloud.put({ Detail: '{"n":1}' }, { DetailType: "sent" });
    await cloud.clock.advance(10 * minute);
    await cloud.put({ Detail: '{"n":2}' });
    expect(await count()).toBe(2);
    const { url, arn } = await cloud.openQueue("q");
    const other = await cloud.openQueue("other");
    const RuleArn = await cloud.rule(ANY, [{ Id: "q", Arn: arn }]);
    await cloud.rule(ANY, [{ Id: "q", Arn: other.arn }], { Name: "other" });
    const from = Math.floor(start / 1000) * 1000;
    const started = await replay("again", from, from + minute, { FilterArns: [RuleArn] });
    expect(started.State).toBe("STARTING");
    expect(await cloud.received(url)).toEqual([
      expect.objectContaining({ "replay-name": "again", "detail-type": "paid", detail: { n: 1 } }),
    ]);
    expect(await cloud.events.send(new DescribeReplayCommand({ ReplayName: "again" }))).toMatchObject({
      State: "COMPLETED",
      EventLastReplayedTime: new Date(from),
    });
    // Only the rule that was named, and the archive does not keep what comes out of it.
    expect(await cloud.queue.counts(other.url)).toEqual([0, 0, 0]);
    expect(await count()).toBe(2);
  });

  it("forgets after its days", async () => {
    await create({ RetentionDays: 1 });
    await cloud.put({});
    await cloud.clock.advance(86_399_000);
    expect(await count()).toBe(1);
    await cloud.clock.advance(1_000);
    expect(await count()).toBe(0);
  });

  it("refuses what AWS refuses", async () => {
    await create();
    expect(await codeOf(create())).toBe("ResourceAlreadyExistsException");
    await cloud.events.send(new CreateEventBusCommand({ Name: "other" }));
    const now = cloud.clock.now();
    await expect(replay("r", now, now)).rejects.toThrow("Parameter EventEndTime is not valid.");
    const Arn = DEFAULT_BUS.replace("default", "other");
    await expect(replay("r", now - 1000, now, { Arn })).rejects.toThrow("Cross event bus replay is not permitted.");
    await replay("r", now - 1000, now);
    expect(await codeOf(replay("r", now - 1000, now))).toBe("ResourceAlreadyExistsException");
    expect(await codeOf(cloud.events.send(new CancelReplayCommand({ ReplayName: "r" })))).toBe(
      "IllegalStatusException",
    );
    await cloud.events.send(new DeleteArchiveCommand({ ArchiveName: "kept" }));
    await expect(replay("s", now - 1000, now)).rejects.toThrow("Archive kept does not exist.");
  });
});

describe("a bucket that asks for EventBridge", () => {
  it("tells the default bus of objects that come and go, keys as they are", async () => {
    const client = new S3Client({ ...cloud.running.client(), forcePathStyle: true, maxAttempts: 1 });
    const Bucket = "uploads";
    await client.send(new CreateBucketCommand({ Bucket }));
    const NotificationConfiguration = { EventBridgeConfiguration: {} };
    await client.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
    const { url, arn } = await cloud.openQueue("q");
    await cloud.rule({ source: ["aws.s3"], detail: { bucket: { name: [Bucket] } } }, [{ Id: "q", Arn: arn }]);
    await client.send(new PutObjectCommand({ Bucket, Key: "a b.txt", Body: "text" }));
    await client.send(new DeleteObjectCommand({ Bucket, Key: "a b.txt" }));
    const received = async () => cloud.received(url);
    const found = [...(await received())];
    if (found.length < 2) found.push(...(await received()));
    expect(found).toEqual([
      expect.objectContaining({
        ...{ "detail-type": "Object Created", source: "aws.s3", resources: ["arn:aws:s3:::uploads"] },
        detail: expect.objectContaining({
          version: "0",
          bucket: { name: "uploads" },
          object: {
            ...{ key: "a b.txt", size: 4, etag: "1cb251ec0d568de6a929b520c4aed8d1" },
            sequencer: expect.stringMatching(/^[0-9A-F]+$/),
          },
          ...{ requester: "000000000000", reason: "PutObject" },
        }),
      }),
      expect.objectContaining({
        "detail-type": "Object Deleted",
        detail: expect.objectContaining({ reason: "DeleteObject", "deletion-type": "Permanently Deleted" }),
      }),
    ]);
    client.destroy();
  });
});

describe("after a restart", () => {
  const directory = () => mkdtempSync(join(tmpdir(), "terrace-events-"));

  it("what the API made is there again, and a delivery that was waiting goes on", async () => {
    const folder = directory();
    const clock = manualClock(Date.now());
    const first = await startEvents({}, { directory: folder, clock });
    await first.events.send(new CreateEventBusCommand({ Name: "orders" }));
    // A target that nobody serves yet: the event waits for another attempt.
    const Arn = "arn:aws:lambda:eu-west-1:000000000000:function:ship";
    await first.rule(ANY, [{ Id: "f", Arn }], { EventBusName: "orders" });
    const tried = new Promise<void>((resolve) => {
      const after = clock.after.bind(clock);
      clock.after = (ms, task) => {
        if (ms === 1_000) resolve();
        return after(ms, task);
      };
    });
    await first.put({ EventBusName: "orders", Detail: '{"n":1}' });
    await tried;
    // As after a kill: the first one is not stopped before the second one runs.
    let delivered: (body: string) => void = () => {};
    const taken = new Promise<string>((resolve) => {
      delivered = resolve;
    });
    const lambda = () => ({
      ...{ name: "lambda", resources: {}, operations: {} },
      deliver: async (_arn: string, { body }: { body: string }) => delivered(body),
    });
    const second = await startEvents({ lambda }, { directory: folder, clock: manualClock(clock.now()) });
    const { Targets } = await second.events.send(
      new ListTargetsByRuleCommand({ Rule: "rule", EventBusName: "orders" }),
    );
    expect(Targets).toEqual([{ Id: "f", Arn }]);
    await second.clock.advance(1_000);
    expect(JSON.parse(await taken)).toMatchObject({ source: "shop", detail: { n: 1 } });
    await first.stop();
    await second.stop();
    rmSync(folder, { recursive: true });
  });

  it("what the program declares is there once it is declared again, with what the API gave to it", async () => {
    const folder = directory();
    const bus = resource("aws:cloudwatch/eventBus:EventBus", "orders", { name: "orders" });
    const rule = resource("aws:cloudwatch/eventRule:EventRule", "paid", {
      ...{ name: "paid", eventBusName: "orders", eventPattern: JSON.stringify(ANY) },
    });
    const archive = resource("aws:cloudwatch/eventArchive:EventArchive", "kept", {
      ...{ name: "kept", eventSourceArn: String(bus.outputs.arn), retentionDays: 7 },
    });
    const declare = (each: EventsCloud) => each.running.provision({ resources: [bus, rule, archive] } as never);
    const first = await startEvents({}, { directory: folder });
    await declare(first);
    const { arn } = await first.openQueue("q");
    await first.events.send(
      new PutTargetsCommand({ Rule: "paid", EventBusName: "orders", Targets: [{ Id: "q", Arn: arn }] }),
    );
    await first.put({ EventBusName: "orders" });
    await first.stop();
    const second = await startEvents({}, { directory: folder });
    expect(await codeOf(second.events.send(new DescribeEventBusCommand({ Name: "orders" })))).toBe(
      "ResourceNotFoundException",
    );
    await declare(second);
    const { Targets } = await second.events.send(
      new ListTargetsByRuleCommand({ Rule: "paid", EventBusName: "orders" }),
    );
    expect(Targets).toEqual([{ Id: "q", Arn: arn }]);
    const { EventCount } = await second.events.send(new DescribeArchiveCommand({ ArchiveName: "kept" }));
    expect(EventCount).toBe(1);
    await second.stop();
    rmSync(folder, { recursive: true });
  });
});
