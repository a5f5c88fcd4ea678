/** An upload's ports on AWS: the tenant's database, and the bucket with the tenant's own session. */

import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { sql } from "kysely";
import { maximumPhotoBytes } from "../api/schemas.ts";
import { environment } from "../shared/environment.ts";
import { sqsNudge, withNudges } from "../shared/nudge.ts";
import type { EventPayload } from "../shared/outbox.ts";
import { recorded } from "../shared/outbox.ts";
import { processOnce } from "../shared/processed-events.ts";
import type { TenantAccess } from "../shared/tenant-access.ts";
import { tenantCredentials } from "../shared/tenant-credentials.ts";
import { tenantDatabase } from "../shared/tenant-database.ts";
import { develop } from "./develop.ts";
import { PhotoRejected } from "./photo-rejected.ts";
import type { Outcome, UploadPorts } from "./process-upload.ts";

const CONSUMER = "thumbnailer";
const MAXIMUM_CLIENTS = 200;
const clients = new Map<string, S3Client>();

export function connectUploads(tenant: TenantAccess): UploadPorts {
  const { tenantId } = tenant;
  const database = tenantDatabase(tenant);
  const s3 = clientOf(tenantId);
  const Bucket = environment("BUCKET");
  return {
    develop,

    async begin(photoId) {
      const row = await database
        .updateTable("photos")
        .set({ status: "processing", updated_at: sql`now()` })
        .where("photo_id", "=", photoId)
        .where("status", "in", ["pending", "processing"])
        .returning(["album_id", "content_type", "announced_bytes"])
        .executeTakeFirst();
      return (
        row && { albumId: row.album_id, contentType: row.content_type, announcedBytes: Number(row.announced_bytes) }
      );
    },

    async read(Key) {
      const { Body, ContentLength = 0 } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      if (!Body || ContentLength > maximumPhotoBytes) {
        (Body as { destroy?(): void } | undefined)?.destroy?.();
        throw new PhotoRejected(`The file has ${ContentLength} bytes; ${maximumPhotoBytes} are the most allowed`);
      }
      return Buffer.from(await Body.transformToByteArray());
    },

    async write(Key, data, ContentType) {
      // A photo's thumbnails never change under their key.
      const CacheControl = "private, max-age=31536000, immutable";
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: data, ContentType, CacheControl }));
    },

    async remove(Key) {
      await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    },

    async finish({ photoId, eventId }, outcome) {
      const changed = await withNudges(
        tenantId,
        sqsNudge,
        () =>
          processOnce(database, CONSUMER, eventId, async (transaction) => {
            const change = transaction
              .updateTable("photos")
              .set({ ...columnsOf(outcome), updated_at: sql`now()` })
              .where("photo_id", "=", photoId)
              .where("status", "=", "processing")
              .returning("photo_id");
            const payload: EventPayload<"photo.ready"> | EventPayload<"photo.failed"> = outcome.event;
            const row = await recorded(transaction, change, `photo.${outcome.status}`, payload);
            return row !== undefined;
          }),
        Boolean,
      );
      // Undefined: another delivery of this upload was faster, and its outcome stands.
      return changed ?? true;
    },
  };
}

function columnsOf(outcome: Outcome) {
  if (outcome.status === "failed") return { status: "failed", failure_reason: outcome.event.reason };
  const { width, height, format, bytes, sha256, takenAt, camera, thumbnails } = outcome.developed;
  return {
    ...{ status: "ready", failure_reason: null, width, height, format, bytes, sha256, camera, taken_at: takenAt },
    thumbnails: JSON.stringify(thumbnails.map(({ data, ...thumbnail }) => ({ ...thumbnail, bytes: data.length }))),
  };
}

function clientOf(tenantId: string): S3Client {
  const found = clients.get(tenantId) ?? new S3Client({ credentials: tenantCredentials(tenantId) });
  clients.set(tenantId, found);
  if (clients.size > MAXIMUM_CLIENTS) clients.delete(clients.keys().next().value as string);
  return found;
}
