import type { Context, SQSEvent, SQSRecord } from "aws-lambda";

let batchHandler: typeof import("../../../functions/shared/batch.ts")["batchHandler"];
beforeAll(async () => {
  process.env["POWERTOOLS_LOG_LEVEL"] = "SILENT";
  ({ batchHandler } = await import("../../../functions/shared/batch.ts"));
});
afterAll(() => {
  delete process.env["POWERTOOLS_LOG_LEVEL"];
});

const context = { awsRequestId: "r1", getRemainingTimeInMillis: () => 30_000 } as Context;
const batch = (...bodies: string[]): SQSEvent => ({
  Records: bodies.map((body) => ({
    ...{ messageId: `m-${body}`, body, eventSource: "aws:sqs" },
    attributes: { ApproximateReceiveCount: "1", MessageGroupId: "acme" },
  })) as SQSRecord[],
});

describe("a batch of messages", () => {
  it("gives back what failed, and only that", async () => {
    const done: string[] = [];
    const handler = batchHandler(async ({ body }) => {
      if (body === "bad") throw new Error("no");
      done.push(body);
    });
    expect(await handler(batch("one", "bad", "two"), context)).toEqual({
      batchItemFailures: [{ itemIdentifier: "m-bad" }],
    });
    expect(done).toEqual(["one", "two"]);
  });

  it("of which all fail is given back without failing the function", async () => {
    const handler = batchHandler(() => Promise.reject(new Error("down")));
    expect(await handler(batch("one", "two"), context)).toEqual({
      batchItemFailures: [{ itemIdentifier: "m-one" }, { itemIdentifier: "m-two" }],
    });
  });

  it("is handled one after the other where it is told to be", async () => {
    let [running, most] = [0, 0];
    const handle = async () => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
    };
    await batchHandler(handle, { isSerial: true })(batch("one", "two", "three"), context);
    expect(most).toBe(1);
    await batchHandler(handle)(batch("one", "two", "three"), context);
    expect(most).toBe(3);
  });
});
