/** What applications call: /oauth2/token, userInfo and revoke, with OAuth's errors in their exact form. */
import { AwsError, type AwsResponse } from "../../../service.ts";
import type { Directory } from "../pools/directory.ts";
import type { Client } from "../pools/pool.ts";
import { equal } from "../sign-in/client-proof.ts";
import { readable, type Tokens } from "../tokens/tokens.ts";
import type { Authorization } from "./authorization.ts";
import { type Handler, json, type Visit } from "./exchange.ts";

class OAuthError extends Error {
  override readonly name = "OAuthError";
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

export function tokenEndpoints(directory: Directory, tokens: Tokens, grants: Authorization): Record<string, Handler> {
  /** By the header or by the form; a client with a secret proves that it knows it. */
  function clientOf({ headers, form, pool }: Visit): Client {
    const basic = /^Basic (.+)$/i.exec(headers.authorization ?? "")?.[1];
    const [id = "", secret] = basic
      ? Buffer.from(basic, "base64").toString().split(/:(.*)/s).map(decodeURIComponent)
      : [form.get("client_id") ?? "", form.get("client_secret") ?? undefined];
    const client = directory.clients.get(id);
    if (!client || client.poolId !== pool.id) throw new OAuthError("invalid_client");
    if (client.secret !== undefined && !equal(client.secret, secret ?? "")) throw new OAuthError("invalid_client");
    if (client.secret === undefined && secret) throw new OAuthError("invalid_client");
    return client;
  }

  async function token(visit: Visit): Promise<AwsResponse> {
    const { form } = visit;
    const client = clientOf(visit);
    const grant = form.get("grant_type");
    if (grant === "authorization_code") {
      if (!client.oauth?.flows.includes("code")) throw new OAuthError("unauthorized_client");
      const verifier = form.get("code_verifier") ?? undefined;
      const found = grants.redeem(client, form.get("code") ?? "", form.get("redirect_uri") ?? "", verifier);
      const user = found && directory.lookUp(visit.pool, found.username);
      if (!user?.enabled) throw new OAuthError("invalid_grant");
      const occasion = { source: "HostedAuth", scopes: found!.scopes, nonce: found!.nonce };
      return json(200, shown(await tokens.signIn(user, client, occasion), found!.scopes));
    }
    if (grant === "refresh_token") {
      const { scopes, ...result } = await tokens.refresh(form.get("refresh_token") ?? "", client);
      return json(200, shown(result, scopes));
    }
    if (grant !== "client_credentials") throw new OAuthError(grant ? "unsupported_grant_type" : "invalid_request");
    if (!client.oauth?.flows.includes("client_credentials")) throw new OAuthError("unauthorized_client");
    const asked = (form.get("scope") ?? "").split(/\s+/).filter((scope) => scope !== "");
    const own = client.oauth.scopes.filter((scope) => scope.includes("/"));
    if (asked.some((scope) => !own.includes(scope))) throw new OAuthError("invalid_scope");
    const { AccessToken, ExpiresIn } = await tokens.forClient(client, asked.length > 0 ? asked : own);
    return json(200, { access_token: AccessToken, expires_in: ExpiresIn, token_type: "Bearer" });
  }

  async function userInfo({ headers }: Visit): Promise<AwsResponse> {
    const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? "")?.[1];
    try {
      const { user, client, scopes } = await tokens.userOf(bearer, "openid");
      const attributes = Object.entries(readable(user, client, scopes)).map(([name, value]) => [name, String(value)]);
      return json(200, { sub: user.attributes.sub, ...Object.fromEntries(attributes), username: user.username });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const body = { error: "invalid_token", error_description: error.message };
      return json(401, body, { "www-authenticate": `Bearer error="invalid_token"` });
    }
  }

  function revoke(visit: Visit): AwsResponse {
    clientOf(visit);
    const given = visit.form.get("token");
    if (!given) throw new OAuthError("invalid_request");
    if (given.split(".").length === 3) throw new OAuthError("unsupported_token_type");
    tokens.revoke(given);
    return { status: 200, headers: { "cache-control": "no-store" } };
  }

  /** Pages of the pool's applications may call; nobody else's. */
  function allowedOrigin({ headers, pool }: Visit): Record<string, string> {
    const origins = [...directory.clients.values()]
      .filter(({ poolId }) => poolId === pool.id)
      .flatMap(({ oauth }) => (oauth?.callbackUrls ?? []).map((url) => new URL(url).origin));
    const { origin } = headers;
    return origin && origins.includes(origin)
      ? {
          "access-control-allow-origin": origin,
          vary: "origin",
          "access-control-allow-headers": "authorization, content-type",
        }
      : {};
  }

  const answering =
    (handler: Handler): Handler =>
    async (visit) => {
      const cors = allowedOrigin(visit);
      try {
        const answer = await handler(visit);
        return { ...answer, headers: { ...answer.headers, ...cors } };
      } catch (error) {
        if (error instanceof OAuthError) return json(400, { error: error.code }, cors);
        // A refresh token that is not good any more.
        if (error instanceof AwsError && error.code === "NotAuthorizedException")
          return json(400, { error: "invalid_grant", error_description: error.message }, cors);
        throw error;
      }
    };

  const preflight = answering(() => ({ status: 204, headers: { "access-control-allow-methods": "GET, POST" } }));
  return {
    "POST /oauth2/token": answering(token),
    "GET /oauth2/userInfo": answering(userInfo),
    "POST /oauth2/userInfo": answering(userInfo),
    "POST /oauth2/revoke": answering(revoke),
    "OPTIONS /oauth2/token": preflight,
    "OPTIONS /oauth2/userInfo": preflight,
    "OPTIONS /oauth2/revoke": preflight,
  };
}

/** No ID token without `openid`. */
function shown(
  result: { AccessToken: string; IdToken: string; RefreshToken?: string; ExpiresIn: number },
  scopes: string[] | undefined,
): object {
  return {
    ...((scopes?.includes("openid") ?? true) && { id_token: result.IdToken }),
    access_token: result.AccessToken,
    ...(result.RefreshToken && { refresh_token: result.RefreshToken }),
    expires_in: result.ExpiresIn,
    token_type: "Bearer",
  };
}
