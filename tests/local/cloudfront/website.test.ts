import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redirect, Website, type WebsiteArgs } from "../../../components/index.ts";
import { deploy } from "../../../engine/testing.ts";
import { manualClock } from "../../../local/clock.ts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { apply } from "../../../local/runner/apply.ts";
import { provisioner } from "../../../local/runner/provision.ts";
import { type Gateway, startGateway } from "../../../local/services/apigateway/gateway.ts";
import { services } from "../../../local/services/index.ts";
import { request, type SentOptions } from "../http-request.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";

describe("the Website component on this machine", () => {
  const directory = mkdtempSync(join(tmpdir(), "site-"));
  const clock = manualClock(Date.now());
  let cloud: RunningCloud;
  let gateway: Gateway;

  beforeAll(async () => {
    mkdirSync(join(directory, "assets"));
    write("index.html", "<!doctype html><h1>first</h1>");
    write("404.html", "nothing here");
    write("assets/app-4f2a9c1b.js", `console.log(${JSON.stringify("photos ".repeat(300))});`);
    cloud = await startCloud({ services, clock });
    gateway = await startGateway({ cloud, port: 0, hosts: {} });
  });
  afterAll(async () => {
    await gateway.stop();
    await cloud.stop();
    rmSync(directory, { recursive: true });
  });

  const write = (name: string, text: string) => writeFileSync(join(directory, name), text);
  const get = (path: string, options: SentOptions = {}) =>
    request(gateway.port, path, { host: "site.localhost", ...options });

  async function publish(args: WebsiteArgs = {}, more: () => unknown = () => {}) {
    const graph = await deploy(() => {
      new Website("site", { directory, protection: "disposable", ...args });
      more();
    });
    await apply(graph, { provision: provisioner(cloud) });
  }

  it("serves the folder's files with their types and headers, and every path of the application", async () => {
    await publish();
    const home = await get("/");
    expect(home).toMatchObject({ status: 200, text: "<!doctype html><h1>first</h1>" });
    expect(home.headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      "strict-transport-security": "max-age=63072000; includeSubDomains",
      "x-frame-options": "DENY",
      "content-security-policy": expect.stringContaining("default-src 'self'"),
      "cross-origin-opener-policy": "same-origin",
    });
    for (const name of ["x-amz-server-side-encryption", "x-amz-version-id"]) expect(home.headers[name]).toBeUndefined();
    expect((await get("/albums/42")).text).toBe(home.text);
    const script = await get("/assets/app-4f2a9c1b.js", { headers: { "accept-encoding": "br" } });
    expect(script.headers).toMatchObject({
      "cache-control": "public, max-age=31536000, immutable",
      "content-encoding": "br",
      "content-type": "text/javascript; charset=utf-8",
    });
  });

  it("shows a page as soon as it is published again: CloudFront is made to forget the old one", async () => {
    write("index.html", "<!doctype html><h1>second</h1>");
    await publish();
    expect((await get("/")).text).toContain("second");
  });

  it("publishing the same again puts nothing and forgets nothing", async () => {
    const script = "/assets/app-4f2a9c1b.js";
    await get(script);
    await publish();
    const { headers } = await get(script);
    const versions = await cloud.call("s3", "ListObjectVersions", { Bucket: await bucketName() });
    expect(versions.Versions.filter(({ Key }: { Key: string }) => Key === script.slice(1))).toHaveLength(1);
    expect(headers.etag).toMatch(/^"/);
  });

  it("a missing file is the site's own page, with its code", async () => {
    await publish({ notFoundPage: "404.html" });
    expect(await get("/none.png")).toMatchObject({ status: 404, text: "nothing here" });
  });

  it("sends other hosts to the site's own, which is on this machine", async () => {
    const domain = { host: "www.example.com", zone: "example.com", zoneId: "Z1", redirectFrom: ["example.com"] };
    await publish(
      { domain },
      () =>
        new Redirect("old", { from: ["old.example.com"], to: "www.example.com", zone: "example.com", zoneId: "Z1" }),
    );
    expect((await get("/")).text).toContain("second");
    const away = await get("/a?b=1", { host: "example.com" });
    expect([away.status, away.headers.location]).toEqual([301, "https://www.example.com/a?b=1"]);
    const local = await get("/a?b=1", { host: "old.localhost" });
    expect([local.status, local.headers.location]).toEqual([301, `http://site.localhost:${gateway.port}/a?b=1`]);
  });

  async function bucketName(): Promise<string> {
    const { Buckets } = await cloud.call("s3", "ListBuckets", {});
    return Buckets.find(({ Name }: { Name: string }) => Name.startsWith("site-files")).Name;
  }
});
