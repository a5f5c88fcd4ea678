/**
 * KMS: keys whose material never leaves it, policies and grants that are enforced, envelope encryption.
 *
 * Not emulated: imported key material and key stores of one's own, keys of several regions, ECDH and SM2, post-quantum
 * keys, data key pairs, Nitro enclaves, kms:RecipientAttestation.
 */
import type { Resource } from "../../../engine/graph.ts";
import type { Cloud, Service } from "../../service.ts";
import { keyAccess } from "./access.ts";
import { aliasOperations, grantOperations } from "./alias-operations.ts";
import { cryptographicOperations } from "./cryptography.ts";
import { grantStore } from "./grants.ts";
import { keyOperations, usageOf } from "./key-operations.ts";
import { assertKeyPolicy } from "./key-policy.ts";
import { keyStore } from "./keys.ts";
import { defaultPolicy } from "./managed-keys.ts";
import { isSpec } from "./material.ts";
import { signingOperations } from "./signing.ts";

export function kms(cloud: Cloud): Service {
  const keys = keyStore(cloud);
  const grants = grantStore(cloud);
  const access = keyAccess(keys, grants);
  const owner = { type: "administrator", arn: `arn:aws:iam::${cloud.account}:root`, account: cloud.account } as const;

  function policyOf(value: unknown): string {
    if (value === undefined) return defaultPolicy(cloud.account);
    const document = typeof value === "string" ? value : JSON.stringify(value);
    assertKeyPolicy(document, owner);
    return document;
  }

  /** What is declared again keeps its material and its rotations. */
  async function provisionKey({ inputs, outputs }: Resource): Promise<void> {
    const id = String(outputs.keyId);
    const spec = String(inputs.customerMasterKeySpec ?? "SYMMETRIC_DEFAULT");
    if (!isSpec(spec)) throw new Error(`Keys of spec ${spec} are not emulated.`);
    const usage = usageOf({ KeyUsage: inputs.keyUsage as "ENCRYPT_DECRYPT" | undefined }, spec);
    const known = keys.find(id);
    if (known && known.spec !== spec) keys.remove(known);
    const kept = known?.spec === spec ? known : await keys.create({ id, spec, usage, policy: "{}" });
    const since = kept.rotation?.since ?? cloud.clock.now();
    keys.save({
      ...kept,
      arn: String(outputs.arn ?? kept.arn),
      usage,
      policy: policyOf(inputs.policy),
      description: String(inputs.description ?? ""),
      enabled: inputs.isEnabled !== false,
      deletedAt: undefined,
      tags: (outputs.tagsAll ?? inputs.tags ?? {}) as Record<string, string>,
      rotation:
        inputs.enableKeyRotation === true
          ? { periodDays: Number(inputs.rotationPeriodInDays ?? 365), since }
          : undefined,
    });
  }

  function provisionAlias({ inputs, outputs }: Resource): void {
    const name = String(outputs.name);
    const now = cloud.clock.now();
    const keyId = keys.get(String(inputs.targetKeyId)).id;
    keys.saveAlias({ createdAt: now, updatedAt: now, ...keys.alias(name), name, keyId });
  }

  return {
    name: "kms",
    client: () => import("@aws-sdk/client-kms"),
    requiresMembers: "ValidationException",
    resources: {
      "aws:kms/key:Key": provisionKey,
      "aws:kms/alias:Alias": provisionAlias,
      "aws:kms/keyPolicy:KeyPolicy": ({ inputs }) => {
        keys.save({ ...keys.get(String(inputs.keyId)), policy: policyOf(inputs.policy) });
      },
    },
    operations: {
      ...keyOperations(cloud, keys, access),
      ...aliasOperations(cloud, keys, access),
      ...grantOperations(keys, grants, access),
      ...cryptographicOperations(keys, access),
      ...signingOperations(keys, access),
    },
  };
}
