/**
 * The dialect on the local Data API beside other ways to it, each bundled as for Lambda and measured in processes of its
 * own; then the server: how much it takes, how much it adds to PostgreSQL, what fifty tenants' databases weigh.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { httpTransport } from "../data-api/index.ts";
import { signRequest } from "../data-api/transport/sign-request.ts";
import { installPeer } from "./install-peer.ts";
import type { Target } from "./programs/data-api/target.ts";
import { type Goal, median, type Row, row } from "./row.ts";

const root = resolve(import.meta.dirname, "..");
const programs = join(root, "bench/programs/data-api");
const ROUNDS = 9;
/** A start is a few dozen milliseconds, so whatever else the machine does shows in it. */
const STARTS = 15;
const LOAD_SECONDS = 4;
const NODE_FLAGS = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"];

/** File in bench/peers/data-api → the name to show. */
const PEERS = {
  "raw-sdk": "@aws-sdk/client-rds-data 3.1143.0",
  "kysely-data-api": "kysely-data-api 2.0.0",
  "drizzle-orm": "drizzle-orm 0.45.4",
  "data-api-client": "data-api-client 1.3.1",
} as const;
type Peer = keyof typeof PEERS;

interface Call {
  p50Ms: number;
  cpuMs: number;
}

interface Start {
  importMs: number;
  firstRowMs: number;
}

interface Round {
  one: Call;
  many: Call;
  insert: Call;
}

const CALLS = { one: "select 1 row", many: "select 1000 rows of 10 columns", insert: "insert 1000 rows" } as const;

/** What a ratio to a peer has to be; every other row is only stated. */
const GOALS: Record<string, Goal> = {
  "raw-sdk one cpuMs": { atMost: 0.35 },
  "raw-sdk many cpuMs": { atMost: 0.2 },
  "raw-sdk insert cpuMs": { atMost: 0.25 },
  "kysely-data-api bundle": { atMost: 0.35 },
  "kysely-data-api firstRowMs": { atMost: 0.4 },
};

export async function dataApiBench(): Promise<Row[]> {
  const peers = installPeer("data-api");
  const names = Object.keys(PEERS) as Peer[];
  const bundles = mkdtempSync(join(tmpdir(), "terrace-bench-"));
  const server = await serve();
  try {
    const kib: Record<string, number> = { ours: await bundle(join(programs, "terrace.ts"), bundles, "ours") };
    for (const peer of names) kib[peer] = await bundle(join(peers, `${peer}.js`), bundles, peer);
    const rounds: Record<string, Round[]> = Object.fromEntries(["ours", ...names].map((name) => [name, []]));
    const starts: Record<string, Start[]> = Object.fromEntries(["ours", ...names].map((name) => [name, []]));
    console.error(`bench data-api: ${STARTS} starts…`);
    for (let start = 1; start <= STARTS; start++) {
      for (const name of ["ours", ...names]) {
        starts[name]!.push(await program<Start>("measure.ts", [join(bundles, `${name}.mjs`), "start"], server.target));
      }
    }
    for (let round = 1; round <= ROUNDS; round++) {
      console.error(`bench data-api: round ${round} of ${ROUNDS}…`);
      for (const name of ["ours", ...names]) {
        const measured = await measure(join(bundles, `${name}.mjs`), server.target);
        rounds[name]!.push(measured);
        console.error(`  ${name.padEnd(16)} ${describe(measured)}`);
      }
    }
    const compare = (key: string, metric: string, valueOf: (name: string) => number): Row[] =>
      names.map((peer) => row(metric, "ms", valueOf("ours"), valueOf(peer), PEERS[peer], GOALS[`${peer} ${key}`]));
    const ofStarts = (key: keyof Start) => (name: string) => median(starts[name]!.map((start) => start[key]));
    const ofCalls = (call: keyof Round, key: keyof Call) => (name: string) =>
      median(rounds[name]!.map((round) => round[call][key]));
    const calls = (Object.keys(CALLS) as (keyof typeof CALLS)[]).flatMap((call) => [
      ...compare(`${call} cpuMs`, `${CALLS[call]}, CPU per call`, ofCalls(call, "cpuMs")),
      ...compare(`${call} p50Ms`, `${CALLS[call]}, p50`, ofCalls(call, "p50Ms")),
    ]);
    return [
      ...calls,
      ...names.map((peer) =>
        row("bundle, minified", "KiB", kib.ours!, kib[peer]!, PEERS[peer], GOALS[`${peer} bundle`]),
      ),
      ...compare("importMs", "import", ofStarts("importMs")),
      ...compare("firstRowMs", "import to first row", ofStarts("firstRowMs")),
      ...(await serverRows(server.target)),
    ];
  } finally {
    await server.stop();
    rmSync(bundles, { recursive: true, force: true });
  }
}

