/** Functions made through Lambda's own API: one that streams its answer, one that survives being killed. */
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  GetDurableExecutionCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  LambdaClient,
} from "@aws-sdk/client-lambda";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { clientConfig } from "../cloud.ts";
import type { Outputs } from "../platform.ts";
import { until } from "../story.ts";
import type { Chapter, Scene } from "./scene.ts";

const LOGS = { Action: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], Resource: "*" };

const STREAMING = `
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  for (const piece of event.pieces) {
    stream.write(piece);
    await new Promise((done) => setTimeout(done, 200));
  }
  stream.end();
});`;

/** Its second step waits for an object that comes when the first process to try it has been killed. */
const DURABLE = `
import { HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { withDurableExecution } from "@aws/durable-execution-sdk-js";
const objects = new S3Client({ forcePathStyle: true });
const exists = (object) => objects.send(new HeadObjectCommand(object)).then(() => true, (error) => {
  if (error.name === "NotFound") return false;
  throw error;
});
export const handler = withDurableExecution(async ({ parcel }, context) => {
  const note = (step) => console.log("step " + step + " of process " + process.pid);
  const charged = await context.step("charge", async () => { note("charge"); return 42; });
  await context.step("ship", async () => {
    note("ship");
    while (!(await exists(parcel))) await new Promise((done) => setTimeout(done, 100));
  });
  await context.wait({ seconds: 1 });
  return { charged };
});`;

export const functionsChapter: Chapter = async (scene) => {
  const { story } = scene;
  story.heading("Functions made through Lambda's own API");
  await story.step(
    "One streams its answer: the first piece is here before the last one is made",
    () => streamed(scene),
    (ms) => `${ms} ms earlier`,
  );
  const { arn, functionName, pid } = await story.step(
    "A durable one is killed in its second step",
    () => killed(scene),
    ({ pid: process }) => `process ${process}`,
  );
  await story.step(
    "It goes on where it was: the first step is not done again",
    () => resumed(scene, arn, functionName),
    (steps) => `${steps.join(", ")} after process ${pid} had gone`,
  );
};

async function streamed({ platform, made }: Scene): Promise<number> {
  const client = new LambdaClient(clientConfig(platform.outputs));
  const Role = await made.role("streams", "lambda.amazonaws.com", [LOGS]);
  const FunctionName = await made.lambda("streams", STREAMING, { Role });
  const Payload = Buffer.from(JSON.stringify({ pieces: ["first ", "second ", "third"] }));
  const { EventStream } = await client.send(new InvokeWithResponseStreamCommand({ FunctionName, Payload }));
  let text = "";
  let firstAt: number | undefined;
  for await (const { PayloadChunk, InvokeComplete } of EventStream!) {
    firstAt ??= performance.now();
    if (PayloadChunk) text += Buffer.from(PayloadChunk.Payload!).toString();
    if (InvokeComplete?.ErrorCode) throw new Error(InvokeComplete.ErrorDetails);
  }
  if (text !== "first second third") throw new Error(`it answered "${text}"`);
  const ms = Math.round(performance.now() - firstAt!);
  if (ms < 300) throw new Error(`everything came within ${ms} ms`);
  return ms;
}

interface Killed {
  arn: string;
  functionName: string;
  pid: number;
}

async function killed({ platform, made }: Scene): Promise<Killed> {
  const { outputs } = platform;
  const client = new LambdaClient(clientConfig(outputs));
  const bucket = await made.bucket();
  const parcel = { Bucket: bucket, Key: "parcel" };
  const Resource = `arn:aws:lambda:${outputs.aws.region}:000000000000:function:${made.prefix}-durable*`;
  const Role = await made.role("durable", "lambda.amazonaws.com", [
    LOGS,
    { Action: ["lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"], Resource },
    { Action: "s3:GetObject", Resource: `arn:aws:s3:::${bucket}/parcel` },
    // Without it, what is not there is forbidden.
    { Action: "s3:ListBucket", Resource: `arn:aws:s3:::${bucket}` },
  ]);
  const functionName = await made.lambda("durable", DURABLE, {
    ...{ Role, DurableConfig: { ExecutionTimeout: 300, RetentionPeriodInDays: 1 } },
  });
  const { DurableExecutionArn } = await client.send(
    new InvokeCommand({
      ...{ FunctionName: functionName, Qualifier: "$LATEST", InvocationType: "Event" },
      Payload: Buffer.from(JSON.stringify({ parcel })),
    }),
  );
  const pid = await until("The second step", async () => {
    const steps = await stepsOf(outputs, functionName);
    return steps.find(({ step }) => step === "ship")?.pid;
  });
  process.kill(pid, "SIGKILL");
  await made.objects.send(new PutObjectCommand({ ...parcel, Body: "a parcel" }));
  return { arn: DurableExecutionArn!, functionName, pid };
}

async function resumed({ platform }: Scene, DurableExecutionArn: string, functionName: string): Promise<string[]> {
  const client = new LambdaClient(clientConfig(platform.outputs));
  const {
    Status,
    Result,
    Error: failure,
  } = await until("The execution's end", async () => {
    const found = await client.send(new GetDurableExecutionCommand({ DurableExecutionArn }));
    return found.Status === "RUNNING" ? undefined : found;
  });
  if (Status !== "SUCCEEDED" || Result !== '{"charged":42}') {
    throw new Error(`it ended ${Status}: ${Result ?? failure?.ErrorMessage}`);
  }
  const steps = (await stepsOf(platform.outputs, functionName)).map(({ step }) => step);
  if (steps.join() !== "charge,ship,ship") throw new Error(`its steps were ${steps.join(", ")}`);
  return steps;
}

/** What the function's log has of its steps, the earliest first. */
async function stepsOf(outputs: Outputs, functionName: string): Promise<{ step: string; pid: number }[]> {
  const client = new CloudWatchLogsClient(clientConfig(outputs));
  const { events = [] } = await client
    .send(new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${functionName}` }))
    .catch((error) => {
      // Nothing was logged yet.
      if (error.name === "ResourceNotFoundException") return { events: [] };
      throw error;
    });
  return events.flatMap(({ message }) => {
    const [, step, pid] = /step (\w+) of process (\d+)/.exec(message!) ?? [];
    return step ? [{ step, pid: Number(pid) }] : [];
  });
}
