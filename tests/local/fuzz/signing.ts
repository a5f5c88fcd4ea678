/** Signature Version 4, written a second time: as a client makes it, and spoiled in the ways in which one can be. */
import { createHash, createHmac } from "node:crypto";
import type { Random } from "./random.ts";
import type { Unsigned } from "./wire.ts";

export interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface Scope {
  keys: Keys;
  service: string;
  region: string;
  host: string;
}

export type Fault = "none" | "unsigned" | "signature" | "expired" | "future" | "key" | "token" | "scope" | "torn";
export const FAULTS: readonly Fault[] = [
  ...(["unsigned", "signature", "expired", "future", "key", "token", "scope", "torn"] as const),
];

const hmac = (key: Buffer | string, text: string) => createHmac("sha256", key).update(text).digest();
const sha256 = (data: Buffer | string) => createHash("sha256").update(data).digest("hex");
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

function stamp(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

function signatureOf(scope: string, secret: string, date: string, canonical: string): string {
  const key = [...scope.split("/")].reduce<Buffer | string>(hmac, `AWS4${secret}`) as Buffer;
  return hmac(key, ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n")).toString("hex");
}

function canonicalOf(method: string, url: URL, service: string, headers: [string, string][], payload: string): string {
  const path = service === "s3" ? url.pathname : url.pathname.split("/").map(encode).join("/");
  const query = [...url.searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort();
  const lines = headers.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, " ")}`);
  return [method, path, query.join("&"), ...lines, "", headers.map(([name]) => name).join(";"), payload].join("\n");
}

const HOURS_MS = 3_600_000;

/** The headers of a signed request, with what `fault` says wrong about them. */
export function signed(request: Unsigned, { keys, service, region, host }: Scope, fault: Fault): Unsigned {
  if (fault === "unsigned") return request;
  const now = Date.now() + { expired: -26 * HOURS_MS, future: 26 * HOURS_MS }[fault as "expired" | "future"]!;
  const date = stamp(Number.isNaN(now) ? Date.now() : now);
  const name = fault === "scope" ? "iam-of-old" : service;
  const scope = `${date.slice(0, 8)}/${region}/${name}/aws4_request`;
  const token = fault === "token" ? "no token of anybody's" : keys.sessionToken;
  const payload = sha256(request.body);
  const own: Record<string, string> = {
    ...request.headers,
    host,
    "x-amz-date": date,
    "x-amz-content-sha256": payload,
    ...(token && { "x-amz-security-token": token }),
  };
  const headers = Object.entries(own).sort(([a], [b]) => (a < b ? -1 : 1));
  const canonical = canonicalOf(request.method, new URL(`http://${host}${request.path}`), service, headers, payload);
  const right = signatureOf(scope, keys.secretAccessKey, date, canonical);
  const signature = fault === "signature" ? right.replace(/^./, (c) => (c === "0" ? "1" : "0")) : right;
  const id = fault === "key" ? "AKIANOBODYSKEY000000" : keys.accessKeyId;
  const names = headers.map(([header]) => header).join(";");
  const whole = `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...request, headers: { ...own, authorization: fault === "torn" ? whole.slice(0, 40) : whole } };
}

/** A presigned GET of an object, one of its parts changed where `isSpoiled`. */
export function presigned(path: string, scope: Scope, random: Random, isSpoiled: boolean): string {
  const date = stamp(Date.now());
  const day = `${date.slice(0, 8)}/${scope.region}/s3/aws4_request`;
  const query = new URLSearchParams({
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${scope.keys.accessKeyId}/${day}`,
    "X-Amz-Date": date,
    "X-Amz-Expires": "900",
    "X-Amz-SignedHeaders": "host",
    ...(scope.keys.sessionToken && { "X-Amz-Security-Token": scope.keys.sessionToken }),
  });
  const url = new URL(`http://${scope.host}${path}?${query}`);
  const canonical = canonicalOf("GET", url, "s3", [["host", scope.host]], "UNSIGNED-PAYLOAD");
  query.set("X-Amz-Signature", signatureOf(day, scope.keys.secretAccessKey, date, canonical));
  if (isSpoiled) {
    const part = random.pick([...query.keys()]);
    const odd = ["", "0", "-1", "99999999999", "x", "20200101T000000Z", "__proto__"];
    if (random.chance(0.3)) query.delete(part);
    else query.set(part, random.pick(odd));
  }
  return `${path}?${query}`;
}
