/** Responses that a function makes piece by piece, read through the unmodified client. */
import { existsSync, writeFileSync } from "node:fs";
import {
  InvokeWithResponseStreamCommand,
  type InvokeWithResponseStreamCommandInput,
  LambdaClient,
} from "@aws-sdk/client-lambda";
import { eventually, type LambdaCloud, startLambda, temporaryFile } from "./fixture.ts";
import { ACCOUNT, role } from "./resources.ts";

let cloud: LambdaCloud;
beforeAll(async () => {
  cloud = await startLambda();
});
afterAll(() => cloud.stop());

const streaming = (body: string) =>
  `import { existsSync, writeFileSync } from "node:fs";
  import { setTimeout as delay } from "node:timers/promises";
  import { pipeline } from "node:stream/promises";
  import { Readable } from "node:stream";
  const appears = async (file) => { while (!existsSync(file)) await delay(5); };
  export const handler = awslambda.streamifyResponse(async (event, stream, context) => { ${body} });`;

async function invoke(name: string, event: unknown = {}, more: Partial<InvokeWithResponseStreamCommandInput> = {}) {
  const output = await cloud.client.send(
    new InvokeWithResponseStreamCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(event)), ...more }),
  );
  return { ...output, events: output.EventStream![Symbol.asyncIterator]() };
}

async function read(answer: Awaited<ReturnType<typeof invoke>>) {
  const chunks: Uint8Array[] = [];
  for await (const { PayloadChunk, InvokeComplete } of answer.EventStream!) {
    if (PayloadChunk) chunks.push(PayloadChunk.Payload!);
    if (InvokeComplete) return { ...InvokeComplete, bytes: Buffer.concat(chunks), text: String(Buffer.concat(chunks)) };
  }
  throw new Error("the stream ended without InvokeComplete");
}

it("gives a piece to the caller while the function waits to make the next one", async () => {
  await cloud.define(
    "pieces",
    streaming(`stream.write("one "); await appears(event.file); stream.write("two"); stream.end();`),
    { timeout: 20 },
  );
  const file = temporaryFile("wait");
  const { events, ExecutedVersion } = await invoke("pieces", { file: `${file}.go` });
  const first = await events.next();
  expect(String(Buffer.from(first.value!.PayloadChunk!.Payload!))).toBe("one ");
  expect(ExecutedVersion).toBe("$LATEST");
  writeFileSync(`${file}.go`, "");
  const second = await events.next();
  expect(String(Buffer.from(second.value!.PayloadChunk!.Payload!))).toBe("two");
  expect((await events.next()).value).toEqual({ InvokeComplete: {} });
});

it("streams more than the six megabytes of other responses, byte for byte", async () => {
  await cloud.define(
    "large",
    streaming(`await pipeline(Readable.from((function* () {
      for (let i = 0; i < 160; i++) yield Buffer.alloc(64 * 1024, i);
    })()), stream);`),
    { timeout: 20 },
  );
  const { bytes, ErrorCode } = await read(await invoke("large"));
  expect(ErrorCode).toBeUndefined();
  expect(bytes.length).toBe(160 * 64 * 1024);
  for (let i = 0; i < 160; i++) expect(bytes[i * 64 * 1024]).toBe(i);
});

it("ends a response of more than 200 MB, and the environment that makes it", async () => {
  await cloud.define(
    "endless",
    streaming(`const piece = Buffer.alloc(1024 * 1024);
    for (;;) if (!stream.write(piece)) await new Promise((drained) => stream.once("drain", drained));`),
    { timeout: 60, memorySize: 512 },
  );
  // Without the wire, whose checksums take longer than all the rest.
  const { EventStream } = await cloud.running.call("lambda", "InvokeWithResponseStream", { FunctionName: "endless" });
  let bytes = 0;
  for await (const { PayloadChunk, InvokeComplete } of EventStream) {
    bytes += PayloadChunk?.Payload.length ?? 0;
    if (InvokeComplete) expect(InvokeComplete.ErrorCode).toBe("Function.ResponseSizeTooLarge");
  }
  expect(bytes).toBeGreaterThan(199 * 1024 * 1024);
  expect(bytes).toBeLessThanOrEqual(200 * 1024 * 1024);
});

it("tells of an error in the middle after what was sent before", async () => {
  await cloud.define(
    "midway",
    streaming(`stream.write("so far so "); throw Object.assign(new Error("no good"), { name: "Broken" });`),
  );
  const { text, ErrorCode, ErrorDetails } = await read(await invoke("midway"));
  expect(text).toBe("so far so ");
  expect(ErrorCode).toBe("Broken");
  expect(JSON.parse(ErrorDetails!)).toMatchObject({ errorType: "Broken", errorMessage: "no good" });
  expect((await cloud.invoke("midway")).payload).toMatchObject({ errorMessage: "no good" });
});

it("tells of an error before the first byte", async () => {
  await cloud.define("early", streaming(`throw new Error("too early")`));
  const { text, ErrorCode, ErrorDetails } = await read(await invoke("early"));
  expect([text, ErrorCode]).toEqual(["", "Unhandled"]);
  expect(JSON.parse(ErrorDetails!)).toMatchObject({ errorMessage: "too early" });
});

it("tells of a source that breaks within a pipeline", async () => {
  await cloud.define(
    "broken-source",
    streaming(`await pipeline(Readable.from((function* () { yield "a"; throw new Error("source"); })()), stream);`),
  );
  const { ErrorDetails } = await read(await invoke("broken-source"));
  expect(JSON.parse(ErrorDetails!)).toMatchObject({ errorMessage: "source" });
});

