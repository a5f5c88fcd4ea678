import { createHash, createPublicKey, publicEncrypt, randomBytes, verify } from "node:crypto";
import {
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  type KeySpec,
  type KeyUsageType,
  SignCommand,
  type SigningAlgorithmSpec,
  VerifyCommand,
  VerifyMacCommand,
} from "@aws-sdk/client-kms";
import { failure } from "../dynamodb/fixture.ts";
import { type KmsCloud, startKms } from "./fixture.ts";

let kms: KmsCloud;
beforeAll(async () => {
  kms = await startKms();
});
afterAll(() => kms.stop());

const newKey = async (KeySpec: KeySpec, KeyUsage: KeyUsageType) =>
  (await kms.client.send(new CreateKeyCommand({ KeySpec, KeyUsage }))).KeyMetadata!;
const Message = new Uint8Array(Buffer.from("a message"));
const digest = (bits: string) => new Uint8Array(createHash(`sha${bits}`).update(Message).digest());

const CASES: [KeySpec, SigningAlgorithmSpec[]][] = [
  ["RSA_2048", ["RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_512", "RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384"]],
  ["ECC_NIST_P256", ["ECDSA_SHA_256"]],
  ["ECC_NIST_P384", ["ECDSA_SHA_384"]],
  ["ECC_NIST_P521", ["ECDSA_SHA_512"]],
  ["ECC_SECG_P256K1", ["ECDSA_SHA_256"]],
];

describe.each(CASES)("a key of spec %s", (spec, algorithms) => {
  it("signs messages and digests alike, and verifies nothing else", async () => {
    const { KeyId, Arn } = await newKey(spec, "SIGN_VERIFY");
    for (const SigningAlgorithm of algorithms) {
      const forms = [
        { Message, MessageType: "RAW" as const },
        { Message: digest(SigningAlgorithm.slice(-3)), MessageType: "DIGEST" as const },
      ];
      for (const form of forms) {
        const signed = await kms.client.send(new SignCommand({ KeyId, SigningAlgorithm, ...form }));
        expect(signed).toMatchObject({ KeyId: Arn, SigningAlgorithm });
        for (const other of forms) {
          const answer = await kms.client.send(
            new VerifyCommand({ KeyId, SigningAlgorithm, Signature: signed.Signature, ...other }),
          );
          expect(answer.SignatureValid).toBe(true);
        }
        const altered = signed.Signature!.slice();
        altered[altered.length - 1]! ^= 1;
        for (const other of forms) {
          const wrong = new VerifyCommand({ KeyId, SigningAlgorithm, Signature: altered, ...other });
          expect((await failure(kms.client.send(wrong)))[0]).toBe("KMSInvalidSignatureException");
        }
      }
    }
  });

  it("shows the public key that others verify its signatures with", async () => {
    const { KeyId } = await newKey(spec, "SIGN_VERIFY");
    const SigningAlgorithm = algorithms[0]!;
    const shown = await kms.client.send(new GetPublicKeyCommand({ KeyId }));
    expect(shown).toMatchObject({ KeySpec: spec, KeyUsage: "SIGN_VERIFY" });
    expect(shown.SigningAlgorithms).toContain(SigningAlgorithm);
    const key = createPublicKey({ key: Buffer.from(shown.PublicKey!), format: "der", type: "spki" });
    const { Signature } = await kms.client.send(new SignCommand({ KeyId, SigningAlgorithm, Message }));
    expect(verify(`sha${SigningAlgorithm.slice(-3)}`, Message, key, Signature!)).toBe(true);
  });
});

