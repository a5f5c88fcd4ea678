/** A client proves itself, and its flows are those it was made with. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { AwsError } from "../../../service.ts";
import type { Client } from "../pools/pool.ts";
import { notAuthorized } from "../tokens/signing-keys.ts";

export function required(parameters: Record<string, string>, name: string): string {
  const value = parameters[name];
  if (!value) throw new AwsError("InvalidParameterException", `Missing required parameter ${name}`);
  return value;
}

export function assertFlow(client: Client, flow: string): void {
  const allowed = [`ALLOW_${flow}`, flow, ...(flow === "ADMIN_USER_PASSWORD_AUTH" ? ["ADMIN_NO_SRP_AUTH"] : [])];
  if (!client.flows.some((name) => allowed.includes(name)))
    throw new AwsError("InvalidParameterException", `${flow} flow not enabled for this client`);
}

/** Clients with a secret prove it: HMAC-SHA256 of user name and client id. */
export function assertSecretHash({ id, secret }: Client, name: string, given: string | undefined): void {
  if (secret === undefined) {
    if (given !== undefined) throw notAuthorized(`Client ${id} is not configured for secret but secret was received`);
    return;
  }
  if (given === undefined)
    throw notAuthorized(`Client ${id} is configured with secret but SECRET_HASH was not received`);
  const proof = createHmac("sha256", secret)
    .update(name + id)
    .digest("base64");
  if (!equal(proof, given)) throw notAuthorized(`Unable to verify secret hash for client ${id}`);
}

export function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
