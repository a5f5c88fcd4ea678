import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Serves one request in a fresh process and tells which packages were loaded for it. */
async function packagesLoadedFor(path: string): Promise<{ status: number; packages: string[] }> {
  const program = `
    import { registerHooks } from "node:module";
    const packages = new Set();
    registerHooks({
      load(url, context, next) {
        const name = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1];
        if (name) packages.add(name);
        return next(url, context);
      },
    });
    const { handler } = await import(${JSON.stringify(new URL("../../../functions/api/handler.ts", import.meta.url).href)});
    const event = { httpMethod: "GET", path: ${JSON.stringify(path)}, resource: ${JSON.stringify(path)}, headers: {} };
    const { statusCode } = await handler({ ...event, requestContext: { requestId: "1" } }, {});
    console.log(JSON.stringify({ status: statusCode, packages: [...packages] }));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program]);
  return JSON.parse(stdout);
}

describe("a cold start", () => {
  it("for the health check loads no package at all", async () => {
    expect(await packagesLoadedFor("/health")).toEqual({ status: 200, packages: [] });
  });

  it("for the OpenAPI document loads no package at all", async () => {
    expect(await packagesLoadedFor("/openapi.json")).toEqual({ status: 200, packages: [] });
  });

  it("for a request without a token loads no package at all", async () => {
    expect(await packagesLoadedFor("/albums")).toEqual({ status: 401, packages: [] });
  });
});
