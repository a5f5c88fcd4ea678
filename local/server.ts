/** The AWS API of this machine: one loopback port, routed by the service that a request is signed for. */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { alsoHttp2 } from "./http2-preface.ts";
import type { CredentialStore } from "./identity/credentials.ts";
import { readSignature, verifySignature } from "./identity/sigv4.ts";
import { createServer } from "./node-http.ts";
import { AwsError, type AwsRequest, type AwsResponse, type Clock, type Principal } from "./service.ts";

/** Of bodies that are held in memory: all but S3's large uploads. */
const MAX_BODY_BYTES = 256 * 1024 * 1024;
/** A larger upload to S3 goes into a file as it comes. */
const MAX_IN_MEMORY_BYTES = 16 * 1024 * 1024;

export interface ServerOptions {
  credentials: CredentialStore;
  clock: Clock;
  account: string;
  /** Of the state. */
  directory: string;
  /** Larger uploads to S3 go into a file as they come. @default 16 MB */
  inMemoryBytes?: number;
  /** Answers a request for one service; never rejects. */
  answer(service: string, request: AwsRequest, requestId: string): Promise<AwsResponse>;
  /** An error before the protocol is known, in the form of the service it was meant for. */
  fail(service: string, error: unknown, requestId: string, method: string): Promise<AwsResponse>;
}

export function createAwsServer(options: ServerOptions): Server {
  // What a killed process was receiving.
  rmSync(join(options.directory, "incoming"), { recursive: true, force: true });
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse) => void serve(options, incoming, outgoing);
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, answer);
  alsoHttp2(server, answer);
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
  });
  return server;
}

async function serve(options: ServerOptions, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const requestId = randomUUID();
  let service = "";
  let request: AwsRequest | undefined;
  try {
    const head = toHead(options.account, incoming);
    const isLarge = announcedBytes(head) > (options.inMemoryBytes ?? MAX_IN_MEMORY_BYTES) && isUpload(head);
    if (isLarge) service = "s3";
    request = { ...head, ...(isLarge ? await spooled(options, head, incoming) : { body: await readBody(incoming) }) };
    const gone = new AbortController();
    outgoing.once("close", () => {
      if (!outgoing.writableEnded) gone.abort();
    });
    request.signal = gone.signal;
    const signature = readSignature(request);
    service = signature ? signedService(signature.service, request) : unsignedService(request);
    if (signature) {
      const key = options.credentials.find(signature.accessKeyId, signature.sessionToken);
      verifySignature(request, request.spooled ?? request.body, signature, key.secretAccessKey, options.clock.now());
      request.principal = key.principal;
    } else if (service === "s3" && isForm(request)) {
      const { readFormUpload } = await import("./identity/form-upload.ts");
      const { form, principal } = await readFormUpload(request, options.credentials);
      Object.assign(request, { form, principal: principal ?? request.principal });
    }
    send(outgoing, await options.answer(service, request, requestId));
  } catch (error) {
    // Nobody is there to be told: the client hung up before it had said all.
    if (incoming.destroyed && !incoming.complete) return;
    // What it goes on to send is of no interest.
    incoming.resume();
    send(outgoing, await options.fail(service, error, requestId, incoming.method ?? "GET"));
  } finally {
    if (request?.spooled) rmSync(request.spooled.path, { force: true });
  }
}

type Head = Omit<AwsRequest, "body">;

function toHead(account: string, incoming: IncomingMessage): Head {
  // What a caller names (`__proto__`) is a header or nothing.
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(",") : value;
  }
  // HTTP/2 names the host so.
  headers.host ??= headers[":authority"] ?? "127.0.0.1";
  const anonymous: Principal = { type: "anonymous", arn: "anonymous", account };
  let url: URL;
  try {
    url = new URL(`http://${headers.host}${incoming.url}`);
  } catch {
    throw new AwsError("InvalidRequest", "The request's target is not a URL path.", 400);
  }
  return { method: incoming.method ?? "GET", url, headers, principal: anonymous, sourceIp: "127.0.0.1" };
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of piecesOf(incoming)) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      throw new AwsError("EntityTooLarge", `A request body may have ${MAX_BODY_BYTES} bytes on this machine.`, 413);
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

