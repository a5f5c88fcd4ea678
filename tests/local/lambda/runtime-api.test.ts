/** Lambda's Runtime API over HTTP, as a runtime that is not ours speaks it. */
import { once } from "node:events";
import { type ClientRequest, request } from "node:http";
import { connect } from "node:net";
import {
  type RuntimeApi,
  startRuntimeApi,
} from "../../../local/services/lambda/environments/runtime-api/runtime-api.ts";
import type { Delivery } from "../../../local/services/lambda/environments/runtime-api/runtime-client.ts";

let api: RuntimeApi;
let send: ((delivery: Delivery) => void) | undefined;
let heard: [string, string, string][];

beforeEach(async () => {
  api = await startRuntimeApi();
  heard = [];
  api.attach("secret", {
    connected() {},
    ready: (sender) => {
      send = sender;
      send({
        requestId: "request-1",
        payload: '{"name":"Ada"}',
        invokedArn: "arn:aws:lambda:eu-west-1:000000000000:function:hello",
        deadlineMs: 1_700_000_000_000,
        traceId: "Root=1-2-3",
        tenantId: "acme",
      });
    },
    response: (id, body) => heard.push(["response", id, String(body)]),
    error: (id, body) => heard.push(["error", id, String(body)]),
    initError: (body) => heard.push(["init", "", String(body)]),
    streamBegin: (id, type) => heard.push(["begin", id, type]),
    streamChunk(id, chunk, resume) {
      heard.push(["chunk", id, String(chunk)]);
      setImmediate(resume);
      return false;
    },
    streamEnd: (id, error) => heard.push(["end", id, String(error ?? "")]),
    streamDone: (id) => heard.push(["done", id, ""]),
    declined() {},
    closed() {},
  });
});

afterEach(() => api.close());

const url = (path: string) => `http://${api.address("secret")}/2018-06-01/runtime/${path}`;

it("hands out an invocation with everything a runtime has to know about it", async () => {
  const response = await fetch(url("invocation/next"));
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "lambda-runtime-aws-request-id": "request-1",
    "lambda-runtime-deadline-ms": "1700000000000",
    "lambda-runtime-invoked-function-arn": "arn:aws:lambda:eu-west-1:000000000000:function:hello",
    "lambda-runtime-aws-tenant-id": "acme",
  });
  expect(await response.json()).toEqual({ name: "Ada" });
});

it("takes answers, failures and failed starts with 202", async () => {
  for (const [path, body] of [
    ["invocation/request-1/response", "[1]"],
    ["invocation/request-2/error", "{}"],
    ["init/error", '{"errorType":"X"}'],
  ] as const) {
    expect((await fetch(url(path), { method: "POST", body })).status).toBe(202);
  }
  expect(heard).toEqual([
    ["response", "request-1", "[1]"],
    ["error", "request-2", "{}"],
    ["init", "", '{"errorType":"X"}'],
  ]);
});

describe("a response in chunks", () => {
  const post = (path: string, headers: Record<string, string>, write: (sent: ClientRequest) => void) =>
    new Promise<number>((resolve, reject) => {
      const sent = request(url(path), { method: "POST", headers }, (answer) => {
        answer.resume().on("end", () => resolve(answer.statusCode!));
      });
      write(sent.on("error", reject));
    });
  const streaming = { "lambda-runtime-function-response-mode": "streaming", "content-type": "text/html" };

  it("is handed on as it comes, at the pace of who reads it", async () => {
    const status = await post("invocation/request-1/response", streaming, (sent) => {
      sent.write("one");
      setImmediate(() => sent.end("two"));
    });
    expect(status).toBe(202);
    const data = heard.filter(([what]) => what === "chunk").map(([, , text]) => text);
    expect(data.join("")).toBe("onetwo");
    expect(heard[0]).toEqual(["begin", "request-1", "text/html"]);
    expect(heard.slice(-2)).toEqual([
      ["end", "request-1", ""],
      ["done", "request-1", ""],
    ]);
  });

  it("tells in its trailers of an error in the middle", async () => {
    const body = JSON.stringify({ errorMessage: "gone", errorType: "Broken" });
    const trailer = "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body";
    await post("invocation/request-1/response", { ...streaming, trailer }, (sent) => {
      sent.write("one");
      sent.addTrailers({
        "Lambda-Runtime-Function-Error-Type": "Broken",
        "Lambda-Runtime-Function-Error-Body": Buffer.from(body).toString("base64"),
      });
      sent.end();
    });
    const end = heard.find(([what]) => what === "end")!;
    expect(JSON.parse(end[2])).toEqual({ errorMessage: "gone", errorType: "Broken" });
  });

  it("is taken as a whole where it is not streamed, and what follows on the connection too", async () => {
    const port = Number(new URL(url("x")).port);
    const socket = connect({ port, host: "127.0.0.1" });
    const path = new URL(url("invocation/request-1/response")).pathname;
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\n`;
    socket.write(
      `${head}Transfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n1\r\n]\r\n0\r\n\r\n${head}Content-Length: 3\r\n\r\n[2]`,
    );
    let answers = "";
    while ((answers.match(/202 Accepted/g) ?? []).length < 2) answers += String((await once(socket, "data"))[0]);
    socket.destroy();
    expect(heard).toEqual([
      ["response", "request-1", "[1]"],
      ["response", "request-1", "[2]"],
    ]);
  });

  it("ends the connection where its chunks are malformed", async () => {
    const socket = connect({ port: Number(new URL(url("x")).port), host: "127.0.0.1" });
    const path = new URL(url("invocation/request-1/response")).pathname;
    socket.write(`POST ${path} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n`);
    await once(socket, "close");
    expect(heard).toEqual([]);
  });
});

it("gives nothing to a process that does not know the token", async () => {
  const response = await fetch(`http://${api.address("guessed")}/2018-06-01/runtime/invocation/next`);
  expect(response.status).toBe(404);
});

it("hangs up on one that does not know it on the socket of our own runtime either", async () => {
  const port = Number(api.frames);
  const socket = connect(Number.isNaN(port) ? { path: `\0${api.frames}` } : { port, host: "127.0.0.1" });
  socket.write("guessed\nready - 0\n");
  await once(socket, "close");
  expect(heard).toEqual([]);
});
