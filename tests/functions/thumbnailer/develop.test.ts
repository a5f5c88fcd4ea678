import sharp from "sharp";
import { develop } from "../../../functions/thumbnailer/develop.ts";
import {
  corruptJpeg,
  lyingPng,
  type Photograph,
  phoneWebp,
  plainPng,
  smallAvif,
  uprightJpeg,
} from "../../fixtures/photos.ts";

const developed = (photo: Photograph) =>
  develop(photo.data, { contentType: photo.contentType, bytes: photo.data.length });

describe("a photo that was uploaded", () => {
  it.each([
    ["JPEG", uprightJpeg],
    ["PNG", plainPng],
    ["WebP", phoneWebp],
    ["AVIF", smallAvif],
  ])("%s: gets its size, format, camera, date and digest", async (_, make) => {
    const photo = await make();
    const result = await developed(photo);
    const { width, height, format, camera, takenAt } = photo;
    expect(result).toMatchObject({ width, height, format, camera, takenAt, bytes: photo.data.length });
    expect(result.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it("gets thumbnails of at most 256 and 1024 pixels that decode, in its own proportions", async () => {
    const { thumbnails } = await developed(await phoneWebp());
    expect(thumbnails.map(({ size, width, height }) => ({ size, width, height }))).toEqual([
      { size: 256, width: 256, height: 160 },
      { size: 1024, width: 1024, height: 640 },
    ]);
    for (const { data, width, height } of thumbnails) {
      const { info } = await sharp(data).raw().toBuffer({ resolveWithObject: true });
      expect(info).toMatchObject({ width, height });
    }
  });

  it("is never blown up", async () => {
    const { thumbnails } = await developed(await smallAvif());
    expect(thumbnails[1]).toMatchObject({ size: 1024, width: 640, height: 427 });
  });

  it("stands upright in its thumbnails when the camera was held sideways", async () => {
    const { thumbnails } = await developed(await uprightJpeg());
    expect(thumbnails[0]).toMatchObject({ width: 192, height: 256 });
    const top = await brightness(thumbnails[0]!.data, { left: 0, top: 0, width: 192, height: 30 });
    const bottom = await brightness(thumbnails[0]!.data, { left: 0, top: 226, width: 192, height: 30 });
    expect(top).toBeGreaterThan(bottom + 40);
  });

  it("leaves its metadata, the place above all, out of its thumbnails", async () => {
    const photo = await uprightJpeg();
    expect((await sharp(photo.data).metadata()).exif).toBeDefined();
    for (const { data } of (await developed(photo)).thumbnails) {
      const { exif, icc, iptc, xmp, orientation } = await sharp(data).metadata();
      expect({ exif, icc, iptc, xmp, orientation }).toEqual({});
    }
  });

  it("keeps its transparency", async () => {
    const data = await sharp({ create: { width: 300, height: 300, channels: 4, background: "#ff000000" } })
      .png()
      .toBuffer();
    const { thumbnails } = await develop(data, { contentType: "image/png", bytes: data.length });
    expect((await sharp(thumbnails[0]!.data).metadata()).hasAlpha).toBe(true);
  });
});

describe("a file at fault is rejected with a reason", () => {
  it("when it is corrupt", async () => {
    await expect(developed(await corruptJpeg())).rejects.toThrow(/^The image\/jpeg file is corrupt: /);
  });

  it("when it is another type than announced", async () => {
    await expect(developed(await lyingPng())).rejects.toThrow("The file is image/png, but image/jpeg was announced");
  });

  it("when it is no image", async () => {
    const data = Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>");
    await expect(develop(data, { contentType: "image/png", bytes: data.length })).rejects.toThrow(
      "The file is no image of a known type, but image/png was announced",
    );
  });

  it("when it has another size than announced", async () => {
    const { data } = await plainPng();
    await expect(develop(data, { contentType: "image/png", bytes: 7 })).rejects.toThrow(
      `The file has ${data.length} bytes, but 7 were announced`,
    );
  });

  it("when a few kilobytes would unpack to more than 100 million pixels", async () => {
    const bomb = await sharp({ create: { width: 20_000, height: 6_000, channels: 3, background: "black" } })
      .png({ compressionLevel: 9 })
      .toBuffer();
    expect(bomb.length).toBeLessThan(1_000_000);
    await expect(develop(bomb, { contentType: "image/png", bytes: bomb.length })).rejects.toThrow(/100000000/);
  });

  it("when it is HEIC and this sharp has no HEVC decoder", async () => {
    const box = Buffer.alloc(64);
    box.writeUInt32BE(24, 0);
    box.write("ftypheic\0\0\0\0mif1heic", 4, "latin1");
    await expect(develop(box, { contentType: "image/heic", bytes: box.length })).rejects.toThrow(/can not decode HEIC/);
  });
});

async function brightness(image: Buffer, region: { left: number; top: number; width: number; height: number }) {
  const { channels } = await sharp(await sharp(image).extract(region).greyscale().png().toBuffer()).stats();
  return channels[0]!.mean;
}
