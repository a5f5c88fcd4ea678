/** A tenant's user: signs in with Cognito and speaks to the tenant's API. */

import { CognitoIdentityProviderClient, InitiateAuthCommand } from "@aws-sdk/client-cognito-identity-provider";
import { type Answer, type Ask, http } from "./http.ts";
import type { Platform, TenantOutputs } from "./platform.ts";

export interface Visitor {
  tenantId: string;
  tenant: TenantOutputs;
  token: string;
  /** Asks the tenant's API and expects `status`; throws the problem's title otherwise. */
  ask<Body>(expected: number, path: string, ask?: Ask & { json?: object }): Promise<Body>;
  /** The same without an expectation. */
  try(path: string, ask?: Ask & { json?: object }): Promise<Answer>;
}

export async function signIn({ outputs }: Platform, tenantId: string): Promise<Visitor> {
  const tenant = outputs.tenants[tenantId];
  if (!tenant) throw new Error(`the platform serves no tenant "${tenantId}"`);
  const cognito = new CognitoIdentityProviderClient({
    endpoint: outputs.aws.endpoint,
    region: outputs.aws.region,
    // Signing in takes a password and no AWS credentials
    credentials: { accessKeyId: "none", secretAccessKey: "none" },
  });
  const { AuthenticationResult: result } = await cognito.send(
    new InitiateAuthCommand({
      ClientId: tenant.clientId,
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: tenant.user, PASSWORD: tenant.password },
    }),
  );
  if (!result?.IdToken) throw new Error(`${tenant.user} got no ID token`);
  return visitorOf(tenantId, tenant, result.IdToken);
}

export function visitorOf(tenantId: string, tenant: TenantOutputs, token: string): Visitor {
  const send: Visitor["try"] = (path, { json, headers, ...more } = {}) =>
    http(`${tenant.apiUrl}${path}`, {
      ...more,
      headers: {
        authorization: `Bearer ${token}`,
        ...(json !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });
  return {
    tenantId,
    tenant,
    token,
    try: send,
    async ask(expected, path, ask = {}) {
      const answer = await send(path, ask);
      const text = answer.body.toString();
      if (answer.status !== expected)
        throw new Error(
          `${ask.method ?? "GET"} ${path} answered ${answer.status}, not ${expected}: ${text.slice(0, 300)}`,
        );
      return text === "" ? undefined : JSON.parse(text);
    },
  };
}
