/** A secret under a customer's key is for who may use that key; AWS's own lets everybody in who may read the secret. */
import { customerKeys, isUnusable } from "../../customer-keys.ts";
import { AwsError, type Call, type Cloud } from "../../service.ts";
import type { Secret, SecretStore } from "./store.ts";

export type SecretEncryption = ReturnType<typeof secretEncryption>;

export function secretEncryption(cloud: Cloud, store: SecretStore) {
  const keys = customerKeys(cloud, "secretsmanager");
  const contextOf = (secret: Secret, version: string) => ({ SecretARN: secret.arn, SecretVersionId: version });

  async function named<T>(failure: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (isUnusable(error)) throw new AwsError(failure, error.message);
      if (error instanceof AwsError && error.code === "AccessDeniedException")
        throw new AwsError(error.code, `Access to KMS is not allowed. ${error.message}`);
      throw error;
    }
  }

  return {
    /** What to keep of a version that is written. Throws where the caller may not encrypt with the secret's key. */
    async protect(secret: Secret, version: string, call: Call): Promise<Pick<Secret, "dataKeys">> {
      const { kmsKeyId } = secret;
      const { [version]: _, ...others } = secret.dataKeys ?? {};
      if (!keys.asked(kmsKeyId)) return { dataKeys: others };
      const dataKey = await named("EncryptionFailure", keys.dataKey(kmsKeyId, contextOf(secret, version), call));
      const kept = store.versions(secret.arn).map(({ id }) => id);
      const current = Object.entries(others).filter(([id]) => kept.includes(id));
      return { dataKeys: { ...Object.fromEntries(current), [version]: dataKey } };
    },
    /** Throws where the caller may not decrypt with the key of this version. */
    async assertReadable(secret: Secret, version: string, call: Call): Promise<void> {
      const dataKey = Object.entries(secret.dataKeys ?? {}).find(([id]) => id === version)?.[1];
      if (dataKey !== undefined)
        await named("DecryptionFailure", keys.unlock(dataKey, contextOf(secret, version), call));
    },
  };
}
