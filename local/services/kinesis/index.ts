/**
 * Kinesis Data Streams on one machine: provisioned and on-demand streams, records by hash key, iterators, retention,
 * resharding, encryption as metadata, stream policies. Its clients speak HTTP/2.
 *
 * Not emulated: registered consumers and SubscribeToShard (enhanced fan-out), enhanced monitoring, limits of throughput per
 * shard, growth of on-demand streams (they keep four shards), KMS, aggregation. A change of the number of shards happens at
 * once, without the shards in between.
 */
import type { Resource } from "../../../engine/graph.ts";
import type { Cloud, Service } from "../../service.ts";
import { putting } from "./putting.ts";
import { reading } from "./reading.ts";
import { shardOperations } from "./shard-operations.ts";
import { setPolicy, streamOperations } from "./stream-operations.ts";
import { streamsOf } from "./streams.ts";

export function kinesis(cloud: Cloud): Service {
  const streams = streamsOf(cloud);

  function declare({ inputs, outputs }: Resource): void {
    const mode = (inputs.streamModeDetails as { streamMode?: string } | undefined)?.streamMode ?? "PROVISIONED";
    const stream = streams.declare(String(outputs.name), {
      mode: mode === "ON_DEMAND" ? "ON_DEMAND" : "PROVISIONED",
      shards: mode === "ON_DEMAND" ? undefined : Number(inputs.shardCount),
    });
    stream.retentionHours = Number(inputs.retentionPeriod ?? 24);
    stream.maxRecordKiB = Number(inputs.maxRecordSizeInKib ?? 1024);
    stream.keyId = inputs.encryptionType === "KMS" ? String(inputs.kmsKeyId) : undefined;
    stream.tags = { ...((inputs.tags ?? {}) as Record<string, string>) };
    streams.changed(stream);
  }

  return {
    name: "kinesis",
    client: () => import("@aws-sdk/client-kinesis"),
    requiresMembers: "ValidationException",
    resources: {
      "aws:kinesis/stream:Stream": declare,
      "aws:kinesis/resourcePolicy:ResourcePolicy": ({ inputs }: Resource) => {
        setPolicy(streams.find({ StreamARN: String(inputs.resourceArn) }), String(inputs.policy));
      },
    },
    operations: {
      ...streamOperations(streams),
      ...shardOperations(streams),
      ...putting(streams, cloud.clock),
      ...reading(streams, cloud.clock, cloud.account),
    },
  };
}
