/** Runs `local/main.ts` as a person would: a process of its own, over a small program in a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join, resolve } from "node:path";
import { threadId } from "node:worker_threads";
import type { LocalOutputs } from "../../../local/runner/outputs.ts";

const root = resolve(import.meta.dirname, "../../..");

export const PROGRAM = `
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

const greeting = new pulumi.Config().require("greeting");
const parameter = new aws.ssm.Parameter("greeting", { name: "/fixture/greeting", type: "String", value: greeting });
new aws.cloudwatch.LogGroup("lines", { name: "/fixture/lines" });
export const parameterArn = parameter.arn;
`;

/** A program's folder, below the project so that it finds its packages. */
export function makeProgram(program = PROGRAM): { directory: string; write(file: string, text: string): void } {
  const parent = join(root, ".terrace", "tests");
  mkdirSync(parent, { recursive: true });
  const directory = mkdtempSync(join(parent, "runner-"));
  const write = (file: string, text: string) => writeFileSync(join(directory, file), text);
  write("package.json", JSON.stringify({ type: "module", main: "index.ts" }));
  write("Pulumi.yaml", "name: fixture\nruntime: nodejs\nmain: index.ts\n");
  write("Pulumi.dev.yaml", "config:\n  aws:region: eu-west-1\n  fixture:greeting: hello\n");
  write("index.ts", program);
  return { directory, write };
}

export function removeProgram(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

export interface Run {
  child: ChildProcess;
  port: number;
  /** Everything printed so far. */
  output(): string;
  /** Resolves once `text` was printed; rejects when the process ends without it. */
  printed(text: string | RegExp): Promise<void>;
  /** Exit code, or the signal's name. */
  ended: Promise<number | string>;
  outputs(): LocalOutputs;
}

export function run(directory: string, port: number, ...flags: string[]): Run {
  const node = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"];
  const child = spawn(process.execPath, [...node, join(root, "local/main.ts"), "--port", String(port), ...flags], {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (chunk) => (text += chunk));
  const ended = once(child, "close").then(([code, signal]) => (signal ?? code) as number | string);
  return {
    child,
    port,
    output: () => text,
    ended,
    outputs: () => JSON.parse(readFileSync(join(directory, ".terrace/outputs.json"), "utf8")),
    printed: (wanted) =>
      new Promise((done, reject) => {
        const check = () => {
          if (typeof wanted === "string" ? text.includes(wanted) : wanted.test(text)) done();
        };
        child.stdout!.on("data", check);
        child.stderr!.on("data", check);
        void ended.then((how) => reject(new Error(`ended with ${how} before it printed ${wanted}:\n${text}`)));
        check();
        // The runner of these tests knows no timeouts.
        setTimeout(() => reject(new Error(`not printed in time: ${wanted}\n${text}`)), 60_000).unref();
      }),
  };
}

/** Below the ports that systems hand out by themselves: none of them is taken between the look and the use. */
const PORTS = { from: 16_000, each: 100, workers: 100 };
let place = randomInt(PORTS.each / 2) * 2;

/** A port that is free, and so is the next; no other worker of this run gets either. */
export async function freePorts(): Promise<number> {
  for (;;) {
    place = (place + 2) % PORTS.each;
    const port = PORTS.from + (threadId % PORTS.workers) * PORTS.each + place;
    const found = await Promise.all([port, port + 1].map((each) => listen(each).catch(() => undefined)));
    await Promise.all(found.map((server) => server && close(server)));
    if (found.every(Boolean)) return port;
  }
}

export async function listen(port: number): Promise<Server> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

export async function close(server: Server): Promise<void> {
  server.close();
  await once(server, "close");
}
