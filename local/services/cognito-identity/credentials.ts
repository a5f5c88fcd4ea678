/** From a login to credentials: which role, with which tags, if its trust policy lets the pool. */
import type { CoreCloud } from "../../cloud.ts";
import type { Context } from "../../iam/conditions.ts";
import { AwsError, type Credentials, type Principal } from "../../service.ts";
import { type Login, refused } from "./logins.ts";
import type { Identity, IdentityPool, Rule } from "./pools.ts";

const SERVICE = "cognito-identity.amazonaws.com";
const SESSION = "CognitoIdentityCredentials";
const SECONDS = 3600;

/** @throws AwsError InvalidIdentityPoolConfigurationException where there is no role, or the pool may not assume it */
export function credentialsFor(
  cloud: CoreCloud,
  pool: IdentityPool,
  identity: Identity,
  login: Login | undefined,
  customRole: string | undefined,
): Credentials {
  const roleArn = roleOf(pool, login, customRole);
  const amr = login ? authenticated(login) : ["unauthenticated"];
  const claims = { [`${SERVICE}:aud`]: [pool.id], [`${SERVICE}:sub`]: [identity.id], [`${SERVICE}:amr`]: amr };
  const tags = login ? tagsOf(pool, login) : {};
  try {
    const role = cloud.iam.role(roleArn);
    const federated: Principal = { type: "federated", arn: SERVICE, account: cloud.account };
    cloud.iam.authorizeAssume(federated, "sts:AssumeRoleWithWebIdentity", role, claims);
    if (Object.keys(tags).length > 0) {
      cloud.iam.authorizeAssume(federated, "sts:TagSession", role, { ...claims, ...requested(tags) });
    }
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    cloud.log({ level: "warn", source: "cognito-identity", message: error.message });
    throw new AwsError(
      "InvalidIdentityPoolConfigurationException",
      "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
    );
  }
  return cloud.credentials.issue({ ...cloud.principalFor(roleArn, SESSION), tags, claims }, SECONDS);
}

function authenticated({ provider: { ProviderName }, claims }: Login): string[] {
  return ["authenticated", ProviderName, `${ProviderName}:CognitoSignIn:${claims.sub}`];
}

/** By the pool's mapping for this provider, or the one role for all who signed in. */
function roleOf({ roles, mappings }: IdentityPool, login: Login | undefined, customRole: string | undefined): string {
  const usual = login ? roles.authenticated : roles.unauthenticated;
  const mapping = login && mappings[`${login.provider.ProviderName}:${login.provider.ClientId}`];
  let found: string | undefined;
  if (login && mapping?.Type === "Token") {
    const allowed = [login.claims["cognito:roles"] ?? []].flat() as string[];
    if (customRole !== undefined && !allowed.includes(customRole)) throw refused(`${customRole} is not in the token.`);
    found = customRole ?? (login.claims["cognito:preferred_role"] as string | undefined);
  } else if (login && mapping) {
    found = mapping.RulesConfiguration?.Rules.find((rule) => matches(rule, login.claims))?.RoleARN;
  }
  if (found !== undefined) return found;
  if (mapping?.AmbiguousRoleResolution === "Deny") throw refused("Access to this identity is denied: no role fits.");
  if (usual !== undefined) return usual;
  throw new AwsError(
    "InvalidIdentityPoolConfigurationException",
    "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
  );
}

function matches({ Claim, MatchType, Value }: Rule, claims: Record<string, unknown>): boolean {
  if (claims[Claim] === undefined) return false;
  const values = [claims[Claim]].flat().map(String);
  switch (MatchType) {
    case "Equals":
      return values.includes(Value);
    case "NotEqual":
      return !values.includes(Value);
    case "StartsWith":
      return values.some((value) => value.startsWith(Value));
    default:
      return values.some((value) => value.includes(Value));
  }
}

const DEFAULT_TAGS = { username: "sub", client: "aud" };

function tagsOf({ principalTags }: IdentityPool, { provider, claims }: Login): Record<string, string> {
  const map = principalTags[provider.ProviderName];
  if (!map) return {};
  const wanted = Object.entries(map.useDefaults ? DEFAULT_TAGS : map.tags);
  return Object.fromEntries(
    wanted.flatMap(([tag, claim]) => (claims[claim] === undefined ? [] : [[tag, String(claims[claim])]])),
  );
}

function requested(tags: Record<string, string>): Context {
  return {
    "aws:tagkeys": Object.keys(tags),
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:requesttag/${key.toLowerCase()}`, [value]])),
  };
}
