/**
 * The default transport: signed requests over node's own HTTP client. The SDK's client spends most of a query's time on
 * walking schemas; this one writes and reads JSON.
 */

import type { IncomingMessage } from "node:http";
import { DataApiConnectionError, DataApiError, toDataApiError } from "../errors.ts";
import { connectionsTo } from "./connections.ts";
import type { DataApiOperation, DataApiTransport, ExecuteOutput } from "./data-api-transport.ts";
import { type AwsCredentials, signRequest } from "./sign-request.ts";

export interface HttpTransportOptions {
  /** @default `AWS_REGION`, `AWS_DEFAULT_REGION` */
  region?: string;
  /** @default `AWS_ENDPOINT_URL_RDS_DATA`, `AWS_ENDPOINT_URL`, then AWS's own for the region */
  endpoint?: string;
  /** Asked before every call: cache what is costly to get. @default `AWS_ACCESS_KEY_ID` and its siblings */
  credentials?: AwsCredentials | (() => AwsCredentials | Promise<AwsCredentials>);
  /** Milliseconds without a byte after which a call fails; beyond the Data API's own 45 seconds. @default 60000 */
  timeoutMs?: number;
}

// An `import` reads all that `node:http` exports, and with it loads a WebSocket client: tens of milliseconds of a cold start.
const { request } = process.getBuiltinModule("node:http");

/** `ExecuteStatement` is asked for at `/Execute`, `BeginTransaction` at `/BeginTransaction`. */
const pathOf = (operation: DataApiOperation): string => `/${operation.replace("Statement", "")}`;

export function httpTransport(options: HttpTransportOptions = {}): DataApiTransport {
  const { env } = process;
  const region = options.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
  if (!region) throw new TypeError("The Data API needs a region: set `region` or AWS_REGION.");
  const address = options.endpoint ?? env.AWS_ENDPOINT_URL_RDS_DATA ?? env.AWS_ENDPOINT_URL ?? defaultEndpoint(region);
  if (!URL.canParse(address)) throw new TypeError(`The Data API's endpoint is no URL: ${address}`);
  const endpoint = new URL(address);
  const { host } = endpoint;
  const { credentials, timeoutMs = 60_000 } = options;
  const connections = connectionsTo(endpoint);
  const prefix = endpoint.pathname.replace(/\/$/, "");
  return async (operation, input, { signal } = {}) => {
    const path = prefix + pathOf(operation);
    const text = JSON.stringify(input);
    // A short text goes in one packet with its headers; a long one is turned into bytes once, not for every use.
    const body = text.length > LONG_TEXT ? Buffer.from(text) : text;
    const identity = typeof credentials === "function" ? await credentials() : (credentials ?? fromEnvironment());
    const headers = signRequest({ host, path, region, body, credentials: identity, now: Date.now() });
    // Known before the first byte: no chunked encoding.
    headers["content-length"] = String(Buffer.byteLength(body));
    headers.connection = "keep-alive";
    signal?.throwIfAborted();
    return new Promise<ExecuteOutput>((resolve, reject) => {
      const fail = (error: Error) => {
        clearTimeout(timer);
        reject(signal?.aborted ? signal.reason : connectionError(error));
      };
      const outgoing = request({ method: "POST", path, headers, createConnection: connections.take, signal });
      outgoing.on("error", fail);
      // The answer was read to its end, or the connection is no more.
      outgoing.on("close", () => outgoing.socket && connections.keep(outgoing.socket));
      // Not the socket's own: node sets and unsets that several times a call.
      const timer = setTimeout(() => {
        fail(new Error(`no answer within ${timeoutMs} ms`));
        outgoing.destroy();
      }, timeoutMs);
      outgoing.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => {
          timer.refresh();
          chunks.push(chunk);
        });
        response.on("error", fail);
        response.on("end", () => {
          clearTimeout(timer);
          try {
            const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
            resolve(readAnswer(response, bytes.toString()));
          } catch (error) {
            reject(error);
          }
        });
      });
      outgoing.end(body);
    });
  };
}

const LONG_TEXT = 8_192;

function defaultEndpoint(region: string): string {
  return `https://rds-data.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}

function fromEnvironment(): AwsCredentials {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
    throw new TypeError(
      "The Data API needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or pass a `credentials` function.",
    );
  }
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    sessionToken: AWS_SESSION_TOKEN,
  };
}

function readAnswer(response: IncomingMessage, text: string): ExecuteOutput {
  const status = response.statusCode!;
  let body: ExecuteOutput & { message?: string; Message?: string; __type?: string };
  try {
    body = JSON.parse(text);
  } catch {
    throw new DataApiError(
      "UnknownError",
      `The Data API answered ${status} without JSON: ${text.slice(0, 200)}`,
      status,
    );
  }
  if (status === 200) return body;
  // `Name:http://…` or `namespace#Name`
  const type = String(response.headers["x-amzn-errortype"] ?? body.__type ?? "UnknownError");
  const code = type.split(":")[0]!.split("#").at(-1)!;
  throw toDataApiError(code, body.message ?? body.Message ?? code, status);
}

function connectionError(error: Error): DataApiConnectionError {
  const code = (error as NodeJS.ErrnoException).code ?? "ConnectionError";
  return new DataApiConnectionError(code, `The Data API did not answer: ${error.message}`, 0, { cause: error });
}
