/**
 * The Node.js runtime inside an execution environment: a client of Lambda's Runtime API around the function's handler.
 *
 * It speaks HTTP/1.1 over one raw socket and sends each answer together with the request for the next invocation: with
 * node:http and two round trips, most of a short invocation's time goes to the client itself.
 * Plain JavaScript, so that a cold start strips no types. Not emulated: response streaming, extensions, SnapStart hooks.
 */
import { existsSync } from "node:fs";
import module from "node:module";
import { connect } from "node:net";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "node:util";

// V8's compiled code of earlier environments: a third of a cold start.
if (process.argv[2]) module.enableCompileCache?.(process.argv[2]);

const { env } = process;
const [authority, ...path] = env.AWS_LAMBDA_RUNTIME_API.split("/");
const [host, port] = authority.split(":");
const base = `/${[...path, "2018-06-01", "runtime"].join("/")}`;
const HOST = `Host: ${authority}\r\n`;
const NEXT = `GET ${base}/invocation/next HTTP/1.1\r\n${HOST}\r\n`;

let requestId;
// The same API, on a socket that costs less than a port.
const local = process.argv[3];
const socket = connect(local ? { path: `\0${local}` } : { host, port: Number(port), noDelay: true });
// Whoever served the invocations is gone, however it went: nothing is left to do.
socket.on("error", () => process.exit(0));
socket.on("close", () => process.exit(0));

patchConsole();
process.on("uncaughtException", (error) => fatal(error, 129));
process.on("unhandledRejection", (reason) => {
  const cause = describe(reason);
  fatal({ ...cause, errorType: "Runtime.UnhandledPromiseRejection", reason: cause }, 128);
});

let handler;
try {
  handler = await loadHandler();
} catch (error) {
  await initFailed(error);
}
receive(invoke);
socket.write(NEXT);

function invoke(headers, body) {
  requestId = headers["lambda-runtime-aws-request-id"];
  env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"];
  const id = requestId;
  let event;
  try {
    event = JSON.parse(body);
  } catch (error) {
    return fail(id, error);
  }
  const context = contextOf(headers);
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
  socket.write(post(`/invocation/${id}/response`, body) + NEXT);
}

function fail(id, error) {
  const body = describe(error);
  write("ERROR", "Invoke Error", body);
  socket.write(post(`/invocation/${id}/error`, JSON.stringify(body)) + NEXT);
}

function fatal(error, exitCode) {
  const body = describe(error);
  write("ERROR", "Uncaught Exception", body);
  const target = requestId ? `/invocation/${requestId}/error` : "/init/error";
  socket.write(post(target, JSON.stringify(body)), () => process.exit(exitCode));
}

function initFailed(error) {
  fatal(error, 1);
  return new Promise(() => {});
}

function post(target, body) {
  const length = Buffer.byteLength(body);
  return `POST ${base}${target} HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`;
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

function contextOf(headers) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const json = (value) => (value ? JSON.parse(value) : undefined);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    identity: json(headers["lambda-runtime-cognito-identity"]),
    clientContext: json(headers["lambda-runtime-client-context"]),
    tenantId: headers["lambda-runtime-aws-tenant-id"],
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

/** Hands each invocation to `handle`; the 202s that acknowledge answers are passed over. */
function receive(handle) {
  let chunks = [];
  let size = 0;
  let needed = 0;
  socket.on("data", (chunk) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size < needed) return;
    let buffer = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    while (buffer.length > 0) {
      const end = buffer.indexOf("\r\n\r\n");
      if (end < 0) break;
      const head = buffer.toString("latin1", 0, end).split("\r\n");
      const headers = {};
      for (let i = 1; i < head.length; i++) {
        const colon = head[i].indexOf(":");
        headers[head[i].slice(0, colon).toLowerCase()] = head[i].slice(colon + 1).trim();
      }
      needed = end + 4 + Number(headers["content-length"] ?? 0);
      if (buffer.length < needed) break;
      const body = head[0].startsWith("200", 9) ? buffer.toString("utf8", end + 4, needed) : undefined;
      buffer = buffer.subarray(needed);
      needed = 0;
      if (body !== undefined) handle(headers, body);
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
  if (found.length >= 3 && !supportsCallbacks()) {
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
