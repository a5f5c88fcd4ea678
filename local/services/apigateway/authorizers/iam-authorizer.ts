/** IAM as an API's authorizer: who signed the request, and whether they may call the method. */
import type { CoreCloud } from "../../../cloud.ts";
import { readSignature, verifySignature } from "../../../identity/sigv4.ts";
import { AwsError, type Principal } from "../../../service.ts";
import type { Exchange } from "../serve/exchange.ts";

/** Who signed, as events tell of it. */
export interface Signer {
  accountId: string;
  accessKey: string;
  /** `AROA…:session` on AWS: the role and its session here. */
  caller: string;
  userArn: string;
}

export type Signed =
  | { signer: Signer }
  | { responseType: "MISSING_AUTHENTICATION_TOKEN" | "INVALID_SIGNATURE" | "ACCESS_DENIED"; message?: string };

export type CheckSigned = (exchange: Exchange, methodArn: string) => Promise<Signed>;

export function checkSigned(cloud: CoreCloud, exchange: Exchange, methodArn: string): Signed {
  const { incoming, body = Buffer.alloc(0), method } = exchange;
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(",") : value;
  }
  let principal: Principal;
  let accessKey: string;
  try {
    const request = { method, url: new URL(`http://${headers.host}${incoming.url}`), headers };
    const signature = readSignature(request);
    if (signature?.service !== "execute-api") return { responseType: "MISSING_AUTHENTICATION_TOKEN" };
    const key = cloud.credentials.find(signature.accessKeyId, signature.sessionToken);
    verifySignature(request, body, signature, key.secretAccessKey, cloud.clock.now());
    principal = key.principal;
    accessKey = signature.accessKeyId;
  } catch (error) {
    return { responseType: "INVALID_SIGNATURE", message: (error as Error).message };
  }
  try {
    const { sourceIp } = exchange;
    cloud.authorize({ principal, sourceIp }, { action: "execute-api:Invoke", resource: methodArn });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { responseType: "ACCESS_DENIED", message: error.message };
  }
  const role = principal.roleArn?.slice(principal.roleArn.lastIndexOf("/") + 1);
  const caller = role === undefined ? principal.account : `${role}:${principal.sessionName}`;
  return { signer: { accountId: principal.account, accessKey, caller, userArn: principal.arn } };
}
