/** A function that calls itself again and again is stopped, as AWS stops it. */

import { GetFunctionRecursionConfigCommand, PutFunctionRecursionConfigCommand } from "@aws-sdk/client-lambda";
import { s3 } from "../../../local/services/s3/index.ts";
import { sns } from "../../../local/services/sns/index.ts";
import { sqs } from "../../../local/services/sqs/index.ts";
import { eventually, type LambdaCloud, linesOf, startLambda, temporaryFile } from "./fixture.ts";
import { functionArn, permission, resource } from "./resources.ts";
import { queueIn } from "./stream-fixture.ts";

let cloud: LambdaCloud;
let file: string;

beforeEach(async () => {
  cloud = await startLambda({ sqs, sns, s3 });
  file = temporaryFile("calls");
});

afterEach(() => cloud.stop());

const calls = () => linesOf(file).length;
const SDK = new URL("../../../node_modules/@aws-sdk", import.meta.url).pathname;

/** Sends what it gets to where it came from. */
const viaQueue = (count = Number.POSITIVE_INFINITY) => `
  import { appendFileSync, readFileSync } from "node:fs";
  import { SQSClient, SendMessageCommand } from "${SDK}/client-sqs/dist-cjs/index.js";
  const queues = new SQSClient();
  const QueueUrl = process.env.AWS_ENDPOINT_URL + "/000000000000/loop";
  export const handler = async () => {
    appendFileSync(${JSON.stringify(file)}, "x\\n");
    if (readFileSync(${JSON.stringify(file)}, "utf8").length / 2 >= ${count === Number.POSITIVE_INFINITY ? "Infinity" : count}) return;
    await queues.send(new SendMessageCommand({ QueueUrl, MessageBody: "again" }));
  };`;

async function loop(source: string): Promise<void> {
  const eventSourceArn = await queueIn(cloud, "loop");
  await cloud.define("looping", source, { timeout: 30, memorySize: 512 });
  await cloud.provision(
    resource(
      "aws:lambda/eventSourceMapping:EventSourceMapping",
      "mapping",
      { eventSourceArn, functionName: "looping", batchSize: 1 },
      { uuid: "mapping" },
    ),
  );
}

const start = () => {
  const QueueUrl = `${cloud.running.endpoint}/000000000000/loop`;
  return cloud.running.call("sqs", "SendMessage", { QueueUrl, MessageBody: "first" });
};

const stopped = () =>
  eventually(
    () => cloud.lines.map(({ message }) => message).join(),
    (text) => text.includes("recursive loop"),
  );

it("through a queue ends after 16 calls of one chain, and the log says why", async () => {
  await loop(viaQueue());
  // The queue keeps a message invisible for longer than the test: what is stopped does not come again.
  await start();
  await stopped();
  expect(calls()).toBe(16);
});

it("through asynchronous calls of itself ends after 16, and goes to the dead-letter queue", async () => {
  const targetArn = await queueIn(cloud, "dead");
  await cloud.define(
    "looping",
    `import { appendFileSync } from "node:fs";
     import { LambdaClient, InvokeCommand } from "${SDK}/client-lambda/dist-cjs/index.js";
     const functions = new LambdaClient();
     export const handler = async (event) => {
       appendFileSync(${JSON.stringify(file)}, "x\\n");
       await functions.send(new InvokeCommand({ FunctionName: "looping", InvocationType: "Event", Payload: '"again"' }));
     };`,
    { timeout: 900, memorySize: 512, deadLetterConfig: { targetArn } },
  );
  await cloud.invoke("looping", {}, { InvocationType: "Event" });
  const QueueUrl = `${cloud.running.endpoint}/000000000000/dead`;
  const { Messages } = await eventually(
    () => cloud.running.call("sqs", "ReceiveMessage", { QueueUrl }),
    (answer) => answer.Messages?.length > 0,
  );
  expect(Messages[0].Body).toBe('"again"');
  expect(calls()).toBe(16);
});

/** Does again what has called it, with a client of its own. */
const again = (client: string, command: string, input: string) => `
  import { appendFileSync } from "node:fs";
  import sdk from "${SDK}/${client}/dist-cjs/index.js";
  const client = new sdk.${client === "client-s3" ? "S3Client({ forcePathStyle: true })" : "SNSClient()"};
  export const handler = async () => {
    appendFileSync(${JSON.stringify(file)}, "x\\n");
    await client.send(new sdk.${command}(${input}));
  };`;

it("through a topic ends after 16 calls", async () => {
  const TopicArn = "arn:aws:sns:eu-west-1:000000000000:loop";
  await cloud.define(
    "looping",
    again("client-sns", "PublishCommand", `{ TopicArn: "${TopicArn}", Message: "again" }`),
    {
      ...{ timeout: 30, memorySize: 512 },
    },
  );
  const endpoint = functionArn("looping");
  await cloud.provision(
    resource("aws:sns/topic:Topic", "loop", { name: "loop" }, { arn: TopicArn, name: "loop" }),
    permission("looping", "sns.amazonaws.com", { sourceArn: TopicArn }),
    resource("aws:sns/topicSubscription:TopicSubscription", "loop", { topic: TopicArn, protocol: "lambda", endpoint }),
  );
  await cloud.running.call("sns", "Publish", { TopicArn, Message: "first" });
  await stopped();
  expect(calls()).toBe(16);
});

it("through a bucket ends after 16 calls", async () => {
  await cloud.define("looping", again("client-s3", "PutObjectCommand", `{ Bucket: "loop", Key: "again", Body: "x" }`), {
    ...{ timeout: 30, memorySize: 512 },
  });
  await cloud.provision(
    resource("aws:s3/bucket:Bucket", "loop", { bucket: "loop" }, { bucket: "loop", arn: "arn:aws:s3:::loop" }),
    permission("looping", "s3.amazonaws.com", { sourceArn: "arn:aws:s3:::loop" }),
    resource("aws:s3/bucketNotification:BucketNotification", "loop", {
      bucket: "loop",
      lambdaFunctions: [{ lambdaFunctionArn: functionArn("looping"), events: ["s3:ObjectCreated:*"] }],
    }),
  );
  await cloud.running.call("s3", "PutObject", { Bucket: "loop", Key: "first", Body: Buffer.from("x") });
  await stopped();
  expect(calls()).toBe(16);
});

it("may go on where the function is allowed to", async () => {
  await loop(viaQueue(25));
  const put = new PutFunctionRecursionConfigCommand({ FunctionName: "looping", RecursiveLoop: "Allow" });
  await cloud.client.send(put);
  await cloud.restart();
  await loop(viaQueue(25));
  const get = new GetFunctionRecursionConfigCommand({ FunctionName: "looping" });
  expect(await cloud.client.send(get)).toMatchObject({ RecursiveLoop: "Allow" });
  await start();
  await eventually(calls, (count) => count === 25);
});

it("calls that are no loop are not counted together", async () => {
  await loop(viaQueue(1));
  for (let i = 0; i < 20; i++) await start();
  await eventually(calls, (count) => count === 20);
  expect(cloud.lines.some(({ message }) => message.includes("recursive loop"))).toBe(false);
});