it("ends a response whose function times out in the middle, and the next one is whole (case 7)", async () => {
  await cloud.define("slow", streaming(`stream.write("part"); if (event.hang) await delay(1e6); stream.end();`), {
    timeout: 1,
  });
  const { events } = await invoke("slow", { hang: true });
  await events.next();
  cloud.clock.advance(1_000);
  const { InvokeComplete } = (await events.next()).value!;
  expect(InvokeComplete!.ErrorDetails).toContain("Task timed out after 1.00 seconds");
  expect(await read(await invoke("slow"))).toEqual({ text: "part", bytes: Buffer.from("part") });
});

it("ends a response whose process exits in the middle", async () => {
  await cloud.define("exits", streaming(`stream.write("last", () => process.exit(3));  await delay(1e6);`));
  const { text, ErrorCode, ErrorDetails } = await read(await invoke("exits"));
  expect([text, ErrorCode]).toEqual(["last", "Runtime.ExitError"]);
  expect(ErrorDetails).toContain("exit status 3");
});

it("lets a function go on working after its response has ended", async () => {
  await cloud.define(
    "afterwards",
    streaming(`stream.end("answer"); await appears(event.go); writeFileSync(event.done, "")`),
    {
      timeout: 20,
    },
  );
  const file = temporaryFile("after");
  const answer = await read(await invoke("afterwards", { go: `${file}.go`, done: `${file}.done` }));
  expect(answer.text).toBe("answer");
  expect(existsSync(`${file}.done`)).toBe(false);
  writeFileSync(`${file}.go`, "");
  await eventually(() => existsSync(`${file}.done`), Boolean);
});

it("goes on with the function when its caller hangs up", async () => {
  await cloud.define(
    "unheard",
    streaming(`for (let i = 0; i < 40; i++) {
      if (!stream.write(Buffer.alloc(256 * 1024))) await new Promise((drained) => stream.once("drain", drained));
    }
    stream.end(); writeFileSync(event.done, "");`),
    { timeout: 20 },
  );
  const done = `${temporaryFile("unheard")}.done`;
  const impatient = new LambdaClient(cloud.running.client());
  const { EventStream } = await impatient.send(
    new InvokeWithResponseStreamCommand({ FunctionName: "unheard", Payload: Buffer.from(JSON.stringify({ done })) }),
  );
  await EventStream![Symbol.asyncIterator]().next();
  impatient.destroy();
  await eventually(() => existsSync(done), Boolean);
});

it("answers with one chunk where the function does not stream, with its log where that is asked for", async () => {
  await cloud.define(
    "plain",
    `export const handler = async (event) => { console.log("hello"); return { got: event }; };`,
  );
  const answer = await invoke("plain", { a: 1 }, { LogType: "Tail" });
  expect(answer.ResponseStreamContentType).toBe("application/json");
  const { text, LogResult } = await read(answer);
  expect(JSON.parse(text)).toEqual({ got: { a: 1 } });
  expect(Buffer.from(LogResult!, "base64").toString()).toMatch(/hello\n(.*\n)*REPORT RequestId/);
});

it("collects the response for callers of Invoke, up to six megabytes", async () => {
  await cloud.define("collected", streaming(`stream.write('{"pieces":'); stream.end("2}");`));
  expect((await cloud.invoke("collected")).payload).toEqual({ pieces: 2 });
  const tooMuch = await cloud.invoke("large");
  expect(tooMuch.error).toBe("Unhandled");
  expect(tooMuch.payload.errorType).toBe("Function.ResponseSizeTooLarge");
});

it("has the content type that the function sets before it writes, and refuses a later one", async () => {
  await cloud.define(
    "typed",
    streaming(`stream.setContentType("text/event-stream"); stream.write({ an: "object" });
    try { stream.setContentType("text/plain"); } catch (error) { stream.write(error.name); } stream.end();`),
  );
  const answer = await invoke("typed");
  expect(answer.ResponseStreamContentType).toBe("text/event-stream");
  expect((await read(answer)).text).toBe('{"an":"object"}InvalidStreamingOperation');
});

it("refuses a streaming handler that is not asynchronous", async () => {
  await cloud.define(
    "sync",
    `export const handler = awslambda.streamifyResponse((event, stream) => { stream.end("x"); });`,
  );
  const { ErrorDetails } = await read(await invoke("sync"));
  expect(JSON.parse(ErrorDetails!).errorMessage).toBe("Streaming does not support non-async handlers.");
});

it("only looks whether a dry run may invoke the function", async () => {
  await cloud.define("dry", streaming(`process.exit(1)`));
  const { StatusCode } = await cloud.client.send(
    new InvokeWithResponseStreamCommand({ FunctionName: "dry", InvocationType: "DryRun" }),
  );
  expect(StatusCode).toBe(204);
});

it("refuses what Invoke refuses: a payload that is no JSON, an unknown function, a role without permission", async () => {
  const command = (FunctionName: string, text: string) =>
    new InvokeWithResponseStreamCommand({ FunctionName, Payload: Buffer.from(text) });
  await expect(cloud.client.send(command("plain", "{"))).rejects.toMatchObject({
    name: "InvalidRequestContentException",
  });
  await expect(cloud.client.send(command("nobody", "{}"))).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  const roleArn = `arn:aws:iam::${ACCOUNT}:role/powerless`;
  await cloud.provision(role(roleArn, []));
  const powerless = new LambdaClient(cloud.running.client(roleArn));
  await expect(powerless.send(command("plain", "{}"))).rejects.toMatchObject({ name: "AccessDeniedException" });
  powerless.destroy();
});
