/** Tells when a source of the program was edited. */
import { existsSync, type FSWatcher, watch as watchFolder } from "node:fs";
import { join, relative } from "node:path";
import { SOURCE_FILES, SOURCE_FOLDERS } from "./sources.ts";

/** Editors save in several steps. */
const SETTLE_MS = 120;

export interface Watcher {
  /** Calls `onChange` without an edit, as if there had been one. */
  check(): void;
  close(): void;
}

/**
 * Calls `onChange` once edits have settled, and again only when it is done. No files: nothing was edited.
 *
 * @param folders further ones that the program reads files from: built sites
 */
export function watch(directory: string, folders: string[], onChange: (files: string[]) => Promise<void>): Watcher {
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let busy = false;

  function note(file: string): void {
    if (/(^|\/)(node_modules|\.[^/]+)(\/|$)|~$/.test(file)) return;
    changed.add(file);
    clearTimeout(timer);
    timer = setTimeout(run, SETTLE_MS);
    timer.unref();
  }

  async function run(): Promise<void> {
    if (busy) return;
    busy = true;
    const files = [...changed];
    changed.clear();
    try {
      await onChange(files);
    } finally {
      busy = false;
    }
    if (changed.size > 0) note([...changed][0]!);
  }

  const watchers: FSWatcher[] = [
    watchFolder(directory, { persistent: false }, (_event, name) => {
      if (name !== null && SOURCE_FILES.test(name)) note(name);
    }),
  ];
  const places = [...SOURCE_FOLDERS.map((folder) => join(directory, folder)), ...folders];
  for (const path of new Set(places)) {
    const folder = relative(directory, path);
    if (!existsSync(path)) continue;
    watchers.push(
      watchFolder(path, { persistent: false, recursive: true }, (_event, name) => {
        if (name !== null) note(`${folder}/${name}`);
      }),
    );
  }
  return {
    check: () => void run(),
    close() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}
