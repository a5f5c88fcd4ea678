/** Signatures and asymmetric encryption, by the names KMS gives to algorithms. */
import {
  constants,
  createHash,
  createHmac,
  createPublicKey,
  type KeyObject,
  privateDecrypt,
  privateEncrypt,
  publicDecrypt,
  publicEncrypt,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from "node:crypto";
import { AwsError } from "../../service.ts";
import { isCurve, isRsa, type KeySpec, privateKeyOf } from "./material.ts";

const ECDSA: Partial<Record<KeySpec, string>> = {
  ECC_NIST_P256: "ECDSA_SHA_256",
  ECC_NIST_P384: "ECDSA_SHA_384",
  ECC_NIST_P521: "ECDSA_SHA_512",
  ECC_SECG_P256K1: "ECDSA_SHA_256",
};
const RSA_SIGNATURES = ["PKCS1_V1_5", "PSS"].flatMap((padding) =>
  [256, 384, 512].map((bits) => `RSASSA_${padding}_SHA_${bits}`),
);

export function signingAlgorithms(spec: KeySpec): string[] {
  return isRsa(spec) ? RSA_SIGNATURES : isCurve(spec) ? [ECDSA[spec]!] : [];
}

export interface Signing {
  spec: KeySpec;
  material: string;
  algorithm: string;
  message: Uint8Array;
  /** The message is its own digest already. */
  isDigest: boolean;
}

/** DER for elliptic curves, as KMS answers. */
export async function signWith(signing: Signing): Promise<Buffer> {
  const key = privateKeyOf(signing.material);
  const { hash, digest } = digestOf(signing);
  if (isRsa(signing.spec)) {
    const padded = signing.algorithm.includes("PSS")
      ? encodePss(digest, hash, key.asymmetricKeyDetails!.modulusLength!)
      : encodePkcs1(digest, hash, key.asymmetricKeyDetails!.modulusLength!);
    return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, padded);
  }
  if (!signing.isDigest) return sign(hash, signing.message, key);
  const curve = await curveOf(signing.spec);
  const { d } = key.export({ format: "jwk" });
  const options = { prehash: false, lowS: false, format: "der" } as const;
  return Buffer.from(curve.sign(digest, new Uint8Array(Buffer.from(d!, "base64url")), options));
}

export async function verifyWith(signing: Signing, signature: Uint8Array): Promise<boolean> {
  const key = createPublicKey(privateKeyOf(signing.material));
  const { hash, digest } = digestOf(signing);
  if (isRsa(signing.spec)) {
    if (!signing.isDigest) {
      const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
      return verify(hash, signing.message, signing.algorithm.includes("PSS") ? { key, ...pss } : key, signature);
    }
    return verifiesRsaDigest(key, signing.algorithm, hash, digest, signature);
  }
  if (!signing.isDigest) return verify(hash, signing.message, key, signature);
  const { x, y } = key.export({ format: "jwk" });
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x!, "base64url"), Buffer.from(y!, "base64url")]);
  const curve = await curveOf(signing.spec);
  try {
    return curve.verify(new Uint8Array(signature), digest, new Uint8Array(point), {
      prehash: false,
      lowS: false,
      format: "der",
    });
  } catch {
    return false; // not DER at all
  }
}

/** Node hashes what it signs; only these sign what was hashed elsewhere. */
async function curveOf(spec: KeySpec) {
  if (spec === "ECC_SECG_P256K1") return (await import("@noble/curves/secp256k1.js")).secp256k1;
  const { p256, p384, p521 } = await import("@noble/curves/nist.js");
  return { ECC_NIST_P256: p256, ECC_NIST_P384: p384, ECC_NIST_P521: p521 }[spec as "ECC_NIST_P256"];
}

