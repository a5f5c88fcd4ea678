/** Which operation a REST request means: by method, path template, constant query and the parameters it carries. */
import { NormalizedSchema } from "@smithy/core/schema";
import type { AwsRequest } from "../service.ts";
import type { WireOperation, WireService } from "./schema.ts";

interface Route {
  operation: WireOperation;
  method: string;
  segments: string[];
  /** Constant query of the template, without `x-id`, which only SDKs send. */
  query: [name: string, value: string][];
  id?: string;
  queryMembers: string[];
  /** What a request must carry to mean this operation: AbortMultipartUpload's `uploadId`, CopyObject's source. */
  requiredQuery: string[];
  requiredHeaders: string[];
  /** S3: the bucket stands before the template's path, or in the host. */
  hasBucket: boolean;
}

export interface Match {
  operation: WireOperation;
  labels: Record<string, string>;
}

export class Routes {
  readonly #routes: Route[];
  readonly #isS3: boolean;

  constructor(service: WireService) {
    this.#isS3 = service.namespace === "com.amazonaws.s3";
    this.#routes = [...service.operations.values()].filter((operation) => operation.http).map(toRoute);
  }

  match(request: AwsRequest): Match | undefined {
    const whole = request.url.pathname;
    const { path, bucket } = this.#isS3 ? splitBucket(request) : { path: whole, bucket: undefined };
    const segments = path.split("/").slice(1);
    const allSegments = whole.split("/").slice(1);
    let best: { match: Match; score: number } | undefined;
    for (const route of this.#routes) {
      if (route.method !== request.method || (this.#isS3 && route.hasBucket && bucket === undefined)) continue;
      // Where the host names the bucket, the path has nothing but the key.
      if (this.#isS3 && !route.hasBucket && bucket !== undefined && path === whole) continue;
      const labels = matchSegments(route.segments, route.hasBucket ? segments : allSegments);
      if (!labels) continue;
      const score = scoreOf(route, request);
      if (score === undefined || (best && best.score >= score)) continue;
      if (bucket !== undefined) labels.Bucket = bucket;
      best = { match: { operation: route.operation, labels }, score };
    }
    return best?.match;
  }
}

function toRoute(operation: WireOperation): Route {
  const { method, uri } = operation.http!;
  const [path, query = ""] = uri.split("?");
  const constants = [...new URLSearchParams(query)] as [string, string][];
  const input = NormalizedSchema.of(operation.input);
  const members = input.isStructSchema() ? [...input.structIterator()] : [];
  // A structure's schema names its required members first, and how many there are at its end.
  const required = members.slice(0, ((input.getSchema() as unknown[])[6] as number | undefined) ?? 0);
  return {
    operation,
    method,
    segments: path!.split("/").slice(1),
    query: constants.filter(([name]) => name !== "x-id"),
    id: constants.find(([name]) => name === "x-id")?.[1],
    queryMembers: members.flatMap(([, member]) => member.getMergedTraits().httpQuery ?? []),
    requiredQuery: required.flatMap(([, member]) => member.getMergedTraits().httpQuery ?? []),
    requiredHeaders: required.flatMap(([, member]) => member.getMergedTraits().httpHeader?.toLowerCase() ?? []),
    hasBucket: members.some(([name, member]) => name === "Bucket" && member.getMergedTraits().httpLabel),
  };
}

/** `undefined` where a constant is missing; else higher for the more specific route. */
function scoreOf(route: Route, request: AwsRequest): number | undefined {
  const given = request.url.searchParams;
  for (const [name, value] of route.query) {
    if (!given.has(name) || (value !== "" && given.get(name) !== value)) return undefined;
  }
  if (!route.requiredQuery.every((name) => given.has(name))) return undefined;
  if (!route.requiredHeaders.every((name) => request.headers[name] !== undefined)) return undefined;
  const literals = route.segments.filter((segment) => segment !== "" && !segment.startsWith("{")).length;
  const members = route.queryMembers.filter((name) => given.has(name)).length;
  const required = route.requiredQuery.length + route.requiredHeaders.length;
  const named = route.id !== undefined && given.get("x-id") === route.id ? 10_000 : 0;
  return named + literals * 1000 + (route.query.length + required) * 100 + members;
}

function matchSegments(template: string[], segments: string[]): Record<string, string> | undefined {
  const labels: Record<string, string> = {};
  for (const [index, part] of template.entries()) {
    if (part.startsWith("{") && part.endsWith("+}")) {
      const rest = segments.slice(index).join("/");
      if (rest === "") return undefined;
      labels[part.slice(1, -2)] = decode(rest);
      return labels;
    }
    const segment = segments[index];
    if (segment === undefined) return undefined;
    if (part.startsWith("{")) {
      if (segment === "") return undefined;
      labels[part.slice(1, -1)] = decode(segment);
    } else if (part !== segment) return undefined;
  }
  const extra = segments.slice(template.length);
  return extra.every((segment) => segment === "") ? labels : undefined;
}

function splitBucket(request: AwsRequest): { path: string; bucket?: string } {
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  const virtual = /^(.+?)\.(?:s3[.-].*|localhost|127\.0\.0\.1)$/.exec(host)?.[1];
  if (virtual) return { path: request.url.pathname, bucket: virtual };
  const [, bucket = "", ...rest] = request.url.pathname.split("/");
  return bucket === "" ? { path: "/" } : { path: `/${rest.join("/")}`, bucket: decode(bucket) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
