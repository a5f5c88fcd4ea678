/** A stream as a delivery's source: each shard from LATEST on, a second at a time, as far as the checkpoints say. */
import type { Cloud } from "../../service.ts";
import { checkpointsOf } from "../lambda/event-sources/checkpoints.ts";
import { skipToLatest } from "../lambda/event-sources/stream-access.ts";
import { type StreamSource, streamSource } from "../lambda/event-sources/stream-source.ts";
import type { Buffers } from "./buffers.ts";
import type { DeliveryStream, DeliveryStreams } from "./delivery-streams.ts";

const POLL_MS = 1_000;
const PAGE = 1_000;

export interface KinesisSources {
  /** Begins to read, or goes on. @throws AwsError where the role may not read the stream */
  follow(stream: DeliveryStream): Promise<void>;
  forget(name: string): void;
  stop(): void;
}

export function kinesisSources(cloud: Cloud, streams: DeliveryStreams, buffers: Buffers): KinesisSources {
  const checkpoints = checkpointsOf(cloud.database);
  const following = new Set<string>();
  let stopped = false;

  const isCurrent = (name: string) => !stopped && following.has(name) && streams.get(name)?.source !== undefined;

  async function round(name: string, source: StreamSource): Promise<void> {
    const shards = await source.shards();
    const known = new Set(shards.map(({ id }) => id));
    const isDone = (id: string) => !known.has(id) || checkpoints.of(keyOf(name), id)?.isDone === true;
    for (const { id, parents } of shards) {
      if (isDone(id) || !parents.every(isDone)) continue;
      await readShard(name, source, id);
    }
  }

  async function readShard(name: string, source: StreamSource, shard: string): Promise<void> {
    const key = keyOf(name);
    const sequence = checkpoints.of(key, shard)?.sequence;
    let next: string | undefined = await source.iterator(
      shard,
      sequence ? { type: "AFTER_SEQUENCE_NUMBER", sequence } : { type: "TRIM_HORIZON" },
    );
    while (next && isCurrent(name)) {
      const page = await source.read(shard, next, PAGE, []);
      next = page.next;
      const stream = streams.get(name);
      if (!stream) return;
      const records = page.records.map(({ event, arrivedAt, sequence: sequenceNumber, key: partitionKey }) => ({
        data: Buffer.from((event as unknown as { kinesis: { data: string } }).kinesis.data, "base64"),
        arrivedAt,
        metadata: { sequenceNumber, partitionKey, shardId: shard, approximateArrivalTimestamp: arrivedAt },
      }));
      if (records.length > 0) buffers.add(stream, records);
      const last = page.lastSequence ?? checkpoints.of(key, shard)?.sequence;
      if (page.lastSequence || !next) checkpoints.set(key, shard, { sequence: last, ...(!next && { isDone: true }) });
      if (page.lastSequence === undefined) return;
    }
  }

  function again(name: string, source: StreamSource, lastProblem = ""): void {
    cloud.clock.after(POLL_MS, async () => {
      if (!isCurrent(name)) return;
      let problem = "";
      try {
        await round(name, source);
      } catch (error) {
        problem = (error as Error).message;
        if (!stopped && problem !== lastProblem) {
          cloud.log({ level: "warn", source: "firehose", message: `${name}: ${problem}` });
        }
      }
      again(name, source, problem);
    });
  }

  return {
    async follow({ name, arn, source: from }) {
      if (!from || following.has(name)) return;
      const principal = () => cloud.assume(from.roleArn, name, "firehose.amazonaws.com", arn);
      const source = streamSource(cloud, from.streamArn, principal);
      if (checkpoints.begin(keyOf(name), from.streamArn)) await skipToLatest(keyOf(name), source, checkpoints);
      following.add(name);
      again(name, source);
    },
    forget(name) {
      following.delete(name);
      checkpoints.forget(keyOf(name));
    },
    stop() {
      stopped = true;
    },
  };
}

const keyOf = (name: string) => `firehose ${name}`;
