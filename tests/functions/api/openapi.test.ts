import { readFile } from "node:fs/promises";
import { openapi } from "../../../functions/api/openapi.ts";
import { routes } from "../../../functions/api/routes.ts";

// biome-ignore lint/suspicious/noExplicitAny: a document is walked here, not typed
type Document = any;

describe("openapi.json", () => {
  it("is what the routes and schemas say (else: npm run openapi)", async () => {
    const file = new URL("../../../functions/api/openapi.json", import.meta.url);
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual(await openapi(routes));
  });

  it("leaves only the health check and itself without a token", async () => {
    const document: Document = await openapi(routes);
    const open = Object.entries<Document>(document.paths).flatMap(([path, methods]) =>
      Object.entries<Document>(methods)
        .filter(([, { security }]) => security?.length === 0)
        .map(([method]) => `${method} ${path}`),
    );
    expect(open).toEqual(["get /health", "get /openapi.json"]);
  });

  it("has request schemas that API Gateway's models (JSON Schema draft 4) understand", async () => {
    const document: Document = await openapi(routes);
    const bodies = ["AlbumPatch", "NewAlbum", "NewPhoto"];
    expect(bodies.every((name) => document.components.schemas[name].additionalProperties === false)).toBe(true);
    const text = JSON.stringify(bodies.map((name) => document.components.schemas[name]));
    for (const later of ["$ref", "const", "exclusiveM", "$defs", '"if"', "prefixItems"])
      expect(text).not.toContain(later);
  });
});
