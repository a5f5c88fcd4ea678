import { originalKey, thumbnailKey, thumbnailSizes } from "../shared/object-keys.ts";
import { operation } from "./operation.ts";
import { page, pageOf } from "./paging.ts";
import type { PhotoRow, Ports } from "./ports.ts";
import { NotFound } from "./problem.ts";
import { idempotencyKey, identifier } from "./request-values.ts";

export const listPhotos = operation({
  id: "listPhotos",
  summary: "An album's photos, newest first",
  query: "PageQuery",
  responses: { 200: { description: "A page of photos", schema: "PhotoPage" } },
  problems: [400, 404],
  async run({ parameters, query }, ports) {
    const albumId = identifier(parameters["albumId"], "album");
    const list = `${ports.tenantId}/albums/${albumId}/photos`;
    const photos = await ports.library.photos(albumId, await page(query, list, ports));
    if (!photos) throw new NotFound("album");
    const rows = await Promise.all(photos.rows.map((row) => present(row, ports)));
    return { status: 200, body: await pageOf({ rows, next: photos.next }, list, ports) };
  },
});

export const createPhoto = operation({
  id: "createPhoto",
  summary: "Announces a photo and says where to upload it",
  description: "PUT the file to `upload.url` with exactly `upload.headers`. Its status follows from there.",
  idempotent: true,
  body: "NewPhoto",
  responses: { 201: { description: "The photo, pending, and its upload", schema: "PhotoUpload" } },
  problems: [400, 404, 409, 415, 422],
  async run({ parameters, body, http }, ports) {
    const albumId = identifier(parameters["albumId"], "album");
    const request = { key: idempotencyKey(http), route: `POST /albums/${albumId}/photos`, body };
    // The key stands for the row. The upload is signed for every answer: a stored signature would be stale, and a secret.
    const { result, replayed } = await ports.once(request, async (photoId) => {
      const created = await ports.library.createPhoto(photoId, albumId, body);
      if (!created) throw new NotFound("album");
      return created;
    });
    const key = originalKey({ tenantId: ports.tenantId, photoId: result.photoId });
    const upload = await ports.objects.upload(key, result.contentType, result.announcedBytes);
    return {
      status: 201,
      headers: { location: `/photos/${result.photoId}`, ...(replayed && { "idempotent-replayed": "true" }) },
      body: { ...(await present(result, ports)), upload },
    };
  },
});

export const getPhoto = operation({
  id: "getPhoto",
  summary: "One photo",
  responses: { 200: { description: "The photo", schema: "Photo" } },
  problems: [404],
  async run({ parameters }, ports) {
    const photo = await ports.library.photo(identifier(parameters["photoId"], "photo"));
    if (!photo) throw new NotFound("photo");
    return { status: 200, body: await present(photo, ports) };
  },
});

export const deletePhoto = operation({
  id: "deletePhoto",
  summary: "Deletes a photo and its files",
  responses: { 204: { description: "It is gone" } },
  problems: [404],
  async run({ parameters }, { tenantId, library, objects }) {
    const photoId = identifier(parameters["photoId"], "photo");
    if (!(await library.photo(photoId))) throw new NotFound("photo");
    // Files first: if they can not be removed, the row still names them and the client can try again.
    const photo = { tenantId, photoId };
    await objects.remove([originalKey(photo), ...thumbnailSizes.map((size) => thumbnailKey(photo, size))]);
    await library.deletePhoto(photoId);
    return { status: 204 };
  },
});

/** A row as clients see it: object keys become signed URLs. */
async function present({ announcedBytes: _, ...photo }: PhotoRow, { tenantId, objects }: Ports) {
  const key = { tenantId, photoId: photo.photoId };
  const [url, thumbnails] = await Promise.all([
    photo.status === "ready" ? objects.downloadUrl(originalKey(key), { fileName: photo.fileName }) : null,
    Promise.all(
      photo.thumbnails.map(async (thumbnail) => ({
        ...thumbnail,
        url: await objects.downloadUrl(thumbnailKey(key, thumbnail.size)),
      })),
    ),
  ]);
  return { ...photo, url, thumbnails };
}
