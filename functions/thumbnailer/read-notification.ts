/** The uploads that a message from the bucket tells of. */

import { createHash } from "node:crypto";
import type { S3Event } from "aws-lambda";
import { parseOriginalKey } from "../shared/object-keys.ts";
import type { Upload } from "./process-upload.ts";

export interface Notification {
  uploads: Upload[];
  /** Keys that are no photo's original. */
  ignored: string[];
}

/** @param body Of the SQS message. S3's test event, sent when a notification is configured, holds no uploads. */
export function readNotification(body: string): Notification {
  const uploads: Upload[] = [];
  const ignored: string[] = [];
  for (const { eventName, s3 } of (JSON.parse(body) as Partial<S3Event>).Records ?? []) {
    if (!eventName.replace(/^s3:/, "").startsWith("ObjectCreated:")) continue;
    const key = decodeURIComponent(s3.object.key.replaceAll("+", " "));
    const photo = parseOriginalKey(key);
    if (photo) uploads.push({ ...photo, eventId: uploadId(key, s3.object.sequencer || s3.object.eTag) });
    else ignored.push(key);
  }
  return { uploads, ignored };
}

/** A UUID-shaped digest: `processed_events` keeps UUIDs. */
function uploadId(key: string, version: string): string {
  const hex = createHash("sha256").update(`${key}\0${version}`).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}
