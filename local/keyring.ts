/** Seals what AWS would encrypt with KMS: secrets at rest are unreadable without the key file of the state folder. */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Keyring {
  seal(text: string): Uint8Array;
  /** @throws when the bytes were sealed under another key, or altered. */
  open(sealed: Uint8Array): string;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** The keyring of a state folder; its key is made on first use, readable by this user only. */
export function keyring(directory: string): Keyring {
  const key = readKey(directory);
  return {
    seal(text) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, iv);
      const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), body]);
    },
    open(sealed) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
    },
  };
}

function readKey(directory: string): KeyObject {
  const path = join(directory, "local.key");
  mkdirSync(directory, { recursive: true });
  try {
    writeFileSync(path, randomBytes(32), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const key = readFileSync(path);
  if (key.length !== 32)
    throw new Error(`${path} is damaged: it holds ${key.length} bytes, not 32. Start with --fresh.`);
  return createSecretKey(key);
}
