/** A REST API's authorizers: Lambda (TOKEN and REQUEST) and Cognito user pools. */
import { evaluate } from "../../../iam/evaluate.ts";
import { type Policy, parsePolicy } from "../../../iam/policy.ts";
import type { Cloud, Principal } from "../../../service.ts";
import { authorizerEventV1 } from "../integrations/event-v1.ts";
import type { InvokeFunction } from "../integrations/invoke-function.ts";
import type { RestApi, RestAuthorizer, RestMethod } from "../model/apis.ts";
import { contextVariable, type Exchange, headerOf } from "../serve/exchange.ts";
import type { ResponseType } from "../serve/gateway-responses.ts";
import { authorizationCache } from "./authorization-cache.ts";
import type { CheckSigned } from "./iam-authorizer.ts";
import type { JwtVerifier } from "./jwt.ts";

export type Authorization =
  | { allowed: true; context?: Record<string, unknown>; usageIdentifierKey?: string }
  | { allowed: false; responseType: ResponseType; message?: string };

export type AuthorizeRest = (api: RestApi, method: RestMethod, exchange: Exchange) => Promise<Authorization>;

/** What the function said, for as long as it is kept. */
type Answer =
  | {
      policy: Policy;
      context: Record<string, unknown>;
      usageIdentifierKey?: string;
      decisions: Map<string, Authorization>;
    }
  | { responseType: ResponseType };

const AUTHORIZER_TIMEOUT_MS = 29_000;

export function restAuthorizer(
  cloud: Cloud,
  invoke: InvokeFunction,
  jwt: JwtVerifier,
  signed: CheckSigned,
): AuthorizeRest {
  const cache = authorizationCache<Answer>(cloud.clock, (answer) => "policy" in answer);

  return async (api, method, exchange) => {
    if (method.authorization === "AWS_IAM") return bySignature(api, exchange);
    const authorizer = method.authorizerId === undefined ? undefined : api.authorizers.get(method.authorizerId);
    if (!authorizer) return { allowed: false, responseType: "AUTHORIZER_CONFIGURATION_ERROR" };
    const identity = identityOf(cloud, authorizer, exchange);
    if (!identity) return { allowed: false, responseType: "UNAUTHORIZED" };
    if (authorizer.type === "COGNITO_USER_POOLS") return byUserPool(authorizer, method, identity[0] ?? "");
    if (authorizer.validationExpression && !authorizer.validationExpression.test(identity[0] ?? "")) {
      return { allowed: false, responseType: "UNAUTHORIZED" };
    }
    const { name, authorizersFlushedAt } = exchange.stage;
    const place = [api.id, authorizer.id, name, authorizersFlushedAt ?? ""];
    const key = identity.length > 0 ? [...place, ...identity].join("\0") : undefined;
    const methodArn = methodArnOf(api, exchange);
    const answer = await cache.get(key, authorizer.ttlSeconds, () =>
      ask(api, authorizer, exchange, methodArn, identity),
    );
    return "policy" in answer ? judged(answer, methodArn) : { allowed: false, responseType: answer.responseType };
  };

  async function ask(
    api: RestApi,
    authorizer: RestAuthorizer,
    exchange: Exchange,
    methodArn: string,
    identity: string[],
  ): Promise<Answer> {
    const payload =
      authorizer.type === "TOKEN"
        ? JSON.stringify({ type: "TOKEN", methodArn, authorizationToken: identity[0] })
        : authorizerEventV1(cloud, exchange, methodArn);
    const result = await invoke({
      uri: authorizer.uri,
      credentials: authorizer.credentials,
      timeoutMs: AUTHORIZER_TIMEOUT_MS,
      sourceArn: `arn:aws:execute-api:${cloud.region}:${cloud.account}:${api.id}/authorizers/${authorizer.id}`,
      payload,
    });
    if (result.outcome === "refused") return { responseType: "AUTHORIZER_CONFIGURATION_ERROR" };
    if (result.outcome === "failed") {
      // How a function asks for a 401; any other error is a failure to decide.
      return { responseType: result.errorMessage === "Unauthorized" ? "UNAUTHORIZED" : "AUTHORIZER_FAILURE" };
    }
    if (result.outcome !== "answered") return { responseType: "AUTHORIZER_FAILURE" };
    return readAnswer(result.payload) ?? { responseType: "AUTHORIZER_CONFIGURATION_ERROR" };
  }

  async function bySignature(api: RestApi, exchange: Exchange): Promise<Authorization> {
    const checked = await signed(exchange, methodArnOf(api, exchange));
    if (!("signer" in checked)) return { allowed: false, ...checked };
    exchange.signer = checked.signer;
    return { allowed: true };
  }

  function methodArnOf(api: RestApi, { stage, method, path }: Exchange): string {
    return `arn:aws:execute-api:${cloud.region}:${cloud.account}:${api.id}/${stage.name}/${method}${path}`;
  }

  async function byUserPool(authorizer: RestAuthorizer, method: RestMethod, token: string): Promise<Authorization> {
    for (const arn of authorizer.providerArns) {
      const [, , , region, , pool = ""] = arn.split(":");
      const issuer = `https://cognito-idp.${region}.amazonaws.com/${pool.replace("userpool/", "")}`;
      const claims = await jwt(token.replace(/^Bearer +/i, ""), issuer);
      if (!claims) continue;
      const scopes = String(claims.scope ?? "").split(" ");
      const scoped = method.authorizationScopes.length > 0;
      // With scopes an access token is asked for, without them an identity token.
      if (claims.token_use !== (scoped ? "access" : "id")) continue;
      if (scoped && !method.authorizationScopes.some((scope) => scopes.includes(scope))) continue;
      return { allowed: true, context: { claims } };
    }
    return { allowed: false, responseType: "UNAUTHORIZED" };
  }
}

