/** AWS Signature Version 4 for the one kind of request the Data API has: POST, a fixed path, a JSON body. */

import { createHmac, createSecretKey, hash, type KeyObject } from "node:crypto";

export interface AwsCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface RequestToSign {
  host: string;
  path: string;
  region: string;
  body: string | Uint8Array;
  credentials: AwsCredentials;
  /** ms since the epoch */
  now: number;
}

const SERVICE = "rds-data";
/** What signing needs of a day, a region and credentials: its key is derived by four HMACs, and is the same all day. */
interface Signer {
  of: readonly [accessKeyId: string, secretAccessKey: string, day: string, region: string];
  key: KeyObject;
  /** `20260101/eu-west-1/rds-data/aws4_request` */
  scope: string;
}

/** The latest first: more than one where tenants have credentials of their own. */
const signers: Signer[] = [];
const KEPT_SIGNERS = 50;

/** @returns the headers to send, the signature among them. */
export function signRequest({ host, path, region, body, credentials, now }: RequestToSign): Record<string, string> {
  const time = timeOf(now);
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const { key, scope } = signerOf(accessKeyId, secretAccessKey, time.slice(0, 8), region);
  const [token, name] = sessionToken ? [`x-amz-security-token:${sessionToken}\n`, ";x-amz-security-token"] : ["", ""];
  const signed = `content-type;host;x-amz-date${name}`;
  const lines = `content-type:application/json\nhost:${host}\nx-amz-date:${time}\n${token}`;
  const request = hash("sha256", `POST\n${path}\n\n${lines}\n${signed}\n${hash("sha256", body)}`);
  const signature = createHmac("sha256", key).update(`AWS4-HMAC-SHA256\n${time}\n${scope}\n${request}`).digest("hex");
  const headers: Record<string, string> = {
    "content-type": "application/json",
    host,
    "x-amz-date": time,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
  };
  if (sessionToken) headers["x-amz-security-token"] = sessionToken;
  return headers;
}

let lastSecond = Number.NaN;
let lastTime = "";

/** `20260101T120000Z`: the same for all calls of a second. */
function timeOf(now: number): string {
  const second = Math.floor(now / 1000);
  if (second !== lastSecond) {
    lastTime = new Date(second * 1000).toISOString().replace(/[-:]|\.\d{3}/g, "");
    lastSecond = second;
  }
  return lastTime;
}

function signerOf(accessKeyId: string, secretAccessKey: string, day: string, region: string): Signer {
  for (const signer of signers) {
    const { of } = signer;
    if (of[0] === accessKeyId && of[1] === secretAccessKey && of[2] === day && of[3] === region) return signer;
  }
  const key = [day, region, SERVICE, "aws4_request"].reduce<Buffer>(
    (secret, part) => createHmac("sha256", secret).update(part).digest(),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
  // A key of bytes would be made into a KeyObject for every signature, which takes longer than the signature.
  const signer: Signer = {
    of: [accessKeyId, secretAccessKey, day, region],
    key: createSecretKey(key),
    scope: `${day}/${region}/${SERVICE}/aws4_request`,
  };
  signers.unshift(signer);
  signers.length = Math.min(signers.length, KEPT_SIGNERS);
  return signer;
}
