/**
 * The gateway's REQUEST authorizer, for REST and HTTP APIs. Its answers are cached by the gateway for up to a minute per
 * `Authorization` and `Host`, so nothing is kept here of a tenant's state: suspending one takes effect within that minute.
 */

import { createRemoteJWKSet } from "jose";
import { dynamodbRegistry } from "../shared/dynamodb-registry.ts";
import { environment } from "../shared/environment.ts";
import { logger } from "../shared/logger.ts";
import { cachedParameters, ssmParameters, tenantParameterPath } from "../shared/parameters.ts";
import { type AuthorizerEvent, type AuthorizerResult, answer } from "./answer.ts";
import { type AuthorizeOptions, authorize } from "./authorize.ts";

const parameters = cachedParameters(ssmParameters());
let connected: AuthorizeOptions | undefined;

export async function handler(event: AuthorizerEvent): Promise<AuthorizerResult> {
  connected ??= connect();
  const decision = await authorize(lowerCased(event.headers ?? {}), connected);
  if (!decision.allowed) {
    logger().info("Refused", { reason: decision.reason, status: decision.status });
    return answer(event, decision);
  }
  const { tenantId, apiKeyId } = decision.grant.tenant;
  const apiKey = apiKeyId ? await parameters(tenantParameterPath(tenantId, "api-key")) : undefined;
  return answer(event, decision, apiKey);
}

function connect(): AuthorizeOptions {
  const pool = environment("USER_POOL_ID");
  const issuer = `https://cognito-idp.${environment("AWS_REGION")}.amazonaws.com`;
  const registry = dynamodbRegistry();
  return {
    issuer: `${issuer}/${pool}`,
    clientId: environment("USER_POOL_CLIENT_ID"),
    keys: createRemoteJWKSet(new URL(`${process.env["AWS_ENDPOINT_URL"] ?? issuer}/${pool}/.well-known/jwks.json`)),
    tenant: (tenantId) => registry.get(tenantId),
  };
}

const lowerCased = (headers: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value ?? ""]));
