/** What belongs to a function and has operations of its own: aliases, permissions, concurrency, layers, mappings. */
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateEventSourceMappingCommand,
  DeleteAliasCommand,
  DeleteEventSourceMappingCommand,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  DeleteLayerVersionCommand,
  GetAliasCommand,
  GetEventSourceMappingCommand,
  GetFunctionConcurrencyCommand,
  GetLayerVersionCommand,
  GetPolicyCommand,
  LambdaClient,
  ListAliasesCommand,
  ListEventSourceMappingsCommand,
  ListLayersCommand,
  PublishLayerVersionCommand,
  PutFunctionConcurrencyCommand,
  RemovePermissionCommand,
  UpdateAliasCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionCodeCommand,
} from "@aws-sdk/client-lambda";
import { CreateQueueCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { sqs } from "../../../local/services/sqs/index.ts";
import { codeOf } from "../messaging-cloud.ts";
import { answering, create, zip } from "./api-fixture.ts";
import { eventually, type LambdaCloud, startLambda } from "./fixture.ts";
import { functionArn, functionResource, ROLE_ARN, resource, role } from "./resources.ts";

let cloud: LambdaCloud;
const FunctionName = "hello";

beforeEach(async () => {
  cloud = await startLambda({ sqs });
});

afterEach(() => cloud.stop());

/** `hello` with versions 1 and 2, which answer with their numbers. */
async function versions(): Promise<void> {
  await create(cloud, FunctionName, answering("context.functionVersion"), { Publish: true });
  const ZipFile = zip({ "index.mjs": answering("context.functionVersion + ''") });
  await cloud.client.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile, Publish: true }));
}

describe("an alias", () => {
  it("runs the version it names, and moves", async () => {
    await versions();
    const made = await cloud.client.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1" }));
    expect(made).toMatchObject({ AliasArn: `${functionArn("hello")}:live`, Name: "live", FunctionVersion: "1" });
    expect((await cloud.invoke(`${functionArn("hello")}:live`)).payload).toBe("1");
    await cloud.client.send(new UpdateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "2" }));
    await cloud.restart();
    expect((await cloud.invoke("hello", {}, { Qualifier: "live" })).payload).toBe("2");
  });

  it("with weights sends its share of calls to the other version, and says which one ran", async () => {
    await versions();
    const AdditionalVersionWeights = { "2": 0.25 };
    await cloud.client.send(
      new CreateAliasCommand({
        FunctionName,
        Name: "live",
        FunctionVersion: "1",
        RoutingConfig: { AdditionalVersionWeights },
      }),
    );
    const ran = async () => (await cloud.invoke("hello", {}, { Qualifier: "live" })).payload;
    const draw = jest.spyOn(Math, "random");
    try {
      draw.mockReturnValue(0.249);
      expect(await ran()).toBe("2");
      draw.mockReturnValue(0.25);
      expect(await ran()).toBe("1");
    } finally {
      draw.mockRestore();
    }
    await cloud.client.send(
      new UpdateAliasCommand({ FunctionName, Name: "live", RoutingConfig: { AdditionalVersionWeights: { "2": 1 } } }),
    );
    for (let i = 0; i < 10; i++) expect(await ran()).toBe("2");
    await cloud.client.send(
      new UpdateAliasCommand({ FunctionName, Name: "live", RoutingConfig: { AdditionalVersionWeights: {} } }),
    );
    for (let i = 0; i < 10; i++) expect(await ran()).toBe("1");
  });

  it("is refused a version that is not there, weights on $LATEST, and a name that is a number", async () => {
    await versions();
    const attempt = (Name: string, FunctionVersion: string, weights?: Record<string, number>) =>
      codeOf(
        cloud.client.send(
          new CreateAliasCommand({
            ...{ FunctionName, Name, FunctionVersion },
            ...(weights && { RoutingConfig: { AdditionalVersionWeights: weights } }),
          }),
        ),
      );
    expect(await attempt("live", "9")).toBe("ResourceNotFoundException");
    expect(await attempt("live", "$LATEST", { "1": 0.5 })).toBe("InvalidParameterValueException");
    expect(await attempt("live", "1", { "2": 1.5 })).toBe("InvalidParameterValueException");
    expect(await attempt("7", "1")).toBe("ValidationException");
    await cloud.client.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1" }));
    expect(await attempt("live", "1")).toBe("ResourceConflictException");
    // A version that an alias names stays.
    expect(await codeOf(cloud.client.send(new DeleteFunctionCommand({ FunctionName, Qualifier: "1" })))).toBe(
      "ResourceConflictException",
    );
    await cloud.client.send(new DeleteAliasCommand({ FunctionName, Name: "live" }));
    expect(await codeOf(cloud.client.send(new GetAliasCommand({ FunctionName, Name: "live" })))).toBe(
      "ResourceNotFoundException",
    );
    const { Aliases } = await cloud.client.send(new ListAliasesCommand({ FunctionName }));
    expect(Aliases).toEqual([]);
  });
});

