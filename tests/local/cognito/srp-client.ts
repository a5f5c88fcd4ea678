/** The client's half of SRP, written from RFC 5054 and the names Cognito gives to its parts. */
import { createHash, createHmac, randomBytes } from "node:crypto";

const N = BigInt(
  `0x${
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B" +
    "0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651" +
    "ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC" +
    "9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE5" +
    "15D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5" +
    "AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0" +
    "BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF"
  }`,
);

const sha = (...parts: Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest();
const number = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
function pad(value: bigint): Buffer {
  const hex = value.toString(16);
  const even = hex.length % 2 ? `0${hex}` : hex;
  return Buffer.from(Number.parseInt(even[0]!, 16) > 7 ? `00${even}` : even, "hex");
}
function modPow(base: bigint, exponent: bigint): bigint {
  if (exponent === 0n) return 1n;
  const half = modPow((base * base) % N, exponent / 2n);
  return exponent % 2n ? (half * base) % N : half;
}

export function srpClient(poolId: string) {
  const a = number(randomBytes(32));
  const A = modPow(2n, a);
  return {
    SRP_A: A.toString(16),
    claim(parameters: Record<string, string>, password: string, TIMESTAMP = "Sat Nov 21 09:00:00 UTC 2026") {
      const { SALT, SRP_B, SECRET_BLOCK, USER_ID_FOR_SRP } = parameters as Record<string, string>;
      const B = BigInt(`0x${SRP_B}`);
      const pool = poolId.split("_")[1]!;
      const u = number(sha(pad(A), pad(B)));
      const k = number(sha(pad(N), pad(2n)));
      const x = number(sha(pad(BigInt(`0x${SALT}`)), sha(Buffer.from(`${pool}${USER_ID_FOR_SRP}:${password}`))));
      const base = (((B - k * modPow(2n, x)) % N) + N) % N;
      const S = modPow(base, a + u * x);
      const extracted = createHmac("sha256", pad(u)).update(pad(S)).digest();
      const key = createHmac("sha256", extracted).update("Caldera Derived Key\u0001").digest().subarray(0, 16);
      const signature = createHmac("sha256", key)
        .update(pool)
        .update(USER_ID_FOR_SRP!)
        .update(Buffer.from(SECRET_BLOCK!, "base64"))
        .update(TIMESTAMP)
        .digest("base64");
      return {
        USERNAME: USER_ID_FOR_SRP!,
        PASSWORD_CLAIM_SECRET_BLOCK: SECRET_BLOCK!,
        PASSWORD_CLAIM_SIGNATURE: signature,
        TIMESTAMP,
      };
    },
  };
}
