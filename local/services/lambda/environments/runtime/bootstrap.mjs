/**
 * The Node.js runtime inside an execution environment: takes invocations from the platform and runs the function's
 * handler, one at a time. Plain JavaScript, so that a cold start strips no types.
 *
 * Not emulated: extensions, SnapStart hooks.
 */
import { enableCompileCache } from "node:module";
import { reachApis } from "./api-hosts.mjs";
import { describe, logFor, patchConsole, write } from "./function-log.mjs";
import { loadHandler, supportsCallbacks } from "./handler.mjs";
import { frame, receive, say, socket } from "./platform.mjs";

const { readSync, writeSync } = process.getBuiltinModule("node:fs");

// V8's compiled code of earlier environments: a third of a cold start.
enableCompileCache?.(process.argv[2]);

const { env } = process;
/** Invocations that have come while another one runs. */
const queue = [];
let running = false;
let requestId;

const streaming = Symbol.for("aws.lambda.runtime.handler.streaming");
const highWaterMark = Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark");
const HTTP_RESPONSE = "application/vnd.awslambda.http-integration-response";

patchConsole();
offerStreaming();
process.on("uncaughtException", (error) => fatal(error, 129));
process.on("unhandledRejection", (reason) => {
  const cause = describe(reason);
  fatal({ ...cause, errorType: "Runtime.UnhandledPromiseRejection", reason: cause }, 128);
});

let handler;
/** Loaded for a handler that streams. */
let responseStream;
try {
  handler = await loadHandler();
  if (handler[streaming]) ({ responseStream } = await import("./response-stream.mjs"));
} catch (error) {
  await initFailed(error);
}
reachApis(env.AWS_ENDPOINT_URL);
receive((delivery, body) => {
  if (delivery.freeze) return freeze();
  queue.push([delivery, body]);
  if (!running) runNext();
});
say("ready", "-", "");

function runNext() {
  const next = queue.shift();
  running = next !== undefined;
  if (!running) return;
  const [delivery, body] = next;
  if (delivery.claim !== undefined && !begin(delivery.claim)) {
    say("declined", delivery.requestId, "");
    return runNext();
  }
  invoke(delivery, body);
}

/** Nothing runs here until the platform says so, or ends. */
function freeze() {
  if (readSync(4, Buffer.alloc(1)) === 0) process.exit(0);
}

/** What the platform has taken back meanwhile is not begun: see claims.ts, which holds the other end of this file. */
function begin(claim) {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(claim);
  writeSync(3, bytes, 0, 8, 0);
  readSync(3, bytes, 0, 8, 8);
  const takenBack = bytes.readDoubleLE();
  return takenBack === 0 || claim < takenBack;
}

function invoke(delivery, body) {
  requestId = delivery.requestId;
  logFor(requestId);
  env._X_AMZN_TRACE_ID = delivery.traceId;
  const id = requestId;
  let event;
  try {
    event = JSON.parse(body);
  } catch (error) {
    return fail(id, error);
  }
  const context = contextOf(delivery);
  if (handler[streaming]) return invokeStreaming(id, event, context);
  try {
    const result = handler.length >= 3 && supportsCallbacks() ? withCallback(event, context) : handler(event, context);
    if (typeof result?.then === "function") {
      result.then(
        (value) => succeed(id, value),
        (error) => fail(id, error),
      );
    } else succeed(id, result);
  } catch (error) {
    fail(id, error);
  }
}

/** What a handler that streams is wrapped in, and how it says status and headers. */
function offerStreaming() {
  const off = env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA;
  if (off === "1" || off === "true") return;
  globalThis.awslambda = {
    ...globalThis.awslambda,
    streamifyResponse(streamed, options) {
      streamed[streaming] = "response";
      if (typeof options?.highWaterMark === "number") streamed[highWaterMark] = Math.trunc(options.highWaterMark);
      return streamed;
    },
    HttpResponseStream: {
      from(stream, metadata) {
        stream.setContentType(HTTP_RESPONSE);
        stream._onBeforeFirstWrite = (write) => {
          write(JSON.stringify(metadata));
          write(Buffer.alloc(8));
        };
        return stream;
      },
    },
  };
}

async function invokeStreaming(id, event, context) {
  const { stream, hasBegun, end } = responseStream(id, { highWaterMark: handler[highWaterMark], say, frame });
  try {
    const returned = handler(event, stream, context);
    if (typeof returned?.then !== "function") throw new Error("Streaming does not support non-async handlers.");
    if ((await returned) !== undefined) console.warn("Streaming handlers ignore return values.");
    // One that has not ended its stream waits for its timeout here, as on Lambda.
    if (!stream.closed) await new Promise((closed) => stream.once("close", closed));
    if (!stream.writableFinished) throw stream.errored ?? new Error("Response stream is not finished.");
  } catch (error) {
    if (!hasBegun()) return fail(id, error);
    const body = describe(error);
    write("ERROR", "Invoke Error", body);
    await end(JSON.stringify(body));
  }
  answer("stream-done", id, "");
}

function withCallback(event, context) {
  return new Promise((done, failed) => {
    const settle = (error, value) => {
      const finish = () => (error === null || error === undefined ? done(value) : failed(error));
      if (context.callbackWaitsForEmptyEventLoop) whenEventLoopIsEmpty(finish);
      else finish();
    };
    const returned = handler(event, context, settle);
    if (typeof returned?.then === "function") returned.then(done, failed);
  });
}

/** Runs once nothing but this runtime's own socket is left to wait for. */
function whenEventLoopIsEmpty(task) {
  socket.unref();
  process.once("beforeExit", () => {
    socket.ref();
    task();
  });
}

function succeed(id, value) {
  let body;
  try {
    body = value === undefined ? "null" : (JSON.stringify(value) ?? "null");
  } catch (error) {
    return fail(id, { errorType: "Runtime.MarshalError", errorMessage: `Unable to stringify response body: ${error}` });
  }
  answer("response", id, body);
}

function fail(id, error) {
  const body = describe(error);
  write("ERROR", "Invoke Error", body);
  answer("error", id, JSON.stringify(body));
}

function answer(verb, id, body) {
  say(verb, id, body);
  runNext();
}

function fatal(error, exitCode) {
  const body = describe(error);
  write("ERROR", "Uncaught Exception", body);
  say(requestId ? "fatal" : "init-error", requestId ?? "-", JSON.stringify(body), () => process.exit(exitCode));
}

function initFailed(error) {
  fatal(error, 1);
  return new Promise(() => {});
}

function contextOf({ requestId, deadlineMs, invokedArn, clientContext, tenantId }) {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: invokedArn,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    awsRequestId: requestId,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    identity: undefined,
    clientContext: clientContext && JSON.parse(clientContext),
    tenantId,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
}
