/** What a file is by its first bytes. The announced type is the uploader's claim, the file's name even less. */

import type { PhotoContentType } from "../api/schemas.ts";

const ascii = (bytes: Buffer, start: number, end: number) => bytes.toString("latin1", start, end);

/** ISO base media brands (`ftyp` box) of still images. */
const BRANDS: Record<string, PhotoContentType> = {
  avif: "image/avif",
  avis: "image/avif",
  heic: "image/heic",
  heix: "image/heic",
  heim: "image/heic",
  heis: "image/heic",
  hevc: "image/heic",
  hevx: "image/heic",
};
/** Generic HEIF brands: the codec shows in the compatible brands. */
const GENERIC = new Set(["mif1", "msf1"]);

export function sniffType(bytes: Buffer): PhotoContentType | undefined {
  if (bytes.length >= 3 && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return "image/jpeg";
  if (ascii(bytes, 0, 8) === "\x89PNG\r\n\x1a\n") return "image/png";
  if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 12) === "WEBP") return "image/webp";
  if (ascii(bytes, 4, 8) === "ftyp") return sniffBrands(bytes);
  return undefined;
}

function sniffBrands(bytes: Buffer): PhotoContentType | undefined {
  const major = ascii(bytes, 8, 12);
  if (BRANDS[major]) return BRANDS[major];
  if (!GENERIC.has(major)) return undefined;
  const end = Math.min(bytes.readUInt32BE(0), bytes.length, 256);
  for (let at = 16; at + 4 <= end; at += 4) {
    const brand = BRANDS[ascii(bytes, at, at + 4)];
    if (brand) return brand;
  }
  return "image/heif";
}

/** HEIC is HEIF with HEVC: cameras announce either. */
export const sameType = (announced: string, actual: PhotoContentType): boolean =>
  announced === actual ||
  (announced === "image/heif" && actual === "image/heic") ||
  (announced === "image/heic" && actual === "image/heif");
