/** Services that keep what lies under a customer's key from whoever may not use it. */
import { CreateKeyCommand, DisableKeyCommand, KMSClient, PutKeyPolicyCommand } from "@aws-sdk/client-kms";
import { dynamodb } from "../../local/services/dynamodb/index.ts";
import { kinesis } from "../../local/services/kinesis/index.ts";
import { kms } from "../../local/services/kms/index.ts";
import { type MessagingCloud, queuePolicy, startMessaging } from "./messaging-cloud.ts";
import { roleWith } from "./role-with.ts";

let cloud: MessagingCloud;
let keys: KMSClient;
let key: { KeyId: string; Arn: string };

beforeEach(async () => {
  cloud = await startMessaging({ kms, dynamodb, kinesis });
  keys = new KMSClient({ ...cloud.running.client(), maxAttempts: 1 });
  key = (await keys.send(new CreateKeyCommand({}))).KeyMetadata as typeof key;
});

afterEach(async () => {
  keys.destroy();
  await cloud.stop();
});

type Caller = (service: string, operation: string, input: object) => Promise<Record<string, unknown>>;

/** A role that may everything of the services, and with the key what `actions` say. */
async function as(name: string, ...actions: string[]): Promise<Caller> {
  const all = { Effect: "Allow", Action: ["sqs:*", "sns:*", "dynamodb:*", "kinesis:*"], Resource: "*" };
  const use = { Effect: "Allow", Action: actions, Resource: key.Arn };
  const arn = await roleWith(cloud.running, name, all, ...(actions.length > 0 ? [use] : []));
  const principal = cloud.running.principalFor(arn, "test");
  return (service, operation, input) => cloud.running.call(service, operation, input, { principal });
}

const admin: Caller = (service, operation, input) => cloud.running.call(service, operation, input);
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => "none",
    (error: { code: string }) => error.code,
  );

