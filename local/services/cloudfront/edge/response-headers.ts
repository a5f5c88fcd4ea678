/** What a response headers policy takes away from an answer, and what it adds. */

import { itemsOf, type Shape } from "../shapes.ts";
import { type Answer, type Headers, one, type ViewerRequest } from "./message.ts";

export function applyPolicy(answer: Answer, policy: Shape | undefined, request: ViewerRequest): Answer {
  if (!policy) return answer;
  const headers: Headers = Object.assign(Object.create(null), answer.headers);
  for (const { Header } of itemsOf(policy.RemoveHeadersConfig)) delete headers[Header.toLowerCase()];
  const set = (name: string, value: string, override: boolean | undefined) => {
    if (override || headers[name] === undefined) headers[name] = [value];
  };
  if (policy.CorsConfig) cors(headers, policy.CorsConfig, request, set);
  for (const { name, value, override } of security(policy.SecurityHeadersConfig ?? {})) set(name, value, override);
  for (const { Header, Value, Override } of itemsOf(policy.CustomHeadersConfig)) {
    set(Header.toLowerCase(), Value ?? "", Override);
  }
  return { ...answer, headers };
}

type Set = (name: string, value: string, override: boolean | undefined) => void;

function cors(headers: Headers, config: Shape, request: ViewerRequest, set: Set): void {
  const origin = one(request.headers, "origin");
  if (origin === undefined) return;
  const override = config.OriginOverride === true;
  // What the origin decided stays, unless the policy overrides it.
  if (!override && headers["access-control-allow-origin"]) return;
  const allowed: string[] = itemsOf(config.AccessControlAllowOrigins);
  const isForAll = allowed.includes("*");
  if (!isForAll && !allowed.some((pattern) => matchesOrigin(pattern, origin))) return;
  const isWithCredentials = config.AccessControlAllowCredentials === true;
  set("access-control-allow-origin", isForAll && !isWithCredentials ? "*" : origin, override);
  if (!isForAll || isWithCredentials) headers.vary = [...(headers.vary ?? []), "Origin"];
  if (isWithCredentials) set("access-control-allow-credentials", "true", override);
  const exposed = itemsOf(config.AccessControlExposeHeaders).join(",");
  if (exposed) set("access-control-expose-headers", exposed, override);
  const isPreflight = request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined;
  if (!isPreflight) return;
  const methods: string[] = itemsOf(config.AccessControlAllowMethods);
  const all = ["GET", "DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
  set("access-control-allow-methods", (methods.includes("ALL") ? all : methods).join(", "), override);
  set("access-control-allow-headers", itemsOf(config.AccessControlAllowHeaders).join(", "), override);
  if (config.AccessControlMaxAgeSec !== undefined) {
    set("access-control-max-age", String(config.AccessControlMaxAgeSec), override);
  }
}

/** `https://*.example.com`, or without the scheme. */
function matchesOrigin(pattern: string, origin: string): boolean {
  const source = pattern.replace(/[.+^${}()|[\]\\?]/g, "\\$&").replace(/\*/g, ".*");
  return new RegExp(`^${pattern.includes("://") ? "" : "https?://"}${source}$`, "i").test(origin);
}

function security(config: Shape): { name: string; value: string; override?: boolean }[] {
  const found: { name: string; value: string; override?: boolean }[] = [];
  const add = (name: string, value: string, part: Shape) => found.push({ name, value, override: part.Override });
  const { StrictTransportSecurity: tls, XSSProtection: xss } = config;
  if (tls) {
    const parts = [`max-age=${tls.AccessControlMaxAgeSec}`];
    if (tls.IncludeSubdomains) parts.push("includeSubDomains");
    if (tls.Preload) parts.push("preload");
    add("strict-transport-security", parts.join("; "), tls);
  }
  if (xss) {
    const parts = [xss.Protection ? "1" : "0"];
    if (xss.ModeBlock) parts.push("mode=block");
    if (xss.ReportUri) parts.push(`report=${xss.ReportUri}`);
    add("x-xss-protection", parts.join("; "), xss);
  }
  if (config.ContentTypeOptions) add("x-content-type-options", "nosniff", config.ContentTypeOptions);
  if (config.FrameOptions) add("x-frame-options", config.FrameOptions.FrameOption, config.FrameOptions);
  if (config.ReferrerPolicy) add("referrer-policy", config.ReferrerPolicy.ReferrerPolicy, config.ReferrerPolicy);
  if (config.ContentSecurityPolicy) {
    add("content-security-policy", config.ContentSecurityPolicy.ContentSecurityPolicy, config.ContentSecurityPolicy);
  }
  return found;
}
