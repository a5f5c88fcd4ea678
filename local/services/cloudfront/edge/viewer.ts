/**
 * A viewer's request on its way through a distribution: behaviour, signature, function, cache, origin, custom errors, headers,
 * function, and back.
 *
 * Not emulated: Lambda@Edge, WebSocket and gRPC, real-time logs, geo restrictions, field-level encryption, continuous
 * deployment, Server-Timing. TLS ends nowhere on loopback: every viewer counts as one that came by HTTPS.
 */
import { randomBytes, randomUUID } from "node:crypto";
import type { Cloud } from "../../../service.ts";
import type { Kept, Store } from "../kept.ts";
import { itemsOf, type Shape } from "../shapes.ts";
import { behaviorOf, type Caching, cacheKey, cachingOf, encodingFor, forwardedRequest } from "./behavior.ts";
import { decoded, type EdgeCache, type Entry, MAX_ENTRY_BYTES, secondsToKeep } from "./cache.ts";
import { compressed } from "./compression.ts";
import { type EdgeFunctions, FunctionFailed } from "./functions.ts";
import { type Answer, one, textAnswer, type ViewerRequest } from "./message.ts";
import type { Origins } from "./origins.ts";
import { conditional, ranged } from "./partial.ts";
import { applyPolicy } from "./response-headers.ts";
import { refusal, signedHosts, withoutSignature } from "./signed-access.ts";

export interface ViewerOptions {
  cloud: Cloud;
  store: Store;
  cache: EdgeCache;
  origins: Origins;
  functions: EdgeFunctions;
}

type Asked = Answer & { isUnreachable?: boolean };
type Found = Answer & { cache: string; storedAt?: number };

