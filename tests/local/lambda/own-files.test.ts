/** `/tmp` is an environment's own, and the only place where its function may write. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RUNNER, type Run, runsIn } from "./code-runner.ts";
import { type LambdaCloud, startLambda } from "./fixture.ts";

let cloud: LambdaCloud;
let run: Run;

beforeAll(async () => {
  cloud = await startLambda();
  run = runsIn(cloud);
});
afterAll(() => cloud.stop());

describe("/tmp", () => {
  beforeAll(async () => {
    await cloud.define("one", RUNNER);
    await cloud.define("other", RUNNER);
  });

  it("keeps what was written for the next invocation of the same environment", async () => {
    await run("one", `writeFileSync("/tmp/kept", "warm")`);
    expect(await run("one", `return readFileSync("/tmp/kept", "utf8")`)).toBe("warm");
  });

  it("is not another environment's, nor the machine's", async () => {
    await run("one", `writeFileSync("/tmp/terrace-of-one", "")`);
    expect(await run("other", `return fs.readdirSync("/tmp")`)).toEqual([]);
    expect(existsSync("/tmp/terrace-of-one")).toBe(false);
  });

  it("of one tenant is not another tenant's", async () => {
    await cloud.define("isolated", RUNNER, { tenancyConfig: { tenantIsolationMode: "PER_TENANT" } });
    await run("isolated", `writeFileSync("/tmp/invoice", "acme's")`, { TenantId: "acme" });
    const seen = `return fs.existsSync("/tmp/invoice")`;
    expect(await run("isolated", seen, { TenantId: "globex" })).toBe(false);
    expect(await run("isolated", seen, { TenantId: "acme" })).toBe(true);
  });

  it.each([
    [
      "with callbacks",
      `await called((done) => fs.writeFile("/tmp/a", "x", done));
      return called((done) => fs.readFile("/tmp/a", "utf8", done))`,
    ],
    ["with promises", `await writeFile("/tmp/b", "x"); return readFile("/tmp/b", "utf8")`],
    [
      "through streams",
      `await new Promise((done) => fs.createWriteStream("/tmp/c").end("x", done));
      let text = ""; for await (const part of fs.createReadStream("/tmp/c", "utf8")) text += part; return text`,
    ],
    [
      "through a handle",
      `const file = await fs.promises.open("/tmp/d", "w+"); await file.write("x");
      const { buffer } = await file.read({ position: 0 }); await file.close(); return buffer.toString("utf8", 0, 1)`,
    ],
    [
      "by a descriptor",
      `const file = fs.openSync("/tmp/e", "w"); fs.writeSync(file, "x"); fs.closeSync(file);
      return readFileSync("/tmp/e", "utf8")`,
    ],
    ["by a URL", `writeFileSync(new URL("file:///tmp/f"), "x"); return readFileSync("/tmp/f", "utf8")`],
    ["by a Buffer", `writeFileSync(Buffer.from("/tmp/g"), "x"); return readFileSync("/tmp/g", "utf8")`],
    ["by an untidy path", `writeFileSync("//tmp/./h", "x"); return readFileSync("/var/../tmp/h", "utf8")`],
    ["where os.tmpdir() says", `writeFileSync(tmpdir() + "/i", "x"); return readFileSync("/tmp/i", "utf8")`],
    [
      "by a link",
      `writeFileSync("/tmp/j", "x"); fs.symlinkSync("/tmp/j", "/tmp/k"); return readFileSync("/tmp/k", "utf8")`,
    ],
    [
      "renamed and copied",
      `writeFileSync("/tmp/l", "x"); fs.renameSync("/tmp/l", "/tmp/m"); fs.cpSync("/tmp/m", "/tmp/n");
      return readFileSync("/tmp/n", "utf8")`,
    ],
    [
      "from where it has gone",
      `process.chdir("/tmp"); writeFileSync("o", "x"); const text = readFileSync("/tmp/o", "utf8");
      const answer = process.cwd() === "/tmp" && fs.realpathSync("o") === "/tmp/o" ? text : "";
      process.chdir(code); return answer`,
    ],
    [
      "by a worker thread",
      `const source = "require('node:fs').writeFileSync('/tmp/p', 'x')";
      await new Promise((done) => new Worker(source, { eval: true }).once("exit", done)); return readFileSync("/tmp/p", "utf8")`,
    ],
    [
      "by a forked process",
      `writeFileSync(tmpdir() + "/fork.cjs", "require('node:fs').writeFileSync('/tmp/q', 'x')");
      await new Promise((done) => children.fork(tmpdir() + "/fork.cjs").once("exit", done)); return readFileSync("/tmp/q", "utf8")`,
    ],
  ])("is the same %s", async (_, body) => {
    expect(await run("one", body)).toBe("x");
  });

  it("is what answers and errors name", async () => {
    const answers = await run(
      "other",
      `fs.mkdirSync("/tmp/a/b", { recursive: true });
       fs.symlinkSync("/tmp/a", "/tmp/link");
       const entries = [];
       for await (const entry of await fs.promises.opendir("/tmp/a")) entries.push(entry.parentPath + "/" + entry.name);
       return [
         fs.realpathSync("/tmp/link/b"), fs.realpathSync.native("/tmp/a"), await fs.promises.realpath("/tmp/a"),
         fs.readlinkSync("/tmp/link"), fs.mkdirSync("/tmp/c/d", { recursive: true }),
         fs.mkdtempSync("/tmp/e-").slice(0, -6), fs.opendirSync("/tmp/a").path, ...entries,
         ...fs.readdirSync("/tmp", { recursive: true, withFileTypes: true }).map((each) => each.parentPath + "/" + each.name)
           .filter((each) => each.endsWith("a/b")),
         await failure(() => readFileSync("/tmp/none")), await failure(() => fs.promises.rename("/tmp/none", "/tmp/to")),
         await failure(() => called((done) => fs.stat("/tmp/none", done))),
       ]`,
    );
    expect(answers).toEqual([
      ...["/tmp/a/b", "/tmp/a", "/tmp/a", "/tmp/a", "/tmp/c", "/tmp/e-", "/tmp/a", "/tmp/a/b", "/tmp/a/b"],
      "ENOENT: no such file or directory, open '/tmp/none'",
      "ENOENT: no such file or directory, rename '/tmp/none' -> '/tmp/to'",
      "ENOENT: no such file or directory, stat '/tmp/none'",
    ]);
  });

  it("can not be removed, and a file does not move out of it", async () => {
    const refused = await run(
      "one",
      `writeFileSync("/tmp/here", "");
       return [
         await failure(() => fs.rmSync("/tmp", { recursive: true })), await failure(() => fs.promises.rmdir("/tmp")),
         await failure(() => fs.renameSync("/tmp/here", code + "/there")), fs.existsSync("/tmp/here"),
       ].map((each) => String(each).split(",")[0])`,
    );
    const busy = "EBUSY: resource busy or locked";
    expect(refused).toEqual([busy, busy, "EXDEV: cross-device link not permitted", "true"]);
  });
});

describe("everything else", () => {
  const READ_ONLY = "EROFS: read-only file system";

  let code: string;

  beforeAll(async () => {
    await cloud.define("writer", RUNNER);
    code = await run("writer", "return code");
  });

  it.each([
    ["writes a file", "open", `writeFileSync(code + "/index.mjs", "")`],
    ["writes with promises", "open", `writeFile("new", "")`],
    ["writes with a callback", "open", `called((done) => fs.writeFile("new", "", done))`],
    ["appends", "open", `fs.appendFileSync(code + "/index.mjs", "")`],
    ["opens to write", "open", `fs.openSync(code + "/index.mjs", "r+")`],
    ["opens with flags in numbers", "open", `fs.openSync(code + "/index.mjs", fs.constants.O_RDWR)`],
    ["opens a stream", "open", `new Promise((done, failed) => fs.createWriteStream("new").on("error", failed))`],
    ["opens a handle", "open", `fs.promises.open("new", "w")`],
    ["makes a folder", "mkdir", `fs.mkdirSync(code + "/folder")`],
    ["makes folders", "mkdir", `fs.mkdirSync("a/b/c", { recursive: true })`],
    ["makes a temporary folder", "mkdtemp", `fs.mkdtempSync(code + "/x-")`],
    ["makes a temporary folder beside /tmp", "mkdtemp", `fs.mkdtempSync("/tmp")`],
    ["removes a file", "unlink", `fs.unlinkSync(code + "/index.mjs")`],
    ["removes all", "rm", `fs.promises.rm(code, { recursive: true })`],
    ["renames", "rename", `fs.renameSync("index.mjs", "other.mjs")`],
    ["copies", "copyfile", `fs.copyFileSync("index.mjs", "other.mjs")`],
    ["links", "symlink", `fs.symlinkSync("index.mjs", "other.mjs")`],
    ["empties", "open", `fs.truncateSync("index.mjs")`],
    ["changes a mode", "chmod", `fs.chmodSync("index.mjs", 0o777)`],
    ["asks whether it may write", "access", `fs.accessSync("index.mjs", fs.constants.W_OK)`],
    ["writes elsewhere on the machine", "open", `writeFileSync("/var/terrace-log", "")`],
  ])("is read-only to a function that %s", async (_, call, body) => {
    const message = await run("writer", `return failure(() => ${body})`);
    expect(message.startsWith(`${READ_ONLY}, ${call} '`)).toBe(true);
    expect(readdirSync(code)).toEqual(["index.mjs"]);
    expect(readFileSync(join(code, "index.mjs"), "utf8")).toBe(RUNNER);
  });

  it("can be read, and what is not there is not found", async () => {
    const answers = await run(
      "writer",
      `fs.mkdirSync(code, { recursive: true });
       return [
         readFileSync("index.mjs", "utf8").length > 0, fs.readdirSync(code).includes("index.mjs"),
         await failure(() => fs.accessSync("index.mjs", fs.constants.R_OK)),
         await failure(() => writeFileSync("/nowhere/at/all", "")), await failure(() => fs.rmSync("none", { force: true })),
         await failure(() => fs.mkdirSync(code)).then((message) => message.slice(0, 6)),
       ]`,
    );
    const missing = "ENOENT: no such file or directory, open '/nowhere/at/all'";
    expect(answers).toEqual([true, true, "none", missing, "none", "EEXIST"]);
  });

  it("but devices: those are written to as ever", async () => {
    expect(await run("writer", `return failure(() => writeFileSync("/dev/null", "gone"))`)).toBe("none");
  });
});
