/** An HTTP API's authorizers: JWT, and Lambda with simple responses or IAM policies. */
import { evaluate } from "../../../iam/evaluate.ts";
import { parsePolicy } from "../../../iam/policy.ts";
import type { Cloud } from "../../../service.ts";
import { authorizerEventV1 } from "../integrations/event-v1.ts";
import { authorizerEventV2 } from "../integrations/event-v2.ts";
import type { InvokeFunction } from "../integrations/invoke-function.ts";
import type { HttpApi, HttpAuthorizer, HttpRoute } from "../model/apis.ts";
import { contextVariable, type Exchange, headerOf } from "../serve/exchange.ts";
import { authorizationCache } from "./authorization-cache.ts";
import type { CheckSigned } from "./iam-authorizer.ts";
import type { JwtVerifier } from "./jwt.ts";

export type HttpAuthorization =
  | { allowed: true; event: object; context: Record<string, unknown> }
  | { allowed: false; status: 401 | 403 | 500 };

export type AuthorizeHttp = (api: HttpApi, route: HttpRoute, exchange: Exchange) => Promise<HttpAuthorization>;

export function httpAuthorizer(
  cloud: Cloud,
  invoke: InvokeFunction,
  jwt: JwtVerifier,
  signed: CheckSigned,
): AuthorizeHttp {
  const cache = authorizationCache<HttpAuthorization>(cloud.clock, (answer) => answer.allowed || answer.status !== 500);

  return async (api, route, exchange) => {
    if (route.authorizationType === "AWS_IAM") return bySignature(api, exchange);
    const authorizer = route.authorizerId === undefined ? undefined : api.authorizers.get(route.authorizerId);
    if (!authorizer) return { allowed: false, status: 500 };
    const identity = authorizer.identitySources.map((source) => identityValue(cloud, source, exchange));
    if (identity.some((value) => !value)) return { allowed: false, status: 401 };
    if (authorizer.type === "JWT") return byToken(authorizer, route, identity[0]!);
    // The route is part of the key: a simple response says nothing of other routes.
    const { name, authorizersFlushedAt } = exchange.stage;
    const parts = [api.id, authorizer.id, name, authorizersFlushedAt ?? "", route.key, ...identity];
    const key = identity.length > 0 ? parts.join("\0") : undefined;
    return cache.get(key, authorizer.ttlSeconds, () => ask(api, authorizer, exchange, identity as string[]));
  };

  async function bySignature(api: HttpApi, exchange: Exchange): Promise<HttpAuthorization> {
    const arn = `arn:aws:execute-api:${cloud.region}:${cloud.account}:${api.id}`;
    const checked = await signed(exchange, `${arn}/${exchange.stage.name}/${exchange.method}${exchange.path}`);
    if (!("signer" in checked)) return { allowed: false, status: 403 };
    exchange.signer = checked.signer;
    const { accountId, accessKey, caller, userArn } = checked.signer;
    const cognito = { cognitoIdentity: null, principalOrgId: null };
    const iam = { accessKey, accountId, callerId: caller, ...cognito, userArn, userId: caller };
    return { allowed: true, event: { iam }, context: {} };
  }

  async function byToken(authorizer: HttpAuthorizer, route: HttpRoute, header: string): Promise<HttpAuthorization> {
    const token = header.replace(/^Bearer +/i, "");
    const claims = await jwt(token, authorizer.issuer ?? "", authorizer.audiences);
    if (!claims) return { allowed: false, status: 401 };
    const granted = String(claims.scope ?? claims.scp ?? "")
      .split(" ")
      .filter(Boolean);
    const scopes = route.scopes.filter((scope) => granted.includes(scope));
    if (route.scopes.length > 0 && scopes.length === 0) return { allowed: false, status: 403 };
    const told = Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, claimText(value)]));
    const context = { claims: told, scopes: route.scopes.length > 0 ? scopes : null };
    return { allowed: true, event: { jwt: context }, context };
  }

  async function ask(
    api: HttpApi,
    authorizer: HttpAuthorizer,
    exchange: Exchange,
    identity: string[],
  ): Promise<HttpAuthorization> {
    const arn = `arn:aws:execute-api:${cloud.region}:${cloud.account}:${api.id}`;
    const routeArn = `${arn}/${exchange.stage.name}/${exchange.method}${exchange.path}`;
    const isV1 = authorizer.payloadFormatVersion === "1.0";
    const result = await invoke({
      uri: authorizer.uri,
      credentials: authorizer.credentials,
      timeoutMs: 10_000,
      sourceArn: `${arn}/authorizers/${authorizer.id}`,
      payload: isV1
        ? authorizerEventV1(cloud, exchange, routeArn, "1.0")
        : authorizerEventV2(cloud, exchange, routeArn, identity),
    });
    if (result.outcome === "failed") {
      return { allowed: false, status: result.errorMessage === "Unauthorized" ? 401 : 500 };
    }
    if (result.outcome !== "answered") return { allowed: false, status: 500 };
    return readAnswer(result.payload, authorizer, routeArn);
  }
}

function readAnswer(payload: Buffer, { simpleResponses }: HttpAuthorizer, routeArn: string): HttpAuthorization {
  try {
    const answer = JSON.parse(payload.toString());
    const context = answer.context ?? {};
    const allowed = simpleResponses ? answer.isAuthorized === true : allows(answer.policyDocument, routeArn);
    if (simpleResponses && typeof answer.isAuthorized !== "boolean") return { allowed: false, status: 500 };
    return allowed ? { allowed, event: { lambda: context }, context } : { allowed: false, status: 403 };
  } catch {
    return { allowed: false, status: 500 };
  }
}

function allows(policyDocument: object, resource: string): boolean {
  return evaluate({
    principal: { type: "assumed-role", arn: "authorizer", account: "" },
    action: "execute-api:Invoke",
    resource,
    context: {},
    identityPolicies: [parsePolicy(JSON.stringify(policyDocument))],
  }).allowed;
}

function identityValue(cloud: Cloud, source: string, exchange: Exchange): string | undefined {
  const [, kind, name = ""] =
    /^\$(request\.header|request\.querystring|context|stageVariables)\.(.+)$/.exec(source) ?? [];
  if (kind === "request.header") return headerOf(exchange, name.toLowerCase());
  if (kind === "request.querystring") return new URLSearchParams(exchange.rawQuery).get(name) ?? undefined;
  if (kind === "stageVariables") return exchange.stage.variables?.[name];
  const value = kind === "context" ? contextVariable(cloud, exchange, name) : undefined;
  return value === undefined || value === null ? undefined : String(value);
}

/** Claims reach the function as text; a list as `[a b]`. */
function claimText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.join(" ")}]`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
