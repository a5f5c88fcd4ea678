/** The `link.ts` of every function that is linked to something, from the graph: types that no program has to keep up. */
import { join } from "node:path";
import type { Graph } from "./graph.ts";

interface Use {
  function: string;
  names: Record<string, string[]>;
}

/**
 * Paths and texts of the modules that `npm run link:types` writes, one beside each linked handler.
 *
 * ```ts
 * for (const [path, text] of linkModules(await deploy("program.ts"))) expect(readFileSync(path, "utf8")).toBe(text);
 * ```
 *
 * @throws Error where two functions of one handler are linked to different things: neither type would be true of both
 */
export function linkModules(graph: Pick<Graph, "resources">): Map<string, string> {
  const uses = new Map<string, Use>();
  for (const { name, type, outputs } of graph.resources) {
    if (type !== "terrace:compute:Function" || !outputs.link) continue;
    const { entry, names } = outputs.link as unknown as { entry: string; names: Record<string, string[]> };
    const before = uses.get(entry);
    if (before && textOf(before.names) !== textOf(names)) {
      throw new Error(
        `${entry} is linked in two ways, by "${before.function}" and "${name}": link both to the same, or give each a handler of its own`,
      );
    }
    uses.set(entry, { function: name, names });
  }
  return new Map([...uses].map(([entry, { names }]) => [join(entry, "link.ts"), textOf(names)]));
}

function textOf(names: Record<string, string[]>): string {
  const fields = Object.entries(names)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, values]) => `  ${name}: { ${values.map((value) => `readonly ${value}: string`).join("; ")} };\n`);
  return `/** Written by \`npm run link:types\` from what the function is linked to: do not edit. */
import { linked } from "terrace/link";

export type Link = {
${fields.join("")}};

export const link = linked<Link>();
`;
}
