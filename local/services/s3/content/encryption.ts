/**
 * How objects are encrypted: by S3's own key, or by a customer's, whose KMS is asked in the caller's name as on AWS. Bytes lie
 * in the state folder as they came: who may not use the key does not get them through S3.
 */
import { type CustomerKeys, customerKeys, isUnusable } from "../../../customer-keys.ts";
import { type Access, AwsError, type Call, type Cloud } from "../../../service.ts";
import type { Bucket } from "../buckets/buckets.ts";
import { checkSupplied, keepSupplied, type SuppliedKey, suppliedKey } from "./supplied-key.ts";

/** What a bucket encrypts by where a write says nothing. */
export interface DefaultEncryption {
  algorithm: "AES256" | "aws:kms" | "aws:kms:dsse";
  keyId?: string;
  /** One data key for many objects: KMS is asked about the bucket. */
  bucketKey: boolean;
  /** Takes uploads under keys that come with them (SSE-C). @default false */
  allowsSupplied?: boolean;
}

export interface ObjectEncryption {
  algorithm: DefaultEncryption["algorithm"];
  /** The key's ARN. */
  keyId?: string;
  bucketKey?: boolean;
  context?: Record<string, string>;
  /** Of a customer's key: what KMS opens for a reader. */
  dataKey?: string;
  /** The key came with the request. */
  supplied?: SuppliedKey;
}

export const OWN_KEY: DefaultEncryption = { algorithm: "AES256", bucketKey: false };
const ALGORITHMS = ["AES256", "aws:kms", "aws:kms:dsse"];

type Input = Record<string, unknown>;

export interface Encryption {
  /** Of an object that is written. Throws where the caller may not encrypt with the key. */
  ofWrite(bucket: Bucket, key: string, input: Input, call: Call): Promise<ObjectEncryption | undefined>;
  /**
   * Throws unless the caller may decrypt what was encrypted so.
   *
   * @param key that came with the request
   */
  open(encryption: ObjectEncryption | undefined, call: Call, key?: Buffer): Promise<void>;
}

export function s3Encryption(cloud: Cloud): Encryption {
  const keys: CustomerKeys = customerKeys(cloud, "s3");

  async function named<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (isUnusable(error)) throw new AwsError(`KMS.${error.code}`, error.message, 400);
      throw error;
    }
  }

  async function arnOf(keyId: string): Promise<string> {
    const { KeyMetadata } = await cloud.call<{ KeyMetadata: { Arn: string } }>("kms", "DescribeKey", { KeyId: keyId });
    return KeyMetadata.Arn;
  }

  return {
    async ofWrite(bucket, key, input, call) {
      const supplied = suppliedKey(input);
      if (supplied) {
        if (!bucket.encryption?.allowsSupplied) {
          const message = "Access Denied: the bucket does not take uploads under customer-provided keys (SSE-C).";
          throw new AwsError("AccessDenied", message, 403);
        }
        return { algorithm: "AES256", supplied: keepSupplied(supplied) };
      }
      const { allowsSupplied: _, ...wanted } = wantedOf(bucket, input);
      if (wanted.algorithm === "AES256") return undefined;
      const { keyId = "alias/aws/s3" } = wanted;
      const own = `arn:aws:s3:::${bucket.name}`;
      const context = { "aws:s3:arn": wanted.bucketKey ? own : `${own}/${key}`, ...contextOf(input) };
      const dataKey = keys.asked(keyId) ? await named(keys.dataKey(keyId, context, call)) : undefined;
      return { ...wanted, keyId: await named(arnOf(keyId)), context, dataKey };
    },
    async open(encryption, call, key) {
      checkSupplied(encryption?.supplied, key);
      const { dataKey, context = {} } = encryption ?? {};
      if (dataKey !== undefined) await named(keys.unlock(dataKey, context, call));
    },
  };
}

function wantedOf({ encryption = OWN_KEY }: Bucket, input: Input): DefaultEncryption {
  const algorithm = input.ServerSideEncryption as DefaultEncryption["algorithm"] | undefined;
  const keyId = input.SSEKMSKeyId as string | undefined;
  const bucketKey = (input.BucketKeyEnabled as boolean | undefined) ?? encryption.bucketKey;
  if (algorithm === undefined && keyId === undefined) return { ...encryption, bucketKey };
  if (algorithm === undefined || !ALGORITHMS.includes(algorithm)) {
    throw new AwsError("InvalidArgument", "The encryption method specified is not supported", 400);
  }
  if (algorithm === "AES256" && keyId !== undefined) {
    throw new AwsError(
      "InvalidArgument",
      "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
      400,
    );
  }
  return { algorithm, keyId: keyId ?? (encryption.algorithm === algorithm ? encryption.keyId : undefined), bucketKey };
}

/** Base64 of a JSON object of texts. */
function contextOf({ SSEKMSEncryptionContext: given }: Input): Record<string, string> {
  if (given === undefined) return {};
  try {
    const parsed: unknown = JSON.parse(Buffer.from(String(given), "base64").toString());
    const isTexts = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
    if (isTexts && Object.values(parsed).every((value) => typeof value === "string")) return parsed as never;
  } catch {}
  throw new AwsError("InvalidArgument", "The x-amz-server-side-encryption-context header is not a JSON object", 400);
}

/** How answers name it. */
export function toldOf(encryption: ObjectEncryption | undefined) {
  if (!encryption) return { ServerSideEncryption: "AES256" };
  const { algorithm, keyId, bucketKey, supplied } = encryption;
  if (supplied) return { SSECustomerAlgorithm: algorithm, SSECustomerKeyMD5: supplied.md5 };
  return { ServerSideEncryption: algorithm, SSEKMSKeyId: keyId, BucketKeyEnabled: bucketKey || undefined };
}

/** Policies that demand encryption ask for what the request says. */
export function encryptionKeys(input: Input): NonNullable<Access["context"]> {
  const found: Record<string, string> = {};
  if (input.ServerSideEncryption) found["s3:x-amz-server-side-encryption"] = String(input.ServerSideEncryption);
  if (input.SSEKMSKeyId) found["s3:x-amz-server-side-encryption-aws-kms-key-id"] = String(input.SSEKMSKeyId);
  return found;
}

/** The rule of PutBucketEncryption. @throws AwsError MalformedXML or InvalidArgument */
export function defaultOf(
  rule: { algorithm?: unknown; keyId?: unknown; bucketKey?: unknown; blocked?: unknown } | undefined,
): DefaultEncryption {
  const { algorithm, keyId, bucketKey, blocked } = rule ?? {};
  if (!ALGORITHMS.includes(algorithm as string)) {
    throw new AwsError("MalformedXML", `SSEAlgorithm is one of ${ALGORITHMS.join(", ")}`, 400);
  }
  if (keyId !== undefined && keyId !== null && algorithm === "AES256") {
    throw new AwsError(
      "InvalidArgument",
      "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms",
      400,
    );
  }
  const id = {
    ...(keyId ? { keyId: String(keyId) } : {}),
    ...(Array.isArray(blocked) && !blocked.includes("SSE-C") && { allowsSupplied: true }),
  };
  return { algorithm: algorithm as DefaultEncryption["algorithm"], ...id, bucketKey: bucketKey === true };
}
