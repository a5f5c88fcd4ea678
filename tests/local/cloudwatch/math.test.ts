import { GetMetricDataCommand, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { type CloudWatchCloud, MINUTE, metric, startCloudWatch } from "./fixture.ts";

describe("Metric math", () => {
  let on: CloudWatchCloud;

  /** Errors in the first and third minute of four, requests in each. */
  beforeAll(async () => {
    on = await startCloudWatch();
    const at = (minute: number) => new Date(on.start + minute * MINUTE);
    const MetricData = [
      ...[10, 20, 40, 40].map((Value, minute) => ({ MetricName: "Requests", Value, Timestamp: at(minute) })),
      ...[0, 2].map((minute) => ({ MetricName: "Errors", Value: minute + 1, Timestamp: at(minute) })),
    ];
    await on.client.send(new PutMetricDataCommand({ Namespace: "Shop", MetricData }));
  });
  afterAll(() => on.stop());

  const ask = async (Expression: string) => {
    const { MetricDataResults } = await on.client.send(
      new GetMetricDataCommand({
        MetricDataQueries: [
          { ...metric("errors", "Errors", "Sum"), ReturnData: false },
          { ...metric("requests", "Requests", "Sum"), ReturnData: false },
          { Id: "result", Expression },
        ],
        ...{ StartTime: new Date(on.start), EndTime: new Date(on.start + 4 * MINUTE), ScanBy: "TimestampAscending" },
      }),
    );
    return MetricDataResults!.map(({ Values }) => Values);
  };

  const EXPRESSIONS: [expression: string, values: number[]][] = [
    ["errors", [1, 3]],
    ["requests * 2 - 10", [10, 30, 70, 70]],
    ["errors + requests", [11, 43]],
    ["100 * errors / requests", [10, 7.5]],
    ["FILL(errors, 0)", [1, 0, 3, 0]],
    ["FILL(errors, REPEAT)", [1, 1, 3, 3]],
    ["FILL(errors, LINEAR)", [1, 2, 3]],
    ["FILL(errors, requests)", [1, 20, 3, 40]],
    ["SUM([FILL(errors, 0), requests])", [11, 20, 43, 40]],
    ["MAX(METRICS())", [10, 20, 40, 40]],
    ["SUM(requests)", [110, 110, 110, 110]],
    ["requests / SUM(requests) * 110", [10, 20, 40, 40]],
    ["IF(requests > 15, 1, 0)", [0, 1, 1, 1]],
    ["IF(requests >= 40 AND FILL(errors, 0) > 0, requests)", [40]],
    ["IF(SUM(errors) == 4, requests, errors)", [10, 20, 40, 40]],
    ["RATE(requests) * 60", [10, 20, 0]],
    ["DIFF(requests)", [10, 20, 0]],
    ["RUNNING_SUM(requests)", [10, 30, 70, 110]],
    ["0 - ABS(0 - requests) ^ 2", [-100, -400, -1600, -1600]],
    ["PERIOD(requests)", [60, 60, 60, 60]],
    ["requests / (requests - requests)", []],
  ];
  for (const [expression, values] of EXPRESSIONS) {
    it(`computes ${expression}`, async () => {
      expect(await ask(expression)).toEqual([values.map((value) => expect.closeTo(value))]);
    });
  }

  it("gives each line of a list as one result", async () => {
    expect(await ask("METRICS()")).toEqual([
      [1, 3],
      [10, 20, 40, 40],
    ]);
  });

  const WRONG: [expression: string, message: RegExp][] = [
    ["errors +", /ends too early/],
    ["nobody + 1", /nobody/],
    ["MAGIC(errors)", /MAGIC/],
    ["SUM()", /SUM/],
    ["SUM(1)", /metric/],
    ["result + 1", /itself/],
    ["errors ; requests", /not understood/],
  ];
  for (const [expression, message] of WRONG) {
    it(`refuses ${expression}, saying what is wrong`, async () => {
      const expected = { name: "ValidationException", message: expect.stringMatching(message) };
      await expect(ask(expression)).rejects.toMatchObject(expected);
    });
  }
});
