/**
 * A function's code as a directory: what `/var/task` is on AWS.
 * A directory given as it is stays where it is; files of an archive are hard-linked and directories linked, so that nothing
 * is copied; a zip file is laid out once. A function cannot write to it (see environments/runtime/own-files.cjs).
 */
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Asset } from "../../../../engine/graph.ts";
import { AwsError } from "../../../service.ts";
import { unpack } from "./packages.ts";

export interface Code {
  directory: string;
  /** Changes whenever the code does. Base64 of a SHA-256: of the zip file as on AWS, where it is one. */
  sha256: string;
  bytes: number;
}

type Leaf = { name: string; path: string; kind: "file" | "directory" } | { name: string; text: string; kind: "text" };

/** @param cache Directory below which each distinct code gets a directory of its own. */
export function materialise(code: Asset, cache: string): Code {
  if (code.$asset === "fileArchive" && !statOf(code.path).isDirectory()) return unpack(code.path, cache);
  const leaves = flatten(code, "");
  const digest = createHash("sha256");
  let bytes = 0;
  for (const leaf of leaves) {
    if (leaf.kind === "text") {
      digest.update(`${leaf.name}\0${leaf.text}\0`);
      bytes += Buffer.byteLength(leaf.text);
      continue;
    }
    for (const path of leaf.kind === "file" ? [leaf.path] : filesOf(leaf.path)) {
      const { size, mtimeMs } = statOf(path);
      digest.update(`${leaf.name}\0${path}\0${size}\0${mtimeMs}\0`);
      bytes += size;
    }
  }
  const hash = digest.digest();
  const [only] = leaves;
  if (leaves.length === 1 && only?.kind === "directory" && only.name === "") {
    return { directory: only.path, sha256: hash.toString("base64"), bytes };
  }
  const directory = join(cache, hash.toString("hex").slice(0, 32));
  if (!existsSync(directory)) build(leaves, directory);
  return { directory, sha256: hash.toString("base64"), bytes };
}

function flatten(asset: Asset, name: string): Leaf[] {
  switch (asset.$asset) {
    case "archive":
      return Object.entries(asset.assets).flatMap(([key, value]) => flatten(value, name ? `${name}/${key}` : key));
    case "string":
      return [{ name, text: asset.text, kind: "text" }];
    case "file":
      return [{ name, path: asset.path, kind: "file" }];
    case "fileArchive":
      if (!statOf(asset.path).isDirectory()) {
        throw new AwsError(
          "InvalidParameterValueException",
          `${asset.path} is packed: inside of an archive, give its directory`,
        );
      }
      return [{ name, path: asset.path, kind: "directory" }];
    default:
      throw new AwsError("InvalidParameterValueException", `${asset.uri}: code is not fetched from elsewhere`);
  }
}

/** The directory itself and what is in it, but for installed packages: they are many and change by their directory. */
function filesOf(directory: string): string[] {
  const inside = readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (!entry.isDirectory()) return [path];
    return entry.name === "node_modules" ? [path] : filesOf(path);
  });
  return [directory, ...inside];
}

/** Complete or absent: built under another name first. */
function build(leaves: Leaf[], directory: string): void {
  const draft = `${directory}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  for (const leaf of leaves) {
    const target = join(draft, leaf.name);
    if (relative(draft, target).startsWith("..")) {
      throw new AwsError("InvalidParameterValueException", `${leaf.name} lies outside the package`);
    }
    mkdirSync(dirname(target), { recursive: true });
    if (leaf.kind === "text") writeFileSync(target, leaf.text);
    else if (leaf.kind === "directory") symlinkSync(leaf.path, target, "junction");
    else linkOrCopy(leaf.path, target);
  }
  renameSync(draft, directory);
}

function linkOrCopy(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch {
    copyFileSync(source, target); // another file system
  }
}

function statOf(path: string) {
  try {
    return statSync(path);
  } catch {
    throw new AwsError("InvalidParameterValueException", `${path}, part of the function's code, does not exist`);
  }
}
