/** `npm run link:types`: writes `link.ts` beside each handler whose function is linked to something. */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { evaluate } from "../engine/evaluate.ts";
import { linkModules } from "../engine/link-modules.ts";

const root = resolve(import.meta.dirname, "..");

/** Paths and texts as they should be. */
export async function generateLinks(): Promise<Map<string, string>> {
  const env = { TERRACE_BUNDLE_TARGET: "none" };
  return linkModules(await evaluate({ directory: root, stack: "dev", env }));
}

if (import.meta.main) {
  for (const [path, text] of await generateLinks()) {
    writeFileSync(join(root, path), text);
    console.log(`Wrote ${path}`);
  }
}
