/**
 * The Node.js runtime inside an execution environment: takes invocations from the platform and runs the function's
 * handler, one at a time.
 *
 * What Lambda's Runtime API says over HTTP it says in frames over one raw socket (see runtime-frames.ts): with node:http and
 * two round trips, most of a short invocation's time goes to the client itself.
 * Plain JavaScript, so that a cold start strips no types. Not emulated: extensions, SnapStart hooks.
 */
import module from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { reachApis } from "./api-hosts.mjs";

// To import them would make the objects of all that they export: some milliseconds of each cold start.
const { existsSync, readSync, writeSync } = process.getBuiltinModule("node:fs");
const { connect } = process.getBuiltinModule("node:net");
const { format } = process.getBuiltinModule("node:util");

const [, , compileCache, frames, token] = process.argv;
// V8's compiled code of earlier environments: a third of a cold start.
module.enableCompileCache?.(compileCache);

const { env } = process;
/** Invocations that have come while another one runs. */
const queue = [];
let running = false;
let requestId;
const socket = connect(
  /^\d+$/.test(frames) ? { host: "127.0.0.1", port: Number(frames), noDelay: true } : { path: `\0${frames}` },
);
// Whoever served the invocations is gone, however it went: nothing is left to do.
socket.on("error", () => process.exit(0));
socket.on("close", () => process.exit(0));
socket.write(`${token}\n`);

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

function say(verb, id, body, sent) {
  socket.write(`${verb} ${id} ${Buffer.byteLength(body)}\n${body}`, sent);
}

/** Of bytes, which are not copied. */
function frame(verb, id, bytes, sent) {
  socket.cork();
  socket.write(`${verb} ${id} ${bytes.length}\n`);
  socket.write(bytes, sent);
  socket.uncork();
}

/** Lambda's form of an error. What is no Error is told by its type and text. */
function describe(error) {
  if (error !== null && typeof error === "object" && typeof error.errorType === "string") {
    return { trace: [], ...error };
  }
  if (!(error instanceof Error)) {
    return { errorType: error === null ? "null" : typeof error, errorMessage: format(error), trace: [] };
  }
  const trace = String(error.stack ?? "").split("\n");
  return { errorType: error.name, errorMessage: error.message, trace };
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

/** Hands on each invocation: its head, and its payload as text. */
function receive(take) {
  let chunks = [];
  let size = 0;
  /** Bytes that are not enough yet. */
  let tooFew = 0;
  socket.on("data", (chunk) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size <= tooFew) return;
    let buffer = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    tooFew = 0;
    while (buffer.length > 0) {
      const end = buffer.indexOf(10);
      if (end < 0) break;
      const [head, payload] = buffer.toString("latin1", 0, end).split(" ").map(Number);
      const start = end + 1 + head;
      if (buffer.length < start + payload) {
        tooFew = start + payload - 1;
        break;
      }
      const delivery = JSON.parse(buffer.toString("utf8", end + 1, start));
      const body = buffer.toString("utf8", start, start + payload);
      buffer = buffer.subarray(start + payload);
      take(delivery, body);
    }
    chunks = buffer.length > 0 ? [buffer] : [];
    size = buffer.length;
  });
}

async function loadHandler() {
  const name = basename(env._HANDLER ?? "");
  const dot = name.indexOf(".");
  if (dot < 1) throw problem("Runtime.MalformedHandlerName", `Bad handler: ${env._HANDLER}`);
  const stem = resolve(env.LAMBDA_TASK_ROOT, join(dirname(env._HANDLER), name.slice(0, dot)));
  const file = [".js", ".mjs", ".cjs"].map((extension) => stem + extension).find((candidate) => existsSync(candidate));
  if (!file) {
    throw problem(
      "Runtime.ImportModuleError",
      `Error: Cannot find module '${name.slice(0, dot)}' in the function's code`,
    );
  }
  const loaded = await import(pathToFileURL(file).href).catch((error) => {
    if (error?.code === "ERR_MODULE_NOT_FOUND" || error?.code === "MODULE_NOT_FOUND") {
      throw problem("Runtime.ImportModuleError", `Error: ${error.message}`, error);
    }
    if (error instanceof SyntaxError) {
      throw problem("Runtime.UserCodeSyntaxError", `SyntaxError: ${error.message}`, error);
    }
    throw error;
  });
  const names = name.slice(dot + 1).split(".");
  const find = (root) => names.reduce((value, key) => value?.[key], root);
  const found = find(loaded) ?? find(loaded.default);
  if (typeof found !== "function") {
    throw problem("Runtime.HandlerNotFound", `${env._HANDLER} is undefined or not exported`);
  }
  if (found.length >= 3 && !found[streaming] && !supportsCallbacks()) {
    throw problem(
      "Runtime.CallbackHandlerDeprecated",
      `${env.AWS_EXECUTION_ENV} runs no callback-based handlers: make ${env._HANDLER} async, with two arguments`,
    );
  }
  return found;
}

function problem(errorType, errorMessage, cause) {
  return { errorType, errorMessage, trace: String(cause?.stack ?? `${errorType}: ${errorMessage}`).split("\n") };
}

/** Callbacks ended with nodejs22.x. */
function supportsCallbacks() {
  const version = /nodejs(\d+)/.exec(env.AWS_EXECUTION_ENV ?? "")?.[1];
  return version !== undefined && Number(version) < 24;
}

function patchConsole() {
  const levels = { trace: "TRACE", debug: "DEBUG", log: "INFO", info: "INFO", warn: "WARN", error: "ERROR" };
  for (const [method, level] of Object.entries(levels)) {
    console[method] = (...values) => write(level, ...values);
  }
}

function write(level, ...values) {
  const time = new Date().toISOString();
  if (env.AWS_LAMBDA_LOG_FORMAT !== "JSON") {
    // A carriage return keeps a message of several lines one log event; whoever reads this pipe turns it back.
    const text = format(...values.map((value) => (value?.errorType ? `\t${JSON.stringify(value)}` : value)));
    process.stdout.write(`${time}\t${requestId}\t${level}\t${text.replaceAll("\n", "\r")}\n`);
    return;
  }
  const order = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
  if (order.indexOf(level) < order.indexOf(env.AWS_LAMBDA_LOG_LEVEL ?? "INFO")) return;
  const error = values.find((value) => value instanceof Error || value?.errorType);
  const told = error && describe(error);
  const message = values.length === 1 && !error ? values[0] : format(...values.filter((value) => value !== told));
  process.stdout.write(
    `${JSON.stringify({
      timestamp: time,
      level,
      requestId,
      message,
      ...(told && { errorType: told.errorType, errorMessage: told.errorMessage, stackTrace: told.trace }),
    })}\n`,
  );
}
