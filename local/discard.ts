/** What an earlier run left is gone at once for whoever looks, and its files go behind the caller's back. */
import { randomUUID } from "node:crypto";
import { readdirSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";

const MARK = ".dropped-";

/**
 * Does nothing where there is none.
 *
 * @param beside Where it stands until its files are gone. @default path
 */
export function discard(path: string, beside = path): void {
  try {
    renameSync(path, `${beside}${MARK}${randomUUID()}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  sweepDiscarded(dirname(beside));
}

/** Removes what was discarded in a folder, by a run that was killed before it was done with it too. */
export function sweepDiscarded(folder: string): void {
  for (const name of discardedIn(folder)) {
    void rm(join(folder, name), { recursive: true, force: true, maxRetries: 5 }).catch(() => {});
  }
}

function discardedIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.includes(MARK));
  } catch {
    return []; // nor is there the folder
  }
}
