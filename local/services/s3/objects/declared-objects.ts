/** Objects that a program declares: put where they are not there yet, or are others now. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Asset, Resource } from "../../../../engine/graph.ts";
import { declaring } from "../../../customer-keys.ts";
import type { S3 } from "../index.ts";

/** Input of the program → member of PutObject. */
const MEMBERS: Record<string, string> = {
  cacheControl: "CacheControl",
  contentDisposition: "ContentDisposition",
  contentEncoding: "ContentEncoding",
  contentLanguage: "ContentLanguage",
  contentType: "ContentType",
  metadata: "Metadata",
  storageClass: "StorageClass",
  websiteRedirect: "WebsiteRedirectLocation",
};

export function declareObject({ cloud, store }: Pick<S3, "cloud" | "store">) {
  return async ({ inputs }: Resource): Promise<void> => {
    const [Bucket, Key] = [String(inputs.bucket), String(inputs.key)];
    const members: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(MEMBERS))
      if (inputs[name] !== undefined) members[member] = inputs[name];
    if (inputs.tags) members.Tagging = new URLSearchParams(inputs.tags as Record<string, string>).toString();
    const Body = bytesOf(inputs);
    const version = createHash("sha256").update(Body).update(JSON.stringify(members)).digest("hex");
    const before = store.latest(Bucket, Key);
    if (before && !before.isDeleteMarker && before.declared === version) return;
    await cloud.call("s3", "PutObject", { Bucket, Key, Body, ...members }, declaring(cloud));
    const stored = store.latest(Bucket, Key);
    if (stored) store.update({ ...stored, declared: version });
  };
}

/** @throws Error for a content that is somewhere else */
function bytesOf({ source, content, contentBase64 }: Resource["inputs"]): Buffer {
  if (contentBase64 !== undefined) return Buffer.from(String(contentBase64), "base64");
  if (content !== undefined) return Buffer.from(String(content));
  if (source === undefined) return Buffer.alloc(0);
  if (typeof source === "string") return readFileSync(source);
  const asset = source as unknown as Asset;
  if (asset.$asset === "string") return Buffer.from(asset.text);
  if (asset.$asset === "file") return readFileSync(asset.path);
  throw new Error("an object's source is a file or a text: what is elsewhere or packed is not fetched");
}
