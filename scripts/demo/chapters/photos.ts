/** Two tenants upload at once, good files and bad; what comes back is decoded and compared. */

import { deadLetters } from "../cloud.ts";
import { http } from "../http.ts";
import { photographs, uprightJpeg } from "../photographs.ts";
import { announce, assertFailed, assertReady, type Uploaded, uploadAll } from "../uploads.ts";
import type { Visitor } from "../visitor.ts";
import { type Chapter, newAlbum, POOLED, SILO, totals } from "./scene.ts";

const list = (parts: string[]) => parts.join(", ");

export const photosChapter: Chapter = async (scene) => {
  const { platform, story } = scene;
  const { visitors } = scene;
  scene.before = new Map(await Promise.all(visitors.map(async (each) => [each.tenantId, await totals(each)] as const)));

  story.heading(`${list(visitors.map(({ tenantId }) => tenantId))} upload at the same time`);
  const pictures = await story.step(
    "Photographs are taken",
    async () =>
      new Map(
        await Promise.all(visitors.map(async ({ tenantId }, at) => [tenantId, await photographs(at + 1)] as const)),
      ),
    (made) =>
      list([...made.values()][0]!.map(({ fileName, data }) => `${fileName} ${Math.round(data.length / 1024)} KiB`)),
  );
  scene.uploads = await story.step(
    "Each is announced, uploaded to its signed URL and processed",
    async () => {
      const all = visitors.map(async (visitor) => {
        const { albumId } = await newAlbum(visitor);
        const taken = pictures.get(visitor.tenantId)!;
        return [visitor.tenantId, await uploadAll(visitor, albumId, taken)] as const;
      });
      return new Map(await Promise.all(all));
    },
    (done) => `${[...done.values()].flat().length} photos of ${done.size} tenants`,
  );
  const done = [...scene.uploads.values()].flat();
  for (const uploaded of scene.uploads.get(SILO)!.filter(({ photograph }) => photograph.expected === "ready"))
    await story.step(
      `${uploaded.photograph.fileName} is ready; its thumbnails, decoded, stand upright and carry no metadata`,
      () => assertReady(uploaded),
      () => describe(uploaded),
    );
  await story.step("So are the other tenant's", async () => {
    for (const uploaded of scene.uploads.get(POOLED)!)
      if (uploaded.photograph.expected === "ready") await assertReady(uploaded);
  });
  for (const uploaded of scene.uploads.get(SILO)!.filter(({ photograph }) => photograph.expected === "failed"))
    await story.step(
      `${uploaded.photograph.fileName} failed, with a reason`,
      async () => assertFailed(uploaded),
      (why) => why,
    );
  await story.step("The other tenant's bad files failed too", async () => {
    for (const uploaded of done) if (uploaded.photograph.expected === "failed") assertFailed(uploaded);
  });
  await story.step(
    "None of them is tried for ever",
    async () => {
      const left = Object.entries(await deadLetters(platform.outputs)).filter(([, count]) => count > 0);
      if (left.length > 0) throw new Error(`dead letters in ${list(left.map(([name]) => name))}`);
    },
    () => "the dead-letter queues are empty",
  );
  await story.step("A file larger than announced is refused by the signature", () => refuseLargerUpload(visitors[0]!));
};

function describe({ photo, photograph }: Uploaded): string {
  const sizes = photo.thumbnails.map(({ width, height }) => `${width} × ${height}`);
  const taken = photograph.camera === null ? "" : `, ${photograph.camera}`;
  return `${photo.format} ${photo.width} × ${photo.height}${taken} → ${list(sizes)}`;
}

async function refuseLargerUpload(visitor: Visitor): Promise<void> {
  const picture = await uprightJpeg(99);
  const { albumId } = await newAlbum(visitor);
  const { upload: signed } = await announce(visitor, albumId, picture);
  const body = Buffer.concat([picture.data, Buffer.alloc(1)]);
  const headers = Object.fromEntries(
    Object.entries(signed.headers).map(([name, value]) => [
      name,
      /content-length/i.test(name) ? String(body.length) : value,
    ]),
  );
  const { status } = await http(signed.url, { method: signed.method, headers, body });
  if (status !== 403) throw new Error(`the upload answered ${status}, not 403`);
}
