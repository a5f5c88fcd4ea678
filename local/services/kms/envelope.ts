/**
 * What symmetric keys encrypt: AES-256-GCM, the encryption context as additional authenticated data. The blob names its
 * key and which of its materials, so that Decrypt needs no key id: version, key (16 bytes), material (4), IV (12), tag (16).
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { AwsError } from "../../service.ts";

export type EncryptionContext = Record<string, string>;

const FORMAT = 0x54;
const HEADER_BYTES = 1 + 16 + 4;
const IV_BYTES = 12;
const TAG_BYTES = 16;

export interface BlobHeader {
  keyId: string;
  materialVersion: number;
}

export function encryptBlob(
  { keyId, materialVersion }: BlobHeader,
  material: string,
  plaintext: Uint8Array,
  context: EncryptionContext = {},
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = FORMAT;
  Buffer.from(keyId.replaceAll("-", ""), "hex").copy(header, 1);
  header.writeUInt32BE(materialVersion, 17);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv("aes-256-gcm", Buffer.from(material, "base64"), iv);
  cipher.setAAD(additionalData(header, context));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([header, iv, cipher.getAuthTag(), body]);
}

/** @throws InvalidCiphertextException when it is none of ours. */
export function readHeader(blob: Uint8Array | undefined): BlobHeader {
  const bytes = Buffer.from(blob ?? []);
  if (bytes.length < HEADER_BYTES + IV_BYTES + TAG_BYTES || bytes[0] !== FORMAT) throw invalidCiphertext();
  const keyId = bytes.toString("hex", 1, 17).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return { keyId, materialVersion: bytes.readUInt32BE(17) };
}

/** @throws InvalidCiphertextException when the blob or the context was altered. */
export function decryptBlob(material: string | undefined, blob: Uint8Array, context: EncryptionContext = {}): Buffer {
  const bytes = Buffer.from(blob);
  const header = bytes.subarray(0, HEADER_BYTES);
  const [iv, tag, body] = [
    bytes.subarray(HEADER_BYTES, HEADER_BYTES + IV_BYTES),
    bytes.subarray(HEADER_BYTES + IV_BYTES, HEADER_BYTES + IV_BYTES + TAG_BYTES),
    bytes.subarray(HEADER_BYTES + IV_BYTES + TAG_BYTES),
  ];
  if (material === undefined) throw invalidCiphertext();
  try {
    const decipher = createDecipheriv("aes-256-gcm", Buffer.from(material, "base64"), iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(additionalData(header, context));
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(body), decipher.final()]);
  } catch {
    throw invalidCiphertext();
  }
}

/** Lengths go with the texts: no two contexts have the same bytes. */
function additionalData(header: Buffer, context: EncryptionContext): Buffer {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat([header, Buffer.from(JSON.stringify(pairs))]);
}

/** AWS says no more than its name. */
export function invalidCiphertext(): AwsError {
  return new AwsError("InvalidCiphertextException", "");
}
