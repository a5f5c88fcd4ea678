/**
 * How a service uses the key of a customer: in its caller's name, through itself. Who may not use the key may not use
 * what it encrypts. AWS's own keys (`alias/aws/…`) let everybody through their service: KMS is not asked about them.
 */
import { AwsError, type Call, type Cloud } from "./service.ts";

export interface CustomerKeys {
  /** Whether KMS is asked about this key. */
  asked(keyId: string | undefined): keyId is string;
  /** @returns the ciphertext, in base64. */
  encrypt(keyId: string, plaintext: string, context: Record<string, string>, call: Call): Promise<string>;
  decrypt(ciphertext: string, context: Record<string, string>, call: Call): Promise<string>;
  /** A data key's ciphertext, in base64: what `unlock` asks for later. */
  dataKey(keyId: string, context: Record<string, string>, call: Call): Promise<string>;
  /** Throws unless the caller may decrypt the data key. */
  unlock(dataKey: string, context: Record<string, string>, call: Call): Promise<void>;
}

/** The call of somebody who may everything: what the program declares. */
export function declaring({ account }: Cloud): Call {
  return {
    principal: { type: "administrator", arn: `arn:aws:iam::${account}:root`, account },
    sourceIp: "127.0.0.1",
  };
}

/** @param service the first label of its host name: `ssm` */
export function customerKeys(cloud: Cloud, service: string): CustomerKeys {
  const viaService = `${service}.${cloud.region}.amazonaws.com`;
  const ask = <Output>(operation: string, input: object, { principal, sourceIp, sourceArn }: Call) =>
    cloud.call<Output>("kms", operation, input, { principal, sourceIp, sourceArn, viaService });
  const toText = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

  async function decrypt(ciphertext: string, EncryptionContext: Record<string, string>, call: Call): Promise<string> {
    const input = { CiphertextBlob: Buffer.from(ciphertext, "base64"), EncryptionContext };
    const { Plaintext } = await ask<{ Plaintext: Uint8Array }>("Decrypt", input, call);
    return Buffer.from(Plaintext).toString("utf8");
  }

  return {
    asked: (keyId): keyId is string => keyId !== undefined && !/(^|:)alias\/aws\//.test(keyId),
    async encrypt(KeyId, plaintext, EncryptionContext, call) {
      const input = { KeyId, Plaintext: Buffer.from(plaintext), EncryptionContext };
      return toText((await ask<{ CiphertextBlob: Uint8Array }>("Encrypt", input, call)).CiphertextBlob);
    },
    decrypt,
    async dataKey(KeyId, EncryptionContext, call) {
      const input = { KeyId, KeySpec: "AES_256", EncryptionContext };
      return toText((await ask<{ CiphertextBlob: Uint8Array }>("GenerateDataKey", input, call)).CiphertextBlob);
    },
    async unlock(dataKey, context, call) {
      await decrypt(dataKey, context, call);
    },
  };
}

/** The key is not there, or not in a state to be used: each service has its own name for it. */
export function isUnusable(error: unknown): error is AwsError {
  const codes = ["NotFoundException", "DisabledException", "KMSInvalidStateException", "InvalidKeyUsageException"];
  return error instanceof AwsError && codes.includes(error.code);
}
