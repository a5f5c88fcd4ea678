/**
 * Streams (Kinesis, DynamoDB) that call functions: each shard in order, several keys of it side by side where the mapping
 * says so. Not emulated: tumbling windows, destinations in S3 or Kafka. With a parallelization factor, the batches of a shard
 * that were read together are waited for before more is read.
 */
import type { Resource } from "../../../../engine/graph.ts";
import { AwsError, type Cloud } from "../../../service.ts";
import type { Functions } from "../functions.ts";
import { type Checkpoints, checkpointsOf } from "./checkpoints.ts";
import { filtersOf } from "./filters.ts";
import type { MappingBase, Mappings } from "./mapping.ts";
import { consumeShard } from "./shard-consumer.ts";
import { type Start, type StreamSource, streamSource } from "./stream-source.ts";

export interface StreamMapping extends MappingBase {
  parallelization: number;
  bisects: boolean;
  /** -1: until records are gone. */
  maximumRetries: number;
  maximumAgeSeconds: number;
  onFailure?: string;
  startingPosition: "TRIM_HORIZON" | "LATEST" | "AT_TIMESTAMP";
  /** ms since the epoch, of `AT_TIMESTAMP` */
  startingTime?: number;
}

const AFTER_ERROR_MS = 1_000;

export function streamMappings(cloud: Cloud, functions: Functions): Mappings<StreamMapping> {
  const all = new Map<string, StreamMapping>();
  const reading = new Set<string>();
  const checkpoints = checkpointsOf(cloud.database);
  const stopping = new AbortController();

  async function put(resource: Resource): Promise<void> {
    const mapping = mappingOf(resource, functions, cloud.clock.now());
    const { uuid, sourceArn, functionName } = mapping;
    const twin = [...all.values()].find((other) => other.urn !== mapping.urn && isTwin(other, mapping));
    if (twin) {
      const kind = sourceArn.split(":")[2] === "kinesis" ? "kinesis" : "dynamodb";
      throw new AwsError(
        "ResourceConflictException",
        `The event source arn (" ${sourceArn} ") and function (" ${functionName} ") provided mapping already exists. Please update or delete the existing ${kind} mapping with UUID ${twin.uuid}`,
        409,
        { Type: "User" },
      );
    }
    const source = sourceFor(mapping);
    await checkAccess(mapping, source);
    checkpoints.begin(uuid, `${sourceArn} ${mapping.startingPosition} ${mapping.startingTime ?? ""}`);
    if (mapping.startingPosition === "LATEST") await skipTo(mapping, source, checkpoints);
    all.set(uuid, mapping);
    if (mapping.enabled) void follow(uuid, source);
  }

  function sourceFor({ sourceArn, functionName }: StreamMapping): StreamSource {
    const { role, name } = functions.find(functionName).config;
    return streamSource(cloud, sourceArn, () => ({ principal: cloud.principalFor(role, name) }), role);
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
        // What a shard that opened later holds was not there when the mapping began.
        const start = parents.length > 0 ? { type: "TRIM_HORIZON" as const } : startOf(mapping);
        void consume(uuid, id, source, start, retentionMs).then((hasEnded) => {
          reading.delete(key);
          if (hasEnded) void follow(uuid, source);
        });
      }
    } catch (error) {
      warn(mapping, (error as Error).message);
      await pause(AFTER_ERROR_MS);
      void follow(uuid, source);
    }
  }

  async function consume(uuid: string, shard: string, source: StreamSource, start: Start, retentionMs: number) {
    let last = "";
    const current = () => all.get(uuid);
    while (current()?.enabled && !stopping.signal.aborted) {
      try {
        const say = (message: string) => warn(current()!, message);
        const parts = { cloud, functions, source, checkpoints, shard, start, retentionMs, current, pause };
        return await consumeShard({ ...parts, stopping: stopping.signal, warn: say });
      } catch (error) {
        if (stopping.signal.aborted) return false;
        // A stream that is gone stays gone: it is said once.
        const { message } = error as Error;
        if (message !== last) warn(current()!, message);
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

  function warn({ sourceArn, functionName }: StreamMapping, message: string): void {
    if (stopping.signal.aborted) return;
    cloud.log({ level: "warn", source: functionName, message: `batch from ${sourceArn}: ${message}` });
  }

  return {
    all: () => [...all.values()],
    put,
    describe: (mapping) => ({
      ParallelizationFactor: mapping.parallelization,
      BisectBatchOnFunctionError: mapping.bisects,
      MaximumRetryAttempts: mapping.maximumRetries,
      MaximumRecordAgeInSeconds: mapping.maximumAgeSeconds,
      DestinationConfig: { OnFailure: mapping.onFailure ? { Destination: mapping.onFailure } : {} },
      StartingPosition: mapping.startingPosition,
      ...(mapping.startingTime !== undefined && { StartingPositionTimestamp: new Date(mapping.startingTime) }),
      TumblingWindowInSeconds: 0,
    }),
    stop: () => stopping.abort(),
  };
}

function isTwin(one: StreamMapping, other: StreamMapping): boolean {
  return one.sourceArn === other.sourceArn && one.functionName === other.functionName;
}

function startOf({ startingPosition, startingTime }: StreamMapping): Start {
  if (startingPosition === "AT_TIMESTAMP") return { type: "AT_TIMESTAMP", time: startingTime! };
  // What was there is behind a checkpoint already.
  return { type: "TRIM_HORIZON" };
}

/** Whatever is there now is done with: a checkpoint says so, whenever the mapping goes on. */
async function skipTo({ uuid }: StreamMapping, source: StreamSource, checkpoints: Checkpoints): Promise<void> {
  for (const { id } of await source.shards()) {
    if (checkpoints.of(uuid, id)) continue;
    let sequence: string | undefined;
    let next: string | undefined = await source.iterator(id, { type: "TRIM_HORIZON" });
    while (next) {
      const page = await source.read(id, next, 10_000, []);
      sequence = page.lastSequence ?? sequence;
      if (page.lastSequence === undefined && page.next) break;
      next = page.next;
    }
    checkpoints.set(uuid, id, { sequence, ...(next === undefined && { isDone: true }) });
  }
}

/** @throws AwsError as Lambda refuses a mapping whose function may not read the stream */
async function checkAccess({ sourceArn }: StreamMapping, source: StreamSource): Promise<void> {
  try {
    await source.retentionMs();
    const [shard] = await source.shards();
    if (shard) await source.read(shard.id, await source.iterator(shard.id, { type: "TRIM_HORIZON" }), 1, []);
  } catch (error) {
    const { code, message } = error as AwsError;
    if (code === "ResourceNotFoundException") throw refused(`Stream not found: ${sourceArn}`);
    throw refused(
      `Cannot access stream ${sourceArn}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListShards Actions on your stream in IAM. (${message})`,
    );
  }
}

function mappingOf({ urn, inputs, outputs, id }: Resource, functions: Functions, now: number): StreamMapping {
  const sourceArn = String(inputs.eventSourceArn);
  const isKinesis = sourceArn.split(":")[2] === "kinesis";
  const { config } = functions.find(String(inputs.functionName));
  const number = (name: string, byDefault: number, least: number, most: number): number => {
    const value = Number(inputs[name] ?? byDefault);
    if (value >= least && value <= most) return value;
    throw refused(`${name} ${value} is out of bounds: ${least} to ${most}`);
  };
  const startingPosition = String(inputs.startingPosition ?? "");
  const positions = isKinesis ? ["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"] : ["TRIM_HORIZON", "LATEST"];
  if (!positions.includes(startingPosition)) {
    throw refused(`startingPosition of a stream is one of ${positions.join(", ")}`);
  }
  const startingTime =
    startingPosition === "AT_TIMESTAMP" ? Date.parse(String(inputs.startingPositionTimestamp)) : undefined;
  if (Number.isNaN(startingTime)) throw refused("startingPositionTimestamp is missing or no time");
  if (Number(inputs.tumblingWindowInSeconds ?? 0) > 0)
    throw refused("tumbling windows are not emulated on this machine");
  const destinations = inputs.destinationConfig as { onFailure?: { destinationArn?: string } } | undefined;
  const onFailure = destinations?.onFailure?.destinationArn;
  if (onFailure && !["sqs", "sns"].includes(onFailure.split(":")[2] ?? "")) {
    throw refused(`${onFailure} is no destination of a stream on this machine: name a queue or a topic`);
  }
  return {
    ...{ uuid: String(outputs.uuid ?? id), urn, sourceArn, functionName: config.name, startingTime, onFailure },
    startingPosition: startingPosition as StreamMapping["startingPosition"],
    batchSize: number("batchSize", 100, 1, 10_000),
    windowSeconds: number("maximumBatchingWindowInSeconds", 0, 0, 300),
    parallelization: number("parallelizationFactor", 1, 1, 10),
    bisects: inputs.bisectBatchOnFunctionError === true,
    maximumRetries: number("maximumRetryAttempts", -1, -1, 10_000),
    maximumAgeSeconds: number("maximumRecordAgeInSeconds", -1, -1, 604_800),
    reportsFailures: ((inputs.functionResponseTypes ?? []) as string[]).includes("ReportBatchItemFailures"),
    filters: filtersOf(inputs),
    enabled: inputs.enabled !== false,
    lastModified: now,
  };
}

function refused(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", message);
}