it("an RSA key decrypts what was encrypted with its public key elsewhere", async () => {
  const { KeyId } = await newKey("RSA_2048", "ENCRYPT_DECRYPT");
  const { PublicKey } = await kms.client.send(new GetPublicKeyCommand({ KeyId }));
  const key = createPublicKey({ key: Buffer.from(PublicKey!), format: "der", type: "spki" });
  const CiphertextBlob = new Uint8Array(publicEncrypt({ key, oaepHash: "sha256" }, Buffer.from("offline")));
  const EncryptionAlgorithm = "RSAES_OAEP_SHA_256";
  const { Plaintext } = await kms.client.send(new DecryptCommand({ KeyId, CiphertextBlob, EncryptionAlgorithm }));
  expect(Buffer.from(Plaintext!).toString()).toBe("offline");
  const altered = new DecryptCommand({ KeyId, CiphertextBlob: randomBytes(256), EncryptionAlgorithm });
  expect((await failure(kms.client.send(altered)))[0]).toBe("InvalidCiphertextException");
  const long = new EncryptCommand({ KeyId, Plaintext: new Uint8Array(191), EncryptionAlgorithm });
  expect(await failure(kms.client.send(long))).toEqual([
    "ValidationException",
    "Algorithm RSAES_OAEP_SHA_256 and key spec allow at most 190 bytes.",
  ]);
});

it("a MAC key makes codes that only it verifies", async () => {
  const { KeyId } = await newKey("HMAC_256", "GENERATE_VERIFY_MAC");
  const MacAlgorithm = "HMAC_SHA_256";
  const { Mac } = await kms.client.send(new GenerateMacCommand({ KeyId, MacAlgorithm, Message }));
  expect(Mac).toHaveLength(32);
  expect((await kms.client.send(new VerifyMacCommand({ KeyId, MacAlgorithm, Message, Mac }))).MacValid).toBe(true);
  const other = await newKey("HMAC_256", "GENERATE_VERIFY_MAC");
  const wrong = new VerifyMacCommand({ KeyId: other.KeyId, MacAlgorithm, Message, Mac });
  expect((await failure(kms.client.send(wrong)))[0]).toBe("KMSInvalidMacException");
});

describe("a key is for what it was made for:", () => {
  it.each<[string, KeySpec, KeyUsageType, (KeyId: string) => Promise<unknown>, RegExp]>([
    [
      "a signing key does not encrypt",
      "ECC_NIST_P256",
      "SIGN_VERIFY",
      (KeyId) => kms.client.send(new EncryptCommand({ KeyId, Plaintext: Message })),
      /^InvalidKeyUsageException: .* key usage is SIGN_VERIFY which is not valid for Encrypt\.$/,
    ],
    [
      "an encrypting key does not sign",
      "SYMMETRIC_DEFAULT",
      "ENCRYPT_DECRYPT",
      (KeyId) => kms.client.send(new SignCommand({ KeyId, Message, SigningAlgorithm: "ECDSA_SHA_256" })),
      /^InvalidKeyUsageException: .* key usage is ENCRYPT_DECRYPT which is not valid for Sign\.$/,
    ],
    [
      "a curve signs with its own algorithm",
      "ECC_NIST_P256",
      "SIGN_VERIFY",
      (KeyId) => kms.client.send(new SignCommand({ KeyId, Message, SigningAlgorithm: "ECDSA_SHA_384" })),
      /^InvalidKeyUsageException: Algorithm ECDSA_SHA_384 is incompatible with key spec ECC_NIST_P256\.$/,
    ],
    [
      "a digest has its algorithm's length",
      "ECC_NIST_P256",
      "SIGN_VERIFY",
      (KeyId) =>
        kms.client.send(new SignCommand({ KeyId, Message, MessageType: "DIGEST", SigningAlgorithm: "ECDSA_SHA_256" })),
      /^ValidationException: Digest is invalid length for algorithm ECDSA_SHA_256\.$/,
    ],
    [
      "a symmetric key has no public half",
      "SYMMETRIC_DEFAULT",
      "ENCRYPT_DECRYPT",
      (KeyId) => kms.client.send(new GetPublicKeyCommand({ KeyId })),
      /^UnsupportedOperationException: /,
    ],
    [
      "a curve is not made for encryption",
      "ECC_NIST_P256",
      "SIGN_VERIFY",
      () => newKey("ECC_NIST_P256", "ENCRYPT_DECRYPT"),
      /^ValidationException: KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec ECC_NIST_P256$/,
    ],
  ])("%s", async (_, spec, usage, act, error) => {
    const { KeyId } = await newKey(spec, usage);
    expect((await failure(act(KeyId!))).join(": ")).toMatch(error);
  });
});
