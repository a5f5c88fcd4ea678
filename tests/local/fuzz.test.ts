/**
 * Whatever comes in over any protocol, signed by whomever, the platform answers, in time, with an error of AWS's and not with
 * one of this program, and nobody is told what is another tenant's. `TERRACE_FUZZ=10 npm test -- local/fuzz` tries ten times as
 * much, `TERRACE_FUZZ_SEED=<seed>` again what failed.
 */
import { Agent, request } from "node:http";
import { garble } from "./fuzz/garble.ts";
import { randomOf } from "./fuzz/random.ts";
import { signed } from "./fuzz/signing.ts";
import { awsTry, gatewayTry, portOf, presignedTry, scopeOf, sendable, TARGETS, type Try } from "./fuzz/tries.ts";
import { jsonValue } from "./fuzz/values.ts";
import { requestOf, type Unsigned } from "./fuzz/wire.ts";
import { startWorld, type World } from "./fuzz/world.ts";

/** The same in every ordinary run, so that nobody's change fails for another's fault; a longer one looks elsewhere each time. */
const SEED = Number(process.env.TERRACE_FUZZ_SEED ?? (process.env.TERRACE_FUZZ ? Date.now() % 1_000_000_007 : 1));
const REQUESTS = 10_000 * Number(process.env.TERRACE_FUZZ ?? 1);
const AT_ONCE = 12;
/** A request that took longer hangs. */
const PATIENCE_MS = 15_000;

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
      const sent = signed({ ...sound, headers: sendable(sound.headers) }, scopeOf(world, name, false), "none");
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
    if (kind < 0.06) return gatewayTry(world, random);
    if (kind < 0.1) return presignedTry(world, random);
    const { name, emulated, all } = random.pick(known);
    return awsTry(world, random, name, random.pick(random.chance(0.06) ? all : emulated));
  };
  let answered = 0;
  const worker = async () => {
    for (let each = next(); each; each = next()) {
      if (await run(each)) answered++;
      if (left % 400 === 0) await garble(random.chance(0.5) ? portOf(world) : world.gateway.port, random);
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