function digestOf({ algorithm, message, isDigest }: Signing): { hash: string; digest: Uint8Array } {
  const bits = algorithm.slice(-3);
  const hash = `sha${bits}`;
  const digest = new Uint8Array(isDigest ? message : createHash(hash).update(message).digest());
  if (digest.length * 8 !== Number(bits))
    throw new AwsError("ValidationException", `Digest is invalid length for algorithm ${algorithm}.`);
  return { hash, digest };
}

/** ASN.1 of `DigestInfo` up to the digest (RFC 8017, section 9.2). */
const DIGEST_INFO: Record<string, string> = {
  sha256: "3031300d060960864801650304020105000420",
  sha384: "3041300d060960864801650304020205000430",
  sha512: "3051300d060960864801650304020305000440",
};

function encodePkcs1(digest: Uint8Array, hash: string, modulusBits: number): Buffer {
  const info = Buffer.concat([Buffer.from(DIGEST_INFO[hash]!, "hex"), digest]);
  const filling = Buffer.alloc(modulusBits / 8 - info.length - 3, 0xff);
  return Buffer.concat([Buffer.from([0, 1]), filling, Buffer.from([0]), info]);
}

/** EMSA-PSS-ENCODE (RFC 8017, section 9.1.1), the salt as long as the digest. */
function encodePss(
  digest: Uint8Array,
  hash: string,
  modulusBits: number,
  salt: Uint8Array = randomBytes(digest.length),
): Buffer {
  const size = modulusBits / 8;
  const h = createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
  const data = Buffer.concat([Buffer.alloc(size - salt.length - h.length - 2), Buffer.from([1]), salt]);
  const masked = mask(data, h, hash);
  masked[0]! &= 0x7f;
  return Buffer.concat([masked, h, Buffer.from([0xbc])]);
}

function mask(data: Buffer, seed: Buffer, hash: string): Buffer {
  const masked = Buffer.from(data);
  const counter = Buffer.alloc(4);
  for (let at = 0, round = 0; at < data.length; round++) {
    counter.writeUInt32BE(round);
    for (const byte of createHash(hash).update(seed).update(counter).digest()) {
      if (at < data.length) masked[at++]! ^= byte;
    }
  }
  return masked;
}

function verifiesRsaDigest(
  key: KeyObject,
  algorithm: string,
  hash: string,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const bits = key.asymmetricKeyDetails!.modulusLength!;
  let opened: Buffer;
  try {
    opened = publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature);
  } catch {
    return false;
  }
  if (!algorithm.includes("PSS")) return opened.equals(encodePkcs1(digest, hash, bits));
  const h = opened.subarray(-digest.length - 1, -1);
  const data = mask(opened.subarray(0, opened.length - digest.length - 1), h, hash);
  return opened.equals(encodePss(digest, hash, bits, data.subarray(-digest.length)));
}

const OAEP: Record<string, string> = { RSAES_OAEP_SHA_1: "sha1", RSAES_OAEP_SHA_256: "sha256" };
export const RSA_ENCRYPTION = Object.keys(OAEP);

export function encryptRsa(material: string, algorithm: string, plaintext: Uint8Array): Buffer {
  const key = createPublicKey(privateKeyOf(material));
  const limit = key.asymmetricKeyDetails!.modulusLength! / 8 - 2 * (OAEP[algorithm] === "sha1" ? 20 : 32) - 2;
  if (plaintext.length > limit)
    throw new AwsError("ValidationException", `Algorithm ${algorithm} and key spec allow at most ${limit} bytes.`);
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: OAEP[algorithm]! }, plaintext);
}

/** Undefined when it was not encrypted so. */
export function decryptRsa(material: string, algorithm: string, ciphertext: Uint8Array): Buffer | undefined {
  const key = privateKeyOf(material);
  try {
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: OAEP[algorithm]! }, ciphertext);
  } catch {
    return undefined;
  }
}

export function macWith(material: string, algorithm: string, message: Uint8Array): Buffer {
  const hash = `sha${algorithm.slice(-3)}`;
  return createHmac(hash, Buffer.from(material, "base64")).update(message).digest();
}

export function equalMacs(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
