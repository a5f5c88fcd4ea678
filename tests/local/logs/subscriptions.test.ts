/** Lines of a log group on their way to functions, streams and deliveries. */
import { gunzipSync } from "node:zlib";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DeleteSubscriptionFilterCommand,
  DescribeSubscriptionFiltersCommand,
  FilterLogEventsCommand,
  PutLogEventsCommand,
  PutSubscriptionFilterCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
} from "@aws-sdk/client-kinesis";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { type FirehoseCloud, startFirehose } from "../firehose/fixture.ts";
import { eventually } from "../lambda/fixture.ts";
import { functionArn, functionResource, permission, ROLE_ARN, resource, role } from "../lambda/resources.ts";

const GROUP = "/shop/orders";
const STREAM = "arn:aws:kinesis:eu-west-1:000000000000:stream/lines";
const DELIVERY = "arn:aws:firehose:eu-west-1:000000000000:deliverystream/usage";
const WRITER = "arn:aws:iam::000000000000:role/lines";
const FILTER = "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter";

let cloud: FirehoseCloud;
let logs: CloudWatchLogsClient;
let streams: KinesisClient;

const connect = () => {
  const config = { ...cloud.running.client(), maxAttempts: 1 };
  logs = new CloudWatchLogsClient(config);
  streams = new KinesisClient(config);
};
const disconnect = () => {
  logs.destroy();
  streams.destroy();
};
beforeEach(async () => {
  cloud = await startFirehose();
  connect();
  await group(GROUP);
});
afterEach(async () => {
  disconnect();
  await cloud.stop();
});

async function group(logGroupName: string): Promise<void> {
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "s" }));
}
const put = (messages: string[], logStreamName = "s", logGroupName = GROUP) =>
  logs.send(
    new PutLogEventsCommand({
      ...{ logGroupName, logStreamName },
      logEvents: messages.map((message, index) => ({ message, timestamp: cloud.clock.now() + index })),
    }),
  );
const subscribe = (destinationArn: string, more: Partial<PutSubscriptionFilterCommand["input"]> = {}) =>
  logs.send(
    new PutSubscriptionFilterCommand({
      ...{ logGroupName: GROUP, filterName: "out", filterPattern: "", destinationArn },
      ...more,
    }),
  );
const filters = async (logGroupName = GROUP) =>
  (await logs.send(new DescribeSubscriptionFiltersCommand({ logGroupName }))).subscriptionFilters!;
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => "succeeded",
    ({ name, message }: Error) => `${name}: ${message}`,
  );
const unpacked = (data: Uint8Array) => JSON.parse(gunzipSync(data).toString());
const warnings = () => cloud.lines.filter(({ level }) => level === "warn").map(({ message }) => message);

/** A function that writes what it gets to the group that the test reads. */
async function collector(name = "collector"): Promise<void> {
  await cloud.provision(
    role(ROLE_ARN, [{ Effect: "Allow", Action: "logs:*", Resource: "*" }]),
    functionResource(name, "export const handler = async (event) => console.log(`got ${event.awslogs.data}`);"),
  );
}
const allowed = (name = "collector", more = {}) =>
  permission(name, "logs.amazonaws.com", {
    sourceArn: `arn:aws:logs:eu-west-1:000000000000:log-group:${GROUP}:*`,
    ...more,
  });
