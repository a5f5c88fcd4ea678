/** SecureStrings: under AWS's own key for everybody who may read the parameter, under a customer's for who may use that. */
import { type CustomerKeys, isUnusable } from "../../customer-keys.ts";
import { AwsError, type Call, type Cloud } from "../../service.ts";
import { parameterArn } from "./names.ts";
import type { Parameter, ParameterStore } from "./store.ts";

/** Marks what KMS encrypted; base64 has no colon. */
const BY_KMS = "kms:";

export type SecureStrings = ReturnType<typeof secureStrings>;

export function secureStrings(cloud: Cloud, store: ParameterStore, keys: CustomerKeys) {
  const contextOf = (name: string) => ({ PARAMETER_ARN: parameterArn(cloud, name) });

  async function named<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw isUnusable(error) ? new AwsError("InvalidKeyId", error.message) : error;
    }
  }

  return {
    /** As it is kept. Throws InvalidKeyId, or AccessDeniedException of KMS. */
    async seal({ name, type, keyId }: Pick<Parameter, "name" | "type" | "keyId">, value: string, call: Call) {
      if (type !== "SecureString" || !keys.asked(keyId)) return store.seal(type, value);
      return BY_KMS + (await named(keys.encrypt(keyId, value, contextOf(name), call)));
    },
    async open(parameter: Parameter, call: Call): Promise<string> {
      if (!parameter.stored.startsWith(BY_KMS) || parameter.type !== "SecureString") return store.open(parameter);
      return named(keys.decrypt(parameter.stored.slice(BY_KMS.length), contextOf(parameter.name), call));
    },
    /** What a reader sees who does not ask for decryption. */
    sealed({ type, stored }: Parameter): string {
      return type === "SecureString" && stored.startsWith(BY_KMS) ? stored.slice(BY_KMS.length) : stored;
    },
  };
}
