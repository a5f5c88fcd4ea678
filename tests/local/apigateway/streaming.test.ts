import { writeFileSync } from "node:fs";
import { request } from "node:http";
import type { Value } from "../../../engine/graph.ts";
import { temporaryFile } from "../lambda/fixture.ts";
import { functionArn } from "../lambda/resources.ts";
import { type GatewayCloud, startApi } from "./fixture.ts";
import { mayInvoke, restApi } from "./resources.ts";

let cloud: GatewayCloud;

beforeEach(async () => {
  cloud = await startApi();
});

afterEach(() => cloud.stop());

/** A GET at the root that a function streams. */
async function stream(source: string, integration: Record<string, Value> = {}): Promise<void> {
  await cloud.define("streamer", source);
  const uri = `arn:aws:apigateway:eu-west-1:lambda:path/2021-11-15/functions/${functionArn("streamer")}/response-streaming-invocations`;
  const streamed = { uri, responseTransferMode: "STREAM", ...integration };
  await cloud.provision(
    ...restApi({ id: "api0000001", methods: { "GET /": { integration: streamed } } }),
    mayInvoke("streamer", "api0000001"),
  );
}

const get = () => cloud.fetch("/v1/", { host: "api0000001.execute-api.localhost" });

const METADATA = '{ statusCode: 201, headers: { "x-a": "b", "content-type": "text/plain" }, cookies: ["c=1"] }';

it("a function's answer comes piece by piece, with the status, headers and cookies of its metadata", async () => {
  const heard = temporaryFile("heard");
  await stream(`import { existsSync } from "node:fs";
  export const handler = awslambda.streamifyResponse(async (event, stream) => {
    stream = awslambda.HttpResponseStream.from(stream, ${METADATA});
    stream.write("first ");
    while (!existsSync(${JSON.stringify(`${heard}.first`)})) await new Promise((go) => setTimeout(go, 5));
    stream.write(event.httpMethod);
    stream.end();
  });`);
  const pieces = await new Promise<string[]>((done, failed) => {
    const host = "api0000001.execute-api.localhost";
    const asked = request({ host: "127.0.0.1", port: cloud.gateway.port, path: "/v1/", headers: { host } });
    asked.on("error", failed).on("response", (answer) => {
      expect([answer.statusCode, answer.headers["x-a"], answer.headers["set-cookie"]]).toEqual([201, "b", ["c=1"]]);
      expect(answer.headers["content-length"]).toBeUndefined();
      const chunks: string[] = [];
      answer.on("data", (chunk) => {
        chunks.push(String(chunk));
        writeFileSync(`${heard}.first`, "");
      });
      answer.on("end", () => done(chunks));
    });
    asked.end();
  });
  expect(pieces).toEqual(["first ", "GET"]);
});

it("more than the 10 MB that an answer in one piece may have goes through", async () => {
  await stream(`export const handler = awslambda.streamifyResponse(async (event, stream) => {
    stream = awslambda.HttpResponseStream.from(stream, { statusCode: 200 });
    for (let i = 0; i < 11; i++) stream.write("x".repeat(1024 * 1024));
    stream.end();
  });`);
  expect((await get()).bytes).toHaveLength(11 * 1024 * 1024);
});

it.each([
  ["fails before it answers", "awslambda.streamifyResponse(async () => { throw new Error('no'); })"],
  [
    "streams without metadata",
    "awslambda.streamifyResponse(async (event, stream) => { stream.write('x'); stream.end(); })",
  ],
  ["does not stream", "async () => ({ statusCode: 200 })"],
])("a function that %s is 502", async (_what, handler) => {
  await stream(`export const handler = ${handler};`);
  expect(await get()).toMatchObject({ status: 502, json: { message: "Internal server error" } });
});

it("a function that fails in the middle ends the connection: what was sent can not be taken back", async () => {
  await stream(`export const handler = awslambda.streamifyResponse(async (event, stream) => {
    stream = awslambda.HttpResponseStream.from(stream, { statusCode: 200 });
    stream.write("first");
    throw new Error("then not");
  });`);
  await expect(get().then(({ text }) => text)).rejects.toThrow(/aborted|hang up|reset/);
});

it("a function that does not begin in time is 504", async () => {
  await stream("export const handler = awslambda.streamifyResponse(() => new Promise(() => {}));", {
    timeoutMilliseconds: 2000,
  });
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  const call = cloud.running.call;
  cloud.running.call = (service, operation, ...more) => {
    if (operation === "InvokeWithResponseStream") setImmediate(resolve);
    return call(service, operation, ...more);
  };
  const answer = get();
  await begun;
  await cloud.clock.advance(2000);
  expect(await answer).toMatchObject({ status: 504, json: { message: "Endpoint request timed out" } });
});