describe("a permission", () => {
  const add = (StatementId: string) =>
    cloud.client.send(
      new AddPermissionCommand({
        ...{ FunctionName, StatementId, Action: "lambda:InvokeFunction", Principal: "s3.amazonaws.com" },
        ...{ SourceArn: "arn:aws:s3:::photos", SourceAccount: "000000000000" },
      }),
    );

  it("is a statement of the function's policy until it is removed", async () => {
    await create(cloud, "hello", answering("1"));
    const { Statement } = await add("from-s3");
    const statement = {
      Sid: "from-s3",
      Effect: "Allow",
      Principal: { Service: "s3.amazonaws.com" },
      Action: "lambda:InvokeFunction",
      Resource: functionArn("hello"),
      Condition: {
        ArnLike: { "AWS:SourceArn": "arn:aws:s3:::photos" },
        StringEquals: { "AWS:SourceAccount": "000000000000" },
      },
    };
    expect(JSON.parse(Statement!)).toEqual(statement);
    await cloud.restart();
    const { Policy } = await cloud.client.send(new GetPolicyCommand({ FunctionName }));
    expect(JSON.parse(Policy!)).toEqual({ Version: "2012-10-17", Id: "default", Statement: [statement] });
    expect(await codeOf(add("from-s3"))).toBe("ResourceConflictException");
    await cloud.client.send(new RemovePermissionCommand({ FunctionName, StatementId: "from-s3" }));
    for (const command of [
      new GetPolicyCommand({ FunctionName }),
      new RemovePermissionCommand({ FunctionName, StatementId: "from-s3" }),
    ]) {
      expect(await codeOf(cloud.client.send(command as never))).toBe("ResourceNotFoundException");
    }
  });

  it("decides who may call: the service for this source, and nobody else", async () => {
    await create(cloud, "hello", answering("1"));
    const call = (sourceArn: string) => {
      const principal = { type: "service" as const, arn: "s3.amazonaws.com", account: "000000000000" };
      return cloud.running.call("lambda", "Invoke", { FunctionName: functionArn("hello") }, { principal, sourceArn });
    };
    await expect(call("arn:aws:s3:::photos")).rejects.toMatchObject({ code: "AccessDeniedException" });
    await add("from-s3");
    expect(await call("arn:aws:s3:::photos")).toMatchObject({ StatusCode: 200 });
    await expect(call("arn:aws:s3:::others")).rejects.toMatchObject({ code: "AccessDeniedException" });
  });
});

