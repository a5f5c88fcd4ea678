/**
 * Streams (Kinesis, DynamoDB) that call functions: each shard in order, several keys of it side by side where the mapping
 * says so. Not emulated: Kafka as a destination. With a parallelization factor, the batches of a shard
 * that were read together are waited for before more is read.
 */
import type { Resource } from "../../../../engine/graph.ts";
import { AwsError, type Cloud } from "../../../service.ts";
import type { Functions } from "../functions.ts";
import { checkpointsOf } from "./checkpoints.ts";
import type { Mappings } from "./mapping.ts";
import { consumeShard } from "./shard-consumer.ts";
import { checkAccess, skipToLatest, startOf } from "./stream-access.ts";
import { type StreamMapping, streamMappingOf } from "./stream-settings.ts";
import { type StreamSource, streamSource } from "./stream-source.ts";

const AFTER_ERROR_MS = 1_000;

export function streamMappings(cloud: Cloud, functions: Functions): Mappings<StreamMapping> {
  const all = new Map<string, StreamMapping>();
  const reading = new Set<string>();
  const checkpoints = checkpointsOf(cloud.database);
  const stopping = new AbortController();

  async function put(resource: Resource, isKnown = false): Promise<void> {
    const mapping = streamMappingOf(resource, functions, cloud.clock.now());
    const { uuid, startingPosition, startingTime } = mapping;
    refuseTwin(mapping);
    const source = sourceFor(mapping);
    if (!isKnown) await checkAccess(mapping, source);
    const begins = checkpoints.begin(uuid, `${mapping.sourceArn} ${startingPosition} ${startingTime ?? ""}`);
    if (begins && startingPosition === "LATEST") await skipToLatest(uuid, source, checkpoints);
    all.set(uuid, mapping);
    if (mapping.enabled) void follow(uuid, source);
  }

  function refuseTwin({ urn, sourceArn, functionName, qualifier }: StreamMapping): void {
    for (const other of all.values()) {
      if (other.urn === urn || other.sourceArn !== sourceArn) continue;
      if (other.functionName !== functionName || other.qualifier !== qualifier) continue;
      const kind = sourceArn.split(":")[2] === "kinesis" ? "kinesis" : "dynamodb";
      throw new AwsError(
        "ResourceConflictException",
        `The event source arn (" ${sourceArn} ") and function (" ${functionName} ") provided mapping already exists. Please update or delete the existing ${kind} mapping with UUID ${other.uuid}`,
        409,
        { Type: "User" },
      );
    }
  }

  function sourceFor({ sourceArn, functionName }: StreamMapping): StreamSource {
    return streamSource(cloud, sourceArn, () => {
      const { role, name } = functions.find(functionName).config;
      return cloud.principalFor(role, name);
    });
  }

  /** Starts every shard whose parents are read, and looks for new ones when one has ended. */
  async function follow(uuid: string, source: StreamSource): Promise<void> {
    const mapping = all.get(uuid);
    if (!mapping?.enabled || stopping.signal.aborted) return;
    try {
      const shards = await source.shards();
      const retentionMs = await source.retentionMs();
      const known = new Set(shards.map(({ id }) => id));
      const isDone = (id: string) => !known.has(id) || checkpoints.of(uuid, id)?.isDone === true;
      for (const { id, parents } of shards) {
        const key = `${uuid} ${id}`;
        if (reading.has(key) || isDone(id) || !parents.every(isDone)) continue;
        reading.add(key);
        void consume(uuid, id, source, retentionMs).then((hasEnded) => {
          reading.delete(key);
          // Or it was disabled and enabled again before it noticed.
          if (hasEnded || all.get(uuid)?.enabled) void follow(uuid, source);
        });
      }
    } catch (error) {
      warn(mapping, (error as Error).message);
      await pause(AFTER_ERROR_MS);
      void follow(uuid, source);
    }
  }

  async function consume(uuid: string, shard: string, source: StreamSource, retentionMs: number): Promise<boolean> {
    let last = "";
    const current = () => all.get(uuid);
    while (current()?.enabled && !stopping.signal.aborted) {
      try {
        const say = (message: string) => warn(current(), message);
        const start = startOf(current()!);
        const parts = { cloud, functions, source, checkpoints, shard, start, retentionMs, current, pause };
        return await consumeShard({ ...parts, stopping: stopping.signal, warn: say });
      } catch (error) {
        if (stopping.signal.aborted) return false;
        // A stream that is gone stays gone: it is said once.
        const { message } = error as Error;
        if (message !== last) warn(current(), message);
        last = message;
        await pause(AFTER_ERROR_MS);
      }
    }
    return false;
  }

  function pause(ms: number): Promise<void> {
    const { signal } = stopping;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = cloud.clock.after(Math.max(1, ms), done);
      signal.addEventListener("abort", done);
    });
  }

  function warn(mapping: StreamMapping | undefined, message: string): void {
    if (!mapping || stopping.signal.aborted) return;
    const { sourceArn, functionName } = mapping;
    cloud.log({ level: "warn", source: functionName, message: `batch from ${sourceArn}: ${message}` });
  }

  return {
    all: () => [...all.values()],
    put,
    remove(uuid) {
      if (all.delete(uuid)) checkpoints.forget(uuid);
    },
    describe: (mapping) => ({
      ParallelizationFactor: mapping.parallelization,
      BisectBatchOnFunctionError: mapping.bisects,
      MaximumRetryAttempts: mapping.maximumRetries,
      MaximumRecordAgeInSeconds: mapping.maximumAgeSeconds,
      DestinationConfig: { OnFailure: mapping.onFailure ? { Destination: mapping.onFailure } : {} },
      StartingPosition: mapping.startingPosition,
      ...(mapping.startingTime !== undefined && { StartingPositionTimestamp: new Date(mapping.startingTime) }),
      TumblingWindowInSeconds: mapping.tumblingSeconds,
    }),
    stop: () => stopping.abort(),
  };
}
