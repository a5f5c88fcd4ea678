import { randomBytes } from "node:crypto";
import type { Context } from "aws-lambda";
import { createApi } from "../../../functions/api/api.ts";
import type { GatewayEvent } from "../../../functions/api/http.ts";
import { createOnce } from "../../../functions/api/once.ts";
import type { Ports } from "../../../functions/api/ports.ts";
import { routes } from "../../../functions/api/routes.ts";
import { type EventOptions, httpEvent, restEvent } from "./events.ts";
import { FakeLibrary } from "./fake-library.ts";
import { MemoryIdempotency } from "./memory-idempotency.ts";

const context = { getRemainingTimeInMillis: () => 30_000 } as Context;

function photoLibrary({ fail }: { fail?: Error } = {}) {
  const libraries = new Map<string, FakeLibrary>();
  const store = new MemoryIdempotency();
  const cursorKey = randomBytes(32);
  const removed: string[] = [];
  const reported: unknown[] = [];
  const connect = ({ tenantId }: { tenantId: string }): Ports => {
    if (fail) throw fail;
    const library = libraries.get(tenantId) ?? new FakeLibrary();
    libraries.set(tenantId, library);
    return {
      tenantId,
      library,
      objects: {
        upload: async (key, contentType, bytes) => ({
          ...{ method: "PUT", url: `https://upload.example/${key}`, expiresAt: "2026-01-01T00:15:00.000Z" },
          headers: { "content-type": contentType, "content-length": String(bytes) },
        }),
        downloadUrl: async (key) => `https://download.example/${key}`,
        remove: async (keys) => void removed.push(...keys),
      },
      once: createOnce({ tenantId, store, context }),
      cursorKey: async () => cursorKey,
      now: () => Date.UTC(2026, 5, 15),
    };
  };
  const api = createApi({ routes, connect, report: (error) => void reported.push(error) });
  const send = async (event: GatewayEvent) => {
    const { statusCode, headers, body } = await api(event);
    return {
      status: statusCode,
      headers: headers as Record<string, string>,
      body: body ? JSON.parse(body) : undefined,
    };
  };
  const request = (method: string, path: string, options?: EventOptions) => send(restEvent(method, path, options));
  const album = async (title = "Alps", tenantId = "acme") =>
    (await request("POST", "/albums", { body: { title }, tenantId })).body.albumId as string;
  return { request, send, album, libraries, removed, reported };
}

const photo = { fileName: "summit.jpg", contentType: "image/jpeg", bytes: 1000 };
const nowhere = "11111111-1111-4111-8111-111111111111";

describe("GET /health", () => {
  it("answers without a tenant, a connection or a schema", async () => {
    const { request } = photoLibrary({ fail: new Error("must not connect") });
    expect(await request("GET", "/health", { tenantId: null })).toMatchObject({ status: 200, body: { status: "ok" } });
  });
});

describe("the same API behind both gateways", () => {
  it.each([
    ["REST", restEvent],
    ["HTTP", httpEvent],
  ])("%s: makes, finds, changes and deletes an album", async (_, event) => {
    const { send } = photoLibrary();
    const made = await send(event("POST", "/albums", { body: { title: "Alps" } }));
    expect(made).toMatchObject({ status: 201, body: { title: "Alps", description: null } });
    const path = `/albums/${made.body.albumId}`;
    expect(made.headers["location"]).toBe(path);
    expect((await send(event("GET", path))).body).toEqual(made.body);
    expect((await send(event("PATCH", path, { body: { description: "June" } }))).body).toMatchObject({
      title: "Alps",
      description: "June",
    });
    expect(await send(event("DELETE", path))).toMatchObject({ status: 204, body: undefined });
    expect((await send(event("GET", path))).status).toBe(404);
  });
});

