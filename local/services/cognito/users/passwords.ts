/** Passwords: the pool's policy, scrypt hashes, and what SRP verifies them by; they are kept in no other form. */

import { randomBytes, randomInt, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { AwsError } from "../../../service.ts";
import { makeVerifier, type SrpVerifier } from "../sign-in/srp.ts";

export interface PasswordPolicy {
  minimumLength: number;
  requireLowercase: boolean;
  requireUppercase: boolean;
  requireNumbers: boolean;
  requireSymbols: boolean;
}

const COST: ScryptOptions & { N: number; r: number; p: number } = { N: 16_384, r: 8, p: 1 };
const BYTES = 32;

/** `N:r:p:salt:hash:srpSalt:srpVerifier`, salt and hash in base64, what is SRP's in hex. */
export async function hashPassword(password: string, owner: { poolId: string; username: string }): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, COST);
  const srp = makeVerifier(owner.poolId, owner.username, password);
  const parts = [COST.N, COST.r, COST.p, salt.toString("base64"), hash.toString("base64"), srp.salt, srp.verifier];
  return parts.join(":");
}

/** Undefined where the password was set before there was SRP here. */
export function srpOf(stored: string | undefined): SrpVerifier | undefined {
  const [salt, verifier] = (stored ?? "").split(":").slice(5);
  return salt !== undefined && verifier !== undefined ? { salt, verifier } : undefined;
}

/** Without a stored hash it computes one all the same: an unknown user takes as long as a wrong password. */
export async function verifyPassword(password: string, stored: string | undefined): Promise<boolean> {
  const [N, r, p, salt, hash] = (stored ?? "").split(":");
  if (hash === undefined) {
    await derive(password, randomBytes(16), COST);
    return false;
  }
  const given = await derive(password, Buffer.from(salt!, "base64"), { N: Number(N), r: Number(r), p: Number(p) });
  return timingSafeEqual(given, Buffer.from(hash, "base64"));
}

function derive(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, BYTES, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}

const RULES: [keyof PasswordPolicy, RegExp, string][] = [
  ["requireLowercase", /[a-z]/, "Password must have lowercase characters"],
  ["requireUppercase", /[A-Z]/, "Password must have uppercase characters"],
  ["requireNumbers", /[0-9]/, "Password must have numeric characters"],
  ["requireSymbols", /[\^$*.[\]{}()?"!@#%&/\\,><':;|_~`=+\- ]/, "Password must have symbol characters"],
];

export function assertPassword(password: string, policy: PasswordPolicy): void {
  const broken =
    password.length < policy.minimumLength
      ? "Password not long enough"
      : RULES.find(([rule, pattern]) => policy[rule] && !pattern.test(password))?.[2];
  if (broken !== undefined)
    throw new AwsError("InvalidPasswordException", `Password did not conform with password policy: ${broken}`);
}

/** One that every policy accepts. */
export function temporaryPassword(): string {
  const pick = (letters: string) => letters[randomInt(letters.length)];
  const required = [
    pick("abcdefghijkmnpqrstuvwxyz"),
    pick("ABCDEFGHJKLMNPQRSTUVWXYZ"),
    pick("23456789"),
    pick("!@#%&*"),
  ];
  return required.join("") + randomBytes(24).toString("base64url");
}
