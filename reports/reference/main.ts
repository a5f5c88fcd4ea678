/** `npm run docs`: writes a page per component, from its comments and the graph of its example. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pages } from "./pages.ts";

const folder = resolve(import.meta.dirname, "../../docs/components");
mkdirSync(folder, { recursive: true });
const made = await pages((name) => process.stderr.write(`${name}\n`));
for (const name of readdirSync(folder)) if (!made.has(name)) rmSync(join(folder, name));
for (const [name, text] of made) writeFileSync(join(folder, name), text);
process.stdout.write(`${made.size} pages in docs/components\n`);