describe("a photo", () => {
  it("is announced and gets an upload that holds type and size", async () => {
    const { request, album } = photoLibrary();
    const { status, headers, body } = await request("POST", `/albums/${await album()}/photos`, { body: photo });
    expect(status).toBe(201);
    expect(headers["location"]).toBe(`/photos/${body.photoId}`);
    expect(body).toMatchObject({ status: "pending", thumbnails: [], url: null });
    expect(body.upload.url).toBe(`https://upload.example/tenants/acme/photos/${body.photoId}/original`);
    expect(body.upload.headers).toEqual({ "content-type": "image/jpeg", "content-length": "1000" });
    expect(body).not.toHaveProperty("announcedBytes");
  });

  it("that is ready shows signed URLs of its thumbnails and its original", async () => {
    const { request, album, libraries } = photoLibrary();
    const { photoId } = (await request("POST", `/albums/${await album()}/photos`, { body: photo })).body;
    const row = libraries.get("acme")!.photoRows.get(photoId)!;
    const thumbnail = { size: 256, width: 256, height: 171, bytes: 9000, contentType: "image/webp" };
    Object.assign(row, { status: "ready", thumbnails: [thumbnail] });
    const { body } = await request("GET", `/photos/${photoId}`);
    const folder = `https://download.example/tenants/acme/photos/${photoId}`;
    expect(body.thumbnails).toEqual([{ ...thumbnail, url: `${folder}/thumbnail-256.webp` }]);
    expect(body.url).toBe(`${folder}/original`);
  });

  it("is deleted with its files", async () => {
    const { request, album, removed } = photoLibrary();
    const { photoId } = (await request("POST", `/albums/${await album()}/photos`, { body: photo })).body;
    expect((await request("DELETE", `/photos/${photoId}`)).status).toBe(204);
    const folder = `tenants/acme/photos/${photoId}`;
    expect(removed).toEqual([`${folder}/original`, `${folder}/thumbnail-256.webp`, `${folder}/thumbnail-1024.webp`]);
    expect((await request("GET", `/photos/${photoId}`)).status).toBe(404);
  });

  it.each([
    ["no album", nowhere],
    ["an id that is none", "../albums"],
  ])("can not be announced in %s", async (_, albumId) => {
    const { request } = photoLibrary();
    const answer = await request("POST", `/albums/${encodeURIComponent(albumId)}/photos`, { body: photo });
    expect(answer.body).toMatchObject({ type: "urn:terrace:problem:not-found", status: 404 });
  });
});

describe("pages", () => {
  it("follow each other to the end, each album once", async () => {
    const { request, album } = photoLibrary();
    for (let index = 0; index < 5; index++) await album(`Album ${index}`);
    const titles: string[] = [];
    let cursor: string | undefined;
    do {
      const query: Record<string, string> = { limit: "2", ...(cursor && { cursor }) };
      const { body } = await request("GET", "/albums", { query });
      titles.push(...body.items.map(({ title }: { title: string }) => title));
      cursor = body.nextCursor ?? undefined;
    } while (cursor);
    expect(titles).toEqual(["Album 4", "Album 3", "Album 2", "Album 1", "Album 0"]);
  });

  it("refuse another tenant's cursor, and one of another list", async () => {
    const { request, album } = photoLibrary();
    for (const title of ["a", "b"]) await album(title);
    const albumOfGlobex = await album("c", "globex");
    const { nextCursor: cursor } = (await request("GET", "/albums", { query: { limit: "1" } })).body;
    for (const [path, tenantId] of [
      ["/albums", "globex"],
      [`/albums/${albumOfGlobex}/photos`, "globex"],
      [`/albums/${await album("d")}/photos`, "acme"],
    ] as const) {
      const { status, body } = await request("GET", path, { query: { cursor }, tenantId });
      expect({ status, type: body.type }).toEqual({ status: 400, type: "urn:terrace:problem:invalid-cursor" });
    }
  });
});

