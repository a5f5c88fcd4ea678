import type { MetricDatum } from "@aws-sdk/client-cloudwatch";
import {
  CloudWatchClient,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  PutMetricDataCommand,
} from "@aws-sdk/client-cloudwatch";
import { iam } from "../../../local/services/iam/index.ts";
import { roleWith } from "../role-with.ts";
import { type CloudWatchCloud, MINUTE, metric, startCloudWatch } from "./fixture.ts";

describe("CloudWatch's metrics", () => {
  let on: CloudWatchCloud;
  beforeEach(async () => {
    on = await startCloudWatch({ iam: (cloud) => iam(cloud) });
  });
  afterEach(() => on.stop());

  const put = (...MetricData: MetricDatum[]) =>
    on.client.send(new PutMetricDataCommand({ Namespace: "Shop", MetricData }));

  it("gives back what was put, minute by minute and over longer periods, with each statistic", async () => {
    await put({ MetricName: "Ms", Values: [10, 20, 30], Counts: [1, 2, 1], Unit: "Milliseconds" });
    await on.clock.advance(MINUTE);
    await put({ MetricName: "Ms", Value: 100, Unit: "Milliseconds" });
    const found = await on.values(
      ...["Sum", "Average", "Minimum", "Maximum", "SampleCount", "p50", "p99"].map((stat) =>
        metric(stat.toLowerCase(), "Ms", stat),
      ),
      metric("both", "Ms", "Sum", { Period: 300 }),
    );
    expect(found).toEqual({
      ...{ sum: [80, 100], average: [20, 100], minimum: [10, 100], maximum: [30, 100], samplecount: [4, 1] },
      ...{ p50: [20, 100], p99: [30, 100], both: [180] },
    });
  });

  it("keeps metrics apart by dimensions, whatever their order, and lists them", async () => {
    const Dimensions = [
      { Name: "tenantId", Value: "acme" },
      { Name: "service", Value: "api" },
    ];
    await put({ MetricName: "Hits", Value: 1, Dimensions }, { MetricName: "Hits", Value: 5 });
    await put({ MetricName: "Hits", Value: 2, Dimensions: Dimensions.toReversed() });
    const dimensions = { service: "api", tenantId: "acme" };
    expect(await on.values(metric("a", "Hits", "Sum", { dimensions }), metric("b", "Hits", "Sum"))).toEqual({
      a: [3],
      b: [5],
    });
    const list = async (input: object) => {
      const { Metrics } = await on.client.send(new ListMetricsCommand({ Namespace: "Shop", ...input }));
      return Metrics!.map((each) => each.Dimensions!.map(({ Name, Value }) => `${Name}=${Value}`).join());
    };
    expect(await list({})).toEqual(expect.arrayContaining(["service=api,tenantId=acme", ""]));
    expect(await list({ Dimensions: [{ Name: "tenantId" }] })).toEqual(["service=api,tenantId=acme"]);
    expect(await list({ Dimensions: [{ Name: "tenantId", Value: "globex" }] })).toEqual([]);
    await on.clock.advance(4 * 3600_000);
    expect(await list({ RecentlyActive: "PT3H" })).toEqual([]);
  });

  it("takes statistic sets, of which there are no percentiles unless all values are the same", async () => {
    await put({ MetricName: "Set", StatisticValues: { SampleCount: 4, Sum: 40, Minimum: 5, Maximum: 15 } });
    await put({ MetricName: "Even", StatisticValues: { SampleCount: 4, Sum: 40, Minimum: 10, Maximum: 10 } });
    const found = await on.values(
      metric("avg", "Set", "Average"),
      metric("p", "Set", "p90"),
      metric("even", "Even", "p90"),
    );
    expect(found).toEqual({ avg: [10], p: [], even: [10] });
  });

  it("answers GetMetricStatistics with units and percentiles", async () => {
    await put({ MetricName: "Ms", Values: [1, 2, 3, 4], Unit: "Milliseconds" });
    const ask = (input: object) =>
      on.client.send(
        new GetMetricStatisticsCommand({
          ...{ Namespace: "Shop", MetricName: "Ms", Period: 60 },
          ...{ StartTime: new Date(on.start), EndTime: new Date(on.start + MINUTE), ...input },
        }),
      );
    const { Datapoints } = await ask({ Statistics: ["Sum", "Maximum"] });
    expect(Datapoints).toMatchObject([{ Sum: 10, Maximum: 4, Unit: "Milliseconds", Timestamp: new Date(on.start) }]);
    const extended = await ask({ ExtendedStatistics: ["p75", "tm50"] });
    expect(extended.Datapoints![0]!.ExtendedStatistics).toEqual({ p75: 3, tm50: 1.5 });
    expect((await ask({ Statistics: ["Sum"], Unit: "Count" })).Datapoints).toEqual([]);
    const long = ask({ Statistics: ["Sum"], StartTime: new Date(on.start - 2 * 86_400_000) });
    await expect(long).rejects.toMatchObject({ name: "InvalidParameterCombinationException" });
  });

  it("keeps seconds apart where a metric asks for them", async () => {
    await put({ MetricName: "Fast", Value: 1, StorageResolution: 1 });
    await on.clock.advance(1000);
    await put({ MetricName: "Fast", Value: 2, StorageResolution: 1 });
    expect(await on.values(metric("s", "Fast", "Sum", { Period: 1 }), metric("m", "Fast", "Sum"))).toEqual({
      s: [1, 2],
      m: [3],
    });
  });

  it("refuses what AWS refuses, naming the parameter, and keeps nothing of a refused request", async () => {
    const refused: [object, string, RegExp][] = [
      [{ MetricName: "A", Value: 1, Unit: "Parsec" }, "InvalidParameterValueException", /Unit/],
      [{ MetricName: "A" }, "MissingRequiredParameterException", /Value/],
      [{ Value: 1 }, "MissingRequiredParameterException", /metricName/],
      [{ MetricName: "A", Value: Number.NaN }, "InvalidParameterValueException", /NaN/],
      [{ MetricName: "A", Value: 1, Values: [1] }, "InvalidParameterCombinationException", /exclusive/],
      [{ MetricName: "A", Values: [1, 2], Counts: [1] }, "InvalidParameterValueException", /Counts/],
      [{ MetricName: "A", Values: Array(151).fill(1) }, "InvalidParameterValueException", /150/],
      [{ MetricName: "A", Value: 1, StorageResolution: 5 }, "InvalidParameterValueException", /StorageResolution/],
      [
        { MetricName: "A", Value: 1, Timestamp: new Date(on.start - 15 * 86_400_000) },
        "InvalidParameterValueException",
        /Timestamp/,
      ],
      [
        {
          MetricName: "A",
          Value: 1,
          Dimensions: Array.from({ length: 31 }, (_, i) => ({ Name: `d${i}`, Value: "v" })),
        },
        "InvalidParameterValueException",
        /30/,
      ],
      [
        { MetricName: "A", Value: 1, Dimensions: [{ Name: "d", Value: "" }] },
        "InvalidParameterValueException",
        /Dimensions/,
      ],
    ];
    for (const [datum, name, message] of refused) {
      const sent = put({ MetricName: "Good", Value: 1 }, datum as MetricDatum);
      await expect(sent).rejects.toMatchObject({ name, message: expect.stringMatching(message) });
    }
    const own = on.client.send(
      new PutMetricDataCommand({ Namespace: "AWS/Lambda", MetricData: [{ MetricName: "Errors", Value: 1 }] }),
    );
    await expect(own).rejects.toMatchObject({ name: "InvalidParameterValueException" });
    expect(await on.values(metric("good", "Good", "Sum"))).toEqual({ good: [] });
  });

  it("lets a role put into the namespace that its policy names, and into no other", async () => {
    const arn = await roleWith(on.cloud, "meter", {
      Effect: "Allow",
      Action: "cloudwatch:PutMetricData",
      Resource: "*",
      Condition: { StringEquals: { "cloudwatch:namespace": "Shop" } },
    });
    const client = new CloudWatchClient(on.cloud.client(arn));
    const as = (Namespace: string) =>
      client.send(new PutMetricDataCommand({ Namespace, MetricData: [{ MetricName: "A", Value: 1 }] }));
    await as("Shop");
    await expect(as("Other")).rejects.toThrow(/cloudwatch:PutMetricData/);
    client.destroy();
  });
});
