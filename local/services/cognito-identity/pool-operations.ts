/** Identity pools through the API. */
import { AwsError, type Operation } from "../../service.ts";
import type { IdentityPool, Pools, Provider, RoleMapping } from "./pools.ts";

interface PoolInput {
  IdentityPoolId: string;
  IdentityPoolName: string;
  AllowUnauthenticatedIdentities: boolean;
  AllowClassicFlow?: boolean;
  CognitoIdentityProviders?: Provider[];
  SupportedLoginProviders?: Record<string, string>;
  OpenIdConnectProviderARNs?: string[];
  SamlProviderARNs?: string[];
  DeveloperProviderName?: string;
  IdentityPoolTags?: Record<string, string>;
}

const FEDERATED = [
  ...(["SupportedLoginProviders", "OpenIdConnectProviderARNs", "SamlProviderARNs", "DeveloperProviderName"] as const),
];
const MOST_LISTED = 60;

export function poolOperations(pools: Pools): Record<string, Operation> {
  const onPool =
    (action: string): NonNullable<Operation["authorize"]> =>
    ({ IdentityPoolId }) => ({ action: `cognito-identity:${action}`, resource: pools.arnOf(IdentityPoolId) });
  const anywhere = (action: string) => () => ({ action: `cognito-identity:${action}`, resource: "*" });
  const operation = (action: string, run: Operation["run"]): Record<string, Operation> => ({
    [action]: { authorize: onPool(action), run },
  });

  function save(input: PoolInput, known: Partial<IdentityPool> & { id: string }): object {
    const federated = FEDERATED.find((name) => Object.keys(Object(input[name] ?? {})).length > 0);
    if (federated) {
      throw new AwsError(
        "InvalidParameterException",
        `There is no federation on this machine: leave out ${federated}.`,
      );
    }
    const pool: IdentityPool = {
      ...{ roles: {}, mappings: {}, principalTags: {}, tags: {} },
      ...known,
      name: input.IdentityPoolName,
      allowsUnauthenticated: input.AllowUnauthenticatedIdentities,
      allowsClassicFlow: input.AllowClassicFlow ?? false,
      providers: input.CognitoIdentityProviders ?? [],
      ...(input.IdentityPoolTags && { tags: input.IdentityPoolTags }),
    };
    pools.save(pool, true);
    return describe(pool);
  }

  function page<Item>(all: Item[], { MaxResults = MOST_LISTED, NextToken = "0" }) {
    const start = Number(NextToken);
    if (!Number.isInteger(start) || start < 0) throw new AwsError("InvalidParameterException", "Invalid NextToken.");
    const end = start + Math.min(MaxResults, MOST_LISTED);
    return { items: all.slice(start, end), NextToken: end < all.length ? String(end) : undefined };
  }

  const tagged = (arn: string) => pools.get(arn.slice(arn.indexOf("/") + 1));
  const onTagged = (action: string) => (input: { ResourceArn: string }) => ({
    action: `cognito-identity:${action}`,
    resource: input.ResourceArn,
  });

  return {
    CreateIdentityPool: {
      authorize: anywhere("CreateIdentityPool"),
      run: (input: PoolInput) => save(input, { id: pools.newId() }),
    },
    ListIdentityPools: {
      authorize: anywhere("ListIdentityPools"),
      run(input) {
        const { items, NextToken } = page(pools.all(), input);
        return {
          IdentityPools: items.map(({ id, name }) => ({ IdentityPoolId: id, IdentityPoolName: name })),
          NextToken,
        };
      },
    },
    ...operation("DescribeIdentityPool", ({ IdentityPoolId }) => describe(pools.get(IdentityPoolId))),
    ...operation("UpdateIdentityPool", (input: PoolInput) => save(input, pools.get(input.IdentityPoolId))),
    ...operation("DeleteIdentityPool", ({ IdentityPoolId }) => {
      pools.get(IdentityPoolId);
      pools.remove(IdentityPoolId);
      return {};
    }),
    ...operation("SetIdentityPoolRoles", ({ IdentityPoolId, Roles, RoleMappings = {} }) => {
      setRoles(pools, IdentityPoolId, Roles, RoleMappings);
      return {};
    }),
    ...operation("GetIdentityPoolRoles", ({ IdentityPoolId }) => {
      const { roles, mappings } = pools.get(IdentityPoolId);
      return { IdentityPoolId, Roles: roles, RoleMappings: mappings };
    }),
    ...operation("SetPrincipalTagAttributeMap", (input) => {
      const { IdentityPoolId, IdentityProviderName, UseDefaults = false, PrincipalTags = {} } = input;
      const pool = pools.get(IdentityPoolId);
      pool.principalTags[IdentityProviderName] = { useDefaults: UseDefaults, tags: PrincipalTags };
      pools.save(pool);
      return { IdentityPoolId, IdentityProviderName, UseDefaults, PrincipalTags };
    }),
    ...operation("GetPrincipalTagAttributeMap", ({ IdentityPoolId, IdentityProviderName }) => {
      const { useDefaults = false, tags = {} } = pools.get(IdentityPoolId).principalTags[IdentityProviderName] ?? {};
      return { IdentityPoolId, IdentityProviderName, UseDefaults: useDefaults, PrincipalTags: tags };
    }),
    ...operation("ListIdentities", (input) => {
      const { items, NextToken } = page(pools.identities(pools.get(input.IdentityPoolId).id), input);
      return { IdentityPoolId: input.IdentityPoolId, Identities: items.map(describeIdentity), NextToken };
    }),
    DescribeIdentity: {
      authorize: anywhere("DescribeIdentity"),
      run: ({ IdentityId }) => describeIdentity(pools.identity(IdentityId)),
    },
    DeleteIdentities: {
      authorize: anywhere("DeleteIdentities"),
      run({ IdentityIdsToDelete }: { IdentityIdsToDelete: string[] }) {
        for (const id of IdentityIdsToDelete) pools.forget(id);
        return { UnprocessedIdentityIds: [] };
      },
    },
    TagResource: {
      authorize: onTagged("TagResource"),
      run({ ResourceArn, Tags }) {
        const pool = tagged(ResourceArn);
        pools.save({ ...pool, tags: { ...pool.tags, ...Tags } });
        return {};
      },
    },
    UntagResource: {
      authorize: onTagged("UntagResource"),
      run({ ResourceArn, TagKeys }) {
        const pool = tagged(ResourceArn);
        const kept = Object.entries(pool.tags).filter(([key]) => !TagKeys.includes(key));
        pools.save({ ...pool, tags: Object.fromEntries(kept) });
        return {};
      },
    },
    ListTagsForResource: {
      authorize: onTagged("ListTagsForResource"),
      run: ({ ResourceArn }) => ({ Tags: tagged(ResourceArn).tags }),
    },
  };
}

export function setRoles(
  pools: Pools,
  id: string,
  roles: IdentityPool["roles"],
  mappings: Record<string, RoleMapping>,
): void {
  const unknown = Object.keys(roles).find((kind) => kind !== "authenticated" && kind !== "unauthenticated");
  if (unknown !== undefined) {
    throw new AwsError(
      "InvalidParameterException",
      `${unknown} is not a kind of role: authenticated, unauthenticated.`,
    );
  }
  pools.save({ ...pools.get(id), roles, mappings });
}

function describe(pool: IdentityPool) {
  return {
    IdentityPoolId: pool.id,
    IdentityPoolName: pool.name,
    AllowUnauthenticatedIdentities: pool.allowsUnauthenticated,
    AllowClassicFlow: pool.allowsClassicFlow,
    CognitoIdentityProviders: pool.providers,
    IdentityPoolTags: pool.tags,
  };
}

const describeIdentity = ({ id, login, createdAt }: { id: string; login?: string; createdAt: number }) => ({
  IdentityId: id,
  Logins: login === undefined ? [] : [login.slice(0, login.lastIndexOf(":"))],
  CreationDate: new Date(createdAt),
});
