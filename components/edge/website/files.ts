/** The files of a built site: what each is, and for how long browsers may keep it. Reads the folder, makes nothing. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, resolve, sep } from "node:path";
import { InvalidArgumentError } from "../../invalid-argument.ts";

export interface SiteFile {
  /** Of the object: `assets/app-4f2a9c1b.js`. */
  key: string;
  path: string;
  contentType: string;
  /** Its name changes with its content, so a copy of it never grows old. */
  isHashed: boolean;
  cacheControl: string;
}

export interface SiteFiles {
  files: SiteFile[];
  /** Changes when any file whose name stays the same does. */
  version: string;
}

/** @throws InvalidArgumentError when the folder is missing, empty or without its index page. */
export function readSite(
  component: string,
  directory: string,
  index: string,
  hashedFolders?: readonly string[],
): SiteFiles {
  const root = resolve(directory);
  let names: string[];
  try {
    names = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  } catch (error) {
    const reason = (error as Error).message;
    throw new InvalidArgumentError(component, "directory", directory, `build the site first (${reason})`);
  }
  const files = names.map((name) => describeFile(root, name, hashedFolders)).sort((a, b) => (a.key < b.key ? -1 : 1));
  if (!files.some(({ key }) => key === index)) {
    throw new InvalidArgumentError(component, "directory", directory, `it has to hold ${index}; build the site first`);
  }
  const hash = createHash("sha256");
  for (const { key, path, isHashed } of files) if (!isHashed) hash.update(key).update(readFileSync(path));
  return { files, version: hash.digest("hex").slice(0, 16) };
}

function describeFile(root: string, name: string, hashedFolders?: readonly string[]): SiteFile {
  const key = name.split(sep).join("/");
  const isHashed = hasHash(key, hashedFolders);
  return {
    key,
    path: join(root, name),
    contentType: TYPES[extname(key).toLowerCase()] ?? "application/octet-stream",
    isHashed,
    cacheControl: isHashed ? "public, max-age=31536000, immutable" : "no-cache",
  };
}

/** Where bundlers put files whose names change with their content: Vite, Astro, SvelteKit, Next. */
export const HASHED_FOLDERS = ["assets/", "_astro/", "_app/immutable/", "_next/static/"];

/**
 * Whether a file's name ends in a hash: at least eight characters with a digit or a capital among the last eight. A word
 * such as `logo-horizontal.png`, copied into the same folder, is none. In doubt a file counts as one that may change, which
 * costs a question at each visit and never shows an old one.
 */
export function hasHash(key: string, folders: readonly string[] = HASHED_FOLDERS): boolean {
  if (!folders.some((folder) => key.startsWith(folder))) return false;
  const tail = /[.-]([\w-]{8,})\.\w+(\.map)?$/.exec(key)?.[1];
  return tail !== undefined && /[0-9A-Z]/.test(tail.slice(-8));
}

const TYPES: Record<string, string> = {
  ".avif": "image/avif",
  ".css": "text/css; charset=utf-8",
  ".gif": "image/gif",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".md": "text/markdown; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".mp4": "video/mp4",
  ".otf": "font/otf",
  ".pdf": "application/pdf",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".ttf": "font/ttf",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webm": "video/webm",
  ".webmanifest": "application/manifest+json",
  ".webp": "image/webp",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
  ".xml": "application/xml",
};
