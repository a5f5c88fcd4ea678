/**
 * Firehose on one machine: records put directly or read from a Kinesis stream, buffered by size and time, transformed by a
 * function, placed into partitions, compressed or converted to Parquet by a Glue table, delivered to S3; what fails goes below
 * the error prefix.
 *
 * Not emulated: destinations other than S3, conversion to ORC, compression other than GZIP, JQ beyond objects of
 * paths, backups in S3, source MSK, KMS. The partitions of a stream are flushed together.
 */
import type { Resource } from "../../../engine/graph.ts";
import type { Cloud, Service } from "../../service.ts";
import { buffers as buffersOf } from "./buffers.ts";
import { type Declaration, type DeliveryStream, deliveryStreamsOf } from "./delivery-streams.ts";
import { kinesisSources } from "./kinesis-source.ts";
import { operations } from "./operations.ts";
import { destinationOf, invalid } from "./settings.ts";

export async function firehose(cloud: Cloud): Promise<Service> {
  const streams = deliveryStreamsOf(cloud);
  const buffers = buffersOf(cloud, streams);
  const sources = kinesisSources(cloud, streams, buffers);

  /** Both doors: the API's operations and the program's resources. */
  async function put(declaration: Declaration): Promise<DeliveryStream> {
    const isNew = streams.get(declaration.name) === undefined;
    const stream = streams.put(declaration);
    try {
      await sources.follow(stream);
    } catch (error) {
      if (isNew) streams.remove(stream.name);
      throw error;
    }
    buffers.resume(stream);
    return stream;
  }

  for (const stream of streams.all()) {
    buffers.resume(stream);
    sources.follow(stream).catch((error: Error) => {
      cloud.log({ level: "warn", source: "firehose", message: `${stream.name}: ${error.message}` });
    });
  }

  return {
    name: "firehose",
    client: () => import("@aws-sdk/client-firehose"),
    requiresMembers: "ValidationException",
    resources: {
      async "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"({ inputs, outputs }: Resource) {
        const source = inputs.kinesisSourceConfiguration as { kinesisStreamArn: string; roleArn: string } | undefined;
        const encryption = inputs.serverSideEncryption as { enabled?: boolean } | undefined;
        await put({
          ...{ name: String(outputs.name), destination: destinationOf(inputs), isDeclared: true },
          ...(source && { source: { streamArn: source.kinesisStreamArn, roleArn: source.roleArn } }),
          tags: { ...((inputs.tags ?? {}) as Record<string, string>) },
          isEncrypted: encryption?.enabled === true,
        });
      },
    },
    operations: operations({
      ...{ clock: cloud.clock, streams, buffers, put },
      checkRole(name, roleArn) {
        try {
          cloud.assume(roleArn, name, "firehose.amazonaws.com", streams.arnOf(name));
        } catch {
          throw invalid(`Firehose is unable to assume role ${roleArn}. Please check the role provided.`);
        }
      },
      remove(name) {
        streams.remove(name);
        sources.forget(name);
        buffers.forget(name);
      },
    }),
    async stop() {
      sources.stop();
      await buffers.stop();
    },
  };
}
