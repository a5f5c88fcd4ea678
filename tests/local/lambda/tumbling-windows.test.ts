/** Streams whose function adds up over windows of time: the state that goes from call to call, and the last call. */
import { GetEventSourceMappingCommand } from "@aws-sdk/client-lambda";
import { eventually, linesOf, temporaryFile } from "./fixture.ts";
import { STREAM_ARN, type StreamCloud, startStreams } from "./stream-fixture.ts";

let cloud: StreamCloud;
let file: string;

beforeEach(async () => {
  cloud = await startStreams();
  file = temporaryFile("windows");
});
afterEach(() => cloud.stop());

interface Seen {
  texts: string[];
  state: { sum?: number };
  window: { start: string; end: string };
  shardId: string;
  eventSourceARN: string;
  isFinalInvokeForWindow: boolean;
  isWindowTerminatedEarly: boolean;
}

/** Adds up the numbers that come. `answer` is an expression over `sum` and `event`. */
const adding = (answer = "{ state: { sum } }") => `import { appendFileSync, existsSync } from "node:fs";
  export const handler = async (event) => {
    const texts = event.Records.map(({ kinesis }) => Buffer.from(kinesis.data, "base64").toString());
    const { Records, ...rest } = event;
    appendFileSync(${JSON.stringify(file)}, JSON.stringify({ texts, ...rest }) + "\\n");
    const sum = texts.reduce((total, text) => total + Number(text), event.state.sum ?? 0);
    return ${answer};
  };`;

const seen = (): Seen[] => linesOf(file).map((line) => JSON.parse(line));

/** Moves the clock a second at a time until the function was called so often. */
const called = (count: number) =>
  eventually(
    async () => {
      if (seen().length < count) await cloud.clock.advance(1_000);
      return seen();
    },
    (found) => found.length >= count,
  );

async function define(answer?: string, inputs = {}): Promise<void> {
  await cloud.create();
  await cloud.define("consumer", adding(answer), { timeout: 900 });
  await cloud.map({ tumblingWindowInSeconds: 60, batchSize: 2, ...inputs });
}

/** To the beginning of the next minute, so that a window has room. */
const toNextWindow = () => cloud.clock.advance(60_000 - (cloud.clock.now() % 60_000));

it("hands the state from call to call, and ends the window with a call of its own", async () => {
  await toNextWindow();
  await define();
  const start = cloud.clock.now();
  // At once: none of them is read without the others.
  await cloud.put("1", "2", "3");
  await called(2);
  const [first, second, last] = await called(3);
  expect([first!.texts, second!.texts, last!.texts].flat()).toEqual(["1", "2", "3"]);
  expect([first!.state, last!.state]).toEqual([{}, { sum: 6 }]);
  expect([first!, second!, last!].map((each) => each.isFinalInvokeForWindow)).toEqual([false, false, true]);
  expect(last).toMatchObject({
    ...{ texts: [], isWindowTerminatedEarly: false, shardId: "shardId-000000000000", eventSourceARN: STREAM_ARN },
    window: {
      start: new Date(start).toISOString().replace(".000Z", "Z"),
      end: new Date(start + 60_000).toISOString().replace(".000Z", "Z"),
    },
  });
  expect(cloud.clock.now()).toBeGreaterThanOrEqual(start + 60_000);
});

it("begins the next window with no state, once the one before has ended", async () => {
  await toNextWindow();
  await define();
  await cloud.putAt("one", "5");
  await called(1);
  await cloud.clock.advance(60_000);
  await cloud.putAt("one", "7");
  const [, ended, next] = await called(3);
  expect([ended!.isFinalInvokeForWindow, ended!.state]).toEqual([true, { sum: 5 }]);
  expect([next!.texts, next!.state]).toEqual([["7"], {}]);
});

it("goes on in the middle of a window after a restart", async () => {
  await toNextWindow();
  await define();
  await cloud.putAt("one", "4");
  await called(1);
  await eventually(
    () => JSON.stringify(cloud.running.database.prepare("SELECT checkpoint FROM lambda_checkpoints").all()),
    (kept) => kept.includes("sum") && kept.includes("sequence"),
  );
  await cloud.restart();
  await cloud.define("consumer", adding(), { timeout: 900 });
  await cloud.map({ tumblingWindowInSeconds: 60, batchSize: 2 });
  await cloud.putAt("one", "6");
  const [, second, last] = await called(3);
  expect([second!.state, last!.state]).toEqual([{ sum: 4 }, { sum: 10 }]);
});

it("tries a batch that fails again with the same state, and the last call too", async () => {
  await toNextWindow();
  const failsOnce = `existsSync(${JSON.stringify(`${file}.failed`)} + event.isFinalInvokeForWindow) ? { state: { sum } }
    : (appendFileSync(${JSON.stringify(`${file}.failed`)} + event.isFinalInvokeForWindow, ""), Promise.reject(new Error("once")))`;
  await define(failsOnce);
  await cloud.putAt("one", "1");
  const all = await called(4);
  expect(all.map(({ texts, isFinalInvokeForWindow: isFinal }) => [texts.join(), isFinal])).toEqual([
    ["1", false],
    ["1", false],
    ["", true],
    ["", true],
  ]);
  expect(all[3]!.state).toEqual({ sum: 1 });
});

it("ends a window early whose state has more than 1 MB", async () => {
  await toNextWindow();
  await define("event.isFinalInvokeForWindow ? {} : { state: { large: 'x'.repeat(1024 * 1024) } }");
  await cloud.putAt("one", "1");
  const [, last] = await called(2);
  expect([last!.isFinalInvokeForWindow, last!.isWindowTerminatedEarly]).toEqual([true, true]);
});

it("is described as it was set, and refused beyond fifteen minutes", async () => {
  await define();
  const described = await cloud.client.send(new GetEventSourceMappingCommand({ UUID: "mapping" }));
  expect(described.TumblingWindowInSeconds).toBe(60);
  await expect(cloud.map({ tumblingWindowInSeconds: 901 })).rejects.toThrow(
    "tumblingWindowInSeconds 901 is out of bounds",
  );
});
