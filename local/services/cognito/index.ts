/**
 * Cognito user pools on one machine: users with passwords, sign-in with real RS256 tokens, and the keys to check them.
 *
 * Not emulated: SRP and custom authentication, sign-up and password recovery (nothing sends mail), MFA, hosted sign-in
 * pages and OAuth endpoints, federation, Lambda triggers, devices. A domain is accepted and serves nothing.
 */

import type { Resource } from "../../../engine/graph.ts";
import type { AwsRequest, AwsResponse, Cloud, Service } from "../../service.ts";
import { administrationOperations } from "./administration.ts";
import { directory } from "./directory.ts";
import { clientOf, groupOf, poolOf } from "./pool.ts";
import { signInOperations } from "./sign-in.ts";
import { discovery, tokens } from "./tokens.ts";

export function cognito(cloud: Cloud): Service {
  const people = directory(cloud.database, cloud.clock);
  const signed = tokens(cloud.database, cloud.clock, cloud.region, people);
  const arn = (poolId: string) => `arn:aws:cognito-idp:${cloud.region}:${cloud.account}:userpool/${poolId}`;
  const onPool =
    (action: string) =>
    ({ UserPoolId }: { UserPoolId?: string }) => ({
      action: `cognito-idp:${action}`,
      resource: arn(UserPoolId ?? ""),
    });

  async function handle({ method, url }: AwsRequest): Promise<AwsResponse | undefined> {
    const match = /^\/([\w-]+_[0-9A-Za-z]+)\/\.well-known\/(jwks\.json|openid-configuration)$/.exec(url.pathname);
    if (match === null || method !== "GET") return undefined;
    const pool = people.pools.get(match[1]!);
    if (pool === undefined)
      return json(404, { code: "ResourceNotFoundException", message: `User pool ${match[1]} does not exist.` });
    return json(
      200,
      match[2] === "jwks.json" ? await signed.jwks(pool.id) : discovery(pool, cloud.region, cloud.endpoint),
    );
  }

  return {
    name: "cognito-idp",
    client: () => import("@aws-sdk/client-cognito-identity-provider"),
    resources: {
      "aws:cognito/userPool:UserPool": (resource: Resource) => {
        const createdAt = people.pools.get(resource.id!)?.createdAt ?? cloud.clock.now();
        people.pools.set(resource.id!, poolOf(resource, arn(resource.id!), createdAt));
      },
      "aws:cognito/userPoolClient:UserPoolClient": (resource: Resource) => {
        people.clients.set(resource.id!, clientOf(resource));
      },
      "aws:cognito/userGroup:UserGroup": (resource: Resource) => {
        const group = groupOf(resource);
        people.groups.set(`${group.poolId}/${group.name}`, group);
      },
      "aws:cognito/userPoolDomain:UserPoolDomain": () => {},
    },
    operations: {
      ...administrationOperations(people, signed, cloud.clock, onPool),
      ...signInOperations(people, signed, cloud.clock, onPool),
    },
    handle,
  };
}

function json(status: number, body: object): AwsResponse {
  return {
    status,
    headers: { "content-type": "application/json", "cache-control": "public, max-age=86400" },
    body: JSON.stringify(body),
  };
}
