/**
 * How CloudFront asks an origin: a bucket in its own name (`cloudfront.amazonaws.com`, for this distribution), so that the
 * bucket's policy decides; an API, a function's address, a website bucket or another host over HTTP. Hosts of AWS that this
 * machine serves are asked on this machine.
 */
import { Agent, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Readable } from "node:stream";
import type { Edges } from "../../../edges.ts";
import { AwsError, type AwsRequest, type Call, type Cloud } from "../../../service.ts";
import type { Kept, Store } from "../kept.ts";
import { itemsOf, type Shape } from "../shapes.ts";
import { type Answer, type Headers, readHeaders, textAnswer, type ViewerRequest } from "./message.ts";

export interface OriginRequest extends Pick<ViewerRequest, "method" | "path" | "query" | "headers" | "body" | "ip"> {
  isHostForwarded: boolean;
}

export interface Origins {
  /** @throws Error where the origin can not be reached */
  ask(distribution: Kept, origin: Shape, request: OriginRequest): Promise<Answer>;
}

const BUCKET = /^(.+)\.s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com$/;
const WEBSITE = /^(.+)\.s3-website[.-][a-z0-9-]+\.amazonaws\.com$/;
const API = /^([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com$/;
const FUNCTION_URL = /^([a-z0-9]+)\.lambda-url\.[a-z0-9-]+\.on\.aws$/;

export function origins(cloud: Cloud, edges: Edges, store: Store): Origins {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });

  /** Where on this machine a host of AWS is served. */
  function localPlace(domain: string, bucket?: string): { port: number; host: string } | undefined {
    const aws = Number(new URL(cloud.endpoint).port);
    if (bucket) return { port: aws, host: `${bucket}.localhost` };
    const website = WEBSITE.exec(domain)?.[1];
    if (website) return { port: aws, host: `${website}.s3-website.localhost` };
    const url = FUNCTION_URL.exec(domain)?.[1];
    if (url) return { port: aws, host: domain };
    const api = API.exec(domain)?.[1];
    const { gateway } = edges;
    if (!gateway) return undefined;
    if (api) return { port: gateway.port, host: `${api}.execute-api.localhost` };
    return gateway.serves(domain) ? { port: gateway.port, host: domain } : undefined;
  }

  function askHost(distribution: Kept, origin: Shape, request: OriginRequest, bucket?: string): Promise<Answer> {
    const { DomainName: domain, CustomOriginConfig: config = {} } = origin;
    const place = localPlace(domain, bucket);
    const isSecure = !place && config.OriginProtocolPolicy !== "http-only";
    const headers: Headers = { ...request.headers };
    headers.host = request.isHostForwarded && !bucket ? request.headers.host! : [place?.host ?? domain];
    headers["x-forwarded-for"] = [[...(request.headers["x-forwarded-for"] ?? []), request.ip].join(", ")];
    headers.via = [`1.1 ${distribution.more.domainName} (CloudFront)`];
    for (const { HeaderName, HeaderValue } of itemsOf(origin.CustomHeaders)) {
      headers[HeaderName.toLowerCase()] = [HeaderValue];
    }
    if (request.body) headers["content-length"] = [String(request.body.length)];
    const port = place?.port ?? (isSecure ? (config.HTTPSPort ?? 443) : (config.HTTPPort ?? 80));
    const timeoutMs = (config.OriginReadTimeout ?? 30) * 1000;
    return new Promise((resolve, reject) => {
      const outgoing = (isSecure ? httpsRequest : httpRequest)(
        {
          ...{ host: place ? "127.0.0.1" : domain, port, method: request.method, path: pathOf(origin, request) },
          ...{ headers: flat(headers), setHost: false, timeout: timeoutMs, ...(!isSecure && { agent }) },
        },
        (incoming) => {
          const status = incoming.statusCode ?? 502;
          bytesOf(incoming).then(
            (body) => resolve({ status, headers: withoutHops(readHeaders(incoming.rawHeaders)), body }),
            reject,
          );
        },
      );
      outgoing.on("error", reject);
      outgoing.on("timeout", () => outgoing.destroy(new Error("The origin did not answer in time")));
      outgoing.end(request.body);
    });
  }

  async function askBucket(distribution: Kept, origin: Shape, request: OriginRequest, bucket: string): Promise<Answer> {
    const path = pathOf(origin, request);
    const [encoded = "", query = ""] = path.split("?");
    const key = decode(encoded.slice(1));
    const principal = principalOf(distribution, origin, cloud.account, store);
    const headers = flat(request.headers);
    for (const { HeaderName, HeaderValue } of itemsOf(origin.CustomHeaders))
      headers[HeaderName.toLowerCase()] = HeaderValue;
    const http: AwsRequest = {
      ...{ method: request.method, headers, body: request.body ?? Buffer.alloc(0), sourceIp: request.ip },
      url: new URL(`http://${bucket}.s3.localhost${path.startsWith("/") ? path : `/${path}`}`),
      principal: principal.principal,
    };
    const call: Partial<Call> = { ...principal, http, sourceIp: request.ip };
    const versionId = new URLSearchParams(query).get("versionId");
    const input: Shape = { Bucket: bucket, Key: key, ...(versionId && { VersionId: versionId }) };
    try {
      if (key === "") throw new AwsError("AccessDenied", "Access Denied", 403);
      const operation = OPERATIONS[request.method];
      if (!operation)
        throw new AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405);
      if (operation === "PutObject") {
        input.Body = request.body ?? Buffer.alloc(0);
        input.ContentType = headers["content-type"];
      }
      const output = await cloud.call<Shape>("s3", operation, input, call);
      return { status: 200, headers: objectHeaders(output, http), body: await bodyOf(output.Body) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return refused(distribution, bucket, error);
    }
  }

  /** S3 says no more than that access is denied; what was missing stands in the log. */
  function refused(distribution: Kept, bucket: string, error: AwsError): Answer {
    const isDenied = /^AccessDenied(Exception)?$/.test(error.code);
    if (isDenied) {
      const message = `${distribution.id} may not use the bucket ${bucket}: ${error.message}`;
      cloud.log({ level: "warn", source: "cloudfront", message });
    }
    const [code, said] = isDenied ? ["AccessDenied", "Access Denied"] : [error.code, error.message];
    const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${said}</Message></Error>`;
    return textAnswer(error.status, "application/xml", text);
  }

  return {
    ask(distribution, origin, request) {
      const bucket = origin.CustomOriginConfig ? undefined : BUCKET.exec(origin.DomainName)?.[1];
      // A browser's question for permission is nobody's in particular: the bucket's rules answer it.
      if (bucket === undefined || request.method === "OPTIONS") return askHost(distribution, origin, request, bucket);
      return askBucket(distribution, origin, request, bucket);
    },
  };
}

const OPERATIONS: Record<string, string> = {
  GET: "GetObject",
  HEAD: "HeadObject",
  PUT: "PutObject",
  DELETE: "DeleteObject",
};

/** In whose name a bucket is asked: the distribution's, its origin access identity's, or nobody's. */
function principalOf(
  distribution: Kept,
  origin: Shape,
  account: string,
  store: Store,
): Pick<Call, "principal" | "sourceArn"> {
  const control = origin.OriginAccessControlId && store.get("OriginAccessControl", origin.OriginAccessControlId);
  if (control && control.config.SigningBehavior !== "never") {
    return {
      principal: { type: "service", arn: "cloudfront.amazonaws.com", account },
      sourceArn: distribution.more.arn,
    };
  }
  const identity = /^origin-access-identity\/cloudfront\/(\w+)$/.exec(
    origin.S3OriginConfig?.OriginAccessIdentity ?? "",
  )?.[1];
  if (identity) {
    const arn = `arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity ${identity}`;
    return { principal: { type: "user", arn, account: "cloudfront" } };
  }
  return { principal: { type: "anonymous", arn: "anonymous", account } };
}

function pathOf({ OriginPath = "" }: Shape, { path, query }: OriginRequest): string {
  return `${OriginPath.replace(/\/$/, "")}${path}${query ? `?${query}` : ""}`;
}

/** Member of an answer → header. */
const OBJECT_HEADERS: Record<string, string> = {
  ContentType: "content-type",
  CacheControl: "cache-control",
  ContentDisposition: "content-disposition",
  ContentEncoding: "content-encoding",
  ContentLanguage: "content-language",
  ContentLength: "content-length",
  ETag: "etag",
  ServerSideEncryption: "x-amz-server-side-encryption",
  VersionId: "x-amz-version-id",
  WebsiteRedirectLocation: "x-amz-website-redirect-location",
};

function objectHeaders(output: Shape, http: AwsRequest): Headers {
  const headers: Headers = Object.create(null);
  for (const [member, name] of Object.entries(OBJECT_HEADERS)) {
    if (output[member] !== undefined) headers[name] = [String(output[member])];
  }
  if (output.LastModified) headers["last-modified"] = [(output.LastModified as Date).toUTCString()];
  for (const [name, value] of Object.entries(output.Metadata ?? {})) headers[`x-amz-meta-${name}`] = [String(value)];
  // The bucket's own rules for pages of other origins.
  for (const [name, value] of Object.entries(http.responseHeaders ?? {})) headers[name] = [value];
  headers["accept-ranges"] = ["bytes"];
  headers.server = ["AmazonS3"];
  return headers;
}

function withoutHops(headers: Headers): Headers {
  for (const name of ["connection", "keep-alive", "transfer-encoding", "proxy-authenticate", "trailer", "upgrade"]) {
    delete headers[name];
  }
  return headers;
}

function flat(headers: Headers): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, values.join(", ")]));
}

async function bodyOf(body: Buffer | Readable | undefined): Promise<Buffer> {
  if (body === undefined) return Buffer.alloc(0);
  return Buffer.isBuffer(body) ? body : bytesOf(body);
}

async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
