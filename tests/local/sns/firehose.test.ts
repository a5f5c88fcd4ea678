/** A delivery (Firehose) that is subscribed to a topic, as the role that the subscription names. */
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { type FirehoseCloud, startFirehose } from "../firehose/fixture.ts";
import { role } from "../lambda/resources.ts";

const STREAM = "arn:aws:firehose:eu-west-1:000000000000:deliverystream/usage";
const ROLE = "arn:aws:iam::000000000000:role/archive";

let cloud: FirehoseCloud;
let topics: SNSClient;
let TopicArn: string;

beforeEach(async () => {
  cloud = await startFirehose();
  await cloud.create();
  topics = new SNSClient({ ...cloud.running.client(), maxAttempts: 1 });
  TopicArn = (await topics.send(new CreateTopicCommand({ Name: "events" }))).TopicArn!;
});

afterEach(async () => {
  topics.destroy();
  await cloud.stop();
});

const failure = (sent: Promise<unknown>) =>
  sent.then(
    () => "succeeded",
    (error: Error) => error.message,
  );
const subscribe = (Attributes?: Record<string, string>) =>
  topics.send(new SubscribeCommand({ TopicArn, Protocol: "firehose", Endpoint: STREAM, Attributes }));
const mayPut = { Effect: "Allow", Action: "firehose:PutRecord", Resource: STREAM };

it("gets each message as a line, raw or in its envelope", async () => {
  await cloud.provision(role(ROLE, [mayPut], "sns.amazonaws.com"));
  await subscribe({ SubscriptionRoleArn: ROLE, RawMessageDelivery: "true" });
  await topics.send(new PublishCommand({ TopicArn, Message: '{"n":1}' }));
  await topics.send(new PublishCommand({ TopicArn, Message: '{"n":2}' }));
  await cloud.clock.advance(900_000);
  const [[, text]] = (await cloud.objectsDelivered(1)) as [[string, string]];
  expect(text).toBe('{"n":1}\n{"n":2}\n');
});

it("is written to as the role, whose missing permission shows in the log", async () => {
  await cloud.provision(role(ROLE, [{ ...mayPut, Action: "firehose:ListDeliveryStreams" }], "sns.amazonaws.com"));
  await subscribe({ SubscriptionRoleArn: ROLE });
  await topics.send(new PublishCommand({ TopicArn, Message: "x" }));
  const lost = cloud.lines.map(({ message }) => message).join("\n");
  expect(lost).toMatch(
    /could not deliver to .*usage: User: .*assumed-role\/archive\/sns is not authorized to perform: firehose:PutRecord/,
  );
});

it("needs a role, and no other protocol takes one", async () => {
  expect(await failure(subscribe())).toContain("SubscriptionRoleArn is required");
  expect(await failure(subscribe({ SubscriptionRoleArn: "me" }))).toContain("it is the ARN of a role");
  const queue = { TopicArn, Protocol: "sqs", Endpoint: "arn:aws:sqs:eu-west-1:000000000000:q" };
  const withRole = new SubscribeCommand({ ...queue, Attributes: { SubscriptionRoleArn: ROLE } });
  expect(await failure(topics.send(withRole))).toContain("only of the protocol firehose");
});
