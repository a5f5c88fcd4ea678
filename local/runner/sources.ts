/** What a program is made of, to tell whether it is the one that was evaluated at the last start. */
import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

/** Below a program's folder, what it is made of: an edit in one reloads it. */
export const SOURCE_FOLDERS = ["functions", "migrations", "components", "data-api"];
export const SOURCE_FILES = /^(index\.ts|Pulumi(\..+)?\.yaml)$/;

const PACKAGES = ["package.json", "package-lock.json", "node_modules/.package-lock.json"];
const ENGINE = resolve(import.meta.dirname, "../../engine");
const SETTINGS = /^(TERRACE|PULUMI|AWS)_/;

/**
 * By names, sizes and times of change, in a few milliseconds. What a program reads besides is not in it: whoever goes on from
 * an old graph evaluates it again behind its own back.
 *
 * @param given what else decides about the graph
 */
export function fingerprint(directory: string, given: unknown): string {
  const hash = createHash("sha256");
  const settings = Object.entries(process.env).filter(([name]) => SETTINGS.test(name));
  hash.update(JSON.stringify([process.version, given, settings.sort()]));
  const files = readdirSync(directory).filter((name) => SOURCE_FILES.test(name));
  for (const file of [...files, ...PACKAGES]) hash.update(stamp(join(directory, file)));
  for (const folder of [...SOURCE_FOLDERS.map((name) => join(directory, name)), ENGINE]) {
    for (const file of filesIn(folder)) hash.update(stamp(file));
  }
  return hash.digest("hex");
}

function filesIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    return entries.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : [])).sort();
  } catch {
    return []; // a program need not have it
  }
}

function stamp(file: string): string {
  const { mtimeMs, size } = statSync(file, { throwIfNoEntry: false }) ?? { mtimeMs: 0, size: -1 };
  return `${file}\0${mtimeMs}\0${size}\n`;
}
