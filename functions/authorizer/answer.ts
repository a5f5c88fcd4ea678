/** A decision in the form that the asking gateway wants: REST a policy, HTTP a simple response. */

import type {
  APIGatewayAuthorizerResult,
  APIGatewayRequestAuthorizerEvent,
  APIGatewayRequestAuthorizerEventV2,
  APIGatewaySimpleAuthorizerWithContextResult,
} from "aws-lambda";
import type { Decision, Grant } from "./authorize.ts";

export type AuthorizerEvent = APIGatewayRequestAuthorizerEvent | APIGatewayRequestAuthorizerEventV2;
export type AuthorizerResult = APIGatewayAuthorizerResult | APIGatewaySimpleAuthorizerWithContextResult<object>;

/** What the API gets to know; nothing in it is secret, since gateways log it. */
const contextOf = ({ subject, tenant }: Grant) => ({
  tenantId: tenant.tenantId,
  tier: tenant.tier,
  subject,
  database: tenant.database,
  dbSecretArn: tenant.dbSecretArn ?? "",
});

/**
 * @param apiKey The tenant's, for its usage plan (REST only).
 * @throws Error("Unauthorized"), which is REST's way to ask for a 401.
 */
export function answer(event: AuthorizerEvent, decision: Decision, apiKey?: string): AuthorizerResult {
  if ("version" in event && event.version === "2.0")
    return { isAuthorized: decision.allowed, context: decision.allowed ? contextOf(decision.grant) : {} };
  if (!decision.allowed && decision.status === 401) throw unauthorized();
  const { methodArn } = event as APIGatewayRequestAuthorizerEvent;
  return {
    principalId: decision.allowed ? decision.grant.subject : "nobody",
    policyDocument: {
      Version: "2012-10-17",
      Statement: [
        { Action: "execute-api:Invoke", Effect: decision.allowed ? "Allow" : "Deny", Resource: everyRoute(methodArn) },
      ],
    },
    ...(decision.allowed && { context: contextOf(decision.grant), usageIdentifierKey: apiKey }),
  };
}

/** Without a stack: the runtime logs the error, and anybody can send a wrong token. */
function unauthorized(): Error {
  const error = new Error("Unauthorized");
  error.stack = "Error: Unauthorized";
  return error;
}

/** The gateway keeps the answer for the token, so it has to hold for every route of the stage. */
function everyRoute(methodArn: string): string {
  const [arn, stage] = methodArn.split("/");
  return `${arn}/${stage}/*`;
}
