/** The platform that the demonstration talks to: the one that runs, or one of its own on a free port and a temporary state. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { http } from "./http.ts";
import { until } from "./story.ts";

const root = resolve(import.meta.dirname, "../..");
const START_DEADLINE_MS = 180_000;

/** One tenant, as `outputs.json` has it. */
export interface TenantOutputs {
  placement: "silo" | "bridge" | "pool";
  apiUrl: string;
  user: string;
  password: string;
  userPoolId: string;
  clientId: string;
  apiKey: string;
  database: { resourceArn: string; secretArn: string; database: string };
}

/** What `npm start` writes for people and tools. */
export interface Outputs {
  stack: string;
  aws: { endpoint: string; region: string; accessKeyId: string; secretAccessKey: string };
  tenants: Record<string, TenantOutputs>;
  outputs: Record<string, unknown>;
}

export interface Platform {
  outputs: Outputs;
  /** Whether it was running already. */
  found: boolean;
  stop(): Promise<void>;
}

export interface Wanted {
  /** Only a platform that serves this port counts as running. */
  port?: number;
  /** Where a running platform keeps its state. @default ".terrace" */
  state?: string;
}

export async function findPlatform({ port, state = join(root, ".terrace") }: Wanted): Promise<Platform> {
  const running = await answering(join(resolve(state), "outputs.json"));
  if (running && (port === undefined || portOf(running) === port))
    return { outputs: running, found: true, stop: async () => {} };
  return startPlatform(port ?? (await freePort()));
}

function portOf({ tenants }: Outputs): number {
  return Number(new URL(Object.values(tenants)[0]!.apiUrl).port);
}

/** The outputs in `file`, if the platform that wrote them still answers. */
async function answering(file: string): Promise<Outputs | undefined> {
  try {
    const outputs = JSON.parse(readFileSync(file, "utf8")) as Outputs;
    const { status } = await http(`${Object.values(outputs.tenants)[0]!.apiUrl}/health`);
    return status === 200 ? outputs : undefined;
  } catch {
    return undefined;
  }
}

async function startPlatform(port: number): Promise<Platform> {
  const state = mkdtempSync(join(tmpdir(), "terrace-demo-"));
  const child = spawn(
    process.execPath,
    [join(root, "scripts/run.mjs"), "start", "--port", String(port), "--state", state],
    { cwd: root, stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  const listen = (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-4000);
  };
  child.stdout.on("data", listen);
  child.stderr.on("data", listen);
  const stop = async () => {
    await end(child);
    rmSync(state, { recursive: true, force: true, maxRetries: 5 });
  };
  // Whoever interrupts the demonstration means its platform too
  process.once("SIGINT", () => void stop().then(() => process.exit(130)));
  try {
    const outputs = await until(
      "The platform's start",
      async () => {
        if (child.exitCode !== null) throw new Error(`npm start ended with status ${child.exitCode}:\n${said}`);
        return answering(join(state, "outputs.json"));
      },
      START_DEADLINE_MS,
    );
    return { outputs, found: false, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  child.kill("SIGINT");
  const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
  await ended;
  clearTimeout(timer);
}

/** A free port whose successor is free too: the platform takes both. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = await tryPort(0);
    if (port !== undefined && port < 65_535 && (await tryPort(port + 1)) !== undefined) return port;
  }
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((done) => {
    const server = createServer()
      .once("error", () => done(undefined))
      .listen(port, "127.0.0.1", () => {
        const address = server.address() as { port: number };
        server.close(() => done(address.port));
      });
  });
}
