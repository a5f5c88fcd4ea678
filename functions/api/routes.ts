/**
 * The route table. A key is what API Gateway calls a route key; an operation's module is loaded with its first request, so
 * that `GET /health` loads none of them.
 */

import type { Operation } from "./operation.ts";

export type Routes = Record<string, () => Operation | Promise<Operation>>;

const albums = () => import("./albums.ts");
const photos = () => import("./photos.ts");

export const routes: Routes = {
  "GET /health": async () => (await import("./health.ts")).health,
  "GET /openapi.json": async () => (await import("./openapi-document.ts")).openapiDocument,
  "GET /albums": async () => (await albums()).listAlbums,
  "POST /albums": async () => (await albums()).createAlbum,
  "GET /albums/{albumId}": async () => (await albums()).getAlbum,
  "PATCH /albums/{albumId}": async () => (await albums()).updateAlbum,
  "DELETE /albums/{albumId}": async () => (await albums()).deleteAlbum,
  "GET /albums/{albumId}/photos": async () => (await photos()).listPhotos,
  "POST /albums/{albumId}/photos": async () => (await photos()).createPhoto,
  "GET /photos/{photoId}": async () => (await photos()).getPhoto,
  "DELETE /photos/{photoId}": async () => (await photos()).deletePhoto,
  "GET /usage": async () => (await import("./usage.ts")).getUsage,
};
