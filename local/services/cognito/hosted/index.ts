/**
 * The pages and endpoints of a pool's domain: `http://<domain>.auth.localhost:<port>` stands for
 * `https://<domain>.auth.<region>.amazoncognito.com`, and for a host of one's own.
 */
import { AwsError, type AwsRequest, type AwsResponse, type Cloud } from "../../../service.ts";
import type { Directory, User } from "../pools/directory.ts";
import type { Pool } from "../pools/pool.ts";
import type { Authentication } from "../sign-in/authentication.ts";
import { discovery, type Tokens } from "../tokens/tokens.ts";
import type { SignUp } from "../users/sign-up.ts";
import { authorization } from "./authorization.ts";
import { json, type Visit } from "./exchange.ts";
import { formPages } from "./forms.ts";
import { messagePage } from "./page.ts";
import { tokenEndpoints } from "./token-endpoints.ts";

export type Entrance = { entrance: Authentication } & Omit<SignUp, "operations">;

export function hostedPages(cloud: Cloud, directory: Directory, tokens: Tokens, entrance: () => Entrance) {
  const grants = authorization(cloud.clock, directory);
  const forms = formPages(cloud.clock, directory, grants, entrance);
  const endpoints = tokenEndpoints(directory, tokens, grants);

  const urlOf = (domain: string): string => `http://${domain}.auth.localhost:${new URL(cloud.endpoint).port}`;

  function domainOf(poolId: string): string | undefined {
    return [...directory.domains].find(([, id]) => id === poolId)?.[0];
  }

  /** `/<pool>/.well-known/…` of the AWS API's own address. */
  async function wellKnown({ method, url }: AwsRequest): Promise<AwsResponse | undefined> {
    const match = /^\/([\w-]+_[0-9A-Za-z]+)\/\.well-known\/(jwks\.json|openid-configuration)$/.exec(url.pathname);
    if (match === null || method !== "GET") return undefined;
    const pool = directory.pools.get(match[1]!);
    if (pool === undefined)
      return json(404, { code: "ResourceNotFoundException", message: `User pool ${match[1]} does not exist.` });
    const headers = { "cache-control": "public, max-age=86400" };
    if (match[2] === "jwks.json") return json(200, await tokens.jwks(pool.id), headers);
    const domain = domainOf(pool.id);
    return json(200, discovery(pool, cloud.region, cloud.endpoint, domain && urlOf(domain)), headers);
  }

  async function answer(visit: Visit): Promise<AwsResponse> {
    const { method, path } = visit;
    const endpoint = endpoints[`${method} ${path}`];
    if (endpoint) return endpoint(visit);
    const form = forms[`${method} ${path}`];
    if (form) return form(visit);
    return messagePage(visit, 404, "Not found", `There is nothing at ${path}.`);
  }

  return {
    /** Where a link in a message leads that confirms a sign-up. */
    confirmUrl({ poolId, username }: User, clientId: string): string {
      const domain = domainOf(poolId);
      if (!domain)
        throw new AwsError("InvalidParameterException", "Confirmation by link needs a domain for the user pool.");
      const query = new URLSearchParams({ client_id: clientId, user_name: username });
      return `${urlOf(domain)}/confirmUser?${query}`;
    },

    async handle(request: AwsRequest): Promise<AwsResponse | undefined> {
      const host = request.headers.host ?? "";
      const domain = /^(.+)\.auth\.(?:localhost|[a-z0-9-]+\.amazoncognito\.com)(?::\d+)?$/.exec(host)?.[1];
      if (domain === undefined) return wellKnown(request);
      const pool: Pool | undefined = directory.pools.get(directory.domains.get(domain) ?? "");
      const visit = visitOf(request, pool);
      if (pool === undefined) return messagePage(visit, 404, "Not found", `No user pool has the domain ${domain}.`);
      try {
        return await answer(visit);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        return messagePage(visit, 400, "Something went wrong", error.message);
      }
    },
  };
}

function visitOf({ method, url, headers, body }: AwsRequest, pool: Pool | undefined): Visit {
  const cookies = (headers.cookie ?? "").split(/;\s*/).map((each) => {
    const at = each.indexOf("=");
    return [each.slice(0, at), each.slice(at + 1)];
  });
  const isForm = (headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded");
  return {
    method,
    path: url.pathname,
    query: url.searchParams,
    form: new URLSearchParams(isForm ? body.toString("utf8") : ""),
    headers,
    cookies: Object.fromEntries(cookies),
    pool: pool!,
  };
}
