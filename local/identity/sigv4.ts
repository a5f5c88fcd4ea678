/**
 * AWS Signature Version 4, the verifying side: headers and presigned URLs.
 * Chunk signatures of streamed uploads are not verified one by one; the seed signature covers their headers.
 */
import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from "node:crypto";
import { AwsError } from "../service.ts";

export interface Signature {
  accessKeyId: string;
  /** The service that the request is signed for: the routing key. */
  service: string;
  region: string;
  sessionToken?: string;
  presigned: boolean;
  scope: string;
  date: string;
  signedHeaders: string[];
  signature: string;
  /** Seconds a presigned URL is good for. */
  expiresSeconds?: number;
}

interface Signed {
  method: string;
  url: URL;
  headers: Record<string, string>;
}

/** What the request says of its own signature; undefined for an unsigned one. */
export function readSignature({ url, headers }: Signed): Signature | undefined {
  const authorization = headers.authorization;
  if (authorization?.startsWith("AWS4-HMAC-SHA256")) {
    const field = (name: string) => new RegExp(`${name}=([^,\\s]+)`).exec(authorization)?.[1] ?? "";
    const date = headers["x-amz-date"] ?? "";
    return parts(field("Credential"), field("SignedHeaders"), field("Signature"), date, {
      sessionToken: headers["x-amz-security-token"],
      presigned: false,
    });
  }
  const query = url.searchParams;
  if (query.get("X-Amz-Algorithm") !== "AWS4-HMAC-SHA256") return undefined;
  const value = (name: string) => query.get(`X-Amz-${name}`) ?? "";
  return parts(value("Credential"), value("SignedHeaders"), value("Signature"), value("Date"), {
    sessionToken: query.get("X-Amz-Security-Token") ?? undefined,
    presigned: true,
    expiresSeconds: Number(value("Expires")),
  });
}

function parts(
  credential: string,
  signedHeaders: string,
  signature: string,
  date: string,
  rest: Pick<Signature, "sessionToken" | "presigned" | "expiresSeconds">,
): Signature {
  const [accessKeyId, day, region, service, terminator] = credential.split("/");
  if (!accessKeyId || !service || !region || terminator !== "aws4_request" || !/^\d{8}T\d{6}Z$/.test(date)) {
    throw new AwsError("IncompleteSignature", "The request signature does not conform to AWS standards.", 403);
  }
  const scope = `${day}/${region}/${service}/aws4_request`;
  return { accessKeyId, service, region, scope, date, signedHeaders: signedHeaders.split(";"), signature, ...rest };
}

const MAX_SKEW_MS = 15 * 60_000;
const MAX_EXPIRES_SECONDS = 7 * 24 * 3600;

/**
 * Throws what AWS answers to a wrong or late signature.
 * @param body or, of one that is in a file, its digest in hex
 */
export function verifySignature(
  request: Signed,
  body: Buffer | { sha256?: string },
  found: Signature,
  secret: string,
  nowMs: number,
): void {
  checkTime(found, nowMs);
  checkHeaders(request, found);
  const payloadHash = payloadHashOf(request, found, body);
  const canonical = [
    request.method,
    canonicalPath(request.url.pathname, found.service),
    canonicalQuery(request.url, found.presigned),
    ...found.signedHeaders.map((name) => `${name}:${(request.headers[name] ?? "").trim().replace(/ +/g, " ")}`),
    "",
    found.signedHeaders.join(";"),
    payloadHash,
  ].join("\n");
  const toSign = `AWS4-HMAC-SHA256\n${found.date}\n${found.scope}\n${sha256(canonical)}`;
  const expected = hmac(signingKey(secret, found.scope), toSign).toString("hex");
  const given = Buffer.from(found.signature);
  if (given.length !== expected.length || !timingSafeEqual(given, Buffer.from(expected))) {
    throw new AwsError(
      "SignatureDoesNotMatch",
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
      403,
    );
  }
}

/** In hex: what a signature of a text is made of, such as a form's policy. */
export function signText(secret: string, scope: string, text: string): string {
  return hmac(signingKey(secret, scope), text).toString("hex");
}

/** S3: nobody adds to what was signed (a copy source, metadata, tags). */
function checkHeaders({ headers }: Signed, { service, signedHeaders }: Signature): void {
  if (service !== "s3") return;
  const unsigned = Object.keys(headers).filter((name) => name.startsWith("x-amz-") && !signedHeaders.includes(name));
  if (unsigned.length === 0) return;
  throw new AwsError("AccessDenied", "There were headers present in the request which were not signed", 403, {
    HeadersNotSigned: unsigned.join(", "),
  });
}

function checkTime(found: Signature, nowMs: number): void {
  const signedAt = Date.parse(found.date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (found.presigned) {
    if (!(found.expiresSeconds! >= 0 && found.expiresSeconds! <= MAX_EXPIRES_SECONDS)) {
      throw new AwsError("AuthorizationQueryParametersError", "X-Amz-Expires must be from 1 to 604800 seconds", 400);
    }
    if (nowMs > signedAt + found.expiresSeconds! * 1000) throw new AwsError("AccessDenied", "Request has expired", 403);
    // A client signs by the machine's clock, also where a test moves the cloud's.
  } else if (Math.abs(Date.now() - signedAt) > MAX_SKEW_MS) {
    throw new AwsError(
      "RequestTimeTooSkewed",
      "The difference between the request time and the current time is too large.",
      403,
    );
  }
}

function payloadHashOf(request: Signed, found: Signature, body: Buffer | { sha256?: string }): string {
  const declared = request.headers["x-amz-content-sha256"];
  if (found.presigned && found.service === "s3") return declared ?? "UNSIGNED-PAYLOAD";
  if (declared === "UNSIGNED-PAYLOAD" || declared?.startsWith("STREAMING-")) return declared;
  const actual = Buffer.isBuffer(body) ? sha256(body) : (body.sha256 ?? "");
  if (declared !== undefined && declared !== actual) {
    throw new AwsError(
      "XAmzContentSHA256Mismatch",
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
      400,
    );
  }
  return actual;
}

/** S3 signs the path as it is sent; every other service encodes it once more. */
function canonicalPath(pathname: string, service: string): string {
  return service === "s3" ? pathname : pathname.split("/").map(encode).join("/");
}

function canonicalQuery(url: URL, presigned: boolean): string {
  if (url.search === "") return "";
  const pairs: string[] = [];
  for (const [name, value] of url.searchParams) {
    if (presigned && name === "X-Amz-Signature") continue;
    pairs.push(`${encode(name)}=${encode(value)}`);
  }
  return pairs.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join("&");
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

// A key is good for a day and a service: deriving it anew would be four HMACs a request. As a key object it costs a sixth
// of what an HMAC under plain bytes does.
const keys = new Map<string, KeyObject>();

function signingKey(secret: string, scope: string): KeyObject {
  const id = `${secret}/${scope}`;
  const cached = keys.get(id);
  if (cached) return cached;
  const [day, region, service] = scope.split("/");
  const bytes = [day!, region!, service!, "aws4_request"].reduce<Buffer | string>(hmac, `AWS4${secret}`) as Buffer;
  const key = createSecretKey(bytes);
  if (keys.size > 1000) keys.clear();
  keys.set(id, key);
  return key;
}

function hmac(key: KeyObject | Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(data: Buffer | string): string {
  return hash("sha256", data, "hex");
}
