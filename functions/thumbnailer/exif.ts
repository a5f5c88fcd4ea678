/** When and with what a photo was taken, from its EXIF block. */

import exifr from "exifr";

export interface Exif {
  /** The camera's local time, ISO 8601 without offset: EXIF rarely knows a time zone. */
  takenAt: string | null;
  camera: string | null;
}

const nothing: Exif = { takenAt: null, camera: null };

/** @param block As sharp reads it of any format: `Exif\0\0` and a TIFF structure. A damaged block is as good as none. */
export async function readExif(block: Buffer | undefined): Promise<Exif> {
  if (!block) return nothing;
  const tiff = block.toString("latin1", 0, 6) === "Exif\0\0" ? block.subarray(6) : block;
  try {
    const tags = await exifr.parse(tiff, {
      pick: ["Make", "Model", "DateTimeOriginal", "CreateDate"],
      reviveValues: false,
    });
    return {
      takenAt: dateTime(tags?.DateTimeOriginal ?? tags?.CreateDate),
      camera: cameraName(tags?.Make, tags?.Model),
    };
  } catch {
    return nothing;
  }
}

/** `2024:05:17 14:03:22` */
function dateTime(value: unknown): string | null {
  const match = /^(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)/.exec(String(value));
  if (!match) return null;
  const text = `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}`;
  const parsed = new Date(`${text}Z`);
  // A camera without a set clock writes zeroes, and a parsed 31 June would silently become 1 July.
  return Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 19) !== text ? null : text;
}

/** `Canon` and `Canon EOS R5` are `Canon EOS R5`. */
function cameraName(make: unknown, model: unknown): string | null {
  const [maker, name] = [clean(make), clean(model)];
  if (!name) return maker || null;
  return !maker || name.toLowerCase().startsWith(maker.toLowerCase()) ? name : `${maker} ${name}`;
}

const clean = (value: unknown): string =>
  typeof value === "string"
    ? [...value]
        .filter((character) => character >= " " && character !== "\x7f")
        .join("")
        .trim()
        .slice(0, 100)
    : "";
