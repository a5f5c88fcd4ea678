/**
 * Cognito identity pools: AWS credentials for who signed in to a user pool, in a role whose session has the tags that the
 * pool takes from the token.
 *
 * Not emulated: other providers than user pools (federation, developers' own), linked identities, the classic flow
 * (GetOpenIdToken), the narrower policy that AWS adds for identities that did not sign in.
 */
import type { Resource } from "../../../engine/graph.ts";
import type { CoreCloud } from "../../cloud.ts";
import type { Service } from "../../service.ts";
import { credentialsFor } from "./credentials.ts";
import { readLogin, refused } from "./logins.ts";
import { poolOperations, setRoles } from "./pool-operations.ts";
import { type Provider, poolsOf, type RoleMapping, type Rule } from "./pools.ts";

interface DeclaredMapping {
  identityProvider: string;
  type: RoleMapping["Type"];
  ambiguousRoleResolution?: RoleMapping["AmbiguousRoleResolution"];
  mappingRules?: { claim: string; matchType: Rule["MatchType"]; roleArn: string; value: string }[];
}

export function cognitoIdentity(cloud: CoreCloud): Service {
  const pools = poolsOf(cloud);

  function declarePool({ id, inputs, name }: Resource): void {
    const declared = (inputs.cognitoIdentityProviders ?? []) as {
      clientId?: string;
      providerName?: string;
      serverSideTokenCheck?: boolean;
    }[];
    const known = pools.has(id!) ? pools.get(id!) : { roles: {}, mappings: {}, principalTags: {} };
    pools.save({
      ...known,
      id: id!,
      name: String(inputs.identityPoolName ?? name),
      allowsUnauthenticated: inputs.allowUnauthenticatedIdentities === true,
      allowsClassicFlow: inputs.allowClassicFlow === true,
      providers: declared.map(
        ({ clientId = "", providerName = "", serverSideTokenCheck }): Provider => ({
          ...{ ProviderName: providerName, ClientId: clientId, ServerSideTokenCheck: serverSideTokenCheck },
        }),
      ),
      tags: { ...((inputs.tags ?? {}) as Record<string, string>) },
    });
  }

  function declareRoles({ inputs }: Resource): void {
    const mappings = ((inputs.roleMappings ?? []) as unknown as DeclaredMapping[]).map(
      ({ identityProvider, type, ambiguousRoleResolution, mappingRules = [] }) => {
        const Rules = mappingRules.map(({ claim, matchType, roleArn, value }) => ({
          ...{ Claim: claim, MatchType: matchType, RoleARN: roleArn, Value: value },
        }));
        const mapping: RoleMapping = {
          ...{ Type: type, AmbiguousRoleResolution: ambiguousRoleResolution, RulesConfiguration: { Rules } },
        };
        return [identityProvider, mapping] as const;
      },
    );
    setRoles(pools, String(inputs.identityPoolId), { ...(inputs.roles as object) }, Object.fromEntries(mappings));
  }

  function declareTags({ inputs }: Resource): void {
    const pool = pools.get(String(inputs.identityPoolId));
    const tags = { ...((inputs.principalTags ?? {}) as Record<string, string>) };
    pool.principalTags[String(inputs.identityProviderName)] = { useDefaults: inputs.useDefaults === true, tags };
    pools.save(pool);
  }

  return {
    name: "cognito-identity",
    client: () => import("@aws-sdk/client-cognito-identity"),
    requiresMembers: "InvalidParameterException",
    resources: {
      "aws:cognito/identityPool:IdentityPool": declarePool,
      "aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment": declareRoles,
      "aws:cognito/identityPoolProviderPrincipalTag:IdentityPoolProviderPrincipalTag": declareTags,
    },
    operations: {
      ...poolOperations(pools),
      // Asked by who has no credentials yet: the token is what lets somebody in.
      GetId: {
        async run({ IdentityPoolId, Logins }: { IdentityPoolId: string; Logins?: Record<string, string> }) {
          const pool = pools.get(IdentityPoolId);
          const login = await readLogin(cloud, pool, Logins);
          if (!login && !pool.allowsUnauthenticated) throw unauthenticated();
          return { IdentityId: pools.identify(pool.id, login?.key).id };
        },
      },
      GetCredentialsForIdentity: {
        async run(input: { IdentityId: string; Logins?: Record<string, string>; CustomRoleArn?: string }) {
          const identity = pools.identity(input.IdentityId);
          const pool = pools.get(identity.poolId);
          const login = await readLogin(cloud, pool, input.Logins);
          if (!login && !pool.allowsUnauthenticated) throw unauthenticated();
          if (identity.login !== login?.key) throw refused(`Access to Identity '${identity.id}' is forbidden.`);
          const issued = credentialsFor(cloud, pool, identity, login, input.CustomRoleArn);
          const Credentials = {
            AccessKeyId: issued.accessKeyId,
            SecretKey: issued.secretAccessKey,
            SessionToken: issued.sessionToken,
            Expiration: new Date(issued.expiration),
          };
          return { IdentityId: identity.id, Credentials };
        },
      },
    },
  };
}

function unauthenticated() {
  return refused("Unauthenticated access is not supported for this identity pool.");
}
