/** SubscribeToShard: records are pushed to a consumer as they come, for five minutes of the cloud's clock. */
import { Readable } from "node:stream";
import type { SubscribeToShardCommandInput } from "@aws-sdk/client-kinesis";
import { AwsError, type Cloud, type Operation, type Timer } from "../../service.ts";
import type { Consumers } from "./consumers.ts";
import type { Reading } from "./reading.ts";
import { sequenceOf } from "./shards.ts";
import type { Streams } from "./streams.ts";

const LIFE_MS = 5 * 60_000;
/** A consumer may take its own subscription over, but not at once. */
const LEAST_LIFE_MS = 5_000;
const HEARTBEAT_MS = 5_000;
/** Of one event. */
const MAX_BYTES = 2 * 1024 * 1024;

interface Subscription {
  startedAt: number;
  wake(): void;
  end(): void;
}

export interface FanOut {
  operations: Record<string, Operation>;
  /** Something was put into a stream. */
  wake(streamName: string): void;
  stop(): void;
}

export function fanOut({ clock }: Cloud, streams: Streams, consumers: Consumers, reading: Reading): FanOut {
  /** By consumer and shard. */
  const open = new Map<string, Subscription & { streamName: string }>();

  function subscribe({ ConsumerARN, ShardId, StartingPosition }: SubscribeToShardCommandInput) {
    const consumer = consumers.find({ ConsumerARN });
    const stream = streams.find({ StreamName: consumer.streamName });
    const shard = reading.shardOf(stream, ShardId);
    const { Type, SequenceNumber, Timestamp } = StartingPosition ?? {};
    const from = { ShardIteratorType: Type, StartingSequenceNumber: SequenceNumber, Timestamp };
    let number = reading.start(stream, shard, from);
    const key = `${ConsumerARN} ${ShardId}`;
    const earlier = open.get(key);
    if (earlier && clock.now() - earlier.startedAt < LEAST_LIFE_MS) {
      const message = `Another active subscription exists for this consumer: ${ConsumerARN} and shard: ${ShardId}.`;
      throw new AwsError("ResourceInUseException", message);
    }
    earlier?.end();

    const timers: Timer[] = [];
    /** The reader has enough for now, and says when it takes more. */
    let isFull = false;
    const events = new Readable({
      objectMode: true,
      read() {
        isFull = false;
        pump();
      },
      destroy(error, done) {
        close();
        done(error);
      },
    });
    const subscription = { streamName: stream.name, startedAt: clock.now(), wake: () => pump(), end };
    open.set(key, subscription);

    function close(): void {
      for (const timer of timers.splice(0)) timer.cancel();
      if (open.get(key) === subscription) open.delete(key);
    }

    function end(): void {
      close();
      events.push(null);
    }

    function send(Records: object[], behind: number, more: object = {}): void {
      const ContinuationSequenceNumber = sequenceOf(stream.createdAt, Math.max(number - 1, 0), shard.index);
      const event = { ContinuationSequenceNumber, MillisBehindLatest: behind, Records, ...more };
      isFull = !events.push({ SubscribeToShardEvent: event });
    }

    function pump(): void {
      if (open.get(key) !== subscription) return;
      while (!isFull) {
        const batch = reading.batch(stream, shard, number, MAX_BYTES);
        if (batch.records.length === 0) break;
        number = batch.next;
        send(batch.records, batch.behindMs);
      }
      if (isFull || shard.lastNumber === undefined) return;
      // The shard is closed and read: its children are next.
      send([], 0, { ContinuationSequenceNumber: undefined, ChildShards: reading.childrenOf(stream, shard) });
      end();
    }

    function beat(): void {
      if (open.get(key) !== subscription) return;
      if (!isFull) send([], 0);
      timers.push(clock.after(HEARTBEAT_MS, beat));
    }

    timers.push(clock.after(LIFE_MS, end), clock.after(HEARTBEAT_MS, beat));
    return { EventStream: events };
  }

  return {
    operations: {
      SubscribeToShard: {
        authorize: ({ ConsumerARN }) => ({ action: "kinesis:SubscribeToShard", resource: ConsumerARN }),
        run: subscribe,
      },
    },
    wake(streamName) {
      for (const subscription of open.values()) if (subscription.streamName === streamName) subscription.wake();
    },
    stop() {
      for (const subscription of [...open.values()]) subscription.end();
    },
  };
}
