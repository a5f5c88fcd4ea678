/**
 * The local cloud's services at 16 connections, from a program of its own (bench/programs/services), and what the whole dev
 * platform holds in memory when nobody uses it. The figures beside ours are goals: no emulator installs without Docker.
 *
 * Requests are signed before they are sent, and the same one is sent again and again where the service lets it, so that
 * what is measured is the service and not the client.
 */
import { execFile } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { SignatureV4 } from "@smithy/signature-v4";
import type { LocalOutputs } from "../local/runner/outputs.ts";
import { freePort } from "./free-port.ts";
import { type Server, startServer } from "./process-tree.ts";
import { type Row, row } from "./row.ts";

const root = resolve(import.meta.dirname, "..");
const CONNECTIONS = 16;
const LOAD_SECONDS = 4;
const MESSAGES = 20_000;
/** Of one PublishBatch. */
const BATCH = 10;
const IDLE_MS = 10_000;

type Aws = LocalOutputs["aws"];

interface Signed {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

export async function servicesBench(): Promise<Row[]> {
  if (process.platform !== "linux") throw new Error("bench services reads memory from /proc and needs Linux");
  const state = mkdtempSync(join(tmpdir(), "terrace-services-"));
  try {
    return [...(await loads(state)), ...(await idle(state))];
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

async function loads(state: string): Promise<Row[]> {
  const seen = join(state, "seen");
  console.error("bench services: starting the program…");
  const platform = await start(join(state, "services"), join(root, "bench/programs/services"), {
    // A function's own files are its environment's: this leads past them, on Linux.
    TERRACE_BENCH_SEEN: `/proc/self/root${seen}`,
  });
  try {
    const { aws, outputs } = JSON.parse(readFileSync(join(state, "services/outputs.json"), "utf8")) as LocalOutputs;
    const { queueUrl, tableName, bucketName, topicArn } = outputs as Record<string, string>;
    const json = (service: string, target: string, input: object, version: string) =>
      sign(
        aws,
        service,
        "POST",
        "/",
        { "content-type": `application/x-amz-json-${version}`, "x-amz-target": target },
        JSON.stringify(input),
      );
    const item = { id: { S: "one" }, name: { S: "x".repeat(100) } };
    await once(aws, await json("dynamodb", "DynamoDB_20120810.PutItem", { TableName: tableName, Item: item }, "1.0"));
    const requests: [string, number, Signed][] = [
      [
        "SQS SendMessage",
        5_000,
        await json("sqs", "AmazonSQS.SendMessage", { QueueUrl: queueUrl, MessageBody: "x".repeat(100) }, "1.0"),
      ],
      [
        "DynamoDB GetItem",
        4_000,
        await json("dynamodb", "DynamoDB_20120810.GetItem", { TableName: tableName, Key: { id: { S: "one" } } }, "1.0"),
      ],
      ["S3 PutObject, 64 KiB", 1_500, await sign(aws, "s3", "PUT", `/${bucketName}/object`, {}, "x".repeat(65_536))],
    ];
    const rows: Row[] = [];
    for (const [name, goal, signed] of requests) {
      console.error(`bench services: ${name}…`);
      rows.push(
        row(`${name}, ${CONNECTIONS} connections`, "requests/s", await load(aws, signed, state), goal, "the goal", {
          atLeast: 1,
        }),
      );
    }
    console.error("bench services: SNS to SQS to a function…");
    const { rate, lost, twice } = await chain(aws, topicArn!, seen);
    rows.push(row("SNS → SQS → function", "messages/s", rate, 1_500, "the goal", { atLeast: 1 }));
    // A ratio of nothing lost: what came, of what was sent.
    rows.push(
      row("messages that came", "messages", MESSAGES - lost, MESSAGES, "messages that were published", { atLeast: 1 }),
    );
    console.error(`bench services: ${lost} lost, ${twice} came twice`);
    return rows;
  } finally {
    await platform.stop();
  }
}

async function idle(state: string): Promise<Row[]> {
  console.error("bench services: the dev platform, idle…");
  const platform = await start(join(state, "dev"), root);
  try {
    await sleep(IDLE_MS);
    return [
      row("idle dev platform (PSS of all processes)", "MiB", platform.memoryMiB(), 350, "the goal", { atMost: 1 }),
    ];
  } finally {
    await platform.stop();
  }
}

async function start(state: string, directory: string, env: Record<string, string> = {}): Promise<Server> {
  const port = await freePort();
  const flags = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning", "--max-semi-space-size=16"];
  const server = await startServer({
    file: process.execPath,
    args: [...flags, join(root, "local/main.ts"), "--port", String(port), "--state", state],
    cwd: directory,
    env: { ...process.env, ...env },
    url: `http://127.0.0.1:${port}/`,
    isReady: () => existsSync(join(state, "outputs.json")),
  });
  return server;
}

/** Signature Version 4, for a request that may be sent for fifteen minutes. */
async function sign(
  { endpoint, region, accessKeyId, secretAccessKey }: Aws,
  service: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string,
): Promise<Signed> {
  const { host, hostname, port } = new URL(endpoint);
  const signer = new SignatureV4({
    service,
    region,
    credentials: { accessKeyId, secretAccessKey },
    sha256: Sha256,
    uriEscapePath: service !== "s3",
  });
  const signed = await signer.sign({
    ...{ method, path, hostname, port: Number(port), protocol: "http:", query: {}, body },
    headers: { host, "x-amz-content-sha256": createHash("sha256").update(body).digest("hex"), ...headers },
  });
  return { method, path, headers: signed.headers, body };
}

/** As the signer wants a hash. */
class Sha256 {
  readonly #hash;
  constructor(secret?: unknown) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as Uint8Array);
  }
  update(data: Uint8Array | string): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

/** Answers a second, of autocannon in a process of its own; all must be 200. */
async function load(aws: Aws, { method, path, headers, body }: Signed, directory: string): Promise<number> {
  const file = join(directory, "body");
  writeFileSync(file, body);
  const heads = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}=${value}`]);
  const args = [
    "-j",
    "-c",
    String(CONNECTIONS),
    "-d",
    String(LOAD_SECONDS),
    "-m",
    method,
    "-i",
    file,
    ...heads,
    `${aws.endpoint}${path}`,
  ];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(root, "node_modules/autocannon/autocannon.js"), ...args],
    { maxBuffer: 1 << 26 },
  );
  const result = JSON.parse(stdout);
  if (result.errors + result.non2xx + result.timeouts > 0) {
    throw new Error(`${method} ${path}: ${result.non2xx} answers were not 2xx, ${result.errors} errors`);
  }
  return result.requests.average;
}

/** Publishes and waits for the function to have seen everything. */
async function chain(aws: Aws, topic: string, seen: string): Promise<{ rate: number; lost: number; twice: number }> {
  const batches: Signed[] = [];
  for (let first = 0; first < MESSAGES; first += BATCH) {
    const form = new URLSearchParams({ Action: "PublishBatch", Version: "2010-03-31", TopicArn: topic });
    for (let index = 0; index < BATCH; index++) {
      form.set(`PublishBatchRequestEntries.member.${index + 1}.Id`, String(index));
      form.set(`PublishBatchRequestEntries.member.${index + 1}.Message`, `message-${first + index}`);
    }
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    batches.push(await sign(aws, "sns", "POST", "/", headers, form.toString()));
  }
  writeFileSync(seen, "");
  const started = performance.now();
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const senders = Array.from({ length: CONNECTIONS }, async () => {
    for (let next = batches.pop(); next; next = batches.pop()) await once(aws, next, agent);
  });
  await Promise.all(senders);
  const ids = () => readFileSync(seen, "utf8").split("\n").filter(Boolean);
  let all = ids();
  // What does not come within a minute of the last message that came is lost.
  for (let quiet = performance.now(), known = all.length; new Set(all).size < MESSAGES; all = ids()) {
    if (all.length > known) [quiet, known] = [performance.now(), all.length];
    if (performance.now() - quiet > 60_000) break;
    await sleep(50);
  }
  const seconds = (performance.now() - started) / 1000;
  agent.destroy();
  const different = new Set(all).size;
  return { rate: different / seconds, lost: MESSAGES - different, twice: all.length - different };
}

function once(aws: Aws, { method, path, headers, body }: Signed, agent?: Agent): Promise<void> {
  return new Promise((done, fail) => {
    const sent = request(`${aws.endpoint}${path}`, { method, headers, agent }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += chunk));
      response.on("end", () =>
        response.statusCode === 200 ? done() : fail(new Error(`${response.statusCode}: ${text}`)),
      );
    });
    sent.on("error", fail);
    sent.end(body);
  });
}
