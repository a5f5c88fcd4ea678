/** CloudWatch speaks JSON, CBOR and the query protocol: which one a client speaks is up to its SDK. */
import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  GetMetricDataCommand,
  ListMetricsCommand,
  PutMetricDataCommand,
} from "@aws-sdk/client-cloudwatch";
import { AwsQueryProtocol } from "@aws-sdk/core/protocols";
import { SmithyRpcV2CborProtocol } from "@smithy/core/cbor";
import { startCloudWatch } from "./fixture.ts";

for (const protocol of [SmithyRpcV2CborProtocol, AwsQueryProtocol]) {
  describe(`A client that speaks ${protocol.name}`, () => {
    it("puts and gets numbers, names and times, and is told what is wrong", async () => {
      const on = await startCloudWatch();
      const client = new CloudWatchClient({ ...on.cloud.client(), protocol: protocol as never, maxAttempts: 1 });
      const Timestamp = new Date(on.start);
      const Dimensions = [{ Name: "tenantId", Value: "acme & söhne" }];
      const MetricData = [{ MetricName: "Ms", Values: [1.5, 2], Counts: [2, 1], Timestamp, Dimensions }];
      await client.send(new PutMetricDataCommand({ Namespace: "Shop", MetricData }));
      const { Metrics } = await client.send(new ListMetricsCommand({ Namespace: "Shop" }));
      expect(Metrics).toEqual([{ Namespace: "Shop", MetricName: "Ms", Dimensions }]);
      const Metric = { Namespace: "Shop", MetricName: "Ms", Dimensions };
      const { MetricDataResults } = await client.send(
        new GetMetricDataCommand({
          MetricDataQueries: [{ Id: "sum", MetricStat: { Metric, Period: 60, Stat: "Sum" } }],
          ...{ StartTime: Timestamp, EndTime: new Date(on.start + 60_000) },
        }),
      );
      expect(MetricDataResults).toMatchObject([
        { Id: "sum", Values: [5], Timestamps: [Timestamp], StatusCode: "Complete" },
      ]);
      const gone = client.send(new DeleteAlarmsCommand({ AlarmNames: ["nobody"] }));
      await expect(gone).rejects.toMatchObject({ name: "ResourceNotFound", message: "Alarm nobody does not exist" });
      client.destroy();
      await on.stop();
    });
  });
}
