/** Invocations that are sent to a quick function's process while it runs another one. */
import type { InvokeOutput } from "../../../local/services/lambda/invoke.ts";
import { eventually, type LambdaCloud, linesOf, startLambda, temporaryFile } from "./fixture.ts";

let cloud: LambdaCloud;
let file: string;

beforeEach(async () => {
  cloud = await startLambda();
  file = temporaryFile("runs");
  await define(3);
});

async function define(timeout: number): Promise<void> {
  await cloud.define(
    "quick",
    `import { appendFileSync } from "node:fs";
    export const handler = async ({ id, then, ms }) => {
      appendFileSync(${JSON.stringify(file)}, id + "\\n");
      if (then === "loops") for (;;);
      if (then === "waits") await new Promise((done) => setTimeout(done, 60_000));
      if (then === "exits") process.exit(3);
      if (then === "rests") await new Promise((done) => setTimeout(done, ms));
      return process.pid;
    };`,
    { timeout },
  );
  // From here on it counts as quick.
  for (let i = 0; i < 40; i++) await invoke("warm");
}

afterEach(() => cloud.stop());

/** In this process, so that several come in the same turn. */
async function invoke(id: string, then?: string, ms?: number) {
  const Payload = JSON.stringify({ id, then, ms });
  const output = await cloud.running.call<InvokeOutput>("lambda", "Invoke", { FunctionName: "quick", Payload });
  return { error: output.FunctionError, payload: JSON.parse(String(output.Payload)) };
}

const runs = () => linesOf(file);
const runsOf = (id: string) => runs().filter((each) => each === id).length;

describe("an invocation that was sent ahead", () => {
  it.each(["loops", "waits"])("runs in another environment, and once, when the one before it %s", async (then) => {
    const hung = invoke("hung", then);
    const others = Promise.all(["a", "b", "c", "d"].map((id) => invoke(id)));
    await eventually(
      () => runsOf("hung"),
      (count) => count === 1,
    );
    // Its patience ends, and another environment starts.
    await cloud.clock.advance(100);
    const pids = new Set((await others).map(({ payload }) => payload));
    expect(pids.size).toBe(1);
    expect(["a", "b", "c", "d"].map(runsOf)).toEqual([1, 1, 1, 1]);
    await cloud.clock.advance(3_000);
    expect((await hung).payload.errorMessage).toMatch(/Task timed out after 3.00 seconds/);
    expect(["a", "b", "c", "d"].map(runsOf)).toEqual([1, 1, 1, 1]);
  });

  it("runs in a fresh environment when the process ended before it began", async () => {
    const [first, ...others] = await Promise.all([invoke("quits", "exits"), invoke("a"), invoke("b")]);
    expect(first).toMatchObject({ error: "Unhandled", payload: { errorType: "Runtime.ExitError" } });
    expect(others.map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(["quits", "a", "b"].map(runsOf)).toEqual([1, 1, 1]);
  });

  it("fails with the process that ended in it, while what was answered before stands", async () => {
    const [first, second, third] = await Promise.all([invoke("a"), invoke("quits", "exits"), invoke("b")]);
    expect(first.error).toBeUndefined();
    expect(second).toMatchObject({ error: "Unhandled", payload: { errorType: "Runtime.ExitError" } });
    expect(third.error).toBeUndefined();
    expect(["a", "quits", "b"].map(runsOf)).toEqual([1, 1, 1]);
  });

  it("runs exactly once, even when it is taken back in the moment in which it would begin", async () => {
    // The clock of this test runs much faster than the function, but not into its timeout.
    await define(900);
    const ids: string[] = [];
    for (let wave = 0; wave < 20; wave++) {
      for (let i = 0; i < 40; i++) await invoke("warm");
      const burst = Array.from({ length: 9 }, (_, index) => `run-${wave}-${index}`);
      ids.push(...burst);
      let done = false;
      const answers = Promise.all(burst.map((id, index) => invoke(id, index === 0 ? "rests" : undefined, wave % 5)));
      const finished = answers.finally(() => {
        done = true;
      });
      for (let steps = 0; !done; steps++) {
        if (steps < 2_000) await cloud.clock.advance(10);
        await new Promise((next) => setImmediate(next));
      }
      expect((await finished).filter(({ error }) => error !== undefined)).toEqual([]);
    }
    expect(ids.filter((id) => runsOf(id) !== 1)).toEqual([]);
  });

  it("has START and REPORT lines of its own", async () => {
    await Promise.all(["a", "b", "c"].map((id) => invoke(id)));
    const lines = await eventually(
      () => cloud.logOf("quick"),
      (found) => found.filter((line) => line.startsWith("REPORT")).length === 43,
    );
    expect(lines.filter((line) => line.startsWith("START"))).toHaveLength(43);
  });
});
