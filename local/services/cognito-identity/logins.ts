/** Tokens that somebody shows to an identity pool: whether they are genuine, and whose they are. */
import { AwsError, type Cloud } from "../../service.ts";
import type { IdentityPool, Provider } from "./pools.ts";

export interface Login {
  provider: Provider;
  claims: Record<string, unknown>;
  /** Provider and subject. */
  key: string;
}

const USER_POOL = /^cognito-idp\.[a-z0-9-]+\.amazonaws\.com\/[\w-]+$/;

/**
 * Undefined where there are no tokens.
 * @throws AwsError NotAuthorizedException for a token that the pool does not take, InvalidParameterException for another
 * kind of provider than a user pool
 */
export async function readLogin(
  cloud: Cloud,
  { providers }: IdentityPool,
  logins: Record<string, string> = {},
): Promise<Login | undefined> {
  const [given, another] = Object.entries(logins);
  if (!given) return undefined;
  if (another) throw new AwsError("InvalidParameterException", "One login at a time: identities are not linked here.");
  const [name, token] = given;
  if (!USER_POOL.test(name)) {
    throw new AwsError("InvalidParameterException", `There is no federation on this machine: ${name} is no user pool.`);
  }
  const ofPool = providers.filter(({ ProviderName }) => ProviderName === name);
  if (ofPool.length === 0) throw refused("Token is not from a supported provider of this identity pool.");
  const isChecked = ofPool.some(({ ServerSideTokenCheck }) => ServerSideTokenCheck);
  const input = { Token: token, UserPoolId: name.split("/")[1], ServerSideTokenCheck: isChecked };
  const { Claims } = await cloud.call<{ Claims: Record<string, unknown> }>("cognito-idp", "ReadIdToken", input);
  const provider = ofPool.find(({ ClientId }) => ClientId === Claims.aud);
  if (!provider) throw refused("Invalid login token. Incorrect token audience.");
  return { provider, claims: Claims, key: `${name}:${Claims.sub}` };
}

export function refused(message: string): AwsError {
  return new AwsError("NotAuthorizedException", message);
}
