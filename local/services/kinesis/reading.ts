/** Iterators and GetRecords. An iterator says where it stands and when it was made; who made one up is judged by IAM all the same. */
import type { GetRecordsCommandInput, GetShardIteratorCommandInput } from "@aws-sdk/client-kinesis";
import { AwsError, type Clock, type Operation } from "../../service.ts";
import { indexOf, numberOf, type Shard, sequenceOf, shardId } from "./shards.ts";
import type { Stream, Streams } from "./streams.ts";

const MAX_RECORDS = 10_000;
const MAX_BYTES = 10 * 1024 * 1024;
const ITERATOR_LIFE_MS = 300_000;

interface Position {
  stream: string;
  shard: number;
  /** The next record's number is this or higher. */
  number: number;
  madeAt: number;
}

/** What iterators and subscriptions have in common. */
export interface Reading {
  operations: Record<string, Operation>;
  shardOf(stream: Stream, id: string | undefined): Shard;
  /** The number of the first record from there on. */
  start(stream: Stream, shard: Shard, from: StartingAt): number;
  /** At least one record, where there is one. */
  batch(
    stream: Stream,
    shard: Shard,
    from: number,
    maxBytes: number,
    limit?: number,
  ): { records: object[]; next: number; behindMs: number };
  childrenOf(stream: Stream, shard: Shard): object[];
}

type StartingAt = Partial<
  Pick<GetShardIteratorCommandInput, "ShardIteratorType" | "StartingSequenceNumber" | "Timestamp">
>;

