/**
 * Whatever comes in over any protocol, signed by whomever, the platform answers, in time, with an error of AWS's and not with
 * one of this program, and nobody is told what is another tenant's. `TERRACE_FUZZ=10 npm test -- local/fuzz` tries ten times as
 * much, `TERRACE_FUZZ_SEED=<seed>` again what failed.
 */
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { type Random, randomOf } from "./fuzz/random.ts";
import { FAULTS, type Fault, presigned, type Scope, signed } from "./fuzz/signing.ts";
import { jsonValue, oddText } from "./fuzz/values.ts";
import { requestOf, type Unsigned } from "./fuzz/wire.ts";
import { startWorld, type World } from "./fuzz/world.ts";

const SEED = Number(process.env.TERRACE_FUZZ_SEED ?? Date.now() % 1_000_000_007);
const REQUESTS = 10_000 * Number(process.env.TERRACE_FUZZ ?? 1);
const AT_ONCE = 12;
/** A request that took longer hangs. */
const PATIENCE_MS = 15_000;

const TARGETS: Record<string, string> = {
  "streams.dynamodb": "DynamoDBStreams_20120810",
  "cognito-idp": "AWSCognitoIdentityProviderService",
};
/** Signed for under another's name. */
const SIGNED_AS: Record<string, string> = { "streams.dynamodb": "dynamodb", sesv2: "ses" };

interface Answer {
  status: number;
  /** `x-amzn-errortype`, where REST-JSON says what is wrong. */
  type: string;
  text: string;
}

let world: World;
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
/** What went wrong, and with which requests. */
const faults = new Map<string, string[]>();
const note = (what: string, where: string) => void faults.set(what, [...(faults.get(what) ?? []), where]);
const onRejection = (error: unknown) => note(`unhandled: ${(error as Error)?.stack ?? error}`, "a promise");

beforeAll(async () => {
  process.on("unhandledRejection", onRejection);
  world = await startWorld();
});

afterAll(async () => {
  process.off("unhandledRejection", onRejection);
  agent.destroy();
  await world.stop();
});