describe("reserved concurrency", () => {
  it("of 0 blocks every call with its reason until it is lifted, and keeps environments as they are", async () => {
    await create(cloud, "hello", answering("process.pid"));
    const { payload } = await cloud.invoke("hello");
    await cloud.client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }));
    await expect(cloud.invoke("hello")).rejects.toMatchObject({
      name: "TooManyRequestsException",
      Reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
      $metadata: { httpStatusCode: 429 },
    });
    const { ReservedConcurrentExecutions } = await cloud.client.send(
      new GetFunctionConcurrencyCommand({ FunctionName }),
    );
    expect(ReservedConcurrentExecutions).toBe(0);
    await cloud.client.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
    expect((await cloud.invoke("hello")).payload).toBe(payload);
  });

  it("that would leave less than 100 to all others is refused", async () => {
    await create(cloud, "hello", answering("1"));
    const put = new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 901 });
    await expect(cloud.client.send(put)).rejects.toThrow(
      "UnreservedConcurrentExecution below its minimum value of [100]",
    );
  });
});

it("a layer's modules are there for the functions that name it, version by version", async () => {
  const publish = (word: string) =>
    cloud.client.send(
      new PublishLayerVersionCommand({
        ...{ LayerName: "words", CompatibleRuntimes: ["nodejs24.x"], Description: word },
        Content: { ZipFile: zip({ "nodejs/node_modules/words/index.js": `module.exports = "${word}";` }) },
      }),
    );
  const first = await publish("one");
  await publish("two");
  const source =
    'import { createRequire } from "node:module"; export const handler = async () => createRequire("/")("words");';
  await create(cloud, "old", source, { Layers: [first.LayerVersionArn!] });
  const { Layers } = await cloud.client.send(new ListLayersCommand({ CompatibleRuntime: "nodejs24.x" }));
  expect(Layers).toMatchObject([{ LayerName: "words", LatestMatchingVersion: { Version: 2, Description: "two" } }]);
  await create(cloud, "new", source, { Layers: [Layers![0]!.LatestMatchingVersion!.LayerVersionArn!] });
  await cloud.restart();
  expect((await cloud.invoke("old")).payload).toBe("one");
  expect((await cloud.invoke("new")).payload).toBe("two");
  await cloud.client.send(new DeleteLayerVersionCommand({ LayerName: "words", VersionNumber: 1 }));
  const get = new GetLayerVersionCommand({ LayerName: "words", VersionNumber: 1 });
  expect(await codeOf(cloud.client.send(get))).toBe("ResourceNotFoundException");
  expect((await cloud.invoke("old")).payload).toBe("one");
});