export function reading(streams: Streams, clock: Clock, account: string): Reading {
  const trimmedAt = new Map<string, number>();

  function shardOf(stream: Stream, id: string | undefined): Shard {
    const shard = stream.shards[indexOf(id ?? "")];
    if (shard) return shard;
    const message = `Shard ${id} in stream ${stream.name} under account ${account} does not exist`;
    throw new AwsError("ResourceNotFoundException", message);
  }

  function start(stream: Stream, shard: Shard, input: StartingAt): number {
    const { ShardIteratorType: type, StartingSequenceNumber: sequence, Timestamp } = input;
    if (type === "TRIM_HORIZON") return shard.firstNumber;
    if (type === "LATEST") return streams.log.next();
    if (type === "AT_TIMESTAMP") {
      if (!Timestamp) throw invalid("Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP.");
      return streams.log.firstSince(stream.name, shard.index, Timestamp.getTime()) ?? streams.log.next();
    }
    if (type !== "AT_SEQUENCE_NUMBER" && type !== "AFTER_SEQUENCE_NUMBER") {
      throw new AwsError(
        "ValidationException",
        `1 validation error detected: Value '${type}' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]`,
      );
    }
    if (!sequence) {
      throw invalid(`Must specify startingSequenceNumber parameter for iterator of type ${type}.`);
    }
    const number = numberOf(sequence, stream.createdAt, shard.index);
    if (number === undefined) {
      throw invalid(
        `StartingSequenceNumber ${sequence} used in GetShardIterator on shard ${shardId(shard.index)} in stream ${stream.name} under account ${account} is invalid because it did not come from this stream.`,
      );
    }
    return type === "AT_SEQUENCE_NUMBER" ? number : number + 1;
  }

  /** Once a minute: what is past its retention is not read anyway. */
  function trim(stream: Stream): void {
    if (clock.now() - (trimmedAt.get(stream.name) ?? 0) < 60_000) return;
    trimmedAt.set(stream.name, clock.now());
    streams.log.trim(stream.name, streams.horizon(stream));
  }

  function batch(stream: Stream, shard: Shard, from: number, maxBytes: number, limit = MAX_RECORDS) {
    trim(stream);
    const records: object[] = [];
    let next = from;
    let bytes = 0;
    let arrivedAt: number | undefined;
    for (const record of streams.log.read(stream.name, shard.index, from, streams.horizon(stream), limit)) {
      bytes += record.data.length + record.partitionKey.length;
      if (records.length > 0 && bytes > maxBytes) break;
      ({ arrivedAt } = record);
      next = record.number + 1;
      records.push({
        SequenceNumber: sequenceOf(stream.createdAt, record.number, shard.index),
        ApproximateArrivalTimestamp: new Date(record.arrivedAt),
        Data: record.data,
        PartitionKey: record.partitionKey,
        ...(stream.keyId !== undefined && { EncryptionType: "KMS" }),
      });
    }
    const last = streams.log.lastArrival(stream.name, shard.index);
    const isBehind = arrivedAt !== undefined && last !== undefined && last > arrivedAt;
    return { records, next, behindMs: isBehind ? clock.now() - arrivedAt! : 0 };
  }

  const operations: Record<string, Operation> = {
    GetShardIterator: {
      authorize: streams.access("GetShardIterator"),
      run(input: GetShardIteratorCommandInput) {
        const stream = streams.find(input);
        const shard = shardOf(stream, input.ShardId);
        const number = start(stream, shard, input);
        const position = { stream: stream.name, shard: shard.index, number, madeAt: clock.now() };
        return { ShardIterator: write(position) };
      },
    },
    GetRecords: {
      authorize: ({ ShardIterator }) => streams.access("GetRecords")({ StreamName: read(ShardIterator).stream }),
      run({ ShardIterator, Limit = MAX_RECORDS, StreamARN }: GetRecordsCommandInput) {
        const position = read(ShardIterator);
        if (!(Limit >= 1 && Limit <= MAX_RECORDS)) {
          const bound = Limit < 1 ? "greater than or equal to 1" : `less than or equal to ${MAX_RECORDS}`;
          throw new AwsError(
            "ValidationException",
            `1 validation error detected: Value '${Limit}' at 'limit' failed to satisfy constraint: Member must have value ${bound}`,
          );
        }
        if (clock.now() - position.madeAt > ITERATOR_LIFE_MS) throw expired(position.madeAt, clock.now());
        const stream = streams.find({ StreamName: position.stream });
        if (StreamARN && StreamARN !== stream.arn) throw invalid("StreamARN and ShardIterator name different streams.");
        const shard = shardOf(stream, shardId(position.shard));
        const { records: Records, next: number, behindMs } = batch(stream, shard, position.number, MAX_BYTES, Limit);
        const isOver = shard.lastNumber !== undefined && (number > shard.lastNumber || Records.length === 0);
        return {
          Records,
          MillisBehindLatest: behindMs,
          ...(isOver
            ? { ChildShards: childrenOf(stream, shard) }
            : { NextShardIterator: write({ ...position, number, madeAt: clock.now() }) }),
        };
      },
    },
  };

  return { operations, shardOf, start, batch, childrenOf };
}

function childrenOf({ shards }: Stream, { index }: Shard) {
  return shards
    .filter(({ parent, adjacentParent }) => parent === index || adjacentParent === index)
    .map((child) => ({
      ShardId: shardId(child.index),
      ParentShards: [child.parent, child.adjacentParent].flatMap((each) => (each === undefined ? [] : [shardId(each)])),
      HashKeyRange: { StartingHashKey: child.from, EndingHashKey: child.to },
    }));
}

function write({ stream, shard, number, madeAt }: Position): string {
  return Buffer.from(JSON.stringify([stream, shard, number, madeAt])).toString("base64");
}

export function read(iterator: string | undefined): Position {
  try {
    const [stream, shard, number, madeAt] = JSON.parse(Buffer.from(iterator ?? "", "base64").toString());
    if (typeof stream === "string" && [shard, number, madeAt].every(Number.isFinite)) {
      return { stream, shard, number, madeAt };
    }
  } catch {
    // Said below.
  }
  throw invalid("Invalid ShardIterator.");
}

function expired(madeAt: number, now: number): AwsError {
  const shown = (time: number) => new Date(time).toUTCString();
  return new AwsError(
    "ExpiredIteratorException",
    `Iterator expired. The iterator was created at time ${shown(madeAt)} while right now it is ${shown(now)} which is further in the future than the tolerated delay of ${ITERATOR_LIFE_MS} milliseconds.`,
  );
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidArgumentException", message);
}
