/** Kinesis Data Streams and Firehose. */
import { arn, keyed, physicalName, type Table } from "./row.ts";

export const kinesis: Table = {
  "aws:kinesis/stream:Stream": (resource, context) => {
    const name = physicalName(resource);
    const stream = arn(context, "kinesis", `stream/${name}`);
    return { id: stream, name, arn: stream };
  },
  "aws:kinesis/resourcePolicy:ResourcePolicy": keyed("resourceArn"),
  "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": (resource, context) => {
    const name = physicalName(resource);
    const delivery = arn(context, "firehose", `deliverystream/${name}`);
    return { id: delivery, name, arn: delivery, destinationId: "destinationId-000000000001", versionId: "1" };
  },
};
