/** Removes what an earlier run left: it is gone at once for whoever looks, and its files go behind the caller's back. */
import { readdirSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

export function discard(path: string): void {
  const aside = `${path}.dropped-`;
  try {
    renameSync(path, `${aside}${process.pid}`);
  } catch {
    // There is none, which is as good. What follows removes what an earlier call was killed over.
  }
  for (const name of namesIn(dirname(path))) {
    if (!name.startsWith(basename(aside))) continue;
    void rm(join(dirname(path), name), { recursive: true, force: true, maxRetries: 5 }).catch(() => {});
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
