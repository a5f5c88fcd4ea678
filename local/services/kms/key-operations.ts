/** A key's life: made, described, switched off and on, given a policy, tagged, rotated, deleted. */
import type {
  CreateKeyCommandInput,
  EnableKeyRotationCommandInput,
  ScheduleKeyDeletionCommandInput,
} from "@aws-sdk/client-kms";
import { type Access, AwsError, type Call, type Cloud, type Operation } from "../../service.ts";
import { assertKept, assertOwn, assertUsable, type KeyAccess, requestTags, type Tag } from "./access.ts";
import { describeKey } from "./key-metadata.ts";
import { assertKeyPolicy } from "./key-policy.ts";
import type { Key, Keys } from "./keys.ts";
import { defaultPolicy } from "./managed-keys.ts";
import { isCurve, isMac, isSpec, type KeySpec, type KeyUsage } from "./material.ts";
import { page } from "./page.ts";

const DAY_MS = 86_400_000;

export function keyOperations(cloud: Cloud, keys: Keys, access: KeyAccess): Record<string, Operation> {
  const { account, clock } = cloud;

  function saved(key: Key): object {
    keys.save(key);
    return {};
  }

  /** An operation that changes a key which is its customer's, and stays. */
  const change = <Input extends { KeyId?: string }>(
    action: string,
    run: (key: Key, input: Input) => object,
    more?: (input: Record<string, unknown>) => Record<string, string | string[]>,
  ): Record<string, Operation> => ({
    [action]: {
      authorize: access.key(action, more),
      run(input: Input) {
        const key = keys.get(input.KeyId);
        assertOwn(key);
        assertKept(key);
        return run(key, input);
      },
    },
  });

  const read = (action: string, run: (key: Key, input: never) => object): Record<string, Operation> => ({
    [action]: {
      authorize: access.key(action),
      run: (input: { KeyId?: string }) => run(keys.get(input.KeyId), input as never),
    },
  });

  return {
    CreateKey: {
      authorize: (input: CreateKeyCommandInput): Access => ({
        action: "kms:CreateKey",
        resource: "*",
        context: {
          "kms:KeySpec": specOf(input),
          "kms:KeyUsage": usageOf(input, specOf(input)),
          "kms:KeyOrigin": "AWS_KMS",
          ...requestTags(input.Tags),
        },
      }),
      async run(input: CreateKeyCommandInput, call: Call) {
        if ((input.Origin ?? "AWS_KMS") !== "AWS_KMS" || input.MultiRegion)
          throw new AwsError("UnsupportedOperationException", "Keys of this region with material of KMS only.");
        if (input.Policy !== undefined)
          assertKeyPolicy(input.Policy, call.principal, input.BypassPolicyLockoutSafetyCheck);
        const spec = specOf(input);
        const key = await keys.create({
          spec,
          usage: usageOf(input, spec),
          policy: input.Policy ?? defaultPolicy(account),
          description: input.Description ?? "",
          tags: tagsOf(input.Tags),
        });
        return { KeyMetadata: describeKey(key, account) };
      },
    },
    ListKeys: {
      authorize: access.account("ListKeys"),
      run(input) {
        const { items, ...rest } = page(keys.list(), ({ id }) => id, input);
        return { Keys: items.map(({ id, arn }) => ({ KeyId: id, KeyArn: arn })), ...rest };
      },
    },
    ...read("DescribeKey", (key) => ({ KeyMetadata: describeKey(key, account) })),
    ...change("UpdateKeyDescription", (key, { Description }: { KeyId?: string; Description?: string }) => {
      return saved({ ...key, description: Description ?? "" });
    }),
    ...change("EnableKey", (key) => saved({ ...key, enabled: true })),
    ...change("DisableKey", (key) => saved({ ...key, enabled: false })),
    ...change(
      "ScheduleKeyDeletion",
      (key, { PendingWindowInDays: days = 30 }: ScheduleKeyDeletionCommandInput) => {
        if (!(days >= 7 && days <= 30))
          throw new AwsError("ValidationException", "PendingWindowInDays must be from 7 to 30.");
        const deletedAt = clock.now() + days * DAY_MS;
        keys.save({ ...key, enabled: false, deletedAt, pendingWindowDays: days });
        return {
          KeyId: key.arn,
          DeletionDate: new Date(deletedAt),
          KeyState: "PendingDeletion",
          PendingWindowInDays: days,
        };
      },
      ({ PendingWindowInDays: days = 30 }) => ({ "kms:ScheduleKeyDeletionPendingWindowInDays": String(days) }),
    ),
    CancelKeyDeletion: {
      authorize: access.key("CancelKeyDeletion"),
      run({ KeyId }: { KeyId?: string }) {
        const key = keys.get(KeyId);
        if (key.deletedAt === undefined)
          throw new AwsError("KMSInvalidStateException", `${key.arn} is not pending deletion.`);
        keys.save({ ...key, deletedAt: undefined, pendingWindowDays: undefined });
        return { KeyId: key.arn };
      },
    },
    PutKeyPolicy: {
      authorize: access.key("PutKeyPolicy"),
      run(input: { KeyId?: string; Policy?: string; BypassPolicyLockoutSafetyCheck?: boolean }, { principal }) {
        const key = keys.get(input.KeyId);
        assertOwn(key);
        assertKeyPolicy(input.Policy ?? "", principal, input.BypassPolicyLockoutSafetyCheck);
        keys.save({ ...key, policy: input.Policy! });
        return {};
      },
    },
    ...read("GetKeyPolicy", ({ policy }) => ({ Policy: policy, PolicyName: "default" })),
    ...read("ListKeyPolicies", () => ({ PolicyNames: ["default"], Truncated: false })),
    ...change(
      "TagResource",
      (key, { Tags }: { KeyId?: string; Tags?: Tag[] }) => saved({ ...key, tags: { ...key.tags, ...tagsOf(Tags) } }),
      ({ Tags }) => requestTags(Tags as Tag[]),
    ),
    ...change("UntagResource", (key, { TagKeys = [] }: { KeyId?: string; TagKeys?: string[] }) => {
      const tags = Object.fromEntries(Object.entries(key.tags).filter(([name]) => !TagKeys.includes(name)));
      return saved({ ...key, tags });
    }),
    ...read("ListResourceTags", ({ tags }) => ({
      Tags: Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
      Truncated: false,
    })),
    ...change("EnableKeyRotation", (key, { RotationPeriodInDays: days = 365 }: EnableKeyRotationCommandInput) => {
      assertRotates(key);
      if (!(days >= 90 && days <= 2560))
        throw new AwsError("ValidationException", "RotationPeriodInDays must be from 90 to 2560.");
      return saved({ ...key, rotation: { periodDays: days, since: clock.now() } });
    }),
    ...change("DisableKeyRotation", (key) => {
      assertRotates(key);
      return saved({ ...key, rotation: undefined });
    }),
    ...change("RotateKeyOnDemand", (key) => {
      assertRotates(key);
      keys.rotate(key, "ON_DEMAND");
      return { KeyId: key.arn };
    }),
    ...read("GetKeyRotationStatus", (key) => {
      const { rotation } = key;
      if (!rotation) return { KeyRotationEnabled: false, KeyId: key.arn };
      const last = Math.max(rotation.since, key.rotations.at(-1)?.at ?? 0);
      return {
        KeyRotationEnabled: true,
        KeyId: key.arn,
        RotationPeriodInDays: rotation.periodDays,
        NextRotationDate: new Date(last + rotation.periodDays * DAY_MS),
      };
    }),
    ...read("ListKeyRotations", (key) => ({
      Rotations: key.rotations.map(({ at, type }) => ({
        KeyId: key.arn,
        RotationDate: new Date(at),
        RotationType: type,
      })),
      Truncated: false,
    })),
  };
}

