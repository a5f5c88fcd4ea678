/**
 * Signs a delivery as the Standard Webhooks specification has it, so that receivers verify it with a library of their
 * language: HMAC-SHA256 over id, timestamp and body.
 */

import { createHmac } from "node:crypto";

export interface Signed {
  "webhook-id": string;
  "webhook-timestamp": string;
  "webhook-signature": string;
}

/**
 * @param secret `whsec_` and 24 to 64 bytes in base64.
 * @param timestampSeconds since the epoch: receivers refuse what is old, so every attempt is signed anew.
 */
export function sign(id: string, body: string, secret: string, timestampSeconds: number): Signed {
  if (!secret.startsWith("whsec_")) throw new Error("A webhook secret starts with whsec_");
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestampSeconds}.${body}`).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestampSeconds),
    "webhook-signature": `v1,${signature}`,
  };
}
