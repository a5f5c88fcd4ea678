/** What the documentation points at exists. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { rules } from "../policy/rules.ts";

const root = resolve(import.meta.dirname, "..");
const decisions = readdirSync(join(root, "docs/decisions"));
const documents = [
  ...["README.md", "CONTRIBUTING.md", "local/DIFFERENCES.md"],
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const read = (document: string) => readFileSync(join(root, document), "utf8");

describe.each(documents)("%s", (document) => {
  it("links to files that exist", () => {
    const links = [...read(document).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1]!);
    const broken = links
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => !existsSync(resolve(root, dirname(document), link)));
    expect(broken).toEqual([]);
  });

  it("names npm scripts that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const named = [...read(document).matchAll(/\bnpm run ([a-z:-]+)\b/g)].map((match) => match[1]!);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

it("docs/pull-requests.md has a row for every policy rule, and no other", () => {
  const rows = [
    ...read("docs/pull-requests.md").matchAll(
      /^\| \[([\w-]+)\]\(\.\.\/policy\/rules\/\1\.ts\) \| ([^|]+?)(?: \(advice\))? \|$/gm,
    ),
  ];
  const stated = Object.fromEntries(rows.map(([, name, description]) => [name, description]));
  expect(stated).toEqual(Object.fromEntries(rules.map(({ name, description }) => [name, description])));
});

describe("decisions", () => {
  it("are numbered one by one", () => {
    const numbers = decisions.map((name) => Number(name.slice(0, 4))).sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, at) => at + 1));
  });

  it.each(decisions)("%s states context, choice and alternatives", (name) => {
    const text = read(`docs/decisions/${name}`);
    for (const part of ["Context", "Choice", "Alternatives"]) expect(text).toContain(`**${part}.**`);
  });
});
