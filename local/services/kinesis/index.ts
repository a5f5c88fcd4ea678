/**
 * Kinesis Data Streams on one machine: provisioned and on-demand streams, records by hash key, iterators, retention,
 * resharding, customer's keys (who may use them; nothing is encrypted), stream policies, registered consumers that records are
 * pushed to (enhanced fan-out). Its clients speak HTTP/2.
 *
 * Not emulated: policies and tags of consumers, functions as consumers, enhanced monitoring, limits of throughput per
 * shard, growth of on-demand streams (they keep four shards), KMS, aggregation. A change of the number of shards happens at
 * once, without the shards in between.
 */
import type { Resource } from "../../../engine/graph.ts";
import { afterKms, keyAccess } from "../../key-access.ts";
import type { Call, Cloud, Operation, Service } from "../../service.ts";
import { consumersOf } from "./consumers.ts";
import { fanOut } from "./fan-out.ts";
import { putting } from "./putting.ts";
import { read as readIterator, reading } from "./reading.ts";
import { shardOperations } from "./shard-operations.ts";
import { measuredStreams } from "./stream-metrics.ts";
import { setPolicy, streamOperations } from "./stream-operations.ts";
import { type StreamReference, streamsOf } from "./streams.ts";

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

  const puts = putting(streams, cloud.clock);
  const reader = reading(streams, cloud.clock, cloud.account);
  const reads = reader.operations;
  const consumers = consumersOf(cloud, streams);
  const pushed = fanOut(cloud, streams, consumers, reader);
  /** Whoever is subscribed gets what was put. */
  const telling = ({ run, ...rest }: Operation): Operation => ({
    ...rest,
    run(input, call) {
      const answer = run(input, call);
      pushed.wake(streams.nameOf(input));
      return answer;
    },
  });
  const keys = keyAccess(cloud, { service: "kinesis", errors: (refusal) => `KMS${refusal}Exception` });
  const asksOf = (kind: "read" | "write") => (reference: StreamReference, call: Call) => {
    const { arn, keyId } = streams.find(reference);
    return keys[kind](keyId, { "aws:kinesis:arn": arn }, call);
  };

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
    operations: measuredStreams(cloud, {
      ...streamOperations(streams),
      ...shardOperations(streams),
      ...puts,
      PutRecord: afterKms(telling(puts.PutRecord!), asksOf("write")),
      PutRecords: afterKms(telling(puts.PutRecords!), asksOf("write")),
      ...reads,
      GetRecords: afterKms(reads.GetRecords!, ({ ShardIterator }: { ShardIterator: string }, call) =>
        asksOf("read")({ StreamName: readIterator(ShardIterator).stream }, call),
      ),
      ...consumers.operations,
      SubscribeToShard: afterKms(
        pushed.operations.SubscribeToShard!,
        ({ ConsumerARN }: { ConsumerARN: string }, call) =>
          asksOf("read")({ StreamName: consumers.find({ ConsumerARN }).streamName }, call),
      ),
    }),
    stop: pushed.stop,
  };
}