/** Answers for a distribution. */
export function viewer({ cloud, store, cache, origins, functions }: ViewerOptions) {
  const { clock } = cloud;

  return async function answer(distribution: Kept, request: ViewerRequest, asked: string): Promise<Answer> {
    const { config } = distribution;
    const behavior = behaviorOf(config, request.path);
    const context = { distribution, behavior, requestId: randomUUID() };
    const methods: string[] = itemsOf(behavior.AllowedMethods);
    const isAllowed = methods.length > 0 ? methods.includes(request.method) : /^(GET|HEAD)$/.test(request.method);
    if (!isAllowed) return finish(distribution, problem(403, NOT_ALLOWED), "Error");

    const hosts = signedHosts(request, itemsOf(config.Aliases), distribution.more.domainName, asked);
    const refused = refusal(request, behavior, store, { nowMs: clock.now(), hosts });
    if (refused) return finish(distribution, refused, "Error");
    if (itemsOf(behavior.TrustedKeyGroups).length > 0) request.query = withoutSignature(request.query);

    const policy = behavior.ResponseHeadersPolicyId
      ? store.get("ResponseHeadersPolicy", behavior.ResponseHeadersPolicyId)?.config
      : undefined;
    try {
      const first = await functions.request(context, request);
      if ("status" in first)
        return finish(distribution, applyPolicy(first, policy, request), "FunctionGeneratedResponse");
      const found = await resolve(distribution, behavior, first);
      const dressed = applyPolicy(found, policy, request);
      const last = found.status < 400 ? await functions.response(context, first, dressed) : dressed;
      const shown = conditional(ranged(last, request), request);
      const age = found.storedAt === undefined ? undefined : Math.floor((clock.now() - found.storedAt) / 1000);
      return finish(distribution, shown, found.cache, age);
    } catch (error) {
      if (!(error instanceof FunctionFailed)) throw error;
      return finish(distribution, problem(error.status, error.said), error.kind);
    }
  };

  /** From the cache or the origin, or the page that stands for an error. */
  async function resolve(distribution: Kept, behavior: Shape, request: ViewerRequest): Promise<Found> {
    const { config } = distribution;
    const root = config.DefaultRootObject;
    const target = request.path === "/" && root ? { ...request, path: `/${root}` } : request;
    const found = await fetched(distribution, behavior, target);
    const custom = itemsOf(config.CustomErrorResponses).find(({ ErrorCode }) => ErrorCode === found.status);
    if (found.status < 400 || !custom?.ResponsePagePath) return found;
    const page: ViewerRequest = {
      ...request,
      method: "GET",
      path: custom.ResponsePagePath,
      query: "",
      body: undefined,
    };
    const shown = await fetched(distribution, behaviorOf(config, page.path), page);
    // Where the page itself is missing, the viewer learns of that.
    if (shown.status >= 400) return shown;
    return { ...shown, status: Number(custom.ResponseCode || found.status), cache: "Error" };
  }

  async function fetched(distribution: Kept, behavior: Shape, request: ViewerRequest): Promise<Found> {
    const caching = cachingOf(behavior, store);
    const cachedMethods: string[] = itemsOf(behavior.AllowedMethods?.CachedMethods);
    const isCacheable =
      /^(GET|HEAD)$/.test(request.method) || (request.method === "OPTIONS" && cachedMethods.includes("OPTIONS"));
    if (!isCacheable) return { ...(await asked(distribution, behavior, request, caching)), cache: "Miss" };
    const key = cacheKey(distribution.id, request, caching);
    const kept = cache.get(key);
    const now = clock.now();
    if (kept && kept.freshUntil > now) return { ...kept, cache: kept.status >= 400 ? "Error" : "Hit" };
    const tag = kept && one(kept.headers, "etag");
    const answer = await asked(distribution, behavior, request, caching);
    const isSame = tag !== undefined && answer.status === 200 && one(answer.headers, "etag") === tag;
    keep(distribution, request, key, answer, caching);
    if (answer.status >= 400) return { ...answer, cache: "Error" };
    return { ...answer, cache: isSame ? "RefreshHit" : "Miss" };
  }

  function keep(distribution: Kept, request: ViewerRequest, key: string, answer: Answer, caching: Caching): void {
    if (answer.body.length > MAX_ENTRY_BYTES || request.method === "HEAD") return;
    const now = clock.now();
    const isError = answer.status >= 400;
    if (isError && !KEPT_ERRORS.includes(answer.status)) return;
    const seconds = isError
      ? errorSeconds(distribution.config, answer, now)
      : secondsToKeep(answer, caching.lifetimes, now);
    if (seconds <= 0) return;
    const entry: Entry = {
      ...answer,
      ...{
        distributionId: distribution.id,
        path: decoded(request.path),
        storedAt: now,
        freshUntil: now + seconds * 1000,
      },
    };
    cache.put(key, entry);
  }

  /** The origin, or the second of its group where the first fails. */
  async function asked(distribution: Kept, behavior: Shape, request: ViewerRequest, caching: Caching): Promise<Answer> {
    const { config } = distribution;
    const group = itemsOf(config.OriginGroups).find(({ Id }) => Id === behavior.TargetOriginId);
    const ids: string[] = group ? itemsOf(group.Members).map(({ OriginId }) => OriginId) : [behavior.TargetOriginId];
    const failing: number[] = group ? itemsOf(group.FailoverCriteria?.StatusCodes) : [];
    const forwarded = forwardedRequest(request, behavior, caching, store);
    const last = /^(GET|HEAD|OPTIONS)$/.test(request.method) ? ids.length - 1 : 0;
    for (const [index, id] of ids.entries()) {
      const origin = itemsOf(config.Origins).find(({ Id }) => Id === id);
      const answer: Asked = origin
        ? await reach(distribution, origin, { ...request, ...forwarded })
        : problem(502, `The origin ${id} is not there`);
      const hasFailed = answer.isUnreachable || failing.includes(answer.status);
      if (index >= last || !hasFailed)
        return behavior.Compress ? compressed(answer, encodingFor(request, caching)) : answer;
    }
    return problem(502, "The distribution has no origin");
  }

  async function reach(distribution: Kept, origin: Shape, request: Parameters<Origins["ask"]>[2]): Promise<Asked> {
    try {
      return await origins.ask(distribution, origin, request);
    } catch (error) {
      const { message } = error as Error;
      cloud.log({
        level: "warn",
        source: "cloudfront",
        message: `${distribution.id}: ${origin.DomainName}: ${message}`,
      });
      const isLate = /in time/.test(message);
      const answer = problem(isLate ? 504 : 502, "CloudFront wasn't able to connect to the origin.");
      return { ...answer, isUnreachable: true };
    }
  }

  function finish({ more }: Kept, answer: Answer, result: string, ageSeconds?: number): Answer {
    const headers = Object.assign(Object.create(null), answer.headers);
    headers["x-cache"] = [`${result} from cloudfront`];
    headers.via = [`1.1 ${more.domainName} (CloudFront)`];
    headers["x-amz-cf-pop"] = ["LOCAL1-C1"];
    headers["x-amz-cf-id"] = [randomBytes(42).toString("base64url")];
    if (ageSeconds !== undefined) headers.age = [String(ageSeconds)];
    headers.date ??= [new Date(clock.now()).toUTCString()];
    return { ...answer, headers };
  }
}

/** Errors that CloudFront keeps, 10 s unless the distribution says otherwise. */
const KEPT_ERRORS = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];

function errorSeconds(config: Shape, answer: Answer, nowMs: number): number {
  const custom = itemsOf(config.CustomErrorResponses).find(({ ErrorCode }) => ErrorCode === answer.status);
  const least = custom?.ErrorCachingMinTTL ?? 10;
  return Math.max(least, secondsToKeep(answer, { min: 0, byDefault: 0, max: 31_536_000 }, nowMs));
}

const NOT_ALLOWED =
  "This distribution is not configured to allow the HTTP request method that was used for this request.";

/** CloudFront's own page for an error. */
export function problem(status: number, said: string): Answer {
  const html = `<!DOCTYPE html><html><head><meta charset="utf-8"><title>ERROR: The request could not be satisfied</title></head><body><h1>${status} ERROR</h1><h2>The request could not be satisfied.</h2><hr><p>${escape(said)}</p><hr><p>Generated by cloudfront (CloudFront)</p></body></html>\n`;
  const answer = textAnswer(status, "text/html; charset=utf-8", html);
  answer.headers.server = ["CloudFront"];
  return answer;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
