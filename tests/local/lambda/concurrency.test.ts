import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { startCloud } from "../../../local/cloud.ts";
import { lambda } from "../../../local/services/lambda/index.ts";
import { eventually, type LambdaCloud, startLambda } from "./fixture.ts";

let cloud: LambdaCloud;

beforeEach(async () => {
  cloud = await startLambda();
});

afterEach(() => cloud.stop());

/** Answers with its process id once a file of the given name is there. */
const GATED = `import { existsSync } from "node:fs";
  export const handler = async ({ gate }) => {
    console.log("entered");
    while (gate && !existsSync(gate)) await new Promise((done) => setTimeout(done, 5));
    return process.pid;
  };`;

const entered = (count: number) =>
  eventually(
    () => cloud.logOf("gated"),
    (lines) => lines.filter((line) => line.endsWith("entered")).length >= count,
  );

/** An environment that has answered is idle a moment later: its minutes begin then. */
const minutesUntil = (holds: () => boolean) =>
  eventually(async () => {
    await cloud.clock.advance(310_000);
    return holds();
  }, Boolean);

async function open(gate: string): Promise<void> {
  const { writeFileSync } = await import("node:fs");
  writeFileSync(gate, "");
}

describe("environments", () => {
  it("take turns when invocations are short: no second process starts", async () => {
    await cloud.define("short", "export const handler = async () => process.pid;");
    await cloud.invoke("short");
    const pids = await Promise.all(Array.from({ length: 20 }, () => cloud.invoke("short")));
    expect(new Set(pids.map(({ payload }) => payload)).size).toBe(1);
  });

  it("grow in number only when an invocation has waited for a while", async () => {
    const gate = join(cloud.directory, "gate");
    await cloud.define("gated", GATED, { timeout: 60 });
    const first = cloud.invoke("gated", { gate });
    await entered(1);
    const second = cloud.invoke("gated");
    const pending = await Promise.race([second, new Promise((done) => setTimeout(() => done("waits"), 100))]);
    expect(pending).toBe("waits");
    await cloud.clock.advance(30);
    const { payload } = await second;
    await open(gate);
    expect((await first).payload).not.toBe(payload);
  });

  it("end when they have been idle for minutes", async () => {
    await cloud.define("idle", "export const handler = async () => process.pid;");
    const { payload } = await cloud.invoke("idle");
    await cloud.clock.advance(299_000);
    expect((await cloud.invoke("idle")).payload).toBe(payload);
    await minutesUntil(() => !isAlive(payload));
    expect((await cloud.invoke("idle")).payload).not.toBe(payload);
  });

  it("have a temporary folder each, gone with them", async () => {
    await cloud.define("temporary", "import os from 'node:os'; export const handler = async () => os.tmpdir();");
    const { payload } = await cloud.invoke("temporary");
    const { existsSync } = await import("node:fs");
    expect(payload).toContain(cloud.directory);
    expect(existsSync(payload)).toBe(true);
    await minutesUntil(() => !existsSync(payload));
  });

  it("end with the platform, even when it is killed and a function is busy", async () => {
    const [pid, directory] = await killedPlatform("busy");
    await eventually(
      () => isAlive(pid),
      (alive) => !alive,
    );
    rmSync(directory, { recursive: true });
  });

  it("that are frozen end as well", async () => {
    const [pid, directory] = await killedPlatform("frozen");
    await eventually(
      () => isAlive(pid),
      (alive) => !alive,
    );
    rmSync(directory, { recursive: true });
  });

  it("that an endless loop kept from noticing end with the next start on the same state", async () => {
    const [pid, directory] = await killedPlatform("endless");
    expect(isAlive(pid)).toBe(true);
    const next = await startCloud({ directory, services: { lambda } });
    await next.service("lambda");
    await eventually(
      () => isAlive(pid),
      (alive) => !alive,
    );
    await next.stop();
    rmSync(directory, { recursive: true });
  });
});

/** Starts a platform in a process of its own, and kills it while its function works. */
async function killedPlatform(kind: "busy" | "endless" | "frozen"): Promise<[functionPid: number, directory: string]> {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "killed-platform.ts"), kind],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [pid = "", directory = ""] = await new Promise<string[]>((done) => {
    child.stdout!.once("data", (text) => done(String(text).trim().split(" ")));
  });
  expect(isAlive(Number(pid))).toBe(true);
  const exited = new Promise((done) => child.once("exit", done));
  child.kill("SIGKILL");
  await exited;
  return [Number(pid), directory];
}

describe("reserved concurrency (case 10)", () => {
  it("of 0 blocks every invocation", async () => {
    await cloud.define("blocked", "export const handler = () => 1;", { reservedConcurrentExecutions: 0 });
    await expect(cloud.invoke("blocked")).rejects.toMatchObject({
      name: "TooManyRequestsException",
      Reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
      $metadata: { httpStatusCode: 429 },
    });
  });

  it("exceeded is 429 TooManyRequestsException; freed, it serves again", async () => {
    const gate = join(cloud.directory, "gate");
    await cloud.define("gated", GATED, { reservedConcurrentExecutions: 1, timeout: 60 });
    const first = cloud.invoke("gated", { gate });
    await entered(1);
    await expect(cloud.invoke("gated")).rejects.toMatchObject({ name: "TooManyRequestsException" });
    await open(gate);
    await first;
    expect((await cloud.invoke("gated")).status).toBe(200);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
