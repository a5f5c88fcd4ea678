/**
 * The platform on one machine, as shipped (authorizer, IAM, logging, PostgreSQL), against serverless-offline with a
 * hello-world function. Both serve `GET /health`; each round starts both afresh, one after the other.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { freePort } from "./free-port.ts";
import { installPeer } from "./install-peer.ts";
import { type Server, startServer } from "./process-tree.ts";
import { median, type Row, row } from "./row.ts";

const root = resolve(import.meta.dirname, "..");
const peerName = "serverless-offline 14.8.2 (osls 4.3.1)";
const ROUNDS = 5;
const WARM_UP_SECONDS = 2;
const LOAD_SECONDS = 4;

interface Round {
  /** The program is the one that ran before: it is served before it is evaluated. */
  startMs: number;
  /** Something was edited: it is evaluated first. */
  editedStartMs: number;
  rate1: number;
  rate16: number;
  p99At16: number;
  memoryMiB: number;
}

export async function localBench(): Promise<Row[]> {
  if (process.platform !== "linux") throw new Error("bench local reads memory from /proc and needs Linux");
  const peer = installPeer("serverless-offline");
  const state = mkdtempSync(join(tmpdir(), "terrace-bench-"));
  const ours: Round[] = [];
  const theirs: Round[] = [];
  try {
    console.error("bench local: first start of the platform (not measured)…");
    // As somebody starts it every day: the same program at the same address.
    const port = await freePort();
    await (await startTerrace(state, port)).stop();
    for (let round = 1; round <= ROUNDS; round++) {
      console.error(`bench local: round ${round} of ${ROUNDS}…`);
      const edited = await startTerrace(state, port, { TERRACE_BENCH_ROUND: String(round) });
      await edited.stop();
      const again = () => startTerrace(state, port, { TERRACE_BENCH_ROUND: String(round) });
      ours.push({ ...(await measure(await again())), editedStartMs: edited.startMs });
      theirs.push(await measure(await startPeer(peer)));
      console.error(`  terrace ${describeRound(ours.at(-1)!)}\n  peer    ${describeRound(theirs.at(-1)!)}`);
    }
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
  const compare = (metric: string, unit: string, key: keyof Round, goal: Parameters<typeof row>[5]) =>
    row(metric, unit, median(ours.map((r) => r[key])), median(theirs.map((r) => r[key])), peerName, goal);
  return [
    compare("GET /health, 1 connection", "requests/s", "rate1", { atLeast: 2 }),
    compare("GET /health, 16 connections", "requests/s", "rate16", { atLeast: 3 }),
    compare("GET /health p99, 16 connections", "ms", "p99At16", { atMost: 0.5 }),
    compare("memory under load (PSS of all processes)", "MiB", "memoryMiB", { atMost: 0.5 }),
    compare("start to first 200, program evaluated first", "ms", "editedStartMs", { atMost: 1 }),
    compare("start to first 200, same program as before", "ms", "startMs", { atMost: 1 }),
  ];
}

async function measure(server: Server): Promise<Round> {
  try {
    await load(server, 16, WARM_UP_SECONDS);
    const one = await load(server, 1, LOAD_SECONDS);
    const sixteen = await load(server, 16, LOAD_SECONDS);
    return {
      startMs: server.startMs,
      editedStartMs: server.startMs,
      rate1: one.rate,
      rate16: sixteen.rate,
      p99At16: sixteen.p99,
      memoryMiB: sixteen.memoryMiB,
    };
  } finally {
    await server.stop();
  }
}

/**
 * autocannon in a process of its own; its answers must all be 200. Memory is read half-way through.
 * autocannon counts whole milliseconds: a p99 of 0 is stated as 1.
 */
async function load(server: Server, connections: number, seconds: number) {
  const host = server.host === undefined ? [] : ["-H", `host=${server.host}`];
  const args = ["-j", "-c", String(connections), "-d", String(seconds), ...host, server.url];
  const running = promisify(execFile)(
    process.execPath,
    [join(root, "node_modules/autocannon/autocannon.js"), ...args],
    {
      maxBuffer: 1 << 26,
    },
  );
  await new Promise((done) => setTimeout(done, seconds * 500));
  const memoryMiB = server.memoryMiB();
  const result = JSON.parse((await running).stdout);
  if (result.errors + result.non2xx + result.timeouts > 0) {
    throw new Error(`${server.url}: ${result.non2xx} answers were not 2xx, ${result.errors} errors`);
  }
  return { rate: result.requests.average as number, p99: Math.max(result.latency.p99 as number, 1), memoryMiB };
}

/** @param env Part of what a graph is known again by: another value makes the platform evaluate the program first. */
async function startTerrace(state: string, port: number, env: Record<string, string> = {}): Promise<Server> {
  return startServer({
    file: process.execPath,
    args: [join(root, "scripts/run.mjs"), "start", "--port", String(port), "--state", state],
    cwd: root,
    env: { ...process.env, ...env },
    url: `http://127.0.0.1:${port}/health`,
    host: `acme.localhost:${port}`,
  });
}

async function startPeer(directory: string): Promise<Server> {
  const [http, lambda] = [await freePort(), await freePort()];
  const ports = ["--httpPort", String(http), "--lambdaPort", String(lambda)];
  return startServer({
    file: process.execPath,
    args: [join(directory, "node_modules/.bin/osls"), "offline", ...ports, "--noPrependStageInUrl"],
    cwd: directory,
    url: `http://localhost:${http}/health`,
  });
}

function describeRound(round: Round): string {
  return `${Math.round(round.rate1)}/s, ${Math.round(round.rate16)}/s, p99 ${round.p99At16} ms, ${Math.round(round.memoryMiB)} MiB, start ${Math.round(round.editedStartMs)} and ${Math.round(round.startMs)} ms`;
}
