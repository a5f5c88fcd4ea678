/**
 * `npm run reference`: keeps what this release asks AWS for, as tests/upgrade/<stack>.json. Run it when a release is made, and
 * never to make the test pass: a stack that was deployed with the last release has those resources.
 */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { evaluate } from "../engine/evaluate.ts";
import type { Graph, Resource } from "../engine/graph.ts";
import { replacedBy } from "../reports/preview/replacement.ts";

const root = resolve(import.meta.dirname, "..");
export const STACKS = ["dev", "prod"] as const;

/** What an upgrade could break: which resources there are, and the inputs whose change replaces them. */
export function referenceOf(graph: Graph): Resource[] {
  return graph.resources
    .filter(({ custom, type }) => custom && type.startsWith("aws:"))
    .map((resource) => ({
      ...resource,
      inputs: Object.fromEntries(Object.entries(resource.inputs).filter(([name]) => replacedBy(resource.type, name))),
      outputs: {},
      secrets: [],
      dependencies: [],
      propertyDependencies: {},
      options: resource.options.protect ? { protect: true } : {},
    }))
    .sort((a, b) => (a.urn < b.urn ? -1 : 1));
}

export const evaluated = (stack: string): Promise<Graph> =>
  evaluate({ directory: root, stack, env: { TERRACE_BUNDLE_TARGET: "host" } });

if (import.meta.main) {
  for (const stack of STACKS) {
    const lines = referenceOf(await evaluated(stack)).map((resource) => JSON.stringify(resource));
    writeFileSync(join(root, "tests/upgrade", `${stack}.json`), `[\n${lines.join(",\n")}\n]\n`);
    console.log(`${stack}: ${lines.length} resources`);
  }
}
