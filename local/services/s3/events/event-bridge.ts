/** What S3 tells EventBridge of an object, where the bucket asks for it: on the account's default bus. */
import { randomBytes } from "node:crypto";
import type { Cloud } from "../../../service.ts";
import type { ObjectVersion } from "../content/store.ts";

const REASONS: Record<string, string> = {
  "ObjectCreated:Put": "PutObject",
  "ObjectCreated:Post": "POST Object",
  "ObjectCreated:Copy": "CopyObject",
  "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
};

/** A bus that refuses is logged, as on AWS nobody hears of it. */
export async function tellEventBridge(
  cloud: Cloud,
  event: string,
  object: ObjectVersion,
  requester: string,
  sequencer: string,
): Promise<void> {
  const expired = event.startsWith("LifecycleExpiration");
  const isMoved = event === "LifecycleTransition";
  const removed = expired || event.startsWith("ObjectRemoved");
  const bucketArn = `arn:aws:s3:::${object.bucket}`;
  const body = {
    "detail-type": removed ? "Object Deleted" : isMoved ? "Object Storage Class Changed" : "Object Created",
    resources: [bucketArn],
    detail: {
      version: "0",
      bucket: { name: object.bucket },
      object: {
        // As it is: only the other notifications encode it.
        key: object.key,
        ...(removed ? {} : { size: object.size, etag: object.etag.replaceAll('"', "") }),
        ...(object.versionId === "null" ? {} : { "version-id": object.versionId }),
        sequencer,
      },
      "request-id": randomBytes(8).toString("hex").toUpperCase(),
      requester,
      "source-ip-address": "127.0.0.1",
      ...(isMoved
        ? { "destination-storage-class": object.storageClass }
        : { reason: expired ? "Lifecycle Expiration" : removed ? "DeleteObject" : (REASONS[event] ?? "PutObject") }),
      ...(removed && {
        "deletion-type": event.endsWith("DeleteMarkerCreated") ? "Delete Marker Created" : "Permanently Deleted",
      }),
    },
  };
  try {
    await cloud.deliver(`arn:aws:events:${cloud.region}:${cloud.account}:event-bus/default`, {
      service: "s3.amazonaws.com",
      sourceArn: bucketArn,
      body: JSON.stringify(body),
    });
  } catch (error) {
    const message = `${bucketArn} could not tell EventBridge of ${object.key}: ${(error as Error).message}`;
    cloud.log({ level: "warn", source: "s3", message });
  }
}