describe("an idempotency key", () => {
  const headers = { "Idempotency-Key": "key-1" };

  it("makes the second request answer as the first, and nothing is made twice", async () => {
    const { request, libraries } = photoLibrary();
    const first = await request("POST", "/albums", { body: { title: "Alps" }, headers });
    const second = await request("POST", "/albums", { body: { title: "Alps" }, headers });
    expect(second).toMatchObject({ status: 201, body: first.body, headers: { "idempotent-replayed": "true" } });
    expect(first.headers).not.toHaveProperty("idempotent-replayed");
    expect(libraries.get("acme")!.albumRows.size).toBe(1);
  });

  it("with another body is refused with 422", async () => {
    const { request } = photoLibrary();
    await request("POST", "/albums", { body: { title: "Alps" }, headers });
    const { status, body } = await request("POST", "/albums", { body: { title: "Andes" }, headers });
    expect({ status, type: body.type }).toEqual({ status: 422, type: "urn:terrace:problem:idempotency-key-reused" });
  });

  it("whose first request still runs is answered with 409", async () => {
    const { request, libraries } = photoLibrary();
    await request("GET", "/albums");
    const library = libraries.get("acme")!;
    const { promise: blocked, resolve: release } = Promise.withResolvers<void>();
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    const create = library.createAlbum.bind(library);
    library.createAlbum = async (...values) => {
      enter();
      await blocked;
      return create(...values);
    };
    const first = request("POST", "/albums", { body: { title: "Alps" }, headers });
    await entered;
    const second = await request("POST", "/albums", { body: { title: "Alps" }, headers });
    release();
    expect(second).toMatchObject({ status: 409, headers: { "retry-after": "1" } });
    expect((await first).status).toBe(201);
  });

  it("counts for one tenant and one route only", async () => {
    const { request, album } = photoLibrary();
    const [one, two] = [await album("one"), await album("two")];
    const ids = new Set<string>();
    for (const albumId of [one, two])
      ids.add((await request("POST", `/albums/${albumId}/photos`, { body: photo, headers })).body.photoId);
    for (const tenantId of ["acme", "globex"])
      ids.add((await request("POST", "/albums", { body: { title: "Alps" }, headers, tenantId })).body.albumId);
    expect(ids.size).toBe(4);
  });

  it("is free again after the request failed", async () => {
    const { request, libraries } = photoLibrary();
    await request("GET", "/albums");
    const library = libraries.get("acme")!;
    const create = library.createAlbum.bind(library);
    library.createAlbum = async () => {
      library.createAlbum = create;
      throw new Error("connection lost");
    };
    expect((await request("POST", "/albums", { body: { title: "Alps" }, headers })).status).toBe(500);
    expect((await request("POST", "/albums", { body: { title: "Alps" }, headers })).status).toBe(201);
  });

  it("gives a run after a lost one the id that the lost one had", async () => {
    const ids: string[] = [];
    for (let run = 0; run < 2; run++) {
      const once = createOnce({ tenantId: "acme", store: new MemoryIdempotency(), context });
      await once({ key: "key-1", route: "POST /albums", body: { title: "Alps" } }, async (id) => void ids.push(id));
    }
    expect(ids[0]).toBe(ids[1]);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("of more than 255 characters is refused", async () => {
    const { request } = photoLibrary();
    const { status } = await request("POST", "/albums", {
      body: { title: "Alps" },
      headers: { "Idempotency-Key": "k".repeat(256) },
    });
    expect(status).toBe(400);
  });
});

describe("bad input is told in full, as problem details", () => {
  it("names every field that is wrong", async () => {
    const { request, album } = photoLibrary();
    const { status, headers, body } = await request("POST", `/albums/${await album()}/photos`, {
      body: { fileName: "", contentType: "image/svg+xml", size: 3 },
    });
    expect(status).toBe(400);
    expect(headers["content-type"]).toBe("application/problem+json");
    expect(body).toMatchObject({ type: "urn:terrace:problem:invalid-request", status: 400, requestId: "request-1" });
    const pointers = body.errors
      .map(({ pointer, detail }: Record<string, string>) => `${pointer} ${detail}`)
      .join("\n");
    for (const part of ["bytes", "#/fileName", "#/contentType", "size"]) expect(pointers).toContain(part);
  });

  it.each([
    ["malformed JSON", "{", {}, 400, "malformed-json"],
    ["no body", undefined, {}, 400, "malformed-json"],
    ["another media type", "title=Alps", { "content-type": "text/plain" }, 415, "unsupported-media-type"],
    ["a blank title", { title: "  " }, {}, 400, "invalid-request"],
  ])("%s", async (_, body, headers, status, code) => {
    const { request } = photoLibrary();
    const answer = await request("POST", "/albums", { body, headers: headers as Record<string, string> });
    expect(answer).toMatchObject({ status, body: { type: `urn:terrace:problem:${code}` } });
  });

  it.each([
    ["limit", "0"],
    ["limit", "101"],
    ["limit", "many"],
    ["cursor", "AAAA"],
  ])("?%s=%s", async (name, value) => {
    const { request } = photoLibrary();
    expect((await request("GET", "/albums", { query: { [name]: value } })).status).toBe(400);
  });

  it("an unknown path is 404, an unknown method 405 with what is allowed", async () => {
    const { request } = photoLibrary();
    expect((await request("GET", "/nothing")).status).toBe(404);
    expect(await request("PUT", "/albums")).toMatchObject({ status: 405, headers: { allow: "GET, POST" } });
  });

  it("an album with photos is not deleted", async () => {
    const { request, album } = photoLibrary();
    const albumId = await album();
    await request("POST", `/albums/${albumId}/photos`, { body: photo });
    expect((await request("DELETE", `/albums/${albumId}`)).status).toBe(409);
  });
});

describe("tenants", () => {
  it("do not meet: another tenant's album is not found", async () => {
    const { request, album } = photoLibrary();
    const albumId = await album();
    expect((await request("GET", `/albums/${albumId}`, { tenantId: "globex" })).status).toBe(404);
  });

  it("are named by the authorizer only: a header changes nothing", async () => {
    const { request, album, libraries } = photoLibrary();
    await album();
    await request("GET", "/albums", { headers: { "X-Amz-Tenant-Id": "globex" } });
    expect([...libraries.keys()]).toEqual(["acme"]);
    expect((await request("GET", "/albums", { tenantId: null, headers: { "X-Amz-Tenant-Id": "globex" } })).status).toBe(
      401,
    );
  });
});

describe("an unexpected failure", () => {
  it("is reported, and tells the client nothing of its cause", async () => {
    const { request, reported } = photoLibrary({ fail: new Error("password is hunter2") });
    const { status, body } = await request("GET", "/albums");
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain("hunter2");
    expect(reported).toEqual([new Error("password is hunter2")]);
  });
});

describe("GET /usage", () => {
  it("sums the last thirty days by metric unless told otherwise", async () => {
    const { request, libraries } = photoLibrary();
    await request("GET", "/albums");
    libraries
      .get("acme")!
      .usageRows.push(
        { day: "2026-05-16", metric: "events", value: 1 },
        { day: "2026-05-17", metric: "events", value: 2 },
        { day: "2026-06-15", metric: "events", value: 3 },
      );
    expect((await request("GET", "/usage")).body).toMatchObject({
      from: "2026-05-17",
      to: "2026-06-15",
      totals: { events: 5 },
    });
  });

  it.each([
    [{ from: "2026-02-01", to: "2026-01-01" }],
    [{ from: "2020-01-01", to: "2026-01-01" }],
    [{ from: "yesterday" }],
  ])("refuses %j", async (query) => {
    const { request } = photoLibrary();
    expect((await request("GET", "/usage", { query: query as Record<string, string> })).status).toBe(400);
  });
});
