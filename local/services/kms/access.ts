/** What IAM is asked about a key: its policy with its grants, and KMS's condition keys. */
import { type Access, AwsError, type Call } from "../../service.ts";
import type { EncryptionContext } from "./envelope.ts";
import type { Grants } from "./grants.ts";
import type { Key, Keys } from "./keys.ts";

type Context = Record<string, string | string[]>;

export interface Tag {
  TagKey?: string;
  TagValue?: string;
}

export type KeyAccess = ReturnType<typeof keyAccess>;

export function keyAccess(keys: Keys, grants: Grants) {
  /** @param named what the request names the key by; @param more condition keys of this operation */
  function on(action: string, key: Key, call: Call, named?: string, more: Context = {}): Access {
    const context: Context = {
      "kms:CallerAccount": call.principal.account,
      "kms:KeySpec": key.spec,
      "kms:KeyUsage": key.usage,
      "kms:KeyOrigin": "AWS_KMS",
      "kms:MultiRegion": "false",
      ...more,
    };
    if (call.viaService !== undefined) context["kms:ViaService"] = call.viaService;
    const requested = /(?:^|:)(alias\/.+)$/.exec(named ?? "")?.[1];
    if (requested !== undefined) context["kms:RequestAlias"] = requested;
    const aliases = keys.aliases().filter(({ keyId }) => keyId === key.id);
    if (aliases.length > 0) context["kms:ResourceAliases"] = aliases.map(({ name }) => name);
    for (const [name, value] of Object.entries(key.tags)) context[`aws:ResourceTag/${name}`] = value;
    return {
      action: `kms:${action}`,
      resource: key.arn,
      context,
      resourcePolicy: withGrants(key.policy, grants.statements(key)),
      needsDelegation: true,
    };
  }

  return {
    on,
    /** For an operation on the key that `KeyId` names. */
    key: (action: string, more: (input: Record<string, unknown>) => Context = () => ({})) => {
      return (input: { KeyId?: string }, call: Call): Access =>
        on(action, keys.get(input.KeyId), call, input.KeyId, more(input as Record<string, unknown>));
    },
    /** For an operation on no key. */
    account: (action: string) => (): Access => ({ action: `kms:${action}`, resource: "*" }),
  };
}

function withGrants(policy: string, statements: object[]): string {
  if (statements.length === 0) return policy;
  const document = JSON.parse(policy);
  return JSON.stringify({ ...document, Statement: [document.Statement, statements].flat(2) });
}

/** `kms:EncryptionContext:<key>` and the keys' names. */
export function contextKeys(encryptionContext: EncryptionContext | undefined, algorithm?: string): Context {
  const context: Context = algorithm === undefined ? {} : { "kms:EncryptionAlgorithm": algorithm };
  const names = Object.keys(encryptionContext ?? {});
  for (const name of names) context[`kms:EncryptionContext:${name}`] = encryptionContext![name]!;
  if (names.length > 0) context["kms:EncryptionContextKeys"] = names;
  return context;
}

export function requestTags(tags: Tag[] = []): Context {
  if (tags.length === 0) return {};
  const named = tags.map(({ TagKey = "", TagValue = "" }) => [`aws:RequestTag/${TagKey}`, TagValue]);
  return { ...Object.fromEntries(named), "aws:TagKeys": tags.map(({ TagKey = "" }) => TagKey) };
}

/** Throws unless the key may be used now. */
export function assertUsable(key: Key): void {
  assertKept(key);
  if (!key.enabled) throw new AwsError("DisabledException", `${key.arn} is disabled.`);
}

export function assertKept({ arn, deletedAt }: Key): void {
  if (deletedAt !== undefined) throw new AwsError("KMSInvalidStateException", `${arn} is pending deletion.`);
}

/** AWS's own keys are changed by AWS alone. */
export function assertOwn({ arn, managed }: Key): void {
  if (managed) throw new AwsError("AccessDeniedException", `${arn} is an AWS managed key, which only AWS changes.`);
}
