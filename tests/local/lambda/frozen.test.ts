/** Between invocations nothing of a function runs. */
import { readFileSync } from "node:fs";
import { eventually, type LambdaCloud, startLambda, temporaryFile } from "./fixture.ts";

let cloud: LambdaCloud;
let file: string;

beforeAll(async () => {
  cloud = await startLambda();
});
afterAll(() => cloud.stop());
beforeEach(() => {
  file = temporaryFile("ticks");
});

/** Each invocation answers with what was written before, once one more was; an interval writes on meanwhile and afterwards. */
const TICKING = `import { appendFileSync, readFileSync } from "node:fs";
  let file, waiting = () => {};
  const count = () => readFileSync(file, "utf8").length;
  const id = Math.random();
  export const handler = async (event) => {
    if (!file) {
      file = event.file;
      setInterval(() => { appendFileSync(file, "."); waiting(); }, 1);
    }
    const before = count();
    await new Promise((done) => { waiting = done; });
    return { id, before, after: count() };
  };`;

const ticks = () => readFileSync(file, "utf8").length;

/** So many looks, ten milliseconds apart, after a tick of a function that runs on would have come. */
const MANY = 50;

/** Resolves once the file has not grown for some hundred times as long as the interval takes. */
async function stopped(): Promise<number> {
  let last = -1;
  let same = 0;
  return eventually(ticks, (now) => {
    same = now === last ? same + 1 : 0;
    last = now;
    return same === MANY;
  });
}

it("a timer of a function does not run while nothing is asked of it, and runs again with the next invocation", async () => {
  await cloud.define("ticking", TICKING, { timeout: 20 });
  const first = await cloud.invoke("ticking", { file });
  // How far it came after it thaws and before its handler is called is the machine's affair.
  await stopped();
  const second = await cloud.invoke("ticking", { file });
  expect(second.payload.id).toBe(first.payload.id);
  expect(second.payload.after).toBeGreaterThan(second.payload.before);
  const again = await stopped();
  expect(again).toBeGreaterThanOrEqual(second.payload.after);
});

it("what it wrote before is in its log, and it is invoked, stopped and timed out as ever", async () => {
  await cloud.define(
    "ticking-too",
    `${TICKING.replace("const before", "console.log('hello'); if (event.hang) for (;;); const before")}`,
    {
      timeout: 20,
    },
  );
  await cloud.invoke("ticking-too", { file });
  await stopped();
  await eventually(
    () => cloud.logOf("ticking-too"),
    (lines) => lines.some((line) => line.includes("hello")),
  );
  const hanging = cloud.invoke("ticking-too", { file, hang: true });
  await eventually(() => cloud.clock.advance(1_000).then(() => Promise.race([hanging, undefined])), Boolean);
  expect((await hanging).payload.errorMessage).toContain("Task timed out after 20.00 seconds");
});

it("a frozen environment ends when its platform does", async () => {
  await cloud.define("mortal", `${TICKING.replace("{ id,", "{ pid: process.pid, id,")}`, { timeout: 20 });
  const { pid } = (await cloud.invoke("mortal", { file })).payload;
  await stopped();
  await cloud.restart();
  await eventually(
    () => runs(pid),
    (isRunning) => !isRunning,
  );
});

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
