/** AWS Signature Version 4 for the one kind of request the Data API has: POST, a fixed path, a JSON body. */

import { createHash, createHmac } from "node:crypto";

export interface AwsCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface RequestToSign {
  host: string;
  path: string;
  region: string;
  body: string;
  credentials: AwsCredentials;
  /** ms since the epoch */
  now: number;
}

const SERVICE = "rds-data";
/** The key of a day is derived by four HMACs; it changes with the day, the region and the credentials. */
const keys = new Map<string, Buffer>();
const KEPT_KEYS = 100;

/** @returns the headers to send, the signature among them. */
export function signRequest({ host, path, region, body, credentials, now }: RequestToSign): Record<string, string> {
  const time = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = time.slice(0, 8);
  const scope = `${day}/${region}/${SERVICE}/aws4_request`;
  const headers: Record<string, string> = { "content-type": "application/json", host, "x-amz-date": time };
  if (credentials.sessionToken) headers["x-amz-security-token"] = credentials.sessionToken;
  const names = Object.keys(headers);
  const signed = names.join(";");
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join("");
  const request = `POST\n${path}\n\n${lines}\n${signed}\n${sha256(body)}`;
  const signature = createHmac("sha256", signingKey(credentials, day, region))
    .update(`AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(request)}`)
    .digest("hex");
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
  return headers;
}

function signingKey({ accessKeyId, secretAccessKey }: AwsCredentials, day: string, region: string): Buffer {
  const id = `${day}/${region}/${accessKeyId}/${secretAccessKey}`;
  const known = keys.get(id);
  if (known) return known;
  const key = ["aws4_request", SERVICE, region, day].reduceRight<Buffer>(
    (secret, part) => createHmac("sha256", secret).update(part).digest(),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
  if (keys.size >= KEPT_KEYS) keys.clear();
  keys.set(id, key);
  return key;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
