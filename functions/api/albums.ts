import { operation } from "./operation.ts";
import { page, pageOf } from "./paging.ts";
import { AlbumNotEmpty, NotFound } from "./problem.ts";
import { idempotencyKey, identifier } from "./request-values.ts";

export const listAlbums = operation({
  id: "listAlbums",
  summary: "Albums, newest first",
  query: "PageQuery",
  responses: { 200: { description: "A page of albums", schema: "AlbumPage" } },
  problems: [400],
  async run({ query }, ports) {
    const list = `${ports.tenantId}/albums`;
    const rows = await ports.library.albums(await page(query, list, ports));
    return { status: 200, body: await pageOf(rows, list, ports) };
  },
});

export const createAlbum = operation({
  id: "createAlbum",
  summary: "Makes an album",
  idempotent: true,
  body: "NewAlbum",
  responses: { 201: { description: "The new album", schema: "Album" } },
  problems: [400, 409, 415, 422],
  async run({ body, http }, { library, once }) {
    const request = { key: idempotencyKey(http), route: "POST /albums", body };
    const { result, replayed } = await once(request, (albumId) => library.createAlbum(albumId, body));
    return {
      status: 201,
      headers: { location: `/albums/${result.albumId}`, ...(replayed && { "idempotent-replayed": "true" }) },
      body: result,
    };
  },
});

export const getAlbum = operation({
  id: "getAlbum",
  summary: "One album",
  responses: { 200: { description: "The album", schema: "Album" } },
  problems: [404],
  async run({ parameters }, { library }) {
    const album = await library.album(identifier(parameters["albumId"], "album"));
    if (!album) throw new NotFound("album");
    return { status: 200, body: album };
  },
});

export const updateAlbum = operation({
  id: "updateAlbum",
  summary: "Changes what is given of an album",
  body: "AlbumPatch",
  responses: { 200: { description: "The album as it is now", schema: "Album" } },
  problems: [400, 404, 415],
  async run({ parameters, body }, { library }) {
    const album = await library.updateAlbum(identifier(parameters["albumId"], "album"), body);
    if (!album) throw new NotFound("album");
    return { status: 200, body: album };
  },
});

export const deleteAlbum = operation({
  id: "deleteAlbum",
  summary: "Deletes an empty album",
  responses: { 204: { description: "It is gone" } },
  problems: [404, 409],
  async run({ parameters }, { library }) {
    const outcome = await library.deleteAlbum(identifier(parameters["albumId"], "album"));
    if (outcome === "absent") throw new NotFound("album");
    if (outcome === "not-empty") throw new AlbumNotEmpty();
    return { status: 204 };
  },
});