/** The values of the identity sources; undefined when one is missing, which needs no function to refuse. */
function identityOf(cloud: Cloud, { identitySource }: RestAuthorizer, exchange: Exchange): string[] | undefined {
  const values: string[] = [];
  for (const source of identitySource) {
    const value = identityValue(cloud, source, exchange);
    if (!value) return undefined;
    values.push(value);
  }
  return values;
}

function identityValue(cloud: Cloud, source: string, exchange: Exchange): string | undefined {
  if (source.startsWith("method.request.header.")) return headerOf(exchange, source.slice(22).toLowerCase());
  if (source.startsWith("method.request.querystring.")) {
    return new URLSearchParams(exchange.rawQuery).get(source.slice(27)) ?? undefined;
  }
  if (source.startsWith("stageVariables.")) return exchange.stage.variables?.[source.slice(15)];
  const value = source.startsWith("context.") ? contextVariable(cloud, exchange, source.slice(8)) : undefined;
  return value === undefined || value === null ? undefined : String(value);
}

export function readAnswer(payload: Buffer): Answer | undefined {
  try {
    const { principalId, policyDocument, context, usageIdentifierKey } = JSON.parse(payload.toString());
    if (typeof principalId !== "string" || typeof policyDocument !== "object") return undefined;
    const values: Record<string, unknown> = { principalId };
    for (const [key, value] of Object.entries(context ?? {})) {
      if (value !== null && typeof value === "object") return undefined;
      values[key] = value === null ? null : String(value);
    }
    const policy = parsePolicy(JSON.stringify(policyDocument));
    return { policy, context: values, usageIdentifierKey, decisions: new Map() };
  } catch {
    return undefined;
  }
}

const CALLER: Principal = { type: "assumed-role", arn: "authorizer", account: "" };

/** The policy may speak of other methods than the one it was asked for: it is judged for each. */
export function judged(answer: Extract<Answer, { policy: Policy }>, methodArn: string): Authorization {
  const known = answer.decisions.get(methodArn);
  if (known) return known;
  const { policy, context, usageIdentifierKey } = answer;
  const { allowed, reason } = evaluate({
    principal: CALLER,
    action: "execute-api:Invoke",
    resource: methodArn,
    context: {},
    identityPolicies: [policy],
  });
  const message = "User is not authorized to access this resource";
  const decision: Authorization = allowed
    ? { allowed, context, usageIdentifierKey }
    : {
        allowed: false,
        responseType: "ACCESS_DENIED",
        message: reason === "an explicit deny" ? `${message} with an explicit deny` : message,
      };
  // Paths are the client's: no more than it takes to serve its current ones.
  if (answer.decisions.size > 1_000) answer.decisions.clear();
  answer.decisions.set(methodArn, decision);
  return decision;
}
