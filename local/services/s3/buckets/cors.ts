/** Cross-origin requests, by the bucket's own rules. */
import { AwsError, type AwsRequest, type AwsResponse, type Operation } from "../../../service.ts";
import type { S3 } from "../index.ts";

export interface CorsRule {
  allowedMethods: string[];
  allowedOrigins: string[];
  allowedHeaders?: string[];
  exposeHeaders?: string[];
  maxAgeSeconds?: number;
}

/** Answers a browser's question whether it may. */
export function preflight({ buckets }: S3, request: AwsRequest): AwsResponse {
  const name = bucketOf(request);
  const origin = request.headers.origin ?? "";
  const method = request.headers["access-control-request-method"] ?? "";
  const asked = (request.headers["access-control-request-headers"] ?? "")
    .split(",")
    .map((header) => header.trim().toLowerCase())
    .filter(Boolean);
  const rule = buckets
    .get(name)
    ?.cors.find(
      ({ allowedMethods, allowedOrigins, allowedHeaders = [] }) =>
        allowedMethods.includes(method) &&
        allowedOrigins.some((allowed) => matches(allowed, origin)) &&
        asked.every((header) => allowedHeaders.some((allowed) => matches(allowed.toLowerCase(), header))),
    );
  if (!rule) throw new AwsError("AccessForbidden", "CORSResponse: This CORS request is not allowed.", 403);
  return {
    status: 200,
    headers: {
      ...originHeaders(rule, origin),
      "access-control-allow-headers": asked.join(", "),
      ...(rule.maxAgeSeconds ? { "access-control-max-age": String(rule.maxAgeSeconds) } : {}),
    },
  };
}

/** A rule for everybody names nobody; one for some names who asked, and lets credentials be sent. */
function originHeaders({ allowedOrigins, allowedMethods }: CorsRule, origin: string): Record<string, string> {
  const isForAll = allowedOrigins.includes("*");
  return {
    "access-control-allow-origin": isForAll ? "*" : origin,
    "access-control-allow-methods": allowedMethods.join(", "),
    ...(isForAll ? {} : { "access-control-allow-credentials": "true" }),
    vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
  };
}

/** From the host (`photos.localhost:4511`) or the path's first segment. */
export function bucketOf({ headers, url }: AwsRequest): string {
  const host = (headers.host ?? "").replace(/:\d+$/, "");
  const virtual = /^(.+?)\.(?:s3[.-].*|localhost|127\.0\.0\.1)$/.exec(host)?.[1];
  return virtual ?? url.pathname.split("/")[1] ?? "";
}

/** Lets pages read the answers, and the refusals, that their origin may have. */
export function withCors({ buckets }: S3, operations: Record<string, Operation>): Record<string, Operation> {
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => [
      name,
      {
        ...operation,
        run(input: { Bucket?: string }, call) {
          const { http } = call;
          const origin = http?.headers.origin;
          if (http && origin) http.responseHeaders = answerHeaders(buckets.get(input.Bucket ?? "")?.cors, http, origin);
          return operation.run(input, call);
        },
      } satisfies Operation,
    ]),
  );
}

function answerHeaders(rules: CorsRule[] = [], { method }: AwsRequest, origin: string) {
  const rule = rules.find(
    ({ allowedMethods, allowedOrigins }) =>
      allowedMethods.includes(method) && allowedOrigins.some((allowed) => matches(allowed, origin)),
  );
  if (!rule) return undefined;
  const exposed = rule.exposeHeaders?.join(", ");
  return { ...originHeaders(rule, origin), ...(exposed ? { "access-control-expose-headers": exposed } : {}) };
}

function matches(pattern: string, value: string): boolean {
  if (!pattern.includes("*")) return pattern === value;
  const [head = "", tail = ""] = pattern.split("*");
  return value.startsWith(head) && value.endsWith(tail) && value.length >= head.length + tail.length;
}
