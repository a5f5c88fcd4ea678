/** A function that throws, hangs, exits or takes too much: what its caller sees, and what the next one gets. */
import { eventually, type LambdaCloud, startLambda } from "./fixture.ts";

let cloud: LambdaCloud;

beforeEach(async () => {
  cloud = await startLambda();
});

afterEach(() => cloud.stop());

/** Counts invocations, so that a 1 shows a fresh environment. */
const COUNTER = "let n = 0; const count = () => ++n;";

describe("a function that throws", () => {
  it("answers 200 with the error's type, message and trace, and keeps its environment", async () => {
    await cloud.define(
      "thrower",
      `${COUNTER} export const handler = async () => { count(); if (n === 1) throw new RangeError("too far"); return n; };`,
    );
    const answer = await cloud.invoke("thrower");
    expect(answer).toMatchObject({
      status: 200,
      error: "Unhandled",
      payload: { errorType: "RangeError", errorMessage: "too far" },
    });
    expect(answer.payload.trace[0]).toBe("RangeError: too far");
    expect((await cloud.invoke("thrower")).payload).toBe(2);
  });

  it("something other than an Error is told by its type", async () => {
    await cloud.define("strings", "export const handler = () => { throw 'just text'; };");
    const { payload } = await cloud.invoke("strings");
    expect(payload).toEqual({ errorType: "string", errorMessage: "just text", trace: [] });
  });

  it("outside of any invocation loses its environment", async () => {
    await cloud.define(
      "rejecter",
      `${COUNTER} export const handler = async (event) => {
        count();
        if (event.reject) { Promise.reject(new Error("lost")); await new Promise(() => setInterval(() => {}, 1000)); }
        return n; };`,
    );
    const { payload } = await cloud.invoke("rejecter", { reject: true });
    expect(payload).toMatchObject({ errorType: "Runtime.UnhandledPromiseRejection", errorMessage: "lost" });
    expect((await cloud.invoke("rejecter")).payload).toBe(1);
  });

  it("answers with something that has no JSON is a failure, not a hang", async () => {
    await cloud.define("cyclic", "export const handler = async () => { const a = {}; a.a = a; return a; };");
    expect((await cloud.invoke("cyclic")).payload.errorType).toBe("Runtime.MarshalError");
  });
});

describe("a function that can not start", () => {
  it.each([
    ["Runtime.HandlerNotFound", "export const other = 1;", "index.handler is undefined or not exported"],
    ["Runtime.ImportModuleError", "import 'not-there'; export const handler = 1;", "not-there"],
    ["Runtime.UserCodeSyntaxError", "export const handler = (;", "SyntaxError"],
    ["Error", "throw new Error('no config'); export const handler = 1;", "no config"],
  ])("answers %s", async (errorType, source, message) => {
    await cloud.define("broken", source);
    const { error, payload } = await cloud.invoke("broken");
    expect([error, payload.errorType]).toEqual(["Unhandled", errorType]);
    expect(payload.errorMessage).toContain(message);
  });

  it("answers Runtime.ImportModuleError when its file is missing", async () => {
    await cloud.define("nofile", "", { handler: "elsewhere.handler" });
    expect((await cloud.invoke("nofile")).payload.errorType).toBe("Runtime.ImportModuleError");
  });

  it("tries again with the next invocation", async () => {
    await cloud.define("broken", "throw new Error('still');");
    await cloud.invoke("broken");
    expect((await cloud.invoke("broken")).payload.errorMessage).toBe("still");
  });
});

describe("a function that hangs (case 7)", () => {
  it("is killed at its timeout; the caller sees `Task timed out after N.00 seconds` and the next call is a fresh INIT", async () => {
    await cloud.define(
      "hanger",
      `${COUNTER} export const handler = async (event) => {
        count(); if (event.hang) { console.log("hanging"); for (;;); } return [n, process.pid]; };`,
      { timeout: 3 },
    );
    const [, pid] = (await cloud.invoke("hanger")).payload;
    const hanging = cloud.invoke("hanger", { hang: true });
    await eventually(
      () => cloud.logOf("hanger"),
      (lines) => lines.some((line) => line.includes("hanging")),
    );
    await cloud.clock.advance(3_000);
    const { error, payload } = await hanging;
    expect([error, payload.errorType]).toEqual(["Unhandled", "Sandbox.Timedout"]);
    expect(payload.errorMessage).toMatch(/^RequestId: [0-9a-f-]{36} Error: Task timed out after 3.00 seconds$/);
    const [count, next] = (await cloud.invoke("hanger")).payload;
    expect(count).toBe(1);
    expect(next).not.toBe(pid);
    await eventually(
      () => isAlive(pid),
      (alive) => !alive,
    );
  });
});

describe("a function that takes too much memory (case 8)", () => {
  it("of V8's heap dies with Runtime.ExitError, and the next call is served afresh", async () => {
    await cloud.define(
      "heap",
      `${COUNTER} export const handler = async (event) => {
        count(); const kept = []; while (event.fill) kept.push(new Array(10000).fill(n)); return n; };`,
      { memorySize: 128, timeout: 60 },
    );
    const { error, payload } = await cloud.invoke("heap", { fill: true });
    expect([error, payload.errorType]).toEqual(["Unhandled", "Runtime.ExitError"]);
    expect(payload.errorMessage).toMatch(/Error: Runtime exited with error: signal: (aborted|killed)$/);
    expect((await cloud.invoke("heap")).payload).toBe(1);
  });

  it("in buffers, outside of V8's heap, dies with Runtime.ExitError too", async () => {
    await cloud.define(
      "buffers",
      // It keeps what it took until somebody looks.
      `export const handler = async () => { const kept = []; for (let i = 0; i < 300; i++) {
        kept.push(Buffer.alloc(1 << 20, 1)); await new Promise((done) => setTimeout(done, 2)); }
        await new Promise(() => setInterval(() => kept.length, 1000)); };`,
      { memorySize: 128, timeout: 60 },
    );
    const { payload } = await cloud.invoke("buffers");
    expect(payload.errorType).toBe("Runtime.ExitError");
    expect(payload.errorMessage).toContain("signal: killed");
  });
});

describe("a function that exits", () => {
  it("answers Runtime.ExitError with its status", async () => {
    await cloud.define("quitter", "export const handler = () => process.exit(7);");
    expect((await cloud.invoke("quitter")).payload).toMatchObject({
      errorType: "Runtime.ExitError",
      errorMessage: expect.stringMatching(/Error: Runtime exited with error: exit status 7$/),
    });
  });
});

it("an answer of more than 6 MB is Function.ResponseSizeTooLarge", async () => {
  await cloud.define("large", "export const handler = () => 'x'.repeat(6291557);");
  expect((await cloud.invoke("large")).payload.errorType).toBe("Function.ResponseSizeTooLarge");
});

it("other functions are served while one hangs", async () => {
  await cloud.define("hanger", "export const handler = () => { for (;;); };", { timeout: 3 });
  await cloud.define("other", "export const handler = () => 'here';");
  const hanging = cloud.invoke("hanger");
  expect((await cloud.invoke("other")).payload).toBe("here");
  await eventually(
    () => cloud.logOf("hanger"),
    (lines) => lines.length > 0,
  );
  await cloud.clock.advance(3_000);
  expect((await hanging).error).toBe("Unhandled");
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