/** What the function got, in the order in which it did. */
async function collected(count: number, name = "collector"): Promise<ReturnType<typeof unpacked>[]> {
  const read = async () => {
    const input = { logGroupName: `/aws/lambda/${name}`, filterPattern: "got" };
    const { events = [] } = await logs.send(new FilterLogEventsCommand(input)).catch(() => ({ events: [] }));
    return events.map(({ message = "" }) => unpacked(Buffer.from(message.split("got ")[1]!.trim(), "base64")));
  };
  return eventually(read, (all) => all.length >= count);
}
async function stream(...actions: string[]): Promise<void> {
  await streams.send(new CreateStreamCommand({ StreamName: "lines", ShardCount: 1 }));
  const statement = { Effect: "Allow", Action: actions, Resource: STREAM };
  await cloud.provision(role(WRITER, [statement], "logs.amazonaws.com"));
}
async function records(count: number) {
  const at = { StreamARN: STREAM, ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" as const };
  const read = async () => {
    const { ShardIterator } = await streams.send(new GetShardIteratorCommand(at));
    return (await streams.send(new GetRecordsCommand({ ShardIterator }))).Records!;
  };
  const found = await eventually(read, (all) => all.length >= count);
  return found.map(({ PartitionKey, Data }) => ({ key: PartitionKey!, message: unpacked(Data!) }));
}

describe("a function", () => {
  it("gets the lines that match, packed as CloudWatch Logs packs them, and no test message", async () => {
    await collector();
    await cloud.provision(allowed());
    await subscribe(functionArn("collector"), { filterPattern: "ERROR" });
    await put(["ERROR one", "fine", "ERROR two"]);
    const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName: GROUP, filterPattern: "ERROR" }));
    expect(await collected(1)).toEqual([
      {
        ...{ messageType: "DATA_MESSAGE", owner: "000000000000", logGroup: GROUP, logStream: "s" },
        subscriptionFilters: ["out"],
        logEvents: events!.map(({ eventId, timestamp, message }) => ({ id: eventId, timestamp, message })),
      },
    ]);
  });

  it("gets a batch that is too large for one event in several, in order", async () => {
    await collector();
    await cloud.provision(allowed());
    await subscribe(functionArn("collector"));
    // Hardly compressible, the same in each run.
    let seed = 1;
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed.toString(36);
    };
    const lines = Array.from({ length: 8 }, (_, n) => `${n} ${Array.from({ length: 10_000 }, random).join("")}`);
    await put(lines);
    const parts = await eventually(
      () => collected(2),
      (found) => found.flatMap(({ logEvents }) => logEvents).length >= lines.length,
    );
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.flatMap(({ logEvents }) => logEvents.map(({ message }: { message: string }) => message))).toEqual(
      lines,
    );
  });

  it("has to let CloudWatch Logs in, for this group", async () => {
    await collector();
    const refused =
      "InvalidParameterException: Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.";
    expect(await refusal(subscribe(functionArn("collector")))).toBe(refused);
    await cloud.provision(
      allowed("collector", { sourceArn: "arn:aws:logs:eu-west-1:000000000000:log-group:/other:*" }),
    );
    expect(await refusal(subscribe(functionArn("collector")))).toBe(refused);
    expect(await refusal(subscribe(functionArn("nobody")))).toBe(refused);
    expect(await filters()).toEqual([]);
    expect(warnings().at(-1)).toContain(
      `${GROUP} can not deliver to ${functionArn("nobody")}: User: logs.amazonaws.com is not`,
    );
    await cloud.provision(permission("collector", "logs.eu-west-1.amazonaws.com"));
    expect(await refusal(subscribe(functionArn("collector")))).toBe("succeeded");
  });

  it("is told of its own lines never, and the log says so: directly, or by way of another function", async () => {
    await collector("one");
    await collector("two");
    for (const name of ["one", "two"]) {
      await cloud.provision(permission(name, "logs.amazonaws.com"));
      await group(`/aws/lambda/${name}`);
    }
    await subscribe(functionArn("one"), { logGroupName: "/aws/lambda/one" });
    expect(warnings().at(-1)).toContain("on AWS that goes on without end, here nothing is delivered");
    await logs.send(new DeleteSubscriptionFilterCommand({ logGroupName: "/aws/lambda/one", filterName: "out" }));
    await subscribe(functionArn("two"), { logGroupName: "/aws/lambda/one" });
    await subscribe(functionArn("one"), { logGroupName: "/aws/lambda/two" });
    expect(warnings().filter((message) => message.includes("without end"))).toHaveLength(2);
    await subscribe(functionArn("one"));
    await put(["begin"]);
    expect((await collected(1, "two")).length).toBeGreaterThan(0);
    await put(["again"]);
    expect(await collected(2, "one")).toHaveLength(2);
  });
});

