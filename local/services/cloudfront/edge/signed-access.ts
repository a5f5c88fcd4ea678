/** Signed URLs and signed cookies: who comes with a policy that a key of a trusted group signed, and keeps to it. */
import { createPublicKey, verify } from "node:crypto";
import type { Store } from "../kept.ts";
import { itemsOf, type Shape } from "../shapes.ts";
import { type Answer, cookiesOf, one, parametersOf, textAnswer, type ViewerRequest } from "./message.ts";

interface Given {
  keyPairId?: string;
  signature?: string;
  policy?: string;
  expires?: string;
}

/** Parameters of CloudFront itself, which no origin sees. */
const PARAMETERS = new Set(["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"]);

export function withoutSignature(query: string): string {
  return query
    .split("&")
    .filter((part) => !PARAMETERS.has(part.split("=")[0]!))
    .join("&");
}

/** @returns what a viewer is answered who may not; undefined for one who may */
export function refusal(
  request: ViewerRequest,
  behavior: Shape,
  store: Store,
  { nowMs, hosts }: { nowMs: number; hosts: string[] },
): Answer | undefined {
  const groups = behavior.TrustedKeyGroups;
  if (!groups?.Enabled && itemsOf(groups).length === 0) return undefined;
  const given = givenBy(request);
  if (!given.keyPairId) return denied("MissingKey", "Missing Key-Pair-Id query parameter or cookie value");
  const ids = itemsOf(groups).flatMap((id) => store.get("KeyGroup", id)?.config.Items ?? []);
  const key = ids.includes(given.keyPairId) ? store.get("PublicKey", given.keyPairId) : undefined;
  if (!key) return denied("InvalidKey", "Unknown Key");
  if (!given.signature) return denied("MissingSignature", "Missing Signature query parameter or cookie value");
  const policies = given.policy === undefined ? canned(request, given, hosts) : [unsafe(given.policy).toString("utf8")];
  if (policies.length === 0)
    return denied("MissingExpires", "Missing Expires or Policy query parameter or cookie value");
  const signed = policies.find((policy) => isSigned(policy, given.signature!, key.config.EncodedKey));
  const isAllowed = signed !== undefined && allows(signed, request, given.policy === undefined, nowMs, hosts);
  return isAllowed ? undefined : denied("AccessDenied", "Access denied");
}

function givenBy(request: ViewerRequest): Given {
  const query = new Map(parametersOf(request.query));
  if (query.has("Key-Pair-Id") || query.has("Signature")) {
    const expires = query.get("Expires");
    const found = {
      keyPairId: query.get("Key-Pair-Id"),
      signature: query.get("Signature"),
      policy: query.get("Policy"),
    };
    return { ...found, expires };
  }
  const cookies = new Map(cookiesOf(request.headers));
  const of = (name: string) => cookies.get(`CloudFront-${name}`);
  return { keyPairId: of("Key-Pair-Id"), signature: of("Signature"), policy: of("Policy"), expires: of("Expires") };
}

/** The policy that a URL with nothing but a time stands for. The scheme was part of what was signed. */
function canned({ path, query }: ViewerRequest, { expires }: Given, hosts: string[]): string[] {
  if (expires === undefined || !/^\d+$/.test(expires)) return [];
  const rest = withoutSignature(query);
  return hosts.flatMap((host) =>
    ["https", "http"].map((scheme) => {
      const resource = `${scheme}://${host}${path}${rest ? `?${rest}` : ""}`;
      const condition = `{"DateLessThan":{"AWS:EpochTime":${expires}}}`;
      return `{"Statement":[{"Resource":"${resource}","Condition":${condition}}]}`;
    }),
  );
}

function isSigned(policy: string, signature: string, pem: string): boolean {
  try {
    const key = createPublicKey(pem);
    return ["sha1", "sha256"].some((hash) => verify(hash, Buffer.from(policy), key, unsafe(signature)));
  } catch {
    return false;
  }
}

function allows(policy: string, request: ViewerRequest, isCanned: boolean, nowMs: number, hosts: string[]): boolean {
  let statement: Shape;
  try {
    statement = JSON.parse(policy).Statement[0];
  } catch {
    return false;
  }
  const { Resource: resource = "*", Condition: condition = {} } = statement;
  const until = condition.DateLessThan?.["AWS:EpochTime"];
  const from = condition.DateGreaterThan?.["AWS:EpochTime"];
  const address = condition.IpAddress?.["AWS:SourceIp"];
  if (typeof until !== "number" || nowMs >= until * 1000) return false;
  if (from !== undefined && nowMs <= Number(from) * 1000) return false;
  if (address !== undefined && !isWithin(request.ip, String(address))) return false;
  if (isCanned) return true;
  const rest = withoutSignature(request.query);
  const path = `${request.path}${rest ? `?${rest}` : ""}`;
  return hosts.some((host) => ["https", "http"].some((scheme) => matches(resource, `${scheme}://${host}${path}`)));
}

function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replace(/\?/g, ".");
  return new RegExp(`^${source}$`, "s").test(text);
}

/** IPv4 in CIDR form, as such policies have it. */
function isWithin(ip: string, range: string): boolean {
  const [base = "", bits = "32"] = range.split("/");
  const number = (address: string) => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const plain = ip.replace(/^::ffff:/, "");
  return Math.floor(number(plain) / size) === Math.floor(number(base) / size);
}

/** Base64 with the characters that a URL would trip over replaced. */
function unsafe(text: string): Buffer {
  return Buffer.from(text.replace(/-/g, "+").replace(/_/g, "=").replace(/~/g, "/"), "base64");
}

function denied(code: string, message: string): Answer {
  const text = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return textAnswer(403, "text/xml", text);
}

/** The viewer's host as it was signed: the alias that a local name stands for, the distribution's own, and what was asked for. */
export function signedHosts(request: ViewerRequest, aliases: string[], domainName: string, asked: string): string[] {
  return [...new Set([one(request.headers, "host") ?? "", asked, domainName, ...aliases])];
}
