/** How the demonstration is told what to do. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const run = (...args: string[]) => {
  const main = join(import.meta.dirname, "../../../scripts/demo/main.ts");
  const options = { encoding: "utf8" as const, timeout: 60_000 };
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", main, ...args],
    options,
  );
  return { status, stdout, stderr };
};

it("--help says what there is, and tells no story", () => {
  const { status, stdout } = run("--help");
  expect(status).toBe(0);
  expect(stdout).toContain("--port <port>");
  expect(stdout).not.toContain("claims");
});

it.each([
  [["--nope"], "demo: Unknown option '--nope'; `npm run demo -- --help` lists the flags\n"],
  [
    ["--port", "many"],
    'demo: --port must be a number from 1 to 65534, not "many"; `npm run demo -- --help` lists the flags\n',
  ],
  [["more"], /^demo: Unexpected argument 'more'.*; `npm run demo -- --help` lists the flags\n$/],
])("%j is refused in one line, with status 2", (args, message) => {
  const { status, stderr } = run(...args);
  expect(status).toBe(2);
  if (typeof message === "string") expect(stderr).toBe(message);
  else expect(stderr).toMatch(message);
});
