/** Encrypting and decrypting: by a key of the cloud, or by a data key that it encrypts. */
import { randomBytes } from "node:crypto";
import type {
  DecryptCommandInput,
  EncryptCommandInput,
  GenerateDataKeyCommandInput,
  GenerateRandomCommandInput,
  ReEncryptCommandInput,
} from "@aws-sdk/client-kms";
import { type Access, AwsError, type Call, type Operation } from "../../service.ts";
import { assertUsable, contextKeys, type KeyAccess } from "./access.ts";
import { decryptBlob, type EncryptionContext, encryptBlob, invalidCiphertext, readHeader } from "./envelope.ts";
import type { Key, Keys } from "./keys.ts";
import { decryptRsa, encryptRsa, RSA_ENCRYPTION } from "./signatures.ts";

const SYMMETRIC = "SYMMETRIC_DEFAULT";
const LARGEST_PLAINTEXT_BYTES = 4096;
const LARGEST_CONTEXT_BYTES = 8192;

export function cryptographicOperations(keys: Keys, access: KeyAccess): Record<string, Operation> {
  function encrypt(key: Key, plaintext: Uint8Array, context?: EncryptionContext, algorithm = SYMMETRIC): Buffer {
    assertUsable(key);
    assertUse(key, "ENCRYPT_DECRYPT", "Encrypt", algorithm);
    assertContext(context, algorithm);
    const material = keys.material(key)!;
    if (algorithm !== SYMMETRIC) return encryptRsa(material, algorithm, plaintext);
    return encryptBlob({ keyId: key.id, materialVersion: key.rotations.length }, material, plaintext, context);
  }

  /** The key that a ciphertext is to be decrypted with: a symmetric one is named by the ciphertext itself. */
  function keyOf(blob: Uint8Array | undefined, keyId: string | undefined, algorithm = SYMMETRIC): Key {
    const given = keyId === undefined ? undefined : keys.get(keyId);
    if (algorithm !== SYMMETRIC) {
      if (given) return given;
      throw new AwsError("ValidationException", "KeyId is required to decrypt with an asymmetric key.");
    }
    const found = keys.find(readHeader(blob).keyId);
    if (given && given.id !== found?.id) {
      const message = "The key ID in the request does not identify a CMK that can perform this operation.";
      throw new AwsError("IncorrectKeyException", message);
    }
    if (found) return found;
    throw new AwsError(
      "AccessDeniedException",
      "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
    );
  }

  function decrypt(key: Key, blob: Uint8Array, context?: EncryptionContext, algorithm = SYMMETRIC): Buffer {
    assertUsable(key);
    assertUse(key, "ENCRYPT_DECRYPT", "Decrypt", algorithm);
    assertContext(context, algorithm);
    if (algorithm === SYMMETRIC)
      return decryptBlob(keys.material(key, readHeader(blob).materialVersion), blob, context);
    const plaintext = decryptRsa(keys.material(key)!, algorithm, blob);
    if (!plaintext) throw invalidCiphertext();
    return plaintext;
  }

  const encrypting = (action: string) => (input: EncryptCommandInput, call: Call) =>
    access.on(
      action,
      keys.get(input.KeyId),
      call,
      input.KeyId,
      contextKeys(input.EncryptionContext, input.EncryptionAlgorithm ?? SYMMETRIC),
    );

  const dataKey = (action: string): Operation<GenerateDataKeyCommandInput> => ({
    authorize: (input, call) => encrypting(action)(input as unknown as EncryptCommandInput, call),
    run(input) {
      const bytes = dataKeyBytes(input);
      const key = keys.get(input.KeyId);
      assertUsable(key);
      if (key.spec !== SYMMETRIC) throw invalidUsage(key, `key spec is ${key.spec}`, action);
      refuseDryRun(input);
      const Plaintext = randomBytes(bytes);
      const CiphertextBlob = encrypt(key, Plaintext, input.EncryptionContext);
      return { KeyId: key.arn, CiphertextBlob, ...(action === "GenerateDataKey" && { Plaintext }) };
    },
  });

  return {
    Encrypt: {
      authorize: encrypting("Encrypt"),
      run(input: EncryptCommandInput) {
        const { KeyId, Plaintext = new Uint8Array(), EncryptionContext: context } = input;
        if (Plaintext.length < 1 || Plaintext.length > LARGEST_PLAINTEXT_BYTES) {
          const bound =
            Plaintext.length < 1 ? "greater than or equal to 1" : `less than or equal to ${LARGEST_PLAINTEXT_BYTES}`;
          const message = `1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length ${bound}`;
          throw new AwsError("ValidationException", message);
        }
        const key = keys.get(KeyId);
        const CiphertextBlob = encrypt(key, Plaintext, context, input.EncryptionAlgorithm);
        refuseDryRun(input);
        return { KeyId: key.arn, CiphertextBlob, EncryptionAlgorithm: input.EncryptionAlgorithm ?? SYMMETRIC };
      },
    },
    Decrypt: {
      authorize({ KeyId, CiphertextBlob, EncryptionAlgorithm, EncryptionContext }: DecryptCommandInput, call) {
        const key = keyOf(CiphertextBlob, KeyId, EncryptionAlgorithm);
        return access.on("Decrypt", key, call, KeyId, contextKeys(EncryptionContext, EncryptionAlgorithm ?? SYMMETRIC));
      },
      run(input: DecryptCommandInput) {
        const { KeyId, CiphertextBlob = new Uint8Array(), EncryptionContext: context, EncryptionAlgorithm } = input;
        const key = keyOf(CiphertextBlob, KeyId, EncryptionAlgorithm);
        const Plaintext = decrypt(key, CiphertextBlob, context, EncryptionAlgorithm);
        refuseDryRun(input);
        return { KeyId: key.arn, Plaintext, EncryptionAlgorithm: EncryptionAlgorithm ?? SYMMETRIC };
      },
    },
    ReEncrypt: {
      authorize(input: ReEncryptCommandInput, call): Access[] {
        const source = keyOf(input.CiphertextBlob, input.SourceKeyId, input.SourceEncryptionAlgorithm);
        const destination = keys.get(input.DestinationKeyId);
        const same = { "kms:ReEncryptOnSameKey": String(source.id === destination.id) };
        const from = contextKeys(input.SourceEncryptionContext, input.SourceEncryptionAlgorithm ?? SYMMETRIC);
        const to = contextKeys(input.DestinationEncryptionContext, input.DestinationEncryptionAlgorithm ?? SYMMETRIC);
        return [
          access.on("ReEncryptFrom", source, call, input.SourceKeyId, { ...same, ...from }),
          access.on("ReEncryptTo", destination, call, input.DestinationKeyId, { ...same, ...to }),
        ];
      },
      run(input: ReEncryptCommandInput) {
        const { CiphertextBlob = new Uint8Array(), SourceEncryptionAlgorithm: from = SYMMETRIC } = input;
        const to = input.DestinationEncryptionAlgorithm ?? SYMMETRIC;
        const source = keyOf(CiphertextBlob, input.SourceKeyId, from);
        const plaintext = decrypt(source, CiphertextBlob, input.SourceEncryptionContext, from);
        const key = keys.get(input.DestinationKeyId);
        const blob = encrypt(key, plaintext, input.DestinationEncryptionContext, to);
        refuseDryRun(input);
        return {
          CiphertextBlob: blob,
          SourceKeyId: source.arn,
          KeyId: key.arn,
          SourceEncryptionAlgorithm: from,
          DestinationEncryptionAlgorithm: to,
        };
      },
    },
    GenerateDataKey: dataKey("GenerateDataKey"),
    GenerateDataKeyWithoutPlaintext: dataKey("GenerateDataKeyWithoutPlaintext"),
    GenerateRandom: {
      authorize: access.account("GenerateRandom"),
      run({ NumberOfBytes }: GenerateRandomCommandInput) {
        if (NumberOfBytes === undefined || !(NumberOfBytes >= 1 && NumberOfBytes <= 1024))
          throw new AwsError("ValidationException", "NumberOfBytes must be from 1 to 1024.");
        return { Plaintext: randomBytes(NumberOfBytes) };
      },
    },
  };
}

