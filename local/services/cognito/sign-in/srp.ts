/**
 * Secure Remote Password as Cognito speaks it: SRP-6a over the 3072-bit group of RFC 5054 with SHA-256, the session key
 * stretched by HKDF. The password never crosses the wire, and only a verifier of it is kept.
 */
import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";

const N = BigInt(
  `0x${[
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD",
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED",
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F",
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B",
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510",
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7",
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C",
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
  ].join("")}`,
);
const G = 2n;
const K = hashOf(padded(N), padded(G));
const INFO = "Caldera Derived Key";

/** In hex. */
export interface SrpVerifier {
  salt: string;
  verifier: string;
}

/** What the server remembers between its two answers, in hex. */
export interface SrpExchange {
  A: string;
  b: string;
  B: string;
  salt: string;
  verifier: string;
  /** base64 */
  secretBlock: string;
}

export function makeVerifier(poolId: string, username: string, password: string): SrpVerifier {
  const salt = randomBytes(16);
  const x = privateKey(salt, poolId, username, password);
  return { salt: salt.toString("hex"), verifier: power(G, x).toString(16) };
}

/** The first answer. Undefined where the client's key is none (a multiple of the modulus opens every account). */
export function beginSrp(clientKey: string, { salt, verifier }: SrpVerifier): SrpExchange | undefined {
  if (!/^[0-9a-f]{1,800}$/i.test(clientKey) || BigInt(`0x${clientKey}`) % N === 0n) return undefined;
  const b = BigInt(`0x${randomBytes(32).toString("hex")}`);
  const B = (K * BigInt(`0x${verifier}`) + power(G, b)) % N;
  const secretBlock = randomBytes(256).toString("base64");
  return { A: clientKey, b: b.toString(16), B: B.toString(16), salt, verifier, secretBlock };
}

/** Whether the client knows the password. */
export function provesPassword(
  exchange: SrpExchange,
  poolId: string,
  username: string,
  claim: { secretBlock: string; timestamp: string; signature: string },
): boolean {
  if (claim.secretBlock !== exchange.secretBlock) return false;
  const [A, B] = [BigInt(`0x${exchange.A}`), BigInt(`0x${exchange.B}`)];
  const u = hashOf(padded(A), padded(B));
  if (u === 0n) return false;
  const session = power((A * power(BigInt(`0x${exchange.verifier}`), u)) % N, BigInt(`0x${exchange.b}`));
  const expected = sign(sessionKey(session, u), poolId, username, claim);
  const given = Buffer.from(claim.signature, "base64");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

export function sign(
  key: Buffer,
  poolId: string,
  username: string,
  { secretBlock, timestamp }: { secretBlock: string; timestamp: string },
): Buffer {
  return createHmac("sha256", key)
    .update(poolName(poolId))
    .update(username)
    .update(Buffer.from(secretBlock, "base64"))
    .update(timestamp)
    .digest();
}

function sessionKey(session: bigint, u: bigint): Buffer {
  return Buffer.from(hkdfSync("sha256", padded(session), padded(u), INFO, 16));
}

function privateKey(salt: Buffer, poolId: string, username: string, password: string): bigint {
  const identity = createHash("sha256")
    .update(`${poolName(poolId)}${username}:${password}`)
    .digest();
  return hashOf(padded(BigInt(`0x${salt.toString("hex")}`)), identity);
}

/** What follows the region: the name that goes into every hash. */
function poolName(poolId: string): string {
  return poolId.slice(poolId.indexOf("_") + 1);
}

/** Big-endian, never read as a negative number: a leading byte of zero where the first bit is set. */
function padded(number: bigint): Buffer {
  const hex = number.toString(16);
  const even = hex.length % 2 === 1 ? `0${hex}` : hex;
  return Buffer.from(/^[89a-f]/i.test(even) ? `00${even}` : even, "hex");
}

function hashOf(...parts: Buffer[]): bigint {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return BigInt(`0x${hash.digest("hex")}`);
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square, rest] = [1n, base % N, exponent];
  for (; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % N;
    square = (square * square) % N;
  }
  return result;
}
