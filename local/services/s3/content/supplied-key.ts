/**
 * Keys that come with the request (SSE-C): S3 keeps nothing of one but what tells that the same comes again. As with customers'
 * keys of KMS, bytes lie in the state folder as they came. New buckets refuse such uploads until they are told otherwise.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { AwsError } from "../../../service.ts";

export interface SuppliedKey {
  salt: string;
  digest: string;
  md5: string;
}

const refuse = (message: string): never => {
  throw new AwsError("InvalidArgument", message, 400);
};

/**
 * @param prefix `CopySource` for the key of what is copied
 * @returns the key's bytes; undefined where the request brings none
 * @throws AwsError InvalidArgument
 */
export function suppliedKey(input: Record<string, unknown>, prefix = ""): Buffer | undefined {
  const algorithm = input[`${prefix}SSECustomerAlgorithm`];
  const key = input[`${prefix}SSECustomerKey`];
  const md5 = input[`${prefix}SSECustomerKeyMD5`];
  if (algorithm === undefined && key === undefined && md5 === undefined) return undefined;
  const start = "Requests specifying Server Side Encryption with Customer provided keys must provide";
  if (algorithm === undefined) refuse(`${start} a valid encryption algorithm.`);
  if (algorithm !== "AES256")
    refuse("The encryption request that you specified is not valid. Supported value: AES256.");
  const bytes = Buffer.from(String(key ?? ""), "base64");
  if (bytes.length !== 32) refuse(`${start} an appropriate secret key.`);
  if (md5 !== undefined && md5 !== md5Of(bytes)) {
    refuse("The calculated MD5 hash of the key did not match the hash that was provided.");
  }
  return bytes;
}

export function keepSupplied(key: Buffer): SuppliedKey {
  const salt = randomBytes(16).toString("base64");
  return { salt, digest: digestOf(key, salt), md5: md5Of(key) };
}

/** @throws AwsError where the object's key is not the one that came, or came for nothing */
export function checkSupplied(kept: SuppliedKey | undefined, key: Buffer | undefined): void {
  if (!kept && !key) return;
  if (!kept) {
    throw new AwsError("InvalidRequest", "The encryption parameters are not applicable to this object.", 400);
  }
  if (!key) {
    const message =
      "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.";
    throw new AwsError("InvalidRequest", message, 400);
  }
  if (!timingSafeEqual(Buffer.from(kept.digest), Buffer.from(digestOf(key, kept.salt)))) {
    throw new AwsError("AccessDenied", "Access Denied", 403);
  }
}

const md5Of = (key: Buffer) => createHash("md5").update(key).digest("base64");
const digestOf = (key: Buffer, salt: string) => createHmac("sha256", salt).update(key).digest("base64");
