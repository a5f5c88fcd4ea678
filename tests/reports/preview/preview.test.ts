/** Previews of a small repository, from commit to commit. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needsAttention, preview } from "../../../reports/preview/preview.ts";
import { MARKER, markdown } from "../../../reports/preview/render/markdown.ts";
import { text } from "../../../reports/preview/render/text.ts";

const root = join(import.meta.dirname, "../../..");
let directory: string;

const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@terrace.example", ...args], {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe"],
  });

function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(directory, path, ".."), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

function commit(files: Record<string, string>): void {
  write(files);
  git("add", ".");
  git("commit", "-qm", "a change");
}

const program = (...lines: string[]) =>
  ['import * as aws from "@pulumi/aws";', 'const tags = { Platform: "x", Environment: "dev" };', ...lines].join("\n");
const queue = (name: string, more = "") =>
  `new aws.sqs.Queue("${name}", { sqsManagedSseEnabled: true, redrivePolicy: "{}", tags, ${more} });`;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "terrace-repository-"));
  git("init", "-q", "-b", "main");
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"), "dir");
  commit({
    ".gitignore": "node_modules\n.terrace\n",
    "package.json": '{ "type": "module" }',
    "Pulumi.yaml": "name: small\nruntime: nodejs\nmain: index.ts\n",
    "Pulumi.dev.yaml": "config:\n  aws:region: eu-west-1\n",
    "index.ts": program(queue("jobs")),
  });
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const made = (base = "main") => preview({ directory, stack: "dev", base });

it("says that nothing changes when nothing does", async () => {
  const found = await made();
  expect(text(found)).toMatch(/^dev: nothing changes \(1 resources\), from main/);
  expect(needsAttention(found)).toBe(false);
});

it("shows what the working tree would change, and that it is not committed", async () => {
  write({ "index.ts": program(queue("jobs", "delaySeconds: 5"), queue("more")) });
  const found = await made();
  expect(found.changes.map(({ kind, name }) => [kind, name])).toEqual([
    ["changed", "jobs"],
    ["added", "more"],
  ]);
  expect(text(found)).toMatch(
    /1 added, 1 changed, 0 unchanged, from main \(\w{10}\) to \w{10} with uncommitted changes/,
  );
  expect(text(found)).toContain("delaySeconds: 5");
});

it("compares with where the branch began, not with what others have merged since", async () => {
  git("checkout", "-qb", "feature");
  git("checkout", "-q", "main");
  commit({ "index.ts": program(queue("jobs"), queue("theirs")) });
  git("checkout", "-q", "feature");
  commit({ "index.ts": program(queue("jobs"), queue("ours")) });
  expect((await made()).changes.map(({ kind, name }) => [kind, name])).toEqual([["added", "ours"]]);
});

it("wants attention for data at risk, and says so first", async () => {
  commit({ "index.ts": program('new aws.dynamodb.Table("t", { name: "t", hashKey: "id", attributes: [], tags });') });
  git("checkout", "-qb", "feature");
  write({ "index.ts": program('new aws.dynamodb.Table("t", { name: "t", hashKey: "key", attributes: [], tags });') });
  const found = await made();
  expect(needsAttention(found)).toBe(true);
  expect(text(found)).toMatch(
    /! Data at risk\n {2}t \(dynamodb.Table\) is replaced: every item in the table\n {6}hashKey: id → key/,
  );
  expect(markdown(found)).toContain("#### ⚠️ Data at risk");
});

it("wants attention for a rule that the base kept, and not for one that it broke already", async () => {
  commit({ "index.ts": program('new aws.sqs.Queue("old", { redrivePolicy: "{}", tags });') });
  git("checkout", "-qb", "feature");
  expect((await made()).violations).toEqual([]);
  write({
    "index.ts": program(
      'new aws.sqs.Queue("old", { redrivePolicy: "{}", tags });',
      'new aws.sqs.Queue("new", { redrivePolicy: "{}", tags });',
    ),
  });
  const found = await made();
  expect(found.violations).toMatchObject([{ rule: "encryption-at-rest", name: "new" }]);
  expect(needsAttention(found)).toBe(true);
});

it("tells migrations that break the running release from those that do not", async () => {
  const step = (body: string) => `export async function up(db) { ${body} }`;
  commit({
    "migrations/0001-photos.ts": step('await db.schema.createTable("photos").addColumn("id", "uuid").execute();'),
  });
  git("checkout", "-qb", "feature");
  write({
    "migrations/0001-photos.ts": step('await db.schema.createTable("pictures").addColumn("id", "uuid").execute();'),
    "migrations/0002-title.ts": step('await db.schema.alterTable("photos").addColumn("title", "text").execute();'),
    "migrations/0003-drop.ts": step('await db.schema.alterTable("photos").dropColumn("id").execute();'),
  });
  expect((await made()).migrations).toEqual([
    { name: "0001-photos", change: "edited", problems: [expect.stringContaining("add a step instead")] },
    { name: "0002-title", change: "added", problems: [] },
    { name: "0003-drop", change: "added", problems: [expect.stringMatching(/^drops a column .*drop column "id"/)] },
  ]);
});

it("shows a stack that is new as a whole", async () => {
  write({ "Pulumi.prod.yaml": "config:\n  aws:region: eu-west-1\n" });
  const found = await preview({ directory, stack: "prod", base: "main" });
  expect(text(found)).toMatch(/^prod: 1 added, 0 unchanged, from a new stack/);
});

it("leaves neither folder, index nor worktree behind", async () => {
  // A temporary folder of its own: other runs leave and remove theirs meanwhile.
  const [before, temporary] = [process.env.TMPDIR, mkdtempSync(join(tmpdir(), "terrace-own-"))];
  process.env.TMPDIR = temporary;
  try {
    expect(tmpdir()).toBe(temporary);
    await made();
    expect(readdirSync(temporary).filter((name) => name.startsWith("terrace-preview-"))).toEqual([]);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(temporary, { recursive: true });
  }
  expect(String(git("status", "--porcelain"))).toBe("");
  expect(String(git("worktree", "list")).trim().split("\n")).toHaveLength(1);
});

it("takes the evaluation of a commit from before, but not with other settings", async () => {
  await made();
  await preview({ directory, stack: "dev", base: "main", config: { "small:x": "1" } });
  await made();
  expect(readdirSync(join(directory, ".terrace/previews"))).toHaveLength(2);
});

it("gives values of the program no meaning as markdown", async () => {
  write({ "index.ts": program(queue("jobs", 'name: "<img src=x> @ada `x`"')) });
  const comment = markdown(await made());
  expect(comment.startsWith(MARKER)).toBe(true);
  expect(comment).toContain("\\<img src=x\\> @\u200bada \\`x\\`");
});

describe("says in one line, with status 2, that", () => {
  const run = (...args: string[]) => {
    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", join(root, "reports/preview/main.ts"), ...args],
      { cwd: directory, encoding: "utf8" },
    );
    return { status, stderr, stdout };
  };

  it.each([
    [["--stack", "nope"], /there is no Pulumi.nope.yaml/],
    [["--base", "nope"], /there is no revision "nope" here/],
    [["--format", "html"], /--format is one of text, markdown, json, not "html"/],
    [["--nope"], /Unknown option '--nope'/],
    [["--config", "x"], /--config takes key=value, not "x"/],
  ])("%j", (args, message) => {
    const { status, stderr, stdout } = run(...args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  it("the base can not be evaluated", () => {
    commit({ "index.ts": "throw new Error('half a thought');" });
    write({ "index.ts": program(queue("jobs")) });
    const { status, stderr } = run("--base", "HEAD");
    expect(status).toBe(2);
    expect(stderr).toMatch(/^preview: "HEAD" \(\w{10}\) can not be evaluated: half a thought/);
  });

  it("the working tree can not be evaluated", () => {
    write({ "index.ts": "throw new Error('half a thought');" });
    expect(run().stderr).toMatch(/^preview: the working tree can not be evaluated: half a thought/);
  });
});
