/**
 * The contract with the SDK's runtime schemas, which no documentation promises: what an unmodified client sends must reach an
 * operation as the client's caller wrote it, and what an operation answers must reach that caller.
 */
import {
  APIGatewayClient,
  CreateApiKeyCommand,
  GetApiKeysCommand,
  GetUsagePlanKeyCommand,
  UpdateUsagePlanCommand,
} from "@aws-sdk/client-api-gateway";
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { InvokeCommand, LambdaClient, ListFunctionsCommand, TagResourceCommand } from "@aws-sdk/client-lambda";
import { ExecuteStatementCommand, RDSDataClient } from "@aws-sdk/client-rds-data";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { PublishBatchCommand, PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { wireOf } from "../../../local/protocols/index.ts";
import { AwsError, type Principal, type Service } from "../../../local/service.ts";

const CLIENTS: Record<string, () => Promise<object>> = {
  sqs: () => import("@aws-sdk/client-sqs"),
  ssm: () => import("@aws-sdk/client-ssm"),
  logs: () => import("@aws-sdk/client-cloudwatch-logs"),
  dynamodb: () => import("@aws-sdk/client-dynamodb"),
  lambda: () => import("@aws-sdk/client-lambda"),
  "rds-data": () => import("@aws-sdk/client-rds-data"),
  apigateway: () => import("@aws-sdk/client-api-gateway"),
  s3: () => import("@aws-sdk/client-s3"),
  sns: () => import("@aws-sdk/client-sns"),
  sts: () => import("@aws-sdk/client-sts"),
};

describe("protocols", () => {
  let cloud: RunningCloud;
  let received: { operation: string; input: Record<string, unknown> } | undefined;
  let answer: unknown;

  /** Every operation of a service: notes its input, gives or throws the answer prepared for it. */
  const recorder = (name: string): Service => ({
    name,
    client: CLIENTS[name]!,
    resources: {},
    operations: new Proxy(
      {},
      {
        getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true }),
        get: (_target, operation: string) => ({
          run(input: Record<string, unknown>) {
            received = { operation, input };
            if (answer instanceof Error) throw answer;
            return answer;
          },
        }),
      },
    ),
  });

  beforeAll(async () => {
    const services = Object.fromEntries(Object.keys(CLIENTS).map((name) => [name, () => recorder(name)]));
    cloud = await startCloud({ services });
  });
  afterAll(() => cloud.stop());

  interface AnyClient {
    send(command: never): Promise<object>;
    destroy(): void;
  }

  // biome-ignore lint/suspicious/noExplicitAny: clients and commands of ten services
  async function ask(Client: new (config: any) => AnyClient, command: object, prepared: unknown): Promise<any> {
    answer = prepared;
    received = undefined;
    const client = new Client({ ...cloud.client(), maxAttempts: 1 });
    try {
      const { $metadata: _, ...output } = (await client.send(command as never)) as { $metadata: unknown };
      return output;
    } finally {
      client.destroy();
    }
  }
  const failure = (...args: Parameters<typeof ask>) =>
    ask(...args).then(
      () => undefined,
      (error) => error,
    );
  const at = new Date("2026-03-04T05:06:07Z");
  const bytes = Uint8Array.of(0, 1, 254, 255);
  const asBytes = (value: unknown) => [...(value as Uint8Array)];

  describe("awsJson", () => {
    it("carries structures, maps, lists, blobs and numbers both ways (SQS, 1.0)", async () => {
      const input = {
        QueueUrl: `${cloud.endpoint}/000000000000/q`,
        MessageBody: 'quotes " and \u2028 and ü',
        DelaySeconds: 3,
        MessageAttributes: { blob: { DataType: "Binary", BinaryValue: bytes } },
      };
      const output = await ask(SQSClient, new SendMessageCommand(input), {
        MessageId: "m",
        MD5OfMessageBody: (await import("node:crypto")).createHash("md5").update(input.MessageBody).digest("hex"),
      });
      expect(received).toMatchObject({
        operation: "SendMessage",
        input: { ...input, MessageAttributes: expect.anything() },
      });
      const attributes = received!.input.MessageAttributes as typeof input.MessageAttributes;
      expect(asBytes(attributes.blob.BinaryValue)).toEqual([...bytes]);
      expect(output.MessageId).toBe("m");
    });

    it("carries timestamps and unions (SSM 1.1, DynamoDB 1.0, Logs 1.1)", async () => {
      const parameter = { Parameter: { Name: "a", LastModifiedDate: at, Version: 2 } };
      expect(await ask(SSMClient, new GetParameterCommand({ Name: "a" }), parameter)).toEqual(parameter);
      const Item = {
        s: { S: "x" },
        n: { N: "1.50" },
        b: { B: bytes },
        l: { L: [{ BOOL: true }, { NULL: true }] },
        ss: { SS: ["a"] },
      };
      const output = await ask(DynamoDBClient, new PutItemCommand({ TableName: "t", Item }), { Attributes: Item });
      const { b, ...others } = received!.input.Item as typeof Item;
      expect(others).toEqual({ s: Item.s, n: Item.n, l: Item.l, ss: Item.ss });
      expect(asBytes(b.B)).toEqual([...bytes]);
      expect(asBytes(output.Attributes.b.B)).toEqual([...bytes]);
      const events = { events: [{ timestamp: 1_700_000_000_123, message: "line" }] };
      expect(await ask(CloudWatchLogsClient, new FilterLogEventsCommand({ logGroupName: "g" }), events)).toEqual(
        events,
      );
    });

    it("turns an error into the client's typed exception, with its members", async () => {
      const missing = await failure(
        SSMClient,
        new GetParameterCommand({ Name: "a" }),
        new AwsError("ParameterNotFound", "no a"),
      );
      expect(missing).toMatchObject({ name: "ParameterNotFound", message: "no a", $fault: "client" });
      expect(missing.$metadata).toMatchObject({
        httpStatusCode: 400,
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
    });

    it("gives SQS's errors their query code as well", async () => {
      const command = new ReceiveMessageCommand({ QueueUrl: `${cloud.endpoint}/0/q` });
      const error = await failure(SQSClient, command, new AwsError("QueueDoesNotExist", "no such queue"));
      expect(error).toMatchObject({
        name: "QueueDoesNotExist",
        message: "no such queue",
        Error: { Code: "AWS.SimpleQueueService.NonExistentQueue", Type: "Sender" },
      });
    });
  });

  describe("restJson1", () => {
    it("reads labels, headers, query and a blob payload, and answers with them (Lambda)", async () => {
      const input = {
        FunctionName: "arn:aws:lambda:eu-west-1:000000000000:function:f:live",
        InvocationType: "RequestResponse" as const,
        Qualifier: "live",
        Payload: bytes,
      };
      const output = await ask(LambdaClient, new InvokeCommand(input), {
        StatusCode: 202,
        FunctionError: "Unhandled",
        Payload: bytes,
      });
      expect(received).toMatchObject({ operation: "Invoke", input: { ...input, Payload: expect.anything() } });
      expect(asBytes(received!.input.Payload)).toEqual([...bytes]);
      expect(output).toMatchObject({ StatusCode: 202, FunctionError: "Unhandled" });
      expect(asBytes(output.Payload)).toEqual([...bytes]);
      await ask(LambdaClient, new ListFunctionsCommand({ MaxItems: 7 }), {
        Functions: [{ FunctionName: "f", Timeout: 3 }],
      });
      expect(received).toMatchObject({ operation: "ListFunctions", input: { MaxItems: 7 } });
      await ask(
        LambdaClient,
        new TagResourceCommand({ Resource: "arn:aws:lambda:r:0:function:f", Tags: { a: "b" } }),
        {},
      );
      expect(received).toMatchObject({
        operation: "TagResource",
        input: { Resource: "arn:aws:lambda:r:0:function:f", Tags: { a: "b" } },
      });
    });

    it("carries bodies with unions and nested lists (RDS Data)", async () => {
      const input = {
        resourceArn: "arn:c",
        secretArn: "arn:s",
        sql: "select :a",
        parameters: [
          { name: "a", value: { longValue: 9007199254740991 } },
          { name: "b", value: { blobValue: bytes } },
        ],
      };
      const records = [
        [{ stringValue: "x" }, { isNull: true }, { arrayValue: { longValues: [1, 2] } }, { doubleValue: 0.5 }],
      ];
      const output = await ask(RDSDataClient, new ExecuteStatementCommand(input), {
        records,
        numberOfRecordsUpdated: 0,
      });
      expect(received!.operation).toBe("ExecuteStatement");
      const [a, b] = received!.input.parameters as typeof input.parameters;
      expect(a).toEqual(input.parameters[0]);
      expect(asBytes((b!.value as { blobValue: Uint8Array }).blobValue)).toEqual([...bytes]);
      expect(output).toEqual({ records, numberOfRecordsUpdated: 0 });
    });

    it("tells routes of one path apart, and renames members (API Gateway)", async () => {
      await ask(APIGatewayClient, new CreateApiKeyCommand({ name: "k", enabled: true, tags: { a: "b" } }), {
        id: "1",
        createdDate: at,
      });
      expect(received).toEqual({ operation: "CreateApiKey", input: { name: "k", enabled: true, tags: { a: "b" } } });
      const keys = await ask(APIGatewayClient, new GetApiKeysCommand({ nameQuery: "k", includeValues: true }), {
        items: [{ id: "1" }],
      });
      expect(received).toEqual({ operation: "GetApiKeys", input: { nameQuery: "k", includeValues: true } });
      expect(keys.items).toEqual([{ id: "1" }]);
      await ask(APIGatewayClient, new GetUsagePlanKeyCommand({ usagePlanId: "p", keyId: "k/1" }), {});
      expect(received).toEqual({ operation: "GetUsagePlanKey", input: { usagePlanId: "p", keyId: "k/1" } });
      const patchOperations = [{ op: "add" as const, path: "/apiStages", value: "a:b" }];
      await ask(APIGatewayClient, new UpdateUsagePlanCommand({ usagePlanId: "p", patchOperations }), {});
      expect(received).toEqual({ operation: "UpdateUsagePlan", input: { usagePlanId: "p", patchOperations } });
    });

    it("turns an error into the client's typed exception, with the model's status", async () => {
      const error = new AwsError("ResourceNotFoundException", "no f", 400, { Type: "User" });
      const thrown = await failure(LambdaClient, new InvokeCommand({ FunctionName: "f" }), error);
      expect(thrown).toMatchObject({ name: "ResourceNotFoundException", message: "no f", Type: "User" });
      expect(thrown.$metadata.httpStatusCode).toBe(404);
    });
  });

  describe("restXml (S3)", () => {
    const object = { Bucket: "b", Key: "a/ü b+c.jpg" };

    it("carries keys of every kind, metadata, headers and bodies both ways", async () => {
      const put = { ...object, Body: "text", ContentType: "image/jpeg", Metadata: { by: "me" }, IfNoneMatch: "*" };
      expect((await ask(S3Client, new PutObjectCommand(put), { ETag: '"e"' })).ETag).toBe('"e"');
      expect(received).toMatchObject({
        operation: "PutObject",
        input: { ...object, ContentType: "image/jpeg", Metadata: { by: "me" }, IfNoneMatch: "*" },
      });
      const stored = {
        Body: Buffer.from(bytes),
        ContentLength: 4,
        LastModified: at,
        Metadata: { by: "me" },
        ETag: '"e"',
      };
      const got = await ask(S3Client, new GetObjectCommand({ ...object, Range: "bytes=0-3" }), stored);
      expect(received).toMatchObject({ operation: "GetObject", input: { ...object, Range: "bytes=0-3" } });
      expect(asBytes(await got.Body.transformToByteArray())).toEqual([...bytes]);
      expect(got).toMatchObject({ LastModified: at, Metadata: { by: "me" }, ETag: '"e"' });
      const head = await ask(S3Client, new HeadObjectCommand(object), { ContentLength: 4, ContentType: "image/png" });
      expect(head).toMatchObject({ ContentLength: 4, ContentType: "image/png" });
    });

    it.each<[string, object, object]>([
      ["ListBuckets", new ListBucketsCommand({}), { Buckets: [{ Name: "b", CreationDate: at }] }],
      [
        "ListObjectsV2",
        new ListObjectsV2Command({ Bucket: "b", Prefix: "a/", MaxKeys: 2 }),
        { Contents: [{ Key: "a/<1>&", Size: 3, LastModified: at }], IsTruncated: false },
      ],
      ["UploadPart", new UploadPartCommand({ ...object, PartNumber: 2, UploadId: "u", Body: "x" }), { ETag: '"p"' }],
      [
        "CopyObject",
        new CopyObjectCommand({ ...object, CopySource: "b/other" }),
        { CopyObjectResult: { ETag: '"c"', LastModified: at } },
      ],
      [
        "DeleteObjects",
        new DeleteObjectsCommand({ Bucket: "b", Delete: { Objects: [{ Key: "1" }, { Key: "2" }] } }),
        { Deleted: [{ Key: "1" }, { Key: "2" }] },
      ],
      [
        "CompleteMultipartUpload",
        new CompleteMultipartUploadCommand({
          ...object,
          UploadId: "u",
          MultipartUpload: { Parts: [{ PartNumber: 1, ETag: "e" }] },
        }),
        { Bucket: "b", Key: "k", ETag: '"m"' },
      ],
    ])("tells %s from its siblings", async (operation, command, prepared) => {
      const output = await ask(S3Client, command, prepared);
      expect(received!.operation).toBe(operation);
      const { Body: _, ...asked } = (command as { input: Record<string, unknown> }).input;
      expect(received!.input).toMatchObject(asked);
      expect(output).toMatchObject(prepared);
    });

    it("tells operations apart without the id that only SDKs send", async () => {
      const { parse } = wireOf(await import("@aws-sdk/client-s3"));
      for (const [method, target, operation] of [
        ["GET", "/b/k", "GetObject"],
        ["PUT", "/b/k", "PutObject"],
        ["GET", "/b?list-type=2", "ListObjectsV2"],
        ["GET", "/", "ListBuckets"],
        ["POST", "/b/k?uploads", "CreateMultipartUpload"],
        ["POST", "/b/k?uploadId=u", "CompleteMultipartUpload"],
        ["PUT", "/b/k?partNumber=1&uploadId=u", "UploadPart"],
        ["DELETE", "/b/k", "DeleteObject"],
        ["DELETE", "/b/k?uploadId=u", "AbortMultipartUpload"],
      ]) {
        const url = new URL(cloud.endpoint + target);
        const principal: Principal = { type: "anonymous", arn: "anonymous", account: "" };
        const request = { method: method!, url, headers: {}, body: Buffer.alloc(0), principal, sourceIp: "" };
        expect([method, target, parse(request).operation]).toEqual([method, target, operation]);
      }
    });

    it("turns an error into the client's typed exception, and a HEAD's into NotFound", async () => {
      const error = new AwsError("NoSuchKey", "no <key>", 404, { Key: "k" });
      const thrown = await failure(S3Client, new GetObjectCommand(object), error);
      expect(thrown).toMatchObject({ name: "NoSuchKey", message: "no <key>" });
      const head = await failure(S3Client, new HeadObjectCommand(object), new AwsError("NotFound", "", 404));
      expect(head).toMatchObject({ name: "NotFound", $metadata: { httpStatusCode: 404 } });
    });
  });

  describe("awsQuery", () => {
    it("carries nested structures, maps and lists both ways (SNS)", async () => {
      const input = {
        TopicArn: "arn:aws:sns:eu-west-1:000000000000:t",
        Message: "a&b=c + ü <x>",
        MessageAttributes: {
          kind: { DataType: "String", StringValue: "x y" },
          raw: { DataType: "Binary", BinaryValue: bytes },
        },
      };
      expect(await ask(SNSClient, new PublishCommand(input), { MessageId: "m<1>" })).toEqual({ MessageId: "m<1>" });
      expect(received).toMatchObject({ operation: "Publish", input: { Message: input.Message } });
      const attributes = received!.input.MessageAttributes as typeof input.MessageAttributes;
      expect(attributes.kind).toEqual(input.MessageAttributes.kind);
      expect(asBytes(attributes.raw.BinaryValue)).toEqual([...bytes]);
      const entries = [
        { Id: "1", Message: "one" },
        { Id: "2", Message: "two" },
      ];
      const batch = new PublishBatchCommand({ TopicArn: input.TopicArn, PublishBatchRequestEntries: entries });
      const output = await ask(SNSClient, batch, { Successful: [{ Id: "1", MessageId: "m" }], Failed: [] });
      expect(received!.input.PublishBatchRequestEntries).toEqual(entries);
      expect(output.Successful).toEqual([{ Id: "1", MessageId: "m" }]);
    });

    it("carries lists of structures, numbers and timestamps (STS)", async () => {
      const input = {
        RoleArn: "arn:r",
        RoleSessionName: "s",
        DurationSeconds: 900,
        Tags: [{ Key: "TenantId", Value: "acme" }],
      };
      const Credentials = { AccessKeyId: "a", SecretAccessKey: "s", SessionToken: "t+/=", Expiration: at };
      expect(await ask(STSClient, new AssumeRoleCommand(input), { Credentials })).toEqual({ Credentials });
      expect(received).toEqual({ operation: "AssumeRole", input });
    });

    it("turns an error into the client's typed exception", async () => {
      const error = new AwsError("NotFoundException", "no topic", 404);
      const thrown = await failure(SNSClient, new PublishCommand({ TopicArn: "arn:t", Message: "m" }), error);
      expect(thrown).toMatchObject({ name: "NotFoundException", message: "no topic" });
    });
  });

  it("answers malformed bodies with an error of the protocol's, not with a crash", async () => {
    const error = await failure(SSMClient, new GetParameterCommand({ Name: 7 as never }), {});
    expect(error).toMatchObject({
      name: "SerializationException",
      message: expect.stringContaining("Name must be a string"),
    });
    expect(received).toBeUndefined();
  });

  it("keeps what a defect of ours says out of the answer", async () => {
    const error = await failure(SSMClient, new GetParameterCommand({ Name: "a" }), new TypeError("secret detail"));
    expect(error).toMatchObject({ name: "InternalFailure", $metadata: { httpStatusCode: 500 } });
    expect(JSON.stringify(error)).not.toContain("secret detail");
  });
});