describe("a stream", () => {
  it("gets a control message, then the lines, one partition key for each log stream", async () => {
    await stream("kinesis:PutRecord");
    await logs.send(new CreateLogStreamCommand({ logGroupName: GROUP, logStreamName: "t" }));
    await subscribe(STREAM, { roleArn: WRITER });
    await put(["1"]);
    await put(["2"], "t");
    await put(["3"]);
    const [control, first, second, third] = await records(4);
    expect(control!.message).toMatchObject({ messageType: "CONTROL_MESSAGE", owner: "CloudwatchLogs", logGroup: "" });
    expect([first, second, third].map((record) => record!.message.logEvents[0].message)).toEqual(["1", "2", "3"]);
    expect(third!.key).toBe(first!.key);
    expect(second!.key).not.toBe(first!.key);
  });

  it("gets each batch under a key of its own where the distribution is random", async () => {
    await stream("kinesis:PutRecord");
    await subscribe(STREAM, { roleArn: WRITER, distribution: "Random" });
    for (const line of ["1", "2", "3"]) await put([line]);
    expect(new Set((await records(4)).map(({ key }) => key)).size).toBe(4);
  });

  it("is written to as the role, whose missing permission is said when the filter is set, or once in the log", async () => {
    await stream("kinesis:ListShards");
    expect(await refusal(subscribe(STREAM, { roleArn: WRITER }))).toMatch(
      /^InvalidParameterException: Could not deliver test message to specified Kinesis stream/,
    );
    expect(warnings().at(-1)).toContain("is not authorized to perform: kinesis:PutRecord");
    const allows = (Action: string) =>
      cloud.provision(role(WRITER, [{ Effect: "Allow", Action, Resource: STREAM }], "logs.amazonaws.com"));
    await allows("kinesis:PutRecord");
    await subscribe(STREAM, { roleArn: WRITER });
    await allows("kinesis:ListShards");
    const said = () => warnings().filter((message) => message.includes("could not deliver to"));
    for (const line of ["1", "2", "3"]) await put([line]);
    await eventually(
      async () => said(),
      (all) => all.length > 0,
    );
    await allows("kinesis:PutRecord");
    // Whether 2 and 3 were still refused depends on when the grant came: 4 comes last.
    await put(["4"]);
    const lines = (all: Awaited<ReturnType<typeof records>>) => all.map(({ message }) => message.logEvents[0].message);
    await eventually(
      () => records(1),
      (all) => lines(all).at(-1) === "4",
    );
    expect(said()).toHaveLength(1);
  });
});

