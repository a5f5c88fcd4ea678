/** Functions made through Lambda's own API: one that streams its answer, one that survives being killed. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  GetDurableExecutionCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  LambdaClient,
} from "@aws-sdk/client-lambda";
import { clientConfig } from "../cloud.ts";
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

/** The second step never ends the first time: its process is killed. */
const DURABLE = `
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { withDurableExecution } from "@aws/durable-execution-sdk-js";
export const handler = withDurableExecution(async ({ folder }, context) => {
  const note = (text) => appendFileSync(folder + "/steps", text + "\\n");
  const charged = await context.step("charge", async () => { note("charge"); return 42; });
  await context.step("ship", async () => {
    note("ship");
    if (existsSync(folder + "/pid")) return;
    writeFileSync(folder + "/pid", String(process.pid));
    await new Promise(() => setInterval(() => {}, 1000));
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
  const { arn, folder, pid } = await story.step(
    "A durable one is killed in its second step",
    () => killed(scene),
    ({ pid: process }) => `process ${process}`,
  );
  await story.step(
    "It goes on where it was: the first step is not done again",
    () => resumed(scene, arn, folder),
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
  folder: string;
  pid: number;
}

async function killed({ platform, made }: Scene): Promise<Killed> {
  const client = new LambdaClient(clientConfig(platform.outputs));
  const folder = mkdtempSync(join(tmpdir(), "terrace-demo-"));
  made.undo(async () => rmSync(folder, { recursive: true, force: true }));
  const Resource = `arn:aws:lambda:${platform.outputs.aws.region}:000000000000:function:${made.prefix}-durable*`;
  const Role = await made.role("durable", "lambda.amazonaws.com", [
    LOGS,
    { Action: ["lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"], Resource },
  ]);
  const FunctionName = await made.lambda("durable", DURABLE, {
    ...{ Role, DurableConfig: { ExecutionTimeout: 300, RetentionPeriodInDays: 1 } },
  });
  const { DurableExecutionArn } = await client.send(
    new InvokeCommand({
      ...{ FunctionName, Qualifier: "$LATEST", InvocationType: "Event" },
      Payload: Buffer.from(JSON.stringify({ folder })),
    }),
  );
  const pid = await until("The second step", async () => Number(read(join(folder, "pid"))) || undefined);
  process.kill(pid, "SIGKILL");
  return { arn: DurableExecutionArn!, folder, pid };
}

async function resumed({ platform }: Scene, DurableExecutionArn: string, folder: string): Promise<string[]> {
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
  const steps = read(join(folder, "steps")).trim().split("\n");
  if (steps.join() !== "charge,ship,ship") throw new Error(`its steps were ${steps.join(", ")}`);
  return steps;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
