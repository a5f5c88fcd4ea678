/** AWS's own policies, by the ids that distributions name them by. Those for Amplify and media packaging are left out. */
import { listed, type Shape } from "./shapes.ts";

interface Choice {
  behavior: string;
  names?: string[];
}

const NONE: Choice = { behavior: "none" };
const ALL: Choice = { behavior: "all" };
const only = (...names: string[]): Choice => ({ behavior: "whitelist", names });

function parameters(headers: Choice, cookies: Choice, queries: Choice): Shape {
  const names = (choice: Choice, member: string) => (choice.names ? { [member]: listed(choice.names) } : {});
  return {
    HeadersConfig: { HeaderBehavior: headers.behavior, ...names(headers, "Headers") },
    CookiesConfig: { CookieBehavior: cookies.behavior, ...names(cookies, "Cookies") },
    QueryStringsConfig: { QueryStringBehavior: queries.behavior, ...names(queries, "QueryStrings") },
  };
}

type Three<Item> = readonly [Item, Item, Item];

function caching(name: string, [MinTTL, DefaultTTL, MaxTTL]: Three<number>, compressed: boolean, key: Three<Choice>) {
  const encodings = { EnableAcceptEncodingGzip: compressed, EnableAcceptEncodingBrotli: compressed };
  return {
    ...{ Name: `Managed-${name}`, MinTTL, DefaultTTL, MaxTTL },
    ParametersInCacheKeyAndForwardedToOrigin: { ...encodings, ...parameters(...key) },
  };
}

const forwarding = (name: string, ...what: [Choice, Choice, Choice]): Shape => ({
  Name: `Managed-${name}`,
  ...parameters(...what),
});

const DAY = 86_400;
const YEAR = 31_536_000;
const OPTIMIZED = [1, DAY, YEAR] as const;
const ORIGIN_HEADERS = only(...["host", "origin", "x-http-method-override", "x-http-method", "x-method-override"]);

const CORS = {
  AccessControlAllowCredentials: false,
  AccessControlAllowHeaders: listed(["*"]),
  AccessControlAllowMethods: listed(["GET", "HEAD"]),
  AccessControlAllowOrigins: listed(["*"]),
  OriginOverride: false,
};
const PREFLIGHT = {
  ...CORS,
  AccessControlAllowMethods: listed(["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]),
  AccessControlExposeHeaders: listed(["*"]),
};
const SECURITY = {
  XSSProtection: { Override: false, Protection: true, ModeBlock: true },
  FrameOptions: { Override: false, FrameOption: "SAMEORIGIN" },
  ReferrerPolicy: { Override: false, ReferrerPolicy: "strict-origin-when-cross-origin" },
  ContentTypeOptions: { Override: true },
  StrictTransportSecurity: { Override: false, AccessControlMaxAgeSec: YEAR },
};

/** Kind → id → settings. */
export const MANAGED: Record<string, Record<string, Shape>> = {
  CachePolicy: {
    "658327ea-f89d-4fab-a63d-7e88639e58f6": caching("CachingOptimized", OPTIMIZED, true, [NONE, NONE, NONE]),
    "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": caching(
      ...(["CachingOptimizedForUncompressedObjects", OPTIMIZED, false, [NONE, NONE, NONE]] as const),
    ),
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": caching("CachingDisabled", [0, 0, 0], false, [NONE, NONE, NONE]),
    "83da9c7e-98b4-4e11-a168-04f0df8e2c65": caching(
      ...(["UseOriginCacheControlHeaders", [0, 0, YEAR], true, [ORIGIN_HEADERS, ALL, NONE]] as const),
    ),
    "4cc15a8a-d715-48a4-82b8-cc0b614638fe": caching(
      ...(["UseOriginCacheControlHeaders-QueryStrings", [0, 0, YEAR], true, [ORIGIN_HEADERS, ALL, ALL]] as const),
    ),
  },
  OriginRequestPolicy: {
    "216adef6-5c7f-47e4-b989-5492eafa07d3": forwarding("AllViewer", { behavior: "allViewer" }, ALL, ALL),
    "b689b0a8-53d0-40ab-baf2-68738e2966ac": forwarding(
      "AllViewerExceptHostHeader",
      { behavior: "allExcept", names: ["host"] },
      ...[ALL, ALL],
    ),
    "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": forwarding(
      "CORS-S3Origin",
      only("origin", "access-control-request-headers", "access-control-request-method"),
      ...[NONE, NONE],
    ),
    "59781a5b-3903-41f3-afcb-af62929ccde1": forwarding("CORS-CustomOrigin", only("origin"), NONE, NONE),
    "acba4595-bd28-49b8-b9fe-13317c0390fa": forwarding(
      "UserAgentRefererHeaders",
      only("user-agent", "referer"),
      ...[NONE, NONE],
    ),
  },
  ResponseHeadersPolicy: {
    "60669652-455b-4ae9-85a4-c4c02393f86c": { Name: "Managed-SimpleCORS", CorsConfig: CORS },
    "5cc3b908-e619-4b99-88e5-2cf7f45965bd": { Name: "Managed-CORS-With-Preflight", CorsConfig: PREFLIGHT },
    "67f7725c-6f97-4210-82d7-5512b31e9d03": { Name: "Managed-SecurityHeadersPolicy", SecurityHeadersConfig: SECURITY },
    "e61eb60c-9c35-4d20-a928-2b84e02af89c": {
      ...{ Name: "Managed-CORS-and-SecurityHeadersPolicy", CorsConfig: CORS, SecurityHeadersConfig: SECURITY },
    },
    "eaab4381-ed33-4a86-88ca-d9558dc6cd63": {
      Name: "Managed-CORS-with-preflight-and-SecurityHeadersPolicy",
      ...{ CorsConfig: PREFLIGHT, SecurityHeadersConfig: SECURITY },
    },
  },
};
