/** docs/local-cases.md: each behaviour that it names has the test that it names. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const sections = readFileSync(join(root, "docs/local-cases.md"), "utf8").split(/^## /m).slice(1);
const rows = sections.flatMap((section) => {
  const number = Number.parseInt(section, 10);
  return [...section.matchAll(/^\| (.+?) \| \[.+?\]\(\.\.\/(.+?)\) \| (.+) \|$/gm)].map(
    ([, what, file, title]) => [number, what!, file!, title!] as const,
  );
});

it("all sixteen are there, each with a test at least", () => {
  const numbers = [...new Set(rows.map(([number]) => number))];
  expect(numbers).toEqual(Array.from({ length: 16 }, (_, index) => index + 1));
});

it.each(rows)("case %i: %s", (number, _what, file, title) => {
  const source = readFileSync(join(root, file), "utf8");
  const quoted = ['"', "'", "`"].map((quote) => `${quote}${title}${quote}`);
  expect({ file, title, isThere: quoted.some((text) => source.includes(text)) }).toMatchObject({ isThere: true });
  // So that `-t "case 7"` finds it.
  const isNamed = new RegExp(`\\bcase ${number}\\b`).test(source);
  expect({ file, title, isNamed }).toMatchObject({ isNamed: true });
});
