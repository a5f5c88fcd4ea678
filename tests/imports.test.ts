/** Who may import whom: the walls of the project, read from its import statements. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** Each room and what it may import of ours, besides itself. A path names one file; a folder, all that is in it. */
const allowed: Record<string, string[]> = {
  components: [],
  "data-api": [],
  engine: [],
  policy: [],
  plugin: ["components"],
  functions: ["data-api", "migrations/schema.ts"],
  migrations: ["data-api"],
  local: ["engine", "data-api"],
  reports: ["engine", "policy"],
  fleet: ["engine", "components/settings.ts"],
  "index.ts": ["components"],
};

/** The function that carries the migrations into the cloud is the one that may import them. */
const exceptions: Record<string, string[]> = { "functions/migrate": ["migrations"] };

const IMPORT = /(?:^|[\s;}])(?:import|export)\s(?:[^"';]*?\sfrom\s)?\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/g;

interface Import {
  file: string;
  target: string;
}

function importsOf(file: string): Import[] {
  const source = readFileSync(join(root, file), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  return [...source.matchAll(IMPORT)]
    .map((match) => match[1] ?? match[2]!)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => ({ file, target: posix(relative(root, resolve(root, file, "..", specifier))) }));
}

function sourcesOf(room: string): string[] {
  if (room.endsWith(".ts")) return [room];
  try {
    return readdirSync(join(root, room), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts") || path.endsWith(".mjs"))
      .map((path) => posix(join(room, path)));
  } catch {
    return []; // a room of the plan that is not built yet
  }
}

const posix = (path: string): string => path.split(sep).join("/");
const within = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);

function forbidden(room: string): string[] {
  return sourcesOf(room)
    .flatMap(importsOf)
    .filter(({ file, target }) => {
      const places = [room, ...allowed[room]!];
      for (const [place, more] of Object.entries(exceptions)) if (within(file, place)) places.push(...more);
      return !places.some((place) => within(target, place));
    })
    .map(({ file, target }) => `${file} imports ${target}`);
}

describe("import directions", () => {
  it.each(Object.keys(allowed))("%s imports only what it may", (room) => {
    expect(forbidden(room)).toEqual([]);
  });

  it("reads static, type-only, re-exporting and dynamic imports", () => {
    const found = importsOf("tests/fixtures/imports.ts").map(({ target }) => target);
    expect(found).toEqual(["components/a.ts", "engine/b.ts", "local/c.ts", "functions/d.ts", "data-api/e.ts"]);
  });

  it("no production code imports from tests or bench", () => {
    const rooms = [...Object.keys(allowed), "scripts"];
    const reached = rooms.flatMap(sourcesOf).flatMap(importsOf);
    expect(reached.filter(({ target }) => within(target, "tests") || within(target, "bench"))).toEqual([]);
  });
});
