/** What a key is made of: 32 random bytes, or a pair of keys (PKCS #8), as text. */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, randomBytes } from "node:crypto";
import { promisify } from "node:util";

const generate = promisify(generateKeyPair) as (type: string, options: object) => Promise<{ privateKey: KeyObject }>;

const CURVES = {
  ECC_NIST_P256: "prime256v1",
  ECC_NIST_P384: "secp384r1",
  ECC_NIST_P521: "secp521r1",
  ECC_SECG_P256K1: "secp256k1",
} as const;
const MODULI = { RSA_2048: 2048, RSA_3072: 3072, RSA_4096: 4096 } as const;
/** Bytes. */
const MACS = { HMAC_224: 28, HMAC_256: 32, HMAC_384: 48, HMAC_512: 64 } as const;

export type KeyUsage = "ENCRYPT_DECRYPT" | "SIGN_VERIFY" | "GENERATE_VERIFY_MAC";
export type KeySpec = "SYMMETRIC_DEFAULT" | keyof typeof CURVES | keyof typeof MODULI | keyof typeof MACS;

export const isRsa = (spec: string): spec is keyof typeof MODULI => Object.hasOwn(MODULI, spec);
export const isCurve = (spec: string): spec is keyof typeof CURVES => Object.hasOwn(CURVES, spec);
export const isMac = (spec: string): spec is keyof typeof MACS => Object.hasOwn(MACS, spec);
export const isAsymmetric = (spec: string): boolean => isRsa(spec) || isCurve(spec);

export function isSpec(spec: string): spec is KeySpec {
  return spec === "SYMMETRIC_DEFAULT" || isAsymmetric(spec) || isMac(spec);
}

export const makeMaterial = {
  symmetric: (): string => randomBytes(32).toString("base64"),
  async of(spec: KeySpec): Promise<string> {
    if (isMac(spec)) return randomBytes(MACS[spec]).toString("base64");
    if (!isRsa(spec) && !isCurve(spec)) return makeMaterial.symmetric();
    const { privateKey } = isRsa(spec)
      ? await generate("rsa", { modulusLength: MODULI[spec] })
      : await generate("ec", { namedCurve: CURVES[spec] });
    return privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  },
};

/** Unsealed keys of this process: parsing a pair takes longer than using it. */
const parsed = new Map<string, KeyObject>();

export function privateKeyOf(material: string): KeyObject {
  let key = parsed.get(material);
  if (!key) {
    if (parsed.size > 100) parsed.clear();
    key = createPrivateKey(material);
    parsed.set(material, key);
  }
  return key;
}

/** DER, as GetPublicKey answers. */
export function publicKeyOf(material: string): Buffer {
  return createPublicKey(privateKeyOf(material)).export({ type: "spki", format: "der" });
}
