/** Lambda's Runtime API over HTTP, as a runtime that is not ours speaks it. */
import { once } from "node:events";
import { connect } from "node:net";
import { type RuntimeApi, startRuntimeApi } from "../../../local/services/lambda/environments/runtime-api.ts";
import type { Delivery } from "../../../local/services/lambda/environments/runtime-client.ts";

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
