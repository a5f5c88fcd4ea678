/**
 * From an uploaded file to what is known of it and its thumbnails. Pure: bytes in, bytes out.
 *
 * HEIC: sharp's own build carries AV1 (AVIF) and no HEVC decoder, whose patents are licensed; such a photo is rejected with
 * that reason. A sharp built against a libheif with HEVC decodes it without a change here.
 */

import { createHash } from "node:crypto";
import sharp, { type Metadata, type Sharp } from "sharp";
import { thumbnailSizes } from "../shared/object-keys.ts";
import { type Exif, readExif } from "./exif.ts";
import { PhotoRejected } from "./photo-rejected.ts";
import { sameType, sniffType } from "./sniff-type.ts";

// No two photos are alike: a cache of decoded ones only takes memory.
sharp.cache(false);

/** Of the decoded picture: a file of kilobytes can unpack to gigabytes. */
export const maximumPixels = 100_000_000;
const DECODE_SECONDS = 20;

export interface Announced {
  contentType: string;
  bytes: number;
}

export interface DevelopedThumbnail {
  size: number;
  width: number;
  height: number;
  contentType: "image/webp";
  data: Buffer;
}

export interface Developed extends Exif {
  width: number;
  height: number;
  format: string;
  bytes: number;
  sha256: string;
  thumbnails: DevelopedThumbnail[];
}

/** @throws PhotoRejected with the reason as its message. */
export async function develop(file: Buffer, announced: Announced): Promise<Developed> {
  if (file.length !== announced.bytes)
    throw new PhotoRejected(`The file has ${file.length} bytes, but ${announced.bytes} were announced`);
  const type = sniffType(file);
  if (!type)
    throw new PhotoRejected(`The file is no image of a known type, but ${announced.contentType} was announced`);
  if (!sameType(announced.contentType, type))
    throw new PhotoRejected(`The file is ${type}, but ${announced.contentType} was announced`);

  const metadata = await decoding(type, () => open(file).metadata());
  const { width, height } = metadata.autoOrient;
  if (width * height > maximumPixels)
    throw new PhotoRejected(`The picture has ${width} × ${height} pixels; ${maximumPixels} are the most allowed`);
  const [thumbnails, exif] = await Promise.all([decoding(type, () => makeThumbnails(file)), readExif(metadata.exif)]);
  return {
    width,
    height,
    format: formatOf(metadata),
    bytes: file.length,
    sha256: createHash("sha256").update(file).digest("hex"),
    ...exif,
    thumbnails,
  };
}

/** Warnings of a decoder (a stray byte between segments) are no reason to lose a photo; a truncated or broken one is. */
const open = (file: Buffer): Sharp => sharp(file, { failOn: "error", limitInputPixels: maximumPixels });

/** The largest from the file; the smaller ones from it, so that the file is decoded once. */
async function makeThumbnails(file: Buffer): Promise<DevelopedThumbnail[]> {
  const [largest, ...others] = [...thumbnailSizes].sort((a, b) => b - a);
  // Neither keepMetadata nor withMetadata: thumbnails carry no EXIF, no GPS position, no profile (the pixels become sRGB).
  const { data, info } = await fitted(open(file).autoOrient(), largest!).raw().toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  const pixels = () => sharp(data, { raw });
  const thumbnails = [encode(pixels(), largest!), ...others.map((size) => encode(fitted(pixels(), size), size))];
  return (await Promise.all(thumbnails)).sort((a, b) => a.size - b.size);
}

const fitted = (image: Sharp, size: number): Sharp =>
  image
    .resize({ width: size, height: size, fit: "inside", withoutEnlargement: true })
    .toColourspace("srgb")
    .timeout({ seconds: DECODE_SECONDS });

async function encode(image: Sharp, size: number): Promise<DevelopedThumbnail> {
  const { data, info } = await image.webp({ quality: 80, effort: 3 }).toBuffer({ resolveWithObject: true });
  return { size, width: info.width, height: info.height, contentType: "image/webp", data };
}

const formatOf = ({ format, compression }: Metadata): string =>
  format === "heif" ? (compression === "av1" ? "avif" : "heic") : format;

async function decoding<Result>(type: string, decode: () => Promise<Result>): Promise<Result> {
  try {
    return await decode();
  } catch (error) {
    const { message } = error as Error;
    if (/exceeds pixel limit/i.test(message))
      throw new PhotoRejected(`The picture has more than ${maximumPixels} pixels, the most allowed`);
    if (/^timeout:/.test(message)) throw new PhotoRejected(`The ${type} file takes too long to decode`);
    if (type === "image/heic" || type === "image/heif")
      throw new PhotoRejected(
        "This installation can not decode HEIC (HEVC); upload the photo as JPEG, AVIF, WebP or PNG",
      );
    throw new PhotoRejected(`The ${type} file is corrupt: ${message.split("\n")[0]}`);
  }
}
