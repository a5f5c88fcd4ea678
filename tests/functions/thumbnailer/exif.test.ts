import sharp from "sharp";
import { readExif } from "../../../functions/thumbnailer/exif.ts";

async function block(IFD0: Record<string, string>, IFD2: Record<string, string> = {}) {
  const image = sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } });
  const jpeg = await image.withExif({ IFD0, IFD2 }).jpeg().toBuffer();
  return (await sharp(jpeg).metadata()).exif;
}

describe("EXIF", () => {
  it.each([
    ["Canon", "Canon EOS R5", "Canon EOS R5"],
    ["NIKON CORPORATION", "NIKON Z 8", "NIKON CORPORATION NIKON Z 8"],
    ["Apple", "iPhone 16 Pro", "Apple iPhone 16 Pro"],
  ])("of %s %s names the camera once", async (Make, Model, camera) => {
    expect((await readExif(await block({ Make, Model }))).camera).toBe(camera);
  });

  it("gives the camera's local time without inventing a zone", async () => {
    const exif = await block({}, { DateTimeOriginal: "2024:05:17 14:03:22" });
    expect((await readExif(exif)).takenAt).toBe("2024-05-17T14:03:22");
  });

  it.each(["0000:00:00 00:00:00", "2024:13:01 00:00:00", "2024:06:31 00:00:00", "yesterday"])(
    "with the date %s has none",
    async (DateTimeOriginal) => {
      expect((await readExif(await block({}, { DateTimeOriginal }))).takenAt).toBeNull();
    },
  );

  it("that is damaged or absent is as good as none", async () => {
    const none = { takenAt: null, camera: null };
    expect(await readExif(undefined)).toEqual(none);
    expect(await readExif(Buffer.from("Exif\0\0II*\0\xff\xff\xff\xff", "latin1"))).toEqual(none);
    const whole = (await block({ Make: "Canon", Model: "R5" })) as Buffer;
    for (let length = 0; length < whole.length; length += 7) await readExif(whole.subarray(0, length));
  });
});
