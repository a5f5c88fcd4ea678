/** A key as DescribeKey shows it. */
import type { KeyMetadata } from "@aws-sdk/client-kms";
import type { Key } from "./keys.ts";
import { isMac } from "./material.ts";
import { RSA_ENCRYPTION, signingAlgorithms } from "./signatures.ts";

export function describeKey(key: Key, account: string): KeyMetadata {
  return {
    AWSAccountId: account,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: new Date(key.createdAt),
    Enabled: key.enabled && key.deletedAt === undefined,
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: key.deletedAt !== undefined ? "PendingDeletion" : key.enabled ? "Enabled" : "Disabled",
    DeletionDate: key.deletedAt === undefined ? undefined : new Date(key.deletedAt),
    Origin: "AWS_KMS",
    KeyManager: key.managed ? "AWS" : "CUSTOMER",
    CustomerMasterKeySpec: key.spec,
    KeySpec: key.spec,
    MultiRegion: false,
    ...describeAlgorithms(key),
  };
}

export function describeAlgorithms({
  spec,
  usage,
}: Key): Pick<KeyMetadata, "EncryptionAlgorithms" | "SigningAlgorithms" | "MacAlgorithms"> {
  if (usage === "SIGN_VERIFY")
    return { SigningAlgorithms: signingAlgorithms(spec) as KeyMetadata["SigningAlgorithms"] };
  if (isMac(spec)) return { MacAlgorithms: [`HMAC_SHA_${spec.slice(-3)}` as "HMAC_SHA_256"] };
  const algorithms = spec === "SYMMETRIC_DEFAULT" ? [spec] : RSA_ENCRYPTION;
  return { EncryptionAlgorithms: algorithms as KeyMetadata["EncryptionAlgorithms"] };
}