/** @throws InvalidKeyUsageException where the key is for something else, or knows another algorithm. */
export function assertUse(key: Key, usage: Key["usage"], action: string, algorithm?: string): void {
  if (key.usage !== usage) throw invalidUsage(key, `key usage is ${key.usage}`, action);
  if (usage !== "ENCRYPT_DECRYPT" || algorithm === undefined) return;
  const allowed = key.spec === SYMMETRIC ? [SYMMETRIC] : RSA_ENCRYPTION;
  if (!allowed.includes(algorithm))
    throw new AwsError("InvalidKeyUsageException", `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`);
}

function invalidUsage({ arn }: Key, what: string, action: string): AwsError {
  return new AwsError("InvalidKeyUsageException", `${arn} ${what} which is not valid for ${action}.`);
}

export function refuseDryRun({ DryRun }: { DryRun?: boolean }): void {
  if (DryRun)
    throw new AwsError("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.");
}

function assertContext(context: EncryptionContext | undefined, algorithm: string): void {
  if (context === undefined) return;
  if (algorithm !== SYMMETRIC && Object.keys(context).length > 0)
    throw new AwsError("ValidationException", "EncryptionContext is not supported with asymmetric keys.");
  if (Buffer.byteLength(JSON.stringify(context)) > LARGEST_CONTEXT_BYTES)
    throw new AwsError("ValidationException", `EncryptionContext may have ${LARGEST_CONTEXT_BYTES} bytes.`);
}

function dataKeyBytes({ KeySpec, NumberOfBytes }: GenerateDataKeyCommandInput): number {
  if ((KeySpec === undefined) === (NumberOfBytes === undefined))
    throw new AwsError("ValidationException", "Please specify either number of bytes or key spec.");
  const bytes = NumberOfBytes ?? { AES_256: 32, AES_128: 16 }[KeySpec!];
  if (bytes !== undefined && bytes >= 1 && bytes <= 1024) return bytes;
  throw new AwsError("ValidationException", "A data key has 1 to 1024 bytes, or the key spec AES_128 or AES_256.");
}
