/** Signatures, message authentication codes and public keys. */
import type {
  GenerateMacCommandInput,
  SignCommandInput,
  VerifyCommandInput,
  VerifyMacCommandInput,
} from "@aws-sdk/client-kms";
import { AwsError, type Operation } from "../../service.ts";
import { assertKept, assertUsable, type KeyAccess } from "./access.ts";
import { assertUse, refuseDryRun } from "./cryptography.ts";
import { describeAlgorithms } from "./key-metadata.ts";
import type { Key, Keys } from "./keys.ts";
import { isAsymmetric, publicKeyOf } from "./material.ts";
import { equalMacs, macWith, type Signing, signingAlgorithms, signWith, verifyWith } from "./signatures.ts";

/** Bytes; more is to be hashed by the caller. */
const LARGEST_MESSAGE = 4096;

export function signingOperations(keys: Keys, access: KeyAccess): Record<string, Operation> {
  const signingKeys = ({ SigningAlgorithm, MessageType }: Record<string, unknown>) => ({
    "kms:SigningAlgorithm": String(SigningAlgorithm),
    "kms:MessageType": String(MessageType ?? "RAW"),
  });
  const macKeys = ({ MacAlgorithm }: Record<string, unknown>) => ({ "kms:MacAlgorithm": String(MacAlgorithm) });

  function signing(key: Key, action: string, input: SignCommandInput): Signing {
    assertUsable(key);
    assertUse(key, "SIGN_VERIFY", action);
    const { Message: message = new Uint8Array(), MessageType, SigningAlgorithm: algorithm = "" as never } = input;
    if (!signingAlgorithms(key.spec).includes(algorithm)) {
      const message = `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`;
      throw new AwsError("InvalidKeyUsageException", message);
    }
    assertMessage(message);
    return { spec: key.spec, material: keys.material(key)!, algorithm, message, isDigest: MessageType === "DIGEST" };
  }

  function mac(action: string, input: GenerateMacCommandInput): { key: Key; code: Buffer } {
    const key = keys.get(input.KeyId);
    assertUsable(key);
    assertUse(key, "GENERATE_VERIFY_MAC", action);
    const { Message = new Uint8Array(), MacAlgorithm = "" } = input;
    if (MacAlgorithm !== `HMAC_SHA_${key.spec.slice(-3)}`) {
      const message = `Algorithm ${MacAlgorithm} is incompatible with key spec ${key.spec}.`;
      throw new AwsError("InvalidKeyUsageException", message);
    }
    assertMessage(Message);
    refuseDryRun(input);
    return { key, code: macWith(keys.material(key)!, MacAlgorithm, Message) };
  }

  return {
    Sign: {
      authorize: access.key("Sign", signingKeys),
      async run(input: SignCommandInput) {
        const key = keys.get(input.KeyId);
        const task = signing(key, "Sign", input);
        refuseDryRun(input);
        return { KeyId: key.arn, Signature: await signWith(task), SigningAlgorithm: input.SigningAlgorithm };
      },
    },
    Verify: {
      authorize: access.key("Verify", signingKeys),
      async run(input: VerifyCommandInput) {
        const key = keys.get(input.KeyId);
        const task = signing(key, "Verify", input);
        refuseDryRun(input);
        if (!(await verifyWith(task, input.Signature ?? new Uint8Array())))
          throw new AwsError("KMSInvalidSignatureException", "");
        return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: input.SigningAlgorithm };
      },
    },
    GenerateMac: {
      authorize: access.key("GenerateMac", macKeys),
      run(input: GenerateMacCommandInput) {
        const { key, code } = mac("GenerateMac", input);
        return { KeyId: key.arn, Mac: code, MacAlgorithm: input.MacAlgorithm };
      },
    },
    VerifyMac: {
      authorize: access.key("VerifyMac", macKeys),
      run(input: VerifyMacCommandInput) {
        const { key, code } = mac("VerifyMac", input);
        if (!equalMacs(code, input.Mac ?? new Uint8Array())) throw new AwsError("KMSInvalidMacException", "");
        return { KeyId: key.arn, MacValid: true, MacAlgorithm: input.MacAlgorithm };
      },
    },
    GetPublicKey: {
      authorize: access.key("GetPublicKey"),
      run({ KeyId }: { KeyId?: string }) {
        const key = keys.get(KeyId);
        if (!isAsymmetric(key.spec)) {
          const message = `${key.arn} key spec is ${key.spec} which is not valid for GetPublicKey.`;
          throw new AwsError("UnsupportedOperationException", message);
        }
        assertKept(key);
        return {
          KeyId: key.arn,
          PublicKey: publicKeyOf(keys.material(key)!),
          KeySpec: key.spec,
          CustomerMasterKeySpec: key.spec,
          KeyUsage: key.usage,
          ...describeAlgorithms(key),
        };
      },
    },
  };
}

function assertMessage(message: Uint8Array): void {
  if (message.length >= 1 && message.length <= LARGEST_MESSAGE) return;
  const bound = message.length < 1 ? "greater than or equal to 1" : `less than or equal to ${LARGEST_MESSAGE}`;
  throw new AwsError(
    "ValidationException",
    `1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have length ${bound}`,
  );
}
