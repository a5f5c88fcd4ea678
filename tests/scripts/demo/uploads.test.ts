/** A demonstration is worth something only if it can fail: the checks, against wrong results. */
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import sharp, { type Sharp } from "sharp";
import { type Photograph, uprightJpeg } from "../../../scripts/demo/photographs.ts";
import { assertFailed, assertReady, type Photo } from "../../../scripts/demo/uploads.ts";

let photograph: Photograph;
let server: Server;
let served: Buffer;
let url: string;
beforeAll(async () => {
  photograph = await uprightJpeg();
  server = createServer((_, response) => response.end(served)).listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
});
afterAll(() => new Promise((done) => server.close(done)));

const thumbnail = (make: (image: Sharp) => Sharp) =>
  make(sharp(photograph.data).autoOrient().resize({ width: 256, height: 256, fit: "inside" }))
    .webp()
    .toBuffer();

const photo = (): Photo => ({
  photoId: "1",
  status: "ready",
  failureReason: null,
  width: photograph.width,
  height: photograph.height,
  format: photograph.format,
  sha256: createHash("sha256").update(photograph.data).digest("hex"),
  takenAt: photograph.takenAt,
  camera: photograph.camera,
  url: null,
  thumbnails: [{ size: 256, width: 192, height: 256, contentType: "image/webp", url }],
});

describe("the check of a processed photo", () => {
  it("passes a good thumbnail", async () => {
    served = await thumbnail((image) => image);
    await assertReady({ photograph, photo: photo() });
  });

  it.each<[string, (image: Sharp) => Sharp, string]>([
    ["that is upside down", (image) => image.flip(), "does not show the picture"],
    ["of another size", (image) => image.resize(100), "100 × 133 pixels, not 192 × 256"],
    ["that tells of the camera", (image) => image.withExif({ IFD0: { Make: "Canon" } }), "carries metadata"],
  ])("fails a thumbnail %s", async (_, make, message) => {
    served = await sharp(await thumbnail((image) => image)).toBuffer();
    served = await make(sharp(served)).webp().toBuffer();
    await expect(assertReady({ photograph, photo: photo() })).rejects.toThrow(message);
  });

  it("fails a photo whose facts are wrong, naming the fact", async () => {
    served = await thumbnail((image) => image);
    const wrong = { ...photo(), camera: "Leica" };
    await expect(assertReady({ photograph, photo: wrong })).rejects.toThrow("camera is Leica, not Canon EOS R5");
  });

  it("fails a bad file that became ready", () => {
    expect(() => assertFailed({ photograph, photo: photo() })).toThrow("became ready, not failed with a reason");
  });
});