async function spooled({ directory }: ServerOptions, head: Head, incoming: IncomingMessage) {
  const { checkAnnouncedSize, spool } = await import("./services/s3/content/spool.ts");
  checkAnnouncedSize(announcedBytes(head));
  return { body: Buffer.alloc(0), spooled: await spool(piecesOf(incoming), { directory, headers: head.headers }) };
}

/** Who sends a body that is refused is still to be answered. */
const piecesOf = (incoming: IncomingMessage): AsyncIterable<Buffer> => incoming.iterator({ destroyOnReturn: false });

const announcedBytes = ({ headers }: Head): number =>
  Number(headers["x-amz-decoded-content-length"] ?? headers["content-length"] ?? 0);

/** An object, or a part of one. */
function isUpload(request: Head): boolean {
  if (request.method !== "PUT") return false;
  try {
    return (readSignature(request)?.service ?? unsignedService(request)) === "s3";
  } catch {
    return false;
  }
}

/** Two APIs that are signed for as one are told apart by their path or target. */
function signedService(service: string, { headers, url }: AwsRequest): string {
  if (service === "ses" && url.pathname.startsWith("/v2/")) return "sesv2";
  if (service === "apigateway" && url.pathname.startsWith("/v2/")) return "apigatewayv2";
  const isStreams = service === "dynamodb" && headers["x-amz-target"]?.startsWith("DynamoDBStreams_");
  return isStreams ? "streams.dynamodb" : service;
}

/** Where users sign in: `<domain>.auth.localhost` in place of `<domain>.auth.<region>.amazoncognito.com`. */
const SIGN_IN_HOST = /\.auth\.(localhost|[a-z0-9-]+\.amazoncognito\.com)(:\d+)?$/;

/**
 * Requests that AWS takes unsigned: sign-in and its pages, key sets, functions' own addresses, links and certificates of SNS, and S3 (which then decides
 * by bucket policy); and the developer's mail.
 */
function unsignedService({ headers, url, method }: Head): string {
  const target = headers["x-amz-target"];
  if (target?.startsWith("AWSCognitoIdentityProviderService.")) return "cognito-idp";
  if (target?.startsWith("AWSCognitoIdentityService.")) return "cognito-identity";
  if (/^\/[a-z]{2}(-[a-z]+)+-\d_[A-Za-z0-9]+\/\.well-known\//.test(url.pathname)) return "cognito-idp";
  if (/^[^.]+\.lambda-url\./.test(headers.host ?? "") || url.pathname.startsWith("/.lambda-code/")) return "lambda";
  if (SIGN_IN_HOST.test(headers.host ?? "")) return "cognito-idp";
  if (/^\/_mail(\/|$)/.test(url.pathname)) return "ses";
  const action = url.searchParams.get("Action");
  if (method === "GET" && (action === "ConfirmSubscription" || action === "Unsubscribe")) return "sns";
  if (/^\/SimpleNotificationService-[0-9a-f]{32}\.pem$/.test(url.pathname)) return "sns";
  const isCallback = /\/(?:@|%40)connections\//i.test(url.pathname);
  if (/\.s3-website[.-]/.test(headers.host ?? "")) return "s3";
  if (target === undefined && (method !== "POST" || isForm({ headers, method })) && !isCallback) return "s3";
  throw new AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403);
}

/** A browser's form, with a file in it. */
const isForm = ({ headers, method }: Pick<AwsRequest, "headers" | "method">): boolean =>
  method === "POST" && headers["content-type"]?.startsWith("multipart/form-data") === true;

function send(outgoing: ServerResponse, response: AwsResponse): void {
  const { body } = response;
  if (outgoing.destroyed) {
    if (body instanceof Readable) body.destroy();
    return;
  }
  const headers: Record<string, string | number> = { ...response.headers };
  if (body instanceof Readable) {
    outgoing.writeHead(response.status, headers);
    body.on("error", () => outgoing.destroy());
    outgoing.on("close", () => body.destroy());
    body.pipe(outgoing);
    return;
  }
  // HEAD answers name the length of what they do not send.
  headers["content-length"] ??= body === undefined ? 0 : Buffer.byteLength(body);
  outgoing.writeHead(response.status, headers);
  outgoing.end(body);
}
