/** Aliases and grants. */
import type { CreateAliasCommandInput, CreateGrantCommandInput } from "@aws-sdk/client-kms";
import { type Access, AwsError, type Call, type Cloud, type Operation } from "../../service.ts";
import { assertKept, assertOwn, assertUsable, contextKeys, type KeyAccess } from "./access.ts";
import { refuseDryRun } from "./cryptography.ts";
import { describeGrant, type Grant, type Grants } from "./grants.ts";
import type { Alias, Key, Keys } from "./keys.ts";
import { page } from "./page.ts";

export function aliasOperations({ clock }: Cloud, keys: Keys, access: KeyAccess): Record<string, Operation> {
  /** Both the alias and the keys that it leads to have a say. */
  const onAlias = (action: string, name: string | undefined, key: Key, call: Call): Access[] => [
    { action: `kms:${action}`, resource: keys.arnOf(name ?? "") },
    access.on(action, key, call, name),
  ];

  function existing(name: string | undefined): Alias {
    const alias = keys.alias(name ?? "");
    if (!alias) throw new AwsError("NotFoundException", `Alias ${keys.arnOf(name ?? "")} is not found.`);
    return alias;
  }

  const describe = ({ name, keyId, createdAt, updatedAt }: Alias) => ({
    AliasName: name,
    AliasArn: keys.arnOf(name),
    TargetKeyId: keyId,
    CreationDate: new Date(createdAt),
    LastUpdatedDate: new Date(updatedAt),
  });

  return {
    CreateAlias: {
      authorize: ({ AliasName, TargetKeyId }: CreateAliasCommandInput, call) =>
        onAlias("CreateAlias", AliasName, keys.get(TargetKeyId), call),
      run({ AliasName, TargetKeyId }: CreateAliasCommandInput) {
        const name = assertAliasName(AliasName);
        const key = keys.get(TargetKeyId);
        assertKept(key);
        if (keys.alias(name))
          throw new AwsError("AlreadyExistsException", `An alias with the name ${keys.arnOf(name)} already exists`);
        keys.saveAlias({ name, keyId: key.id, createdAt: clock.now(), updatedAt: clock.now() });
        return {};
      },
    },
    UpdateAlias: {
      authorize: ({ AliasName, TargetKeyId }: CreateAliasCommandInput, call) => [
        ...onAlias("UpdateAlias", AliasName, keys.get(existing(AliasName).keyId), call),
        access.on("UpdateAlias", keys.get(TargetKeyId), call, AliasName),
      ],
      run({ AliasName, TargetKeyId }: CreateAliasCommandInput) {
        const alias = existing(assertAliasName(AliasName));
        const [before, after] = [keys.get(alias.keyId), keys.get(TargetKeyId)];
        assertKept(after);
        if (
          before.usage !== after.usage ||
          (before.spec === "SYMMETRIC_DEFAULT") !== (after.spec === "SYMMETRIC_DEFAULT")
        )
          throw new AwsError("ValidationException", "An alias stays with keys of one kind and usage.");
        keys.saveAlias({ ...alias, keyId: after.id, updatedAt: clock.now() });
        return {};
      },
    },
    DeleteAlias: {
      authorize: ({ AliasName }: { AliasName?: string }, call) =>
        onAlias("DeleteAlias", AliasName, keys.get(existing(AliasName).keyId), call),
      run({ AliasName }: { AliasName?: string }) {
        keys.removeAlias(assertAliasName(AliasName));
        return {};
      },
    },
    ListAliases: {
      authorize: access.account("ListAliases"),
      run(input: { KeyId?: string; Limit?: number; Marker?: string }) {
        const key = input.KeyId === undefined ? undefined : keys.get(input.KeyId);
        const wanted = keys.aliases().filter(({ keyId }) => key === undefined || keyId === key.id);
        const { items, ...rest } = page(wanted, ({ name }) => name, input);
        return { Aliases: items.map(describe), ...rest };
      },
    },
  };
}

