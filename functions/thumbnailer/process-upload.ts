/**
 * What happens when a photo was uploaded: develop it, store the thumbnails, then record the outcome and its event in one
 * transaction. A file at fault ends the photo as `failed` and the message with it; anything else is thrown, for a retry.
 */

import type { EventData } from "../shared/events.ts";
import { originalKey, type PhotoKey, thumbnailKey } from "../shared/object-keys.ts";
import type { Developed } from "./develop.ts";
import { PhotoRejected } from "./photo-rejected.ts";

export interface Upload extends PhotoKey {
  /** The same for every delivery of one upload. */
  eventId: string;
}

export interface AnnouncedPhoto {
  albumId: string;
  contentType: string;
  announcedBytes: number;
}

export type Outcome =
  | { status: "ready"; developed: Developed; event: EventData["photo.ready"] }
  | { status: "failed"; event: EventData["photo.failed"] };

export interface UploadPorts {
  /** Marks the photo `processing`; undefined when it was deleted or is done already. */
  begin(photoId: string): Promise<AnnouncedPhoto | undefined>;
  /** @throws PhotoRejected where the object is larger than any upload may be. */
  read(key: string): Promise<Buffer>;
  write(key: string, data: Buffer, contentType: string): Promise<void>;
  remove(key: string): Promise<void>;
  develop(file: Buffer, announced: { contentType: string; bytes: number }): Promise<Developed>;
  /** Row, event and the note that this upload is done, in one transaction; false when the photo is gone by now. */
  finish(upload: Upload, outcome: Outcome): Promise<boolean>;
}

/** @returns what became of the photo. */
export async function processUpload(upload: Upload, ports: UploadPorts): Promise<Outcome["status"] | "skipped"> {
  const { photoId } = upload;
  const photo = await ports.begin(photoId);
  if (!photo) return "skipped";
  const outcome = await attempt(upload, photo, ports);
  if (await ports.finish(upload, outcome)) return outcome.status;
  // Deleted meanwhile: nothing may be left of it.
  if (outcome.status === "ready")
    await Promise.all(outcome.developed.thumbnails.map(({ size }) => ports.remove(thumbnailKey(upload, size))));
  return "skipped";
}

async function attempt(upload: Upload, photo: AnnouncedPhoto, ports: UploadPorts): Promise<Outcome> {
  const { photoId } = upload;
  const { albumId, contentType, announcedBytes } = photo;
  try {
    const developed = await ports.develop(await ports.read(originalKey(upload)), {
      contentType,
      bytes: announcedBytes,
    });
    const { thumbnails, format, width, height, bytes, sha256 } = developed;
    await Promise.all(thumbnails.map((t) => ports.write(thumbnailKey(upload, t.size), t.data, t.contentType)));
    const thumbnailBytes = thumbnails.reduce((sum, { data }) => sum + data.length, 0);
    const event = { photoId, albumId, format, width, height, bytes, thumbnailBytes, sha256 };
    return { status: "ready", developed, event };
  } catch (error) {
    if (!(error instanceof PhotoRejected)) throw error;
    return { status: "failed", event: { photoId, albumId, reason: error.message } };
  }
}
