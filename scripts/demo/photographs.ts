/**
 * Photographs, made where they are needed: landscapes with a sky, mountains, a sun, water and the grain of a sensor, so that
 * encoders and thumbnails have the work that real pictures give them. The same seed makes the same picture.
 */

import sharp, { type Sharp } from "sharp";

export interface Photograph {
  fileName: string;
  /** What an uploader announces; for a liar not what the file is. */
  contentType: string;
  data: Buffer;
  /** As displayed, after the orientation was applied. */
  width: number;
  height: number;
  format: "jpeg" | "png" | "webp" | "avif";
  camera: string | null;
  /** ISO 8601 without offset, as a camera keeps it. */
  takenAt: string | null;
  /** What the platform is to make of it. */
  expected: "ready" | "failed";
}

export interface SceneOptions {
  width: number;
  height: number;
  seed?: number;
}

/** Raw RGB pixels of a landscape. Its top left is sky and its bottom is ground, so a lost orientation shows. */
export function landscape({ width, height, seed = 1 }: SceneOptions): Buffer {
  const random = randomOf(seed);
  const hue = random();
  const sun = { x: width * (0.2 + 0.6 * random()), y: height * (0.15 + 0.2 * random()), radius: height * 0.06 };
  const ridges = [0.55, 0.66, 0.8].map((level) => ridge(width, height, level, random));
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const depth = ridges.findLastIndex((line) => y > (line[x] as number));
      const [red, green, blue] = depth < 0 ? sky(x, y, height, hue, sun) : ground(depth, y / height, hue);
      const grain = (random() - 0.5) * 14;
      const at = (y * width + x) * 3;
      pixels[at] = clamp(red + grain);
      pixels[at + 1] = clamp(green + grain);
      pixels[at + 2] = clamp(blue + grain);
    }
  }
  return pixels;
}

type Colour = [red: number, green: number, blue: number];

function sky(x: number, y: number, height: number, hue: number, sun: { x: number; y: number; radius: number }): Colour {
  const down = y / (height * 0.7);
  const glow = Math.exp(-(((x - sun.x) ** 2 + (y - sun.y) ** 2) ** 0.5) / (sun.radius * 2.5));
  const disc = (x - sun.x) ** 2 + (y - sun.y) ** 2 < sun.radius ** 2 ? 60 : 0;
  return [
    90 + 110 * down * hue + 120 * glow + disc,
    140 + 50 * down + 90 * glow + disc,
    215 - 40 * down + 20 * glow + disc,
  ];
}

const ground = (depth: number, down: number, hue: number): Colour => [
  70 - 18 * depth + 25 * hue,
  95 - 12 * depth + 45 * (1 - hue) * down,
  100 - 30 * depth,
];

/** A mountain line: octaves of waves over a level. */
function ridge(width: number, height: number, level: number, random: () => number): Float64Array {
  const waves = [1, 2, 4, 9, 23].map((octave) => ({ octave, phase: random() * 6.28, size: 0.09 / octave ** 0.7 }));
  return Float64Array.from({ length: width }, (_, x) => {
    const lift = waves.reduce((sum, w) => sum + w.size * Math.sin((x / width) * w.octave * 6.28 + w.phase), 0);
    return height * (level + lift);
  });
}

/** mulberry32 */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const clamp = (value: number) => Math.max(0, Math.min(255, value));

const scene = (options: SceneOptions): Sharp =>
  sharp(landscape(options), { raw: { width: options.width, height: options.height, channels: 3 } });

const exif = (make: string, model: string, takenAt: string) => ({
  IFD0: { Make: make, Model: model },
  IFD2: { DateTimeOriginal: takenAt.replaceAll("-", ":").replace("T", " ") },
  // Where it was taken: thumbnails must not tell.
  IFD3: { GPSLatitudeRef: "N", GPSLatitude: "47/1 22/1 0/1", GPSLongitudeRef: "E", GPSLongitude: "8/1 32/1 0/1" },
});

/** A camera's JPEG, held upright: stored sideways, with orientation 6 to turn it clockwise. */
export async function uprightJpeg(seed = 1): Promise<Photograph> {
  const takenAt = "2024-05-17T14:03:22";
  const data = await scene({ width: 1200, height: 1600, seed })
    .rotate(-90)
    .withExif(exif("Canon", "Canon EOS R5", takenAt))
    .withMetadata({ orientation: 6 })
    .jpeg({ quality: 88 })
    .toBuffer();
  return {
    ...{ fileName: "summit.jpg", contentType: "image/jpeg", data, width: 1200, height: 1600, format: "jpeg" },
    ...{ camera: "Canon EOS R5", takenAt, expected: "ready" },
  };
}

export async function plainPng(seed = 2): Promise<Photograph> {
  const data = await scene({ width: 900, height: 600, seed }).png({ compressionLevel: 6 }).toBuffer();
  return {
    ...{ fileName: "lake.png", contentType: "image/png", data, width: 900, height: 600, format: "png" },
    ...{ camera: null, takenAt: null, expected: "ready" },
  };
}

export async function phoneWebp(seed = 3): Promise<Photograph> {
  const takenAt = "2025-01-02T08:15:00";
  const data = await scene({ width: 1600, height: 1000, seed })
    .withExif(exif("Google", "Pixel 9", takenAt))
    .webp({ quality: 82 })
    .toBuffer();
  return {
    ...{ fileName: "ridge.webp", contentType: "image/webp", data, width: 1600, height: 1000, format: "webp" },
    ...{ camera: "Google Pixel 9", takenAt, expected: "ready" },
  };
}

/** Smaller than the larger thumbnail, which must not blow it up. */
export async function smallAvif(seed = 4): Promise<Photograph> {
  const takenAt = "2023-11-30T23:59:59";
  const data = await scene({ width: 640, height: 427, seed })
    .withExif(exif("FUJIFILM", "X-T5", takenAt))
    .avif({ quality: 60, effort: 1 })
    .toBuffer();
  return {
    ...{ fileName: "dusk.avif", contentType: "image/avif", data, width: 640, height: 427, format: "avif" },
    ...{ camera: "FUJIFILM X-T5", takenAt, expected: "ready" },
  };
}

/** Cut in the middle of its pixels, as a broken transfer leaves it. */
export async function corruptJpeg(seed = 5): Promise<Photograph> {
  const whole = await uprightJpeg(seed);
  const data = whole.data.subarray(0, Math.floor(whole.data.length * 0.4));
  return { ...whole, fileName: "broken.jpg", data, expected: "failed" };
}

/** A PNG that is announced as a JPEG. */
export async function lyingPng(seed = 6): Promise<Photograph> {
  return { ...(await plainPng(seed)), fileName: "liar.jpg", contentType: "image/jpeg", expected: "failed" };
}

/** All of them: what a demonstration uploads. */
export const photographs = (seed = 1): Promise<Photograph[]> =>
  Promise.all(
    [uprightJpeg, plainPng, phoneWebp, smallAvif, corruptJpeg, lyingPng].map((make, index) => make(seed * 100 + index)),
  );
