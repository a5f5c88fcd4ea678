/** Runs a component's example: its own lines, what they speak of, and nothing else. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { readConfiguration } from "../../engine/configuration.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { namesOf } from "./read-components.ts";
import { STAGE } from "./stage.ts";

const root = resolve(import.meta.dirname, "../..");
const index = join(root, "components/index.ts");
const library = namesOf(index);
const IDENTIFIER = /(?<![.\w$"'])([A-Za-z_$][\w$]*)/g;

export interface ExampleOptions {
  /** Arguments that the example's component is given besides its own. */
  given?: { component: string; arguments: Record<string, unknown> };
}

/**
 * @returns the graph of the example
 * @throws whatever the program throws
 */
export async function runExample(example: string, { given }: ExampleOptions = {}): Promise<Deployment> {
  const directory = workshop();
  const file = join(directory, `example-${++runs}.ts`);
  writeFileSync(file, programOf(example, directory, given));
  return await deploy(file, configuration());
}

let runs = 0;
let made: string | undefined;

/** One for all runs of this process: a bundle's hash depends on where its source stands. */
function workshop(): string {
  if (made === undefined) {
    const directory = mkdtempSync(join(tmpdir(), "terrace-example-"));
    process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
    made = directory;
  }
  return made;
}

function programOf(example: string, directory: string, given: ExampleOptions["given"]): string {
  const lines: string[] = [];
  const made = new Set(declaredIn(example));
  const used = new Set<string>();
  const make = (code: string) => {
    for (const name of identifiersIn(code)) {
      if (library.has(name) && !(name in STAGE)) used.add(name);
      else if (name in STAGE && !made.has(name)) {
        made.add(name);
        const expression = located(STAGE[name]!, directory);
        make(expression);
        lines.push(`const ${name} = ${expression};`);
      }
    }
  };
  make(example);
  const classes = [...used].map((name) => `${name}${name === given?.component ? ": Plain" : ""}`);
  const wrapped =
    given &&
    `class ${given.component} extends Plain { constructor(name: any, args: any, options: any) { super(name, { ...${JSON.stringify(given.arguments)}, ...args }, options); } }`;
  return [
    `import * as terrace from ${JSON.stringify(pathToFileURL(index).href)};`,
    `const { ${classes.join(", ")} } = terrace as any;`,
    wrapped ?? "",
    ...lines,
    located(example, directory),
  ].join("\n");
}

const declaredIn = (code: string): string[] =>
  [...code.matchAll(/\b(?:const|let)\s+(\w+)\s*=/g)].map(([, name]) => name!);

/** Names that stand for a value: no keys, no members, nothing inside a string. */
function identifiersIn(code: string): Set<string> {
  const bare = code
    .replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""')
    .replace(/([{,(]\s*)[A-Za-z_$][\w$]*\s*:(?!:)/g, "$1");
  return new Set([...bare.matchAll(IDENTIFIER)].map(([, name]) => name!));
}

/** Folders that an example speaks of exist nowhere but here; the API's description is the reference application's. */
function located(code: string, directory: string): string {
  return code
    .replaceAll('"functions/api/openapi.json"', JSON.stringify(join(root, "functions/api/openapi.json")))
    .replace(/"(functions\/[a-z]+)"/g, (_, folder: string) => {
      mkdirSync(join(directory, folder), { recursive: true });
      writeFileSync(join(directory, folder, "handler.ts"), "export const handler = async () => undefined;\n");
      return JSON.stringify(join(directory, folder));
    })
    .replace(/"(console\/dist)"/g, (_, folder: string) => {
      mkdirSync(join(directory, folder), { recursive: true });
      writeFileSync(join(directory, folder, "index.html"), "<!doctype html><title>Console</title>\n");
      return JSON.stringify(join(directory, folder));
    });
}

/** The dev stack's own settings, for components that take them. */
function configuration() {
  const { project, config } = readConfiguration(root, "dev");
  return { project, stack: "dev", config };
}