describe("a mapping made by the API", () => {
  let queues: SQSClient;
  let QueueUrl: string;
  const EventSourceArn = "arn:aws:sqs:eu-west-1:000000000000:jobs";

  beforeEach(async () => {
    queues = new SQSClient({ ...cloud.running.client(), maxAttempts: 1 });
    QueueUrl = (await queues.send(new CreateQueueCommand({ QueueName: "jobs" }))).QueueUrl!;
    await create(
      cloud,
      "hello",
      "export const handler = async ({ Records }) => console.log('got ' + Records.map(({ body }) => body));",
    );
  });
  afterEach(() => queues.destroy());

  const heard = (text: string) =>
    eventually(
      async () => (await cloud.logOf("hello")).join(),
      (log) => log.includes(`got ${text}`),
    );
  const send = (MessageBody: string) => queues.send(new SendMessageCommand({ QueueUrl, MessageBody }));

  it("calls the function, also after a restart, and no more once it is deleted", async () => {
    const { UUID, State } = await cloud.client.send(
      new CreateEventSourceMappingCommand({ FunctionName, EventSourceArn }),
    );
    expect(State).toBe("Creating");
    await send("first");
    await heard("first");
    queues.destroy();
    await cloud.restart();
    queues = new SQSClient({ ...cloud.running.client(), maxAttempts: 1 });
    QueueUrl = `${cloud.running.endpoint}/000000000000/jobs`;
    // The service starts with whatever first needs it.
    await cloud.client.send(new GetEventSourceMappingCommand({ UUID }));
    await send("second");
    await heard("second");
    const deleted = await cloud.client.send(new DeleteEventSourceMappingCommand({ UUID }));
    expect(deleted).toMatchObject({ UUID, State: "Deleting", EventSourceArn });
    expect(await codeOf(cloud.client.send(new GetEventSourceMappingCommand({ UUID })))).toBe(
      "ResourceNotFoundException",
    );
    const { EventSourceMappings } = await cloud.client.send(new ListEventSourceMappingsCommand({ FunctionName }));
    expect(EventSourceMappings).toEqual([]);
  });

  it("is changed and described as it was set", async () => {
    const { UUID } = await cloud.client.send(
      new CreateEventSourceMappingCommand({
        ...{ FunctionName, EventSourceArn, BatchSize: 5, Enabled: false },
        FilterCriteria: { Filters: [{ Pattern: '{"body":{"kind":["a"]}}' }] },
        FunctionResponseTypes: ["ReportBatchItemFailures"],
      }),
    );
    await cloud.client.send(
      new UpdateEventSourceMappingCommand({ UUID, BatchSize: 20, MaximumBatchingWindowInSeconds: 1 }),
    );
    expect(await cloud.client.send(new GetEventSourceMappingCommand({ UUID }))).toMatchObject({
      ...{ UUID, EventSourceArn, FunctionArn: functionArn("hello"), State: "Disabled" },
      ...{ BatchSize: 20, MaximumBatchingWindowInSeconds: 1 },
      FilterCriteria: { Filters: [{ Pattern: '{"body":{"kind":["a"]}}' }] },
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
  });

  it("and one that a program declares are one kind: the API changes it, and twins are refused (case 3)", async () => {
    await cloud.provision(
      resource(
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        "declared",
        { eventSourceArn: EventSourceArn, functionName: "hello", enabled: false },
        { uuid: "declared" },
      ),
    );
    const twin = new CreateEventSourceMappingCommand({ FunctionName, EventSourceArn });
    expect(await codeOf(cloud.client.send(twin))).toBe("ResourceConflictException");
    await cloud.client.send(new UpdateEventSourceMappingCommand({ UUID: "declared", Enabled: true }));
    await send("by the API's change");
    await heard("by the API's change");
  });

  it("is refused where the function's role may not read the queue", async () => {
    await cloud.provision(role(`${ROLE_ARN}-blind`, []));
    await create(cloud, "blind", answering("1"), { Role: `${ROLE_ARN}-blind` });
    const attempt = cloud.client.send(new CreateEventSourceMappingCommand({ FunctionName: "blind", EventSourceArn }));
    await expect(attempt).rejects.toThrow("does not have permissions to call ReceiveMessage on SQS");
  });
});

it("what the API adds to a declared function waits for the program after a restart", async () => {
  await cloud.provision(functionResource("declared", answering("1")));
  await cloud.client.send(
    new CreateAliasCommand({ FunctionName: "declared", Name: "live", FunctionVersion: "$LATEST" }),
  );
  await cloud.restart();
  expect(await codeOf(cloud.invoke("declared", {}, { Qualifier: "live" }))).toBe("ResourceNotFoundException");
  await cloud.provision(functionResource("declared", answering("1")));
  expect((await cloud.invoke("declared", {}, { Qualifier: "live" })).payload).toBe(1);
});

it("a role is held to the operation and the function that it may use", async () => {
  await create(cloud, "hello", answering("1"));
  await create(cloud, "other", answering("1"));
  const Resource = functionArn("hello");
  await cloud.provision(
    role(`${ROLE_ARN}-some`, [{ Effect: "Allow", Action: "lambda:PutFunctionConcurrency", Resource }]),
  );
  const client = new LambdaClient({ ...cloud.running.client(`${ROLE_ARN}-some`), maxAttempts: 1 });
  const put = (name: string) =>
    client.send(new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions: 1 }));
  await put("hello");
  await expect(put("other")).rejects.toThrow(`lambda:PutFunctionConcurrency on resource: ${functionArn("other")}`);
  await expect(client.send(new DeleteFunctionCommand({ FunctionName }))).rejects.toThrow("lambda:DeleteFunction");
  client.destroy();
});
