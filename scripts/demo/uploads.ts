/** Photographs on their way: announced, uploaded to the signed URL, waited for, and what came of them checked. */

import { createHash } from "node:crypto";
import sharp from "sharp";
import { http } from "./http.ts";
import type { Photograph } from "./photographs.ts";
import { until } from "./story.ts";
import type { Visitor } from "./visitor.ts";

export interface Thumbnail {
  size: number;
  width: number;
  height: number;
  contentType: string;
  url: string;
}

export interface Photo {
  photoId: string;
  status: "pending" | "processing" | "ready" | "failed";
  failureReason: string | null;
  width: number | null;
  height: number | null;
  format: string | null;
  sha256: string | null;
  takenAt: string | null;
  camera: string | null;
  url: string | null;
  thumbnails: Thumbnail[];
}

interface Announced extends Photo {
  upload: { method: string; url: string; headers: Record<string, string> };
}

export interface Uploaded {
  photograph: Photograph;
  photo: Photo;
}

const DEADLINE_MS = 90_000;

export function announce(visitor: Visitor, albumId: string, photograph: Photograph): Promise<Announced> {
  const { fileName, contentType, data } = photograph;
  return visitor.ask(201, `/albums/${albumId}/photos`, {
    method: "POST",
    json: { fileName, contentType, bytes: data.length },
  });
}

/** Announces and uploads all of them at once, then waits until the platform has made up its mind about each. */
export async function uploadAll(visitor: Visitor, albumId: string, photographs: Photograph[]): Promise<Uploaded[]> {
  const sent = await Promise.all(photographs.map((photograph) => send(visitor, albumId, photograph)));
  const photos = await until(
    `The end of ${visitor.tenantId}'s processing`,
    async () => {
      // One question for all: a tenant's tier has a rate of its own
      const { items } = await visitor.ask<{ items: Photo[] }>(200, `/albums/${albumId}/photos?limit=100`);
      return items.every(({ status }) => status === "ready" || status === "failed") ? items : undefined;
    },
    DEADLINE_MS,
  );
  return sent.map(({ photograph, photoId }) => {
    const photo = photos.find((candidate) => candidate.photoId === photoId);
    if (!photo) throw new Error(`${photograph.fileName} is missing from its album`);
    return { photograph, photo };
  });
}

async function send(visitor: Visitor, albumId: string, photograph: Photograph) {
  const { photoId, upload } = await announce(visitor, albumId, photograph);
  const { method, headers, url } = upload;
  const { status, body } = await http(url, { method, headers, body: photograph.data });
  if (status !== 200) throw new Error(`the upload of ${photograph.fileName} answered ${status}: ${body}`);
  return { photograph, photoId };
}

/** Throws the first difference between what was photographed and what the platform knows of it. */
export async function assertReady({ photograph, photo }: Uploaded): Promise<void> {
  const expected = {
    status: "ready",
    width: photograph.width,
    height: photograph.height,
    format: photograph.format,
    camera: photograph.camera,
    takenAt: photograph.takenAt,
    sha256: createHash("sha256").update(photograph.data).digest("hex"),
  };
  for (const [name, value] of Object.entries(expected)) {
    const found = photo[name as keyof Photo];
    if (found !== value) throw new Error(`${photograph.fileName}: ${name} is ${found}, not ${value}${reason(photo)}`);
  }
  if (photo.thumbnails.length === 0) throw new Error(`${photograph.fileName} has no thumbnails`);
  await Promise.all(photo.thumbnails.map((thumbnail) => assertThumbnail(photograph, thumbnail)));
}

function reason({ failureReason }: Photo): string {
  return failureReason === null ? "" : ` (${failureReason})`;
}

/** Decodes a thumbnail: its size, that it stands upright and shows the picture, that it tells nothing of the camera. */
async function assertThumbnail(photograph: Photograph, { size, url }: Thumbnail): Promise<void> {
  const what = `${photograph.fileName}, thumbnail ${size}`;
  const { status, body } = await http(url);
  if (status !== 200) throw new Error(`${what} answered ${status}`);
  const { width = 0, height = 0, exif, orientation, icc, xmp } = await sharp(body).metadata();
  const scale = Math.min(1, size / Math.max(photograph.width, photograph.height));
  const wanted = [Math.round(photograph.width * scale), Math.round(photograph.height * scale)];
  if (Math.abs(width - wanted[0]!) > 1 || Math.abs(height - wanted[1]!) > 1)
    throw new Error(`${what} has ${width} × ${height} pixels, not ${wanted.join(" × ")}`);
  if (exif || xmp || icc || orientation) throw new Error(`${what} carries metadata of the original`);
  const difference = await distance(photograph.data, body);
  if (difference > MAXIMUM_DIFFERENCE) throw new Error(`${what} does not show the picture (${difference.toFixed(1)})`);
}

/** Of 255, on average over 32 × 32 pixels: recompression costs 1 or 2, a picture turned by 90° 30 and more. */
const MAXIMUM_DIFFERENCE = 8;

async function distance(original: Buffer, thumbnail: Buffer): Promise<number> {
  const pixels = (image: Buffer) =>
    sharp(image).autoOrient().resize(32, 32, { fit: "fill" }).toColourspace("srgb").removeAlpha().raw().toBuffer();
  const [a, b] = await Promise.all([pixels(original), pixels(thumbnail)]);
  return a.reduce((sum, value, at) => sum + Math.abs(value - b[at]!), 0) / a.length;
}

export function assertFailed({ photograph, photo }: Uploaded): string {
  if (photo.status !== "failed" || !photo.failureReason)
    throw new Error(`${photograph.fileName} became ${photo.status}, not failed with a reason`);
  return photo.failureReason;
}
