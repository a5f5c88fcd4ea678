/** The launcher, in a project folder of its own: what it says and does before anything of ours runs. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const launcher = resolve(import.meta.dirname, "../../scripts/run.mjs");

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "terrace-launcher-"));
  mkdirSync(join(root, "scripts"));
  cpSync(launcher, join(root, "scripts/run.mjs"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function file(path: string, text: string): string {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  return join(root, path);
}

const installed = () => file("node_modules/.package-lock.json", JSON.stringify({ packages: {} }));

/** A stand-in for npm that says how it was called and ends with a status. */
const npm = (status: number) =>
  file("npm.mjs", `console.log("npm " + process.argv.slice(2).join(" ")); process.exit(${status});`);

function run(args: string[], options: { nodeFlags?: string[]; env?: NodeJS.ProcessEnv } = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...(options.nodeFlags ?? []), join(root, "scripts/run.mjs"), ...args],
    { encoding: "utf8", env: { ...process.env, npm_execpath: join(root, "npm.mjs"), ...options.env } },
  );
  return { status, stdout, stderr: stderr.trim() };
}

describe("the launcher", () => {
  it("names the commands when it is given none of them", () => {
    const { status, stderr } = run(["strat"]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^terrace: no command "strat"; there are start, demo, test, .*\.$/);
  });

  it("passes arguments on and ends with the command's own status", () => {
    installed();
    file(
      "local/main.ts",
      "const args: string[] = process.argv.slice(2); console.log(args.join(' ')); process.exit(7);",
    );
    const { status, stdout } = run(["start", "--port", "4510"]);
    expect(stdout.trim()).toBe("--port 4510");
    expect(status).toBe(7);
  });

  it("refuses what a command would not hear", () => {
    const { status, stderr } = run(["docs", "--check", "x"]);
    expect([status, stderr]).toEqual([2, 'terrace: npm run docs takes no arguments; leave out "--check x".']);
  });

  it("installs what is missing first, and says so", () => {
    npm(0);
    file("local/main.ts", "console.log('started');");
    const { status, stdout, stderr } = run(["start"]);
    expect(stderr).toContain("terrace: installing packages");
    expect(stderr).toContain("npm install --no-save");
    expect(stdout.trim()).toBe("started");
    expect(status).toBe(0);
  });

  it("starts nothing when the installation fails", () => {
    npm(3);
    file("local/main.ts", "console.log('started');");
    const { status, stdout, stderr } = run(["start"]);
    expect(status).toBe(3);
    expect(stderr).toContain("`npm install` failed");
    expect(stdout).toBe("");
  });

  it("refuses a host's Node that is too old, in one line, where npm has no pinned one", () => {
    installed();
    const old = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.19.0" } });
      Object.defineProperty(process, "version", { value: "v20.19.0" });`;
    const preload = file("old.mjs", old);
    const { status, stderr } = run(["start"], { nodeFlags: ["--import", preload] });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^terrace: needs Node 22 or later; this is v20\.19\.0, and npm has no pinned Node for \S+\.$/,
    );
  });
});