async function serverRows(target: Target): Promise<Row[]> {
  console.error("bench data-api: the server…");
  const rates: number[] = [];
  const overheads: { driverMs: number; dataApiMs: number }[] = [];
  await requestRate(target, 1);
  for (let round = 1; round <= 3; round++) {
    rates.push(await requestRate(target, LOAD_SECONDS));
    overheads.push(await program("overhead.ts", [], target));
  }
  const of = (key: "driverMs" | "dataApiMs") => median(overheads.map((overhead) => overhead[key]));
  const rows = [
    row("server: 1-row selects, 16 clients", "requests/s", median(rates), 3000, "the goal", { atLeast: 1 }),
    row("server: 1-row select, p50", "ms", of("dataApiMs"), of("driverMs"), "the PostgreSQL driver alone"),
  ];
  if (process.platform !== "linux") return rows;
  const { memoryMiB } = await program<{ memoryMiB: number }>("serve.ts", ["50"], target);
  return [...rows, row("server: 50 tenants' databases", "MiB", memoryMiB, 250, "the goal", { atMost: 1 })];
}

/** Answers per second to a signed statement that 16 connections repeat. */
async function requestRate({ endpoint, region, credentials, target }: Target, seconds: number): Promise<number> {
  const body = JSON.stringify({
    ...target,
    sql: "select id, name from items where id = :id",
    parameters: [{ name: "id", value: { longValue: 7 } }],
  });
  const { host } = new URL(endpoint);
  const signed = signRequest({ host, path: "/Execute", region, body, credentials, now: Date.now() });
  const headers = Object.entries(signed).flatMap(([name, value]) => ["-H", `${name}=${value}`]);
  const load = ["-j", "-c", "16", "-d", String(seconds), "-m", "POST", "-b", body, ...headers, `${endpoint}/Execute`];
  const autocannon = join(root, "node_modules/autocannon/autocannon.js");
  const { stdout } = await promisify(execFile)(process.execPath, [autocannon, ...load], { maxBuffer: 1 << 26 });
  const result = JSON.parse(stdout);
  if (result.errors + result.non2xx + result.timeouts > 0) {
    throw new Error(`bench data-api: ${result.non2xx} answers were not 2xx, ${result.errors} errors`);
  }
  return result.requests.average;
}

/** @returns KiB of the client and all it needs in one file, as a Lambda function would ship it. */
async function bundle(entry: string, directory: string, name: string): Promise<number> {
  const { metafile } = await build({
    entryPoints: [entry],
    outfile: join(directory, `${name}.mjs`),
    bundle: true,
    minify: true,
    metafile: true,
    platform: "node",
    target: "node24",
    format: "esm",
    // What is CommonJS at heart asks for Node's own modules by require.
    banner: {
      js: 'import{createRequire as requireOfNode}from"node:module";const require=requireOfNode(import.meta.url);',
    },
    legalComments: "none",
    logLevel: "error",
  });
  return Object.values(metafile.outputs)[0]!.bytes / 1024;
}

async function measure(file: string, target: Target): Promise<Round> {
  const measured = await program<Round>("measure.ts", [file, "calls"], target);
  await httpTransport(target)("ExecuteStatement", { ...target.target, sql: "truncate written" });
  return measured;
}

async function program<T>(file: string, args: string[], target: Target): Promise<T> {
  const env = { ...process.env, TARGET: JSON.stringify(target), AWS_ENDPOINT_URL: "", NODE_NO_WARNINGS: "1" };
  const command = [...NODE_FLAGS, join(programs, file), ...args];
  const { stdout } = await promisify(execFile)(process.execPath, command, { env, maxBuffer: 1 << 26 }).catch(
    (error) => {
      // A minified bundle's stack begins with the whole bundle.
      throw new Error(`bench data-api: ${file} ${args.join(" ")} failed: …${String(error.stderr).slice(-2000)}`);
    },
  );
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

async function serve(): Promise<{ target: Target; stop(): Promise<void> }> {
  const child: ChildProcess = spawn(process.execPath, [...NODE_FLAGS, join(programs, "serve.ts")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let output = "";
  child.stdout!.setEncoding("utf8").on("data", (chunk) => (output += chunk));
  while (!output.includes("\n")) {
    await Promise.race([once(child.stdout!, "data"), exited]);
    if (child.exitCode !== null) throw new Error("bench data-api: the server did not start");
  }
  return {
    target: JSON.parse(output),
    async stop() {
      child.stdin!.end();
      await exited;
    },
  };
}

function describe({ one, many, insert }: Round): string {
  const figures = [one, many, insert].map(({ p50Ms, cpuMs }) => `${p50Ms.toFixed(2)}/${cpuMs.toFixed(2)}`);
  return `p50/CPU ms: ${figures.join(", ")}`;
}
