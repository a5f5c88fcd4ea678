import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";
const key = "arn:aws:kms:eu-west-1:000000000000:key/11111111-2222-3333-4444-555555555555";

const statementsOf = (stack: Deployment, type: string, name: string) =>
  JSON.parse(String(stack.resource(type, name).inputs.policy)).Statement as Record<string, unknown>[];

const consumed = (args: terrace.StreamConsumerArgs = {}, stream: terrace.StreamArgs = {}) =>
  deploy(() => {
    const sessions = new terrace.Function("sessions", { entry });
    new terrace.Stream("clicks", stream).consume("sessions", sessions, args);
  });

describe("Stream", () => {
  it("is paid by what flows, encrypted, kept for a week and protected, unless told otherwise", async () => {
    const { inputs, options } = (await deploy(() => new terrace.Stream("clicks"))).resource(
      "aws:kinesis/stream:Stream",
    );
    expect(inputs).toEqual({
      streamModeDetails: { streamMode: "ON_DEMAND" },
      retentionPeriod: 168,
      encryptionType: "KMS",
      kmsKeyId: "alias/aws/kinesis",
      enforceConsumerDeletion: false,
    });
    expect(options.protect).toBe(true);
  });

  it("goes in one go in development, with a day's records and whoever reads it", async () => {
    const stack = await deploy(() => new terrace.Stream("clicks", { protection: "disposable", shards: 2 }));
    const { inputs, options } = stack.resource("aws:kinesis/stream:Stream");
    expect(inputs).toMatchObject({
      streamModeDetails: { streamMode: "PROVISIONED" },
      shardCount: 2,
      retentionPeriod: 24,
      enforceConsumerDeletion: true,
    });
    expect(options.protect).toBeUndefined();
  });

  it("refuses records that come without TLS", async () => {
    const stack = await deploy(() => new terrace.Stream("clicks"));
    const arn = stack.resource("aws:kinesis/stream:Stream").outputs.arn;
    expect(statementsOf(stack, "aws:kinesis/resourcePolicy:ResourcePolicy", "clicks-policy")).toEqual([
      {
        Sid: "TlsOnly",
        Effect: "Deny",
        Principal: "*",
        Action: ["PutRecord", "PutRecords", "GetRecords", "GetShardIterator", "ListShards"].map((a) => `kinesis:${a}`),
        Resource: arn,
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ]);
  });

  it("lets one record not hold up the rest: halves, partial failures, five retries, then a queue", async () => {
    const stack = await consumed();
    const { inputs } = stack.resource("EventSourceMapping", "sessions-source");
    expect(inputs).toEqual({
      eventSourceArn: stack.resource("aws:kinesis/stream:Stream").outputs.arn,
      functionName: stack.resource("aws:lambda/function:Function").outputs.arn,
      startingPosition: "TRIM_HORIZON",
      batchSize: 100,
      maximumBatchingWindowInSeconds: 0,
      parallelizationFactor: 1,
      maximumRetryAttempts: 5,
      maximumRecordAgeInSeconds: -1,
      bisectBatchOnFunctionError: true,
      functionResponseTypes: ["ReportBatchItemFailures"],
      destinationConfig: {
        onFailure: { destinationArn: stack.resource("aws:sqs/queue:Queue", "sessions-failures").outputs.arn },
      },
    });
    expect(stack.resource("aws:sqs/queue:Queue", "sessions-failures").inputs).toMatchObject({
      messageRetentionSeconds: 1_209_600,
      sqsManagedSseEnabled: true,
    });
  });

  it("asks for what the consumer's arguments say, filters as the patterns they are", async () => {
    const stack = await consumed({
      ...{ batchSize: 500, batchWindowSeconds: 2, parallelizationFactor: 4, maximumRetries: 2 },
      ...{
        maximumRecordAgeSeconds: 3600,
        startingPosition: "LATEST",
        onFailure: "arn:aws:sqs:eu-west-1:000000000000:f",
      },
      filters: [{ data: { type: ["click", { prefix: "tap." }] } }],
    });
    expect(stack.resource("EventSourceMapping").inputs).toMatchObject({
      ...{ batchSize: 500, maximumBatchingWindowInSeconds: 2, parallelizationFactor: 4, maximumRetryAttempts: 2 },
      ...{ maximumRecordAgeInSeconds: 3600, startingPosition: "LATEST" },
      filterCriteria: { filters: [{ pattern: '{"data":{"type":["click",{"prefix":"tap."}]}}' }] },
      destinationConfig: { onFailure: { destinationArn: "arn:aws:sqs:eu-west-1:000000000000:f" } },
    });
    expect(stack.all("aws:sqs/queue:Queue")).toEqual([]);
  });

  it("grants a consumer to read this stream and to send to its queue of failures, nothing else", async () => {
    const stack = await consumed();
    const stream = stack.resource("aws:kinesis/stream:Stream").outputs.arn;
    const failures = stack.resource("aws:sqs/queue:Queue").outputs.arn;
    const statements = statementsOf(stack, "aws:iam/rolePolicy:RolePolicy", "sessions-source-grants");
    expect(statements.map(({ Action, Resource }) => [(Action as string[]).length, Resource])).toEqual([
      [5, [stream]],
      [1, [failures]],
    ]);
    const mapping = stack.resource("EventSourceMapping");
    expect(mapping.dependencies).toContain(
      stack.resource("aws:iam/rolePolicy:RolePolicy", "sessions-source-grants").urn,
    );
  });

  it("with a key of one's own lets readers decrypt and writers encrypt through Kinesis alone", async () => {
    let grants: { read: terrace.Grant[]; write: terrace.Grant[] } | undefined;
    const stack = await deploy(() => {
      const stream = new terrace.Stream("clicks", { kmsKeyArn: pulumi.output(key) });
      grants = { read: stream.readGrants, write: stream.writeGrants };
      new terrace.Function("reader", { entry, grants: stream.readGrants });
      new terrace.Function("writer", { entry, grants: stream.writeGrants });
    });
    expect(stack.resource("aws:kinesis/stream:Stream").inputs.kmsKeyId).toBe(key);
    const ofKey = (name: string) =>
      statementsOf(stack, "aws:iam/rolePolicy:RolePolicy", name).filter(({ Resource }) => String(Resource) === key);
    const Condition = { StringEquals: { "kms:ViaService": "kinesis.eu-west-1.amazonaws.com" } };
    expect(ofKey("reader-policy")).toEqual([{ Effect: "Allow", Action: ["kms:Decrypt"], Resource: [key], Condition }]);
    expect(ofKey("writer-policy")).toEqual([
      { Effect: "Allow", Action: ["kms:GenerateDataKey", "kms:Decrypt"], Resource: [key], Condition },
    ]);
    expect(grants!.read).toHaveLength(2);
  });

  it("invokes a durable consumer by its alias", async () => {
    const stack = await deploy(() => {
      const sessions = new terrace.Function("sessions", { entry, durable: { executionTimeoutSeconds: 900 } });
      new terrace.Stream("clicks").consume("sessions", sessions);
    });
    expect(stack.resource("EventSourceMapping").inputs.functionName).toBe(
      stack.resource("aws:lambda/alias:Alias").outputs.arn,
    );
  });

  it.each<[terrace.StreamArgs, string]>([
    [{ streamName: "a b" }, 'streamName is "a b"; it has to be 1 to 128 letters, digits, _, . or -'],
    [{ shards: 0 }, "shards is 0; it has to be a number from 1 to 10000"],
    [{ retentionHours: 12 }, "retentionHours is 12; it has to be a number from 24 to 8760"],
    [{ kmsKeyArn: "alias/mine" }, 'kmsKeyArn is "alias/mine"; it has to be an ARN such as arn:aws:kms:…'],
    [{ kmsKeyArn: pulumi.output("late") }, 'kmsKeyArn is "late"; it has to be an ARN such as arn:aws:kms:…'],
  ])("refuses %j", async (args, message) => {
    const said = await refused(() => new terrace.Stream("clicks", { protection: "disposable", ...args }));
    expect(said).toContain(`Stream "clicks": ${message}`);
  });

  it.each<[terrace.StreamConsumerArgs, string]>([
    [{ batchSize: 0 }, "batchSize is 0; it has to be a number from 1 to 10000"],
    [{ batchWindowSeconds: 301 }, "batchWindowSeconds is 301; it has to be a number from 0 to 300"],
    [{ parallelizationFactor: 11 }, "parallelizationFactor is 11; it has to be a number from 1 to 10"],
    [{ maximumRetries: -1 }, "maximumRetries is -1; it has to be a number from 0 to 10000"],
    [{ maximumRecordAgeSeconds: 59 }, "maximumRecordAgeSeconds is 59; it has to be a number from 60 to 604800"],
    [{ filters: [] }, "filters is []; give 1 to 10 patterns, or leave it out"],
    [{ filters: [{}] }, "filters[0] is {}; name at least one field; AWS refuses an empty pattern"],
    [{ filters: [{ data: { a: [] } }] }, "filters[0].data.a is []; an empty list matches nothing; name a value"],
    [
      { filters: [{ data: { a: [{ like: "x" } as never] } }] },
      'filters[0].data.a is {"like":"x"}; a condition is one of prefix, suffix, equals-ignore-case, wildcard, exists, cidr, numeric, anything-but',
    ],
    [
      { filters: [{ data: { a: [{ numeric: [">"] }] } }] },
      'filters[0].data.a is {"numeric":[">"]}; "numeric" does not take that operand',
    ],
    [{ filters: [{ a: "x" as never }] }, 'filters[0].a is "x"; a field is matched by a list: ["x"]'],
    [{ filters: [{ $or: [{ a: ["x"] }] }] }, 'filters[0].$or is [{"a":["x"]}]; list at least two patterns'],
  ])("refuses the consumer %j", async (args, message) => {
    const said = await refused(() => {
      const sessions = new terrace.Function("sessions", { entry });
      new terrace.Stream("clicks").consume("sessions", sessions, args);
    });
    expect(said).toContain(`Stream "clicks": ${message}`);
  });

  it("refuses a durable consumer that outlasts what Lambda waits for", async () => {
    const said = await refused(() => {
      const slow = new terrace.Function("slow", { entry, durable: { executionTimeoutSeconds: 3600 } });
      new terrace.Stream("clicks").consume("slow", slow);
    });
    expect(said).toContain(
      'Stream "clicks": durable.executionTimeoutSeconds is 3600; a queue or stream waits for at most 900 s',
    );
  });
});