it("a delivery gets each batch as a record", async () => {
  await cloud.create();
  const statement = { Effect: "Allow", Action: "firehose:PutRecord", Resource: DELIVERY };
  await cloud.provision(role(WRITER, [statement], "logs.eu-west-1.amazonaws.com"));
  await subscribe(DELIVERY, { roleArn: WRITER, filterPattern: '{ $.level = "ERROR" }' });
  await put(['{"level":"INFO"}', '{"level":"ERROR"}']);
  const stored = () =>
    cloud.running.database.prepare("SELECT count(*) AS count FROM firehose_records").get()!.count as number;
  await eventually(
    async () => stored(),
    (count) => count >= 2,
  );
  await cloud.clock.advance(900_000);
  const [[key]] = (await cloud.objectsDelivered(1)) as [[string, string]];
  expect(key).toMatch(/^data\//);
  const { Body } = await cloud.objects.send(new GetObjectCommand({ Bucket: "lake", Key: key }));
  // Gzip members one after the other are one.
  const text = gunzipSync(await Body!.transformToByteArray()).toString();
  expect(text).toContain("CWL CONTROL MESSAGE: Checking health of destination Firehose.");
  expect(text).toContain(JSON.stringify('{"level":"ERROR"}'));
  expect(text).not.toContain("INFO");
});

describe("filters", () => {
  it("are two at most for a group, described, replaced by name, and gone when deleted or with the group", async () => {
    await stream("kinesis:PutRecord");
    const of = (filterName: string, more = {}) => subscribe(STREAM, { filterName, roleArn: WRITER, ...more });
    await of("a");
    await of("b", { distribution: "Random" });
    expect(await refusal(of("c"))).toBe("LimitExceededException: Resource limit exceeded.");
    await of("a", { filterPattern: "ERROR" });
    const common = { logGroupName: GROUP, destinationArn: STREAM, roleArn: WRITER };
    expect(await filters()).toEqual([
      {
        ...common,
        filterName: "a",
        filterPattern: "ERROR",
        distribution: "ByLogStream",
        creationTime: cloud.clock.now(),
      },
      { ...common, filterName: "b", filterPattern: "", distribution: "Random", creationTime: cloud.clock.now() },
    ]);
    await logs.send(new DeleteSubscriptionFilterCommand({ logGroupName: GROUP, filterName: "a" }));
    expect((await filters()).map(({ filterName }) => filterName)).toEqual(["b"]);
    const again = new DeleteSubscriptionFilterCommand({ logGroupName: GROUP, filterName: "a" });
    expect(await refusal(logs.send(again))).toBe(
      "ResourceNotFoundException: The specified subscription filter does not exist.",
    );
    await logs.send(new DeleteLogGroupCommand({ logGroupName: GROUP }));
    await group(GROUP);
    expect(await filters()).toEqual([]);
  });

  it("that the API made are there after a restart", async () => {
    await stream("kinesis:PutRecord");
    await subscribe(STREAM, { roleArn: WRITER });
    disconnect();
    await cloud.restart();
    connect();
    await cloud.provision(
      role(WRITER, [{ Effect: "Allow", Action: "kinesis:PutRecord", Resource: STREAM }], "logs.amazonaws.com"),
    );
    await put(["after"]);
    expect((await records(2)).at(-1)!.message.logEvents[0].message).toBe("after");
  });

  it("that the program declares are tried once, not at each start, and are the program's", async () => {
    await stream("kinesis:PutRecord");
    const inputs = { logGroup: GROUP, filterPattern: "", destinationArn: STREAM, roleArn: WRITER };
    const declared = resource(FILTER, "declared", { name: "declared", ...inputs });
    await cloud.provision(declared);
    expect(await records(1)).toHaveLength(1);
    disconnect();
    await cloud.restart();
    connect();
    expect(await filters()).toEqual([]);
    await cloud.provision(
      role(WRITER, [{ Effect: "Allow", Action: "kinesis:PutRecord", Resource: STREAM }], "logs.amazonaws.com"),
    );
    await cloud.provision(declared);
    await put(["line"]);
    expect((await records(2)).map(({ message }) => message.messageType)).toEqual(["CONTROL_MESSAGE", "DATA_MESSAGE"]);
    await expect(cloud.provision(resource(FILTER, "other", { ...inputs, logGroup: "/none" }))).rejects.toThrow(
      "The specified log group does not exist.",
    );
  });

  it.each([
    ["a destination of another kind", "arn:aws:sqs:eu-west-1:000000000000:q", {}, "is not the ARN of a function"],
    ["no ARN", "lines", {}, "is not the ARN of a function"],
    ["a function with a role", functionArn("f"), { roleArn: WRITER }, "vendor lambda cannot be used with roleArn"],
    ["a stream without a role", STREAM, {}, "vendor kinesis needs a roleArn"],
    ["a name with a colon", STREAM, { filterName: "a:b", roleArn: WRITER }, '"a:b" is not a filter\'s name'],
    ["a pattern without end", STREAM, { filterPattern: "x".repeat(1025), roleArn: WRITER }, "at most 1024 characters"],
    ["another distribution", STREAM, { distribution: "Even" as never, roleArn: WRITER }, "ByLogStream or Random"],
    ["a stream that is not there", STREAM, { roleArn: WRITER }, "Could not deliver test message to specified Kinesis"],
  ])("are refused with %s", async (_, destination, more, problem) => {
    const answer = await refusal(subscribe(destination, more));
    expect(answer).toMatch(/^InvalidParameterException: /);
    expect(answer).toContain(problem);
  });

  it("are refused for a group that is not there", async () => {
    expect(await refusal(subscribe(STREAM, { logGroupName: "/none", roleArn: WRITER }))).toMatch(
      /^ResourceNotFoundException/,
    );
  });

  it("need the right to pass the role to CloudWatch Logs", async () => {
    await stream("kinesis:PutRecord");
    const caller = "arn:aws:iam::000000000000:role/caller";
    const may = { Effect: "Allow", Action: "logs:PutSubscriptionFilter", Resource: "*" };
    await cloud.provision(role(caller, [may]));
    const asCaller = new CloudWatchLogsClient({ ...cloud.running.client(caller), maxAttempts: 1 });
    const input = {
      logGroupName: GROUP,
      filterName: "out",
      filterPattern: "",
      destinationArn: STREAM,
      roleArn: WRITER,
    };
    const answer = await refusal(asCaller.send(new PutSubscriptionFilterCommand(input)));
    expect(answer).toMatch(/AccessDenied.*iam:PassRole/);
    const pass = {
      ...{ Effect: "Allow", Action: "iam:PassRole", Resource: WRITER },
      Condition: { StringEquals: { "iam:PassedToService": "logs.amazonaws.com" } },
    };
    await cloud.provision(role(caller, [may, pass]));
    expect(await refusal(asCaller.send(new PutSubscriptionFilterCommand(input)))).toBe("succeeded");
    asCaller.destroy();
  });
});
