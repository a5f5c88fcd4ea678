import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Graph } from "../../../engine/graph.ts";
import { assetFolders, objectsOf } from "../../../local/runner/assets.ts";
import { watch } from "../../../local/runner/watch.ts";

describe("files that a program puts into buckets", () => {
  const file = (path: string, name = path) => ({
    ...{ type: "aws:s3/bucketObjectv2:BucketObjectv2", name, urn: `urn:${name}` },
    inputs: { source: { $asset: "file", path } },
  });
  const graph = {
    resources: [
      ...[file("/app/site/index.html"), file("/app/site/assets/a.js"), file("/app/other/b.txt")],
      { type: "aws:s3/bucketObject:BucketObject", urn: "urn:text", name: "text", inputs: { content: "x" } },
      { type: "aws:s3/bucket:Bucket", urn: "urn:bucket", name: "bucket", inputs: {} },
    ],
  } as unknown as Graph;

  it("are watched by their folders, and put again when one was edited", () => {
    expect(assetFolders(graph)).toEqual(["/app/site", "/app/other"]);
    expect(objectsOf(graph)).toHaveLength(4);
  });

  it("reload the program when one is edited, wherever the folder is", async () => {
    const directory = mkdtempSync(join(tmpdir(), "terrace-watch-"));
    const site = join(directory, "console", "dist");
    mkdirSync(site, { recursive: true });
    const edited = new Promise<string[]>((resolve) => {
      const watcher = watch(directory, [site], async (files) => {
        watcher.close();
        resolve(files);
      });
    });
    writeFileSync(join(site, "index.html"), "new");
    expect(await edited).toEqual(["console/dist/index.html"]);
    rmSync(directory, { recursive: true });
  });
});