function send(port: number, { method, path, headers, body }: Unsigned): Promise<Answer> {
  return new Promise((done, failed) => {
    const outgoing = request({
      host: "127.0.0.1",
      port,
      method,
      path,
      agent,
      headers: { ...sendable(headers), "content-length": body.length },
    });
    const late = setTimeout(() => outgoing.destroy(new Error("no answer")), PATIENCE_MS);
    outgoing.on("error", (error) => {
      clearTimeout(late);
      failed(error);
    });
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("close", () => {
        clearTimeout(late);
        const type = String(incoming.headers["x-amzn-errortype"] ?? "");
        done({ status: incoming.statusCode!, type, text: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.end(body);
  });
}

/** Node sends no header with other characters, nor a body's length that is none. */
function sendable(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => /^[\w-]+$/.test(name))
      .map(([name, value]) => [name, value.replace(/[^\x20-\x7e]/g, "?").slice(0, 4000)]),
  );
}

const portOf = (cloud: World) => Number(new URL(cloud.running.endpoint).port);

function scopeOf(name: string, isAcme: boolean): Scope {
  const host = `127.0.0.1:${portOf(world)}`;
  return {
    keys: isAcme ? world.acme : world.administrator,
    service: SIGNED_AS[name] ?? name,
    region: "eu-west-1",
    host,
  };
}

const spoilers: ((random: Random, sound: Unsigned) => Unsigned)[] = [
  (random, sound) => ({ ...sound, body: sound.body.subarray(0, random.below(sound.body.length + 1)) }),
  (random, sound) => ({ ...sound, body: Buffer.from(oddText(random)) }),
  (random, sound) => ({
    ...sound,
    body: Buffer.from(random.pick(["[", '{"a":', "<a>", "%"]).repeat(random.below(20_000))),
  }),
  (random, sound) => ({
    ...sound,
    body: Buffer.from(random.pick(["null", "[]", "7", '"x"', '{"__proto__":{"x":1}}'])),
  }),
  (_, sound) => ({ ...sound, body: Buffer.from('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>') }),
  (random, sound) => ({ ...sound, body: Buffer.concat([sound.body, Buffer.from(oddText(random))]) }),
  (random, sound) => ({ ...sound, method: random.pick(["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "POST"]) }),
  (random, sound) => ({ ...sound, path: `/${encodeURIComponent(oddText(random).slice(0, 500))}${sound.path}` }),
  (random, sound) => ({
    ...sound,
    path: `${sound.path}${sound.path.includes("?") ? "&" : "?"}${random.pick(["acl", "uploads", "a=%ZZ", "list-type=2", "x-id=GetObject", "=", "&&"])}`,
  }),
  (random, sound) => ({
    ...sound,
    headers: {
      ...sound.headers,
      "content-type": random.pick(["", "text/plain", "application/xml", "multipart/form-data"]),
    },
  }),
  (random, sound) => ({
    ...sound,
    headers: {
      ...sound.headers,
      "x-amz-target": random.pick(["", ".", "constructor", "X.__proto__", "DynamoDBStreams_"]),
    },
  }),
  (random, sound) => ({
    ...sound,
    headers: {
      ...sound.headers,
      [random.pick([
        "range",
        "if-match",
        "if-modified-since",
        "x-amz-checksum-crc32",
        "x-amz-tagging",
        "content-encoding",
        "x-amz-decoded-content-length",
      ])]: oddText(random).slice(0, 100),
    },
  }),
];

interface Try {
  name: string;
  operation: string;
  isAcme: boolean;
  port: number;
  request: Unsigned;
}

function awsTry(random: Random, name: string, operation: string): Try {
  const { wire } = world.wires.get(name)!;
  const isAcme = random.chance(0.5);
  const names = isAcme ? world.curious : world.harmless;
  const input = jsonValue(wire.operations.get(operation)!.input, random, names, random.pick([0, 0, 0.2, 1]));
  let sound = requestOf(wire, wire.operations.get(operation)!, input, TARGETS[name] ?? "X_1");
  if (random.chance(0.3)) sound = random.pick(spoilers)(random, sound);
  const fault: Fault = random.chance(0.12) ? random.pick(FAULTS) : "none";
  const port = portOf(world);
  let sent = signed({ ...sound, headers: sendable(sound.headers) }, scopeOf(name, isAcme), fault);
  if (random.chance(0.03)) sent = { ...sent, headers: { ...sent.headers, host: hostOf(random) } };
  return { name, operation, isAcme: isAcme || fault !== "none", port, request: sent };
}

const hostOf = (random: Random) =>
  random.pick([
    "acme.localhost",
    "globex.localhost",
    "globex-bucket.localhost",
    "x.lambda-url.eu-west-1.localhost",
    "a.auth.localhost",
    "[::1]",
    "",
    "a b",
    "x:y",
  ]);

function presignedTry(random: Random): Try {
  const key = random.pick([
    "globex/secret.txt",
    "acme/own.txt",
    "%2e%2e/globex/secret.txt",
    "acme/../globex/secret.txt",
  ]);
  const bucket = random.pick(["shared", "globex-bucket", "acme-bucket"]);
  const path = presigned(`/${bucket}/${key}`, scopeOf("s3", true), random, random.chance(0.7));
  const other = random.chance(0.2) ? path.replace("acme/own.txt", "globex/secret.txt") : path;
  const host = `127.0.0.1:${portOf(world)}`;
  const sent = { method: "GET", path: other, headers: { host }, body: Buffer.alloc(0) };
  return { name: "s3", operation: "presigned", isAcme: true, port: portOf(world), request: sent };
}

function gatewayTry(random: Random): Try {
  const segments = [
    "mock",
    "gone",
    "v1",
    "%2e%2e",
    "..",
    "_mail",
    "faults",
    "",
    encodeURIComponent(oddText(random).slice(0, 200)),
  ];
  const path = `/${random.pick(segments)}/${random.pick(segments)}?${random.pick(["", "a=%ZZ", "a=1&a=2", "__proto__=x"])}`;
  const isAws = random.chance(0.3);
  const sent = {
    method: random.pick(["GET", "POST", "HEAD", "OPTIONS", "DELETE"]),
    path: path.slice(0, 3000),
    headers: {
      host: hostOf(random),
      authorization: random.pick([
        "",
        "Bearer x.y.z",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Basic eDp5",
        "AWS4-HMAC-SHA256",
      ]),
      cookie: oddText(random).slice(0, 200),
      origin: random.pick(["null", "http://evil.example", ""]),
    },
    body: random.chance(0.5) ? Buffer.from(oddText(random)) : Buffer.alloc(0),
  };
  return {
    name: "gateway",
    operation: path,
    isAcme: true,
    port: isAws ? portOf(world) : world.gateway.port,
    request: sent,
  };
}

/** Bytes that are no HTTP, or hardly. */
function garble(random: Random): Promise<string> {
  const raw = random.pick([
    "GET / HTTP/9.9\r\n\r\n",
    "\r\n\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\ngarbage that is no frame",
    `GET /${"x".repeat(40_000)} HTTP/1.1\r\nhost: a\r\n\r\n`,
    `GET / HTTP/1.1\r\nhost: a\r\nx: ${"y".repeat(90_000)}\r\n\r\n`,
    "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -5\r\n\r\n",
    "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
    "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "GET http://[::1/ HTTP/1.1\r\nhost: ]\r\n\r\n",
    "\u0000\u0001\u0002\u0003",
  ]);
  return new Promise((done) => {
    const socket = connect(random.chance(0.5) ? portOf(world) : world.gateway.port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
      socket.destroy();
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => done(text));
    socket.setTimeout(500, () => socket.destroy());
    socket.write(raw);
  });
}

/** As text, or as base64 where an answer has bytes so. */
const tells = (text: string) =>
  [world.mark, Buffer.from(world.mark).toString("base64")].some((mark) => text.includes(mark));

async function run(each: Try): Promise<Answer | undefined> {
  const where = `${each.name} ${each.operation}: ${each.request.method} ${each.request.path.slice(0, 200)} ${each.request.body.toString().slice(0, 400)}`;
  try {
    const answer = await send(each.port, each.request);
    if (each.isAcme && tells(answer.text)) note("another tenant's data was answered", where);
    if (answer.status === 500 && (answer.text + answer.type).includes("InternalFailure"))
      note("InternalFailure", where);
    return answer;
  } catch (error) {
    note(`${(error as Error).message}`, where);
    return undefined;
  }
}

/** Errors of this program that the log tells of. */
function notePrograms(): void {
  for (const { level, source, message } of world.lines.splice(0)) {
    if (level === "error" && /\n\s+at /.test(message))
      note(`${source}: ${message.split("\n").slice(0, 3).join(" | ")}`, "");
  }
}

function report(): string {
  const rows = [...faults].map(([what, where]) => `${where.length} × ${what}\n    e.g. ${where[0]}`);
  return rows.length === 0 ? "" : `seed ${SEED}:\n${rows.join("\n")}`;
}

it("every operation that an SDK knows and this platform does not have is refused by name, and the log names it", async () => {
  const missing: string[] = [];
  for (const [name, { wire, emulated }] of world.wires) {
    for (const [operation, described] of wire.operations) {
      if (emulated.has(operation)) continue;
      world.lines.length = 0;
      const input = jsonValue(described.input, randomOf(1), world.harmless, 0);
      const sound = requestOf(wire, described, input, TARGETS[name] ?? "X_1");
      const sent = signed({ ...sound, headers: sendable(sound.headers) }, scopeOf(name, false), "none");
      const { status, type, text } = await send(portOf(world), sent);
      const isNamed = world.lines.some(
        ({ message }) => message === `${name}:${operation} is not emulated on this machine.`,
      );
      const isAwss =
        sent.method === "HEAD" || /UnknownOperationException|InvalidAction|NotImplemented/.test(type + text);
      if (status < 400 || status === 500 || !isAwss || !isNamed)
        missing.push(`${name} ${operation}: ${status} ${text.slice(0, 120)}`);
    }
  }
  expect(missing).toEqual([]);
});

it(`${REQUESTS} requests of every kind: each is answered in time, none breaks the program or shows another tenant's data`, async () => {
  const random = randomOf(SEED);
  const known = [...world.wires].map(([name, { wire, emulated }]) => ({
    name,
    emulated: [...emulated].filter((operation) => wire.operations.has(operation)),
    all: [...wire.operations.keys()],
  }));
  let left = REQUESTS;
  const next = (): Try | undefined => {
    if (left-- <= 0) return undefined;
    const kind = random.next();
    if (kind < 0.06) return gatewayTry(random);
    if (kind < 0.1) return presignedTry(random);
    const { name, emulated, all } = random.pick(known);
    return awsTry(random, name, random.pick(random.chance(0.06) ? all : emulated));
  };
  let answered = 0;
  const worker = async () => {
    for (let each = next(); each; each = next()) {
      if (await run(each)) answered++;
      if (left % 400 === 0) await garble(random);
      if (left % 250 === 0) await world.refurnish();
      notePrograms();
    }
  };
  // Who waits at a queue or for a retry is let go on.
  const ticking = setInterval(() => void world.clock.advance(1000), 50);
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  clearInterval(ticking);
  await world.clock.advance(0);
  notePrograms();
  expect(report()).toBe("");
  expect(answered).toBe(REQUESTS);
}, 600_000);

it("after all of it the platform serves", async () => {
  const { running, mark } = world;
  const read = await running.call("dynamodb", "GetItem", { TableName: "shared", Key: { pk: { S: "globex" } } });
  expect(read).toMatchObject({ Item: { data: { S: mark } } });
  const { QueueUrl } = await running.call("sqs", "CreateQueue", { QueueName: "afterwards" });
  await running.call("sqs", "SendMessage", { QueueUrl, MessageBody: "still here" });
  expect(await running.call("sqs", "ReceiveMessage", { QueueUrl })).toMatchObject({
    Messages: [{ Body: "still here" }],
  });
  const page = await fetch(`http://127.0.0.1:${world.gateway.port}/`);
  expect(page.status).toBe(200);
});
