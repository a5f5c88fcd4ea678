/** Which of a distribution's behaviours a path means, and what its policies make of a request. */

import type { Store } from "../kept.ts";
import { itemsOf, type Shape } from "../shapes.ts";
import { cookiesOf, type Headers, one, parametersOf, type ViewerRequest } from "./message.ts";

/** In seconds. */
export interface Lifetimes {
  min: number;
  byDefault: number;
  max: number;
}

/** The first behaviour in order whose pattern matches, or the default one. */
export function behaviorOf(config: Shape, path: string): Shape {
  const found = itemsOf(config.CacheBehaviors).find(({ PathPattern }) => matchesPattern(PathPattern, path));
  return found ?? config.DefaultCacheBehavior;
}

/** `*` stands for any number of characters, `?` for one; the slash at the beginning may be left out. */
export function matchesPattern(pattern: string, path: string): boolean {
  const whole = pattern.startsWith("/") ? pattern : `/${pattern}`;
  const source = whole
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replace(/\?/g, ".");
  return new RegExp(`^${source}$`, "s").test(path);
}

/** What is part of a cache's key, or goes along to the origin. */
export interface Selection {
  headers: (name: string) => boolean;
  cookies: (name: string) => boolean;
  queries: (name: string) => boolean;
}

export interface Caching {
  lifetimes: Lifetimes;
  key: Selection;
  /** Whether answers are kept compressed: the encoding is part of the key. */
  gzip: boolean;
  brotli: boolean;
}

const NOTHING = () => false;

export function cachingOf(behavior: Shape, store: Store): Caching {
  const policy = behavior.CachePolicyId && store.get("CachePolicy", behavior.CachePolicyId)?.config;
  if (!policy) return legacyCaching(behavior);
  const parameters = policy.ParametersInCacheKeyAndForwardedToOrigin ?? {};
  const { MinTTL: min = 0, DefaultTTL = 86_400, MaxTTL = 31_536_000 } = policy;
  const byDefault = Math.max(min, DefaultTTL);
  return {
    lifetimes: { min, byDefault, max: Math.max(byDefault, MaxTTL) },
    key: selectionOf(parameters),
    gzip: parameters.EnableAcceptEncodingGzip === true,
    brotli: parameters.EnableAcceptEncodingBrotli === true,
  };
}

/** Behaviours from before there were policies: `ForwardedValues`. */
function legacyCaching({ ForwardedValues: values = {}, MinTTL = 0, DefaultTTL, MaxTTL, Compress }: Shape): Caching {
  const byDefault = DefaultTTL ?? Math.max(86_400, MinTTL);
  const names = itemsOf(values.Headers).map((name) => name.toLowerCase());
  const cookies = itemsOf(values.Cookies?.WhitelistedNames);
  const keys = itemsOf(values.QueryStringCacheKeys);
  const { Forward } = values.Cookies ?? {};
  return {
    lifetimes: { min: MinTTL, byDefault, max: MaxTTL ?? Math.max(31_536_000, byDefault) },
    key: {
      headers: names.includes("*") ? (name) => !HOP.has(name) : (name) => names.includes(name),
      cookies: (name) => Forward === "all" || (Forward === "whitelist" && cookies.includes(name)),
      queries: (name) => values.QueryString === true && (keys.length === 0 || keys.includes(name)),
    },
    ...{ gzip: Compress === true, brotli: false },
  };
}

function selectionOf({ HeadersConfig = {}, CookiesConfig = {}, QueryStringsConfig = {} }: Shape): Selection {
  const headers = chosen(HeadersConfig.HeaderBehavior, lower(itemsOf(HeadersConfig.Headers)));
  return {
    headers: (name) => headers(name.toLowerCase()),
    cookies: chosen(CookiesConfig.CookieBehavior, itemsOf(CookiesConfig.Cookies)),
    queries: chosen(QueryStringsConfig.QueryStringBehavior, itemsOf(QueryStringsConfig.QueryStrings)),
  };
}

function chosen(behavior: string | undefined, names: string[]): (name: string) => boolean {
  if (behavior === "all" || behavior === "allViewer") return () => true;
  if (behavior === "allExcept") return (name) => !names.includes(name);
  if (behavior === "whitelist" || behavior === "allViewerAndWhitelistCloudFront") {
    const isAll = behavior !== "whitelist";
    return (name) => isAll || names.includes(name);
  }
  return NOTHING;
}

const lower = (names: string[]) => names.map((name) => name.toLowerCase());

/** What a connection says of itself, and what CloudFront alone says. */
const HOP = new Set(
  ["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"].concat(
    ["transfer-encoding", "upgrade", "content-length", "expect", "accept-encoding", "via"],
  ),
);

/** The encoding that an answer would be kept in for this viewer. */
export function encodingFor({ headers }: ViewerRequest, { gzip, brotli }: Caching): "br" | "gzip" | "" {
  const accepted = (one(headers, "accept-encoding") ?? "").toLowerCase();
  const accepts = (name: string) =>
    new RegExp(`(^|[\\s,])${name}(\\s*;\\s*q=(?!0(\\.0*)?\\s*(,|$))[\\d.]+)?\\s*(,|$)`).test(accepted);
  if (brotli && accepts("br")) return "br";
  return gzip && accepts("gzip") ? "gzip" : "";
}

export function cacheKey(distributionId: string, request: ViewerRequest, caching: Caching): string {
  const { key } = caching;
  const headers = Object.keys(request.headers)
    .filter((name) => key.headers(name) && name !== "cookie")
    .sort()
    .map((name) => `${name}:${one(request.headers, name)}`);
  const cookies = cookiesOf(request.headers).filter(([name]) => key.cookies(name));
  const queries = parametersOf(request.query).filter(([name]) => key.queries(name));
  const method = request.method === "HEAD" ? "GET" : request.method;
  return JSON.stringify([
    ...[distributionId, method, request.path, queries, headers, cookies.sort()],
    encodingFor(request, caching),
  ]);
}

/** What goes to the origin: the key's parts, and what the origin request policy adds. */
export function forwardedRequest(
  request: ViewerRequest,
  behavior: Shape,
  caching: Caching,
  store: Store,
): Pick<ViewerRequest, "query" | "headers"> & { isHostForwarded: boolean } {
  const policy = behavior.OriginRequestPolicyId && store.get("OriginRequestPolicy", behavior.OriginRequestPolicyId);
  const added: Selection = policy
    ? selectionOf(policy.config)
    : { headers: NOTHING, cookies: NOTHING, queries: NOTHING };
  const goes = (kind: keyof Selection, name: string) => caching.key[kind](name) || added[kind](name);
  const headers: Headers = Object.create(null);
  for (const [name, values] of Object.entries(request.headers)) {
    const isAlways = ALWAYS.has(name);
    if (name === "cookie" || HOP.has(name)) continue;
    if (isAlways || goes("headers", name)) headers[name] = values;
  }
  const cookies = cookiesOf(request.headers).filter(([name]) => goes("cookies", name));
  if (cookies.length > 0) headers.cookie = [cookies.map(([name, value]) => `${name}=${value}`).join("; ")];
  if (!goes("headers", "user-agent")) headers["user-agent"] = ["Amazon CloudFront"];
  const queries = parametersOf(request.query).filter(([name]) => goes("queries", name));
  return {
    query: queries.map(([name, value]) => (value === "" ? name : `${name}=${value}`)).join("&"),
    headers,
    isHostForwarded: goes("headers", "host"),
  };
}

/** What describes the body goes along with it; conditions and ranges are the cache's own matter. */
const ALWAYS = new Set(["content-type", "content-encoding", "content-md5", "content-language"]);