/** Only what encrypts symmetrically has material to change. */
function assertRotates(key: Key): void {
  assertUsable(key);
  if (key.spec !== "SYMMETRIC_DEFAULT")
    throw new AwsError("UnsupportedOperationException", `${key.arn} key spec is ${key.spec}, which does not rotate.`);
}

function specOf({ KeySpec, CustomerMasterKeySpec }: CreateKeyCommandInput): KeySpec {
  const spec = KeySpec ?? CustomerMasterKeySpec ?? "SYMMETRIC_DEFAULT";
  if (!isSpec(spec)) throw new AwsError("UnsupportedOperationException", `The key spec ${spec} is not emulated.`);
  return spec;
}

/** @throws ValidationException where a key of this spec is not for this. */
export function usageOf({ KeyUsage }: Pick<CreateKeyCommandInput, "KeyUsage">, spec: KeySpec): KeyUsage {
  const usage = KeyUsage ?? "ENCRYPT_DECRYPT";
  const possible = isMac(spec)
    ? ["GENERATE_VERIFY_MAC"]
    : isCurve(spec)
      ? ["SIGN_VERIFY"]
      : spec === "SYMMETRIC_DEFAULT"
        ? ["ENCRYPT_DECRYPT"]
        : ["ENCRYPT_DECRYPT", "SIGN_VERIFY"];
  if (!possible.includes(usage))
    throw new AwsError("ValidationException", `KeyUsage ${usage} is not compatible with KeySpec ${spec}`);
  return usage as KeyUsage;
}

export function tagsOf(tags: Tag[] = []): Record<string, string> {
  if (tags.some(({ TagKey = "" }) => TagKey === "" || TagKey.toLowerCase().startsWith("aws:")))
    throw new AwsError("TagException", "A tag needs a key, which does not begin with aws:");
  return Object.fromEntries(tags.map(({ TagKey = "", TagValue = "" }) => [TagKey, TagValue]));
}