describe("under a customer's key", () => {
  it("a queue's producers make and open data keys, its consumers open them", async () => {
    const Attributes = { KmsMasterKeyId: key.KeyId };
    const { QueueUrl } = await admin("sqs", "CreateQueue", { QueueName: "q", Attributes });
    const send = (caller: Caller) => caller("sqs", "SendMessage", { QueueUrl, MessageBody: "x" });
    const receive = (caller: Caller) => caller("sqs", "ReceiveMessage", { QueueUrl, VisibilityTimeout: 0 });
    const producer = await as("producer", "kms:GenerateDataKey", "kms:Decrypt");
    const consumer = await as("consumer", "kms:Decrypt");
    expect(await codeOf(send(consumer))).toBe("KmsAccessDenied");
    await send(producer);
    expect((await receive(consumer)).Messages).toHaveLength(1);
    expect(await codeOf(receive(await as("nobody")))).toBe("KmsAccessDenied");
  });

  it("a queue gets a topic's messages only where the key's policy lets SNS in", async () => {
    const queueArn = "arn:aws:sqs:eu-west-1:000000000000:q";
    const topicArn = "arn:aws:sns:eu-west-1:000000000000:t";
    const Attributes = { KmsMasterKeyId: key.KeyId, Policy: queuePolicy(queueArn, "sns.amazonaws.com", topicArn) };
    const { QueueUrl } = await admin("sqs", "CreateQueue", { QueueName: "q", Attributes });
    await admin("sns", "CreateTopic", { Name: "t" });
    await admin("sns", "Subscribe", { TopicArn: topicArn, Protocol: "sqs", Endpoint: queueArn });
    const publish = async () => {
      await admin("sns", "Publish", { TopicArn: topicArn, Message: "x" });
      return ((await admin("sqs", "ReceiveMessage", { QueueUrl })).Messages as unknown[] | undefined)?.length ?? 0;
    };
    expect(await publish()).toBe(0);
    expect(cloud.logged.map(({ message }) => message).join()).toContain("kms:GenerateDataKey");
    const root = {
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::000000000000:root" },
      Action: "kms:*",
      Resource: "*",
    };
    const forSns = {
      ...{ Effect: "Allow", Principal: { Service: "sns.amazonaws.com" }, Resource: "*" },
      Action: ["kms:GenerateDataKey", "kms:Decrypt"],
    };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [root, forSns] });
    await keys.send(new PutKeyPolicyCommand({ KeyId: key.KeyId, Policy }));
    expect(await publish()).toBe(1);
  });

  it("a topic takes messages from who may make and open data keys", async () => {
    const Attributes = { KmsMasterKeyId: key.KeyId };
    const { TopicArn } = await admin("sns", "CreateTopic", { Name: "t", Attributes });
    const publish = (caller: Caller) => caller("sns", "Publish", { TopicArn, Message: "x" });
    expect(await codeOf(publish(await as("reader", "kms:Decrypt")))).toBe("KMSAccessDeniedException");
    expect(await publish(await as("publisher", "kms:GenerateDataKey", "kms:Decrypt"))).toHaveProperty("MessageId");
  });

  it("a table's items are for who may decrypt, by every operation", async () => {
    const table = {
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      SSESpecification: { Enabled: true, SSEType: "KMS", KMSMasterKeyId: key.Arn },
    };
    await admin("dynamodb", "CreateTable", { TableName: "letters", BillingMode: "PAY_PER_REQUEST", ...table });
    const { Table } = await admin("dynamodb", "DescribeTable", { TableName: "letters" });
    expect(Table).toMatchObject({ SSEDescription: { Status: "ENABLED", KMSMasterKeyArn: key.Arn } });
    const user = await as("user", "kms:Decrypt");
    const nobody = await as("nobody");
    const Item = { pk: { S: "a" } };
    await user("dynamodb", "PutItem", { TableName: "letters", Item });
    expect(await user("dynamodb", "GetItem", { TableName: "letters", Key: Item })).toEqual({ Item });
    const calls: [string, object][] = [
      ["PutItem", { TableName: "letters", Item }],
      ["Scan", { TableName: "letters" }],
      ["BatchGetItem", { RequestItems: { letters: { Keys: [Item] } } }],
      ["TransactWriteItems", { TransactItems: [{ Delete: { TableName: "letters", Key: Item } }] }],
    ];
    for (const [operation, input] of calls) {
      expect(await codeOf(nobody("dynamodb", operation, input))).toBe("AccessDeniedException");
    }
  });

  it("a stream's records are written and read by who may use the key", async () => {
    await admin("kinesis", "CreateStream", { StreamName: "s", ShardCount: 1 });
    await admin("kinesis", "StartStreamEncryption", { StreamName: "s", EncryptionType: "KMS", KeyId: key.Arn });
    const record = { StreamName: "s", PartitionKey: "1", Data: Buffer.from("x") };
    const producer = await as("producer", "kms:GenerateDataKey", "kms:Decrypt");
    const consumer = await as("consumer", "kms:Decrypt");
    expect(await codeOf(consumer("kinesis", "PutRecord", record))).toBe("KMSAccessDeniedException");
    await producer("kinesis", "PutRecord", record);
    const place = { StreamName: "s", ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" };
    const { ShardIterator } = await admin("kinesis", "GetShardIterator", place);
    expect((await consumer("kinesis", "GetRecords", { ShardIterator })).Records).toHaveLength(1);
    const nobody = await as("nobody");
    expect(await codeOf(nobody("kinesis", "GetRecords", { ShardIterator }))).toBe("KMSAccessDeniedException");
  });

  it("nobody is asked again for five minutes; then a key that is off stops everybody", async () => {
    const { QueueUrl } = await admin("sqs", "CreateQueue", {
      QueueName: "q",
      Attributes: { KmsMasterKeyId: key.KeyId },
    });
    const send = () => admin("sqs", "SendMessage", { QueueUrl, MessageBody: "x" });
    await send();
    await keys.send(new DisableKeyCommand({ KeyId: key.KeyId }));
    await send();
    await cloud.clock.advance(300_001);
    expect(await codeOf(send())).toBe("KmsDisabled");
  });
});

it("under AWS's own key nobody needs a grant of KMS", async () => {
  const Attributes = { KmsMasterKeyId: "alias/aws/sqs" };
  const { QueueUrl } = await admin("sqs", "CreateQueue", { QueueName: "q", Attributes });
  expect(await (await as("plain"))("sqs", "SendMessage", { QueueUrl, MessageBody: "x" })).toHaveProperty("MessageId");
});
