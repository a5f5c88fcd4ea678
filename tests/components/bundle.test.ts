import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { evaluate } from "../../engine/evaluate.ts";

// Below the project, so that the program finds its packages, and not in node_modules, where Node strips no types.
const home = join(import.meta.dirname, "../../.terrace/programs");
const bundler = pathToFileURL(join(import.meta.dirname, "../../components/compute/bundle.ts")).href;
let directory: string;

beforeEach(() => {
  mkdirSync(home, { recursive: true });
  directory = mkdtempSync(join(home, "bundle-"));
  write("Pulumi.yaml", "name: shop\nruntime: nodejs\n");
  write("Pulumi.dev.yaml", "config: {}\n");
  write(
    "index.ts",
    `import { bundle } from "${bundler}";
     const { assets } = await bundle({ entry: "hello" });
     export const file = (await (await assets)["index.mjs"].path) as string;`,
  );
  write("hello/handler.ts", 'import { greeting } from "greetings"; export const handler = () => greeting;');
  installed("1.0.0", "good day");
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(directory, file)), { recursive: true });
  writeFileSync(join(directory, file), text);
}

function installed(version: string, greeting: string): void {
  write("node_modules/greetings/package.json", JSON.stringify({ name: "greetings", version, main: "lib/index.js" }));
  write("node_modules/greetings/lib/index.js", `exports.greeting = "${greeting}";`);
}

/** What the bundle answers when it is called. */
async function answer(): Promise<{ file: string; says: string }> {
  const { outputs } = await evaluate({ directory, stack: "dev" });
  const file = String(outputs.file);
  return { file, says: (await import(pathToFileURL(file).href)).handler() };
}

describe("a bundle", () => {
  it("is made again when the function or a package of it is another, and only then", async () => {
    const path = join(directory, "hello/handler.ts");
    utimesSync(path, 1_000_000, 1_000_000);
    const first = await answer();
    expect(first.says).toBe("good day");

    // Nothing looks changed, by size and time: it was not made again.
    write("hello/handler.ts", 'import { greeting } from "greetings"; export const handler = () => 12345678;');
    utimesSync(path, 1_000_000, 1_000_000);
    expect(await answer()).toEqual(first);

    installed("1.0.1", "good evening");
    write("hello/handler.ts", 'import { greeting } from "greetings"; export const handler = () => `${greeting}!`;');
    expect((await answer()).says).toBe("good evening!");
    installed("1.0.2", "good night");
    expect((await answer()).says).toBe("good night!");
  });
});