export function grantOperations(keys: Keys, grants: Grants, access: KeyAccess): Record<string, Operation> {
  const arnOf = ({ keyId }: Grant) => keys.arnOf(`key/${keyId}`);

  function granted(keyId: string | undefined, id: string | undefined): Grant {
    const grant = grants.of(keys.get(keyId).id).find((each) => each.id === id);
    if (!grant) throw new AwsError("NotFoundException", `Grant ID ${id} not found`);
    return grant;
  }

  return {
    CreateGrant: {
      authorize: (input: CreateGrantCommandInput, call) =>
        access.on("CreateGrant", keys.get(input.KeyId), call, input.KeyId, {
          "kms:GrantOperations": input.Operations ?? [],
          "kms:GranteePrincipal": input.GranteePrincipal ?? "",
          "kms:GrantIsForAWSResource": String(call.viaService !== undefined || call.principal.type === "service"),
          ...contextKeys(input.Constraints?.EncryptionContextEquals ?? input.Constraints?.EncryptionContextSubset),
        }),
      run(input: CreateGrantCommandInput) {
        const key = keys.get(input.KeyId);
        assertOwn(key);
        assertUsable(key);
        refuseDryRun(input);
        const { id, token } = grants.create(key, input);
        return { GrantId: id, GrantToken: token };
      },
    },
    ListGrants: {
      authorize: access.key("ListGrants"),
      run(input: { KeyId?: string; GrantId?: string; GranteePrincipal?: string; Limit?: number; Marker?: string }) {
        const found = grants
          .of(keys.get(input.KeyId).id)
          .filter(({ id }) => input.GrantId === undefined || id === input.GrantId)
          .filter((each) => input.GranteePrincipal === undefined || each.GranteePrincipal === input.GranteePrincipal);
        const { items, ...rest } = page(found, ({ id }) => id, input);
        return { Grants: items.map((grant) => describeGrant(grant, arnOf(grant))), ...rest };
      },
    },
    ListRetirableGrants: {
      authorize: access.account("ListRetirableGrants"),
      run(input: { RetiringPrincipal?: string; Limit?: number; Marker?: string }) {
        const found = grants.list().filter(({ RetiringPrincipal }) => RetiringPrincipal === input.RetiringPrincipal);
        const { items, ...rest } = page(found, ({ id }) => id, input);
        return { Grants: items.map((grant) => describeGrant(grant, arnOf(grant))), ...rest };
      },
    },
    RevokeGrant: {
      authorize: access.key("RevokeGrant"),
      run(input: { KeyId?: string; GrantId?: string; DryRun?: boolean }) {
        const grant = granted(input.KeyId, input.GrantId);
        refuseDryRun(input);
        grants.remove(grant);
        return {};
      },
    },
    RetireGrant: {
      // Who may retire it stands in the grant itself.
      run(input: { GrantToken?: string; KeyId?: string; GrantId?: string }, { principal }) {
        const grant =
          input.GrantToken === undefined ? granted(input.KeyId, input.GrantId) : grants.find(input.GrantToken);
        if (!grant) throw new AwsError("InvalidGrantTokenException", "The grant token is invalid.");
        const allowed = [grant.RetiringPrincipal, grant.Operations?.includes("RetireGrant") && grant.GranteePrincipal];
        const isAllowed = [principal.arn, principal.roleArn].some((arn) => arn !== undefined && allowed.includes(arn));
        if (principal.type !== "administrator" && !isAllowed)
          throw new AwsError(
            "AccessDeniedException",
            `User: ${principal.arn} is not authorized to perform: kms:RetireGrant on resource: ${arnOf(grant)}`,
          );
        grants.remove(grant);
        return {};
      },
    },
  };
}

function assertAliasName(name = ""): string {
  if (!name.startsWith("alias/") || !/^alias\/[\w/-]{1,250}$/.test(name)) {
    const message = 'Alias must start with the prefix "alias/". Please see the KMS documentation for its characters.';
    throw new AwsError("InvalidAliasNameException", message);
  }
  if (name.startsWith("alias/aws/"))
    throw new AwsError("InvalidAliasNameException", "Aliases that begin with alias/aws/ are AWS's own.");
  return name;
}
