/** How much an environment may keep in its `/tmp`, and for how long. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { UpdateFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import { BOOTSTRAP, OWN_FILES } from "../../../local/services/lambda/environments/runtime-process.ts";
import { RUNNER, type Run, runsIn } from "./code-runner.ts";
import { eventually, type LambdaCloud, startLambda } from "./fixture.ts";

let cloud: LambdaCloud;
let run: Run;

beforeAll(async () => {
  cloud = await startLambda();
  run = runsIn(cloud);
});
afterAll(() => cloud.stop());

const FULL = "ENOSPC: no space left on device, write";

it("is 512 MB, or as much as the function declares", async () => {
  await cloud.define("stored", RUNNER, { memorySize: 2048 });
  // Neither takes any space on this machine: a hole, and memory that is never touched.
  const copy = `writeFileSync("/tmp/hole", ""); fs.truncateSync("/tmp/hole", 600 * 2 ** 20);
    return failure(() => fs.copyFileSync("/tmp/hole", "/tmp/copy"))`;
  const write = `return failure(() => writeFileSync("/tmp/big", Buffer.alloc(513 * 2 ** 20)))`;
  expect(await run("stored", copy)).toBe(FULL);
  expect(await run("stored", write)).toBe(FULL);
  const more = { FunctionName: "stored", EphemeralStorage: { Size: 1024 } };
  await cloud.client.send(new UpdateFunctionConfigurationCommand(more));
  expect(await run("stored", copy.replace("600", "1025"))).toBe(FULL);
  expect(await run("stored", write.replace("/tmp/big", "/dev/null"))).toBe("none");
});

const BEYOND = {
  "many files": `for (let i = 0; i < 4; i++) writeFileSync("/tmp/" + i, KB_200); writeFileSync("/tmp/last", KB_300);`,
  "appended pieces": `for (let i = 0; i < 6; i++) fs.appendFileSync("/tmp/one", KB_200);`,
  "what is written to a descriptor": `const file = fs.openSync("/tmp/one", "w");
    for (let i = 0; i < 6; i++) fs.writeSync(file, KB_200);`,
  "what is written to a handle": `const file = await fs.promises.open("/tmp/one", "w");
    for (let i = 0; i < 6; i++) await file.write(KB_200);`,
  "what is written with promises": `for (let i = 0; i < 6; i++) await fs.promises.writeFile("/tmp/" + i, KB_200);`,
  "what is written with callbacks": `for (let i = 0; i < 6; i++) await promisify(fs.writeFile)("/tmp/" + i, KB_200);`,
  "a stream": `await pipeline(Array(6).fill(KB_200), fs.createWriteStream("/tmp/one"));`,
  copies: `writeFileSync("/tmp/one", KB_300); for (let i = 0; i < 3; i++) fs.copyFileSync("/tmp/one", "/tmp/" + i);`,
};
const WITHIN = {
  "is removed": `for (let i = 0; i < 20; i++) { writeFileSync("/tmp/one", KB_300); fs.rmSync("/tmp/one"); }`,
  "is written over": `for (let i = 0; i < 20; i++) writeFileSync("/tmp/one", Buffer.alloc(900_000));`,
  "is copied over": `writeFileSync("/tmp/one", KB_300); for (let i = 0; i < 20; i++) fs.cpSync("/tmp/one", "/tmp/two");`,
};

describe("a runtime with one megabyte of it", () => {
  let told: Record<string, string>;

  beforeAll(async () => {
    told = await withOneMegabyte({ ...BEYOND, ...WITHIN });
  });

  it.each(Object.keys(BEYOND))("refuses %s beyond it", (name) => {
    expect(told[name]).toBe(FULL);
  });

  it.each(Object.keys(WITHIN))("has room again where something %s", (name) => {
    expect(told[name]).toBe("all written");
  });
});

/** What becomes of each piece of code in a runtime that has less room than Lambda lets a function ask for. */
async function withOneMegabyte(bodies: Record<string, string>): Promise<Record<string, string>> {
  const directory = mkdtempSync(join(tmpdir(), "terrace-storage-"));
  const own = join(directory, "state/lambda/tmp/id");
  mkdirSync(own, { recursive: true });
  const runs = Object.entries(bodies).map(
    ([name, body]) => `told[${JSON.stringify(name)}] = await (async () => { ${body} return "all written"; })()
      .catch((error) => error.message);
      for (const name of fs.readdirSync("/tmp")) fs.rmSync("/tmp/" + name);`,
  );
  const source = `import fs, { writeFileSync } from "node:fs";
    import { pipeline } from "node:stream/promises";
    import { promisify } from "node:util";
    const KB_200 = Buffer.alloc(200_000), KB_300 = Buffer.alloc(300_000);
    const told = {};
    ${runs.join("\n")}
    process.stdout.write(JSON.stringify(told), () => process.exit());
    await new Promise(() => {});`;
  writeFileSync(join(directory, "index.mjs"), source);
  const platform = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
  await once(platform, "listening");
  const port = String((platform.address() as AddressInfo).port);
  const args = [...OWN_FILES, BOOTSTRAP, join(directory, "cache"), port, "token", "1"];
  const env = { TMPDIR: own, LAMBDA_TASK_ROOT: directory, _HANDLER: "index.handler" };
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  const told = JSON.parse(await text(child.stdout));
  platform.close();
  rmSync(directory, { recursive: true });
  return told;
}

/** An environment that has answered ends a moment later, once it is idle. */
const gone = (folder: string) =>
  eventually(
    () => existsSync(folder),
    (isThere) => !isThere,
  );

it("an environment that has ended leaves nothing of its /tmp behind", async () => {
  await cloud.define("tidy", RUNNER);
  const folder = await run(
    "tidy",
    `for (let i = 0; i < 300; i++) { fs.mkdirSync("/tmp/d" + i); writeFileSync("/tmp/d" + i + "/file", "x".repeat(10_000)); }
     return tmpdir()`,
  );
  expect(readdirSync(folder)).toHaveLength(300);
  await cloud.define("tidy", `${RUNNER} // changed`);
  await gone(folder);
});

it("so does one that is killed while it writes", async () => {
  await cloud.define("writing", RUNNER, { timeout: 3 });
  const folder = await run("writing", "return tmpdir()");
  const killed = cloud.invoke("writing", {
    body: `console.log("begins"); for (let i = 0; ; i++) { fs.mkdirSync("/tmp/d" + i); writeFileSync("/tmp/d" + i + "/f", "x"); }`,
  });
  await eventually(
    () => cloud.logOf("writing"),
    (lines) => lines.some((line) => line.includes("begins")),
  );
  await cloud.clock.advance(3_000);
  expect((await killed).payload.errorType).toBe("Sandbox.Timedout");
  await gone(folder);
});
