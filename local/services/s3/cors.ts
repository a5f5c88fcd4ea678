/** Cross-origin requests, by the bucket's own rules. */
import { AwsError, type AwsRequest, type AwsResponse, type Operation } from "../../service.ts";
import type { S3 } from "./index.ts";

export interface CorsRule {
  allowedMethods: string[];
  allowedOrigins: string[];
  allowedHeaders?: string[];
  exposeHeaders?: string[];
  maxAgeSeconds?: number;
}

/** Answers a browser's question whether it may. */
export function preflight({ buckets }: S3, request: AwsRequest): AwsResponse {
  const name = decodeURIComponent(request.url.pathname.split("/")[1] ?? "");
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
      "access-control-allow-origin": origin,
      "access-control-allow-methods": rule.allowedMethods.join(", "),
      "access-control-allow-headers": asked.join(", "),
      ...(rule.maxAgeSeconds ? { "access-control-max-age": String(rule.maxAgeSeconds) } : {}),
      vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
    },
  };
}

/** Lets pages read the answers that their origin may have. */
export function withCors({ buckets }: S3, operations: Record<string, Operation>): Record<string, Operation> {
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => [
      name,
      {
        ...operation,
        async run(input: { Bucket?: string }, call) {
          const origin = call.http?.headers.origin;
          const rule =
            origin &&
            buckets
              .get(input.Bucket ?? "")
              ?.cors.find(({ allowedOrigins }) => allowedOrigins.some((allowed) => matches(allowed, origin)));
          if (rule && call.http) {
            call.http.responseHeaders = {
              "access-control-allow-origin": origin,
              "access-control-expose-headers": (rule.exposeHeaders ?? ["ETag"]).join(", "),
              vary: "Origin",
            };
          }
          return operation.run(input, call);
        },
      } satisfies Operation,
    ]),
  );
}

function matches(pattern: string, value: string): boolean {
  if (!pattern.includes("*")) return pattern === value;
  const [head = "", tail = ""] = pattern.split("*");
  return value.startsWith(head) && value.endsWith(tail) && value.length >= head.length + tail.length;
}
