/** What operations on objects ask IAM, and how what is written is tagged. */
import { randomBytes } from "node:crypto";
import type { Access, Call } from "../../../service.ts";
import { encryptionKeys, type ObjectEncryption } from "../content/encryption.ts";
import type { Received } from "../content/received.ts";
import type { S3 } from "../index.ts";
import type { ObjectInput } from "./object-description.ts";
import { lockAccesses } from "./object-lock.ts";

/** A version has an action of its own: `s3:GetObjectVersion`. */
export const onVersion =
  ({ onObject }: S3, action: string) =>
  (input: ObjectInput, call: Call) =>
    onObject(input.VersionId ? `${action}Version` : action)(input, call);

/** Tags and locks that come with a write are permissions of their own. */
export function writes(s3: S3, input: ObjectInput & Record<string, unknown>, call: Call): Access[] {
  const accesses = [s3.onObject("PutObject", encryptionKeys(input))(input, call)];
  if (input.Tagging) accesses.push(s3.onObject("PutObjectTagging")(input, call));
  return [...accesses, ...lockAccesses(s3, input, call)];
}

/** A digest of the content would tell what a key of the customer's hides. */
export function tagOf(received: Received, encryption: ObjectEncryption | undefined): string {
  return `"${encryption?.supplied ? randomBytes(16).toString("hex") : received.md5()}"`;
}
