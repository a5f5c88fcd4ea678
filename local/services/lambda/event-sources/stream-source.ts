/** Reading a stream as a function's role: Kinesis and DynamoDB behind one face. */
import { AwsError, type Cloud, type Principal } from "../../../service.ts";
import { ofDynamodb, ofKinesis, type StreamRecord } from "./stream-records.ts";

export interface SourceShard {
  id: string;
  /** Their records come first. */
  parents: string[];
}

export type Start =
  | { type: "TRIM_HORIZON" | "LATEST" }
  | { type: "AFTER_SEQUENCE_NUMBER"; sequence: string }
  | { type: "AT_TIMESTAMP"; time: number };

export interface Page {
  /** Those that a filter takes. */
  records: StreamRecord[];
  /** Of the last record read, taken or not. */
  lastSequence?: string;
  /** Absent at the end of a closed shard. */
  next?: string;
}

export interface StreamSource {
  /** ms between two looks at a shard that had nothing, as on AWS. */
  pollMs: number;
  /** ms that records stay in the stream. */
  retentionMs(): Promise<number>;
  shards(): Promise<SourceShard[]>;
  iterator(shard: string, start: Start): Promise<string>;
  read(shard: string, iterator: string, limit: number, filters: object[]): Promise<Page>;
}

const HOUR_MS = 3_600_000;

/** @param caller The function's role: it may change while the stream is read. */
export function streamSource(cloud: Cloud, streamArn: string, caller: () => Principal): StreamSource {
  return streamArn.split(":")[2] === "kinesis"
    ? kinesisSource(cloud, streamArn, caller)
    : dynamodbSource(cloud, streamArn, caller);
}

function kinesisSource(cloud: Cloud, StreamARN: string, caller: () => Principal): StreamSource {
  const call = (operation: string, input: object) => cloud.call("kinesis", operation, input, { principal: caller() });
  return {
    pollMs: 1_000,
    async retentionMs() {
      const { StreamDescriptionSummary } = await call("DescribeStreamSummary", { StreamARN });
      return StreamDescriptionSummary.RetentionPeriodHours * HOUR_MS;
    },
    async shards() {
      const found: SourceShard[] = [];
      let NextToken: string | undefined;
      do {
        const page = await call("ListShards", NextToken ? { NextToken } : { StreamARN });
        for (const { ShardId, ParentShardId, AdjacentParentShardId } of page.Shards) {
          found.push({ id: ShardId, parents: [ParentShardId, AdjacentParentShardId].filter(Boolean) });
        }
        ({ NextToken } = page);
      } while (NextToken);
      return found;
    },
    async iterator(ShardId, start) {
      const { ShardIterator } = await call("GetShardIterator", {
        ...{ StreamARN, ShardId, ShardIteratorType: start.type },
        ...("sequence" in start && { StartingSequenceNumber: start.sequence }),
        ...("time" in start && { Timestamp: new Date(start.time) }),
      });
      return ShardIterator;
    },
    async read(shard, ShardIterator, limit, filters) {
      const { Records, NextShardIterator } = await call("GetRecords", {
        ShardIterator,
        Limit: Math.min(limit, 10_000),
      });
      const where = { streamArn: StreamARN, shard, roleArn: caller().roleArn!, filters };
      return {
        records: Records.flatMap((record: never) => ofKinesis(record, where) ?? []),
        lastSequence: Records.at(-1)?.SequenceNumber,
        next: NextShardIterator,
      };
    },
  };
}

function dynamodbSource(cloud: Cloud, StreamArn: string, caller: () => Principal): StreamSource {
  const call = (operation: string, input: object) =>
    cloud.call("streams.dynamodb", operation, input, { principal: caller() });
  return {
    pollMs: 250,
    retentionMs: async () => 24 * HOUR_MS,
    async shards() {
      const { StreamDescription } = await call("DescribeStream", { StreamArn });
      return StreamDescription.Shards.map(({ ShardId }: { ShardId: string }) => ({ id: ShardId, parents: [] }));
    },
    async iterator(ShardId, start) {
      if (start.type === "AT_TIMESTAMP") {
        throw new AwsError(
          "InvalidParameterValueException",
          "AT_TIMESTAMP is no starting position of a table's stream",
        );
      }
      const SequenceNumber = "sequence" in start ? start.sequence : undefined;
      const input = { StreamArn, ShardId, ShardIteratorType: start.type, SequenceNumber };
      return (await call("GetShardIterator", input)).ShardIterator;
    },
    async read(shard, ShardIterator, limit, filters) {
      const { Records, NextShardIterator } = await call("GetRecords", { ShardIterator, Limit: Math.min(limit, 1_000) });
      const where = { streamArn: StreamArn, shard, roleArn: caller().roleArn!, filters };
      return {
        records: Records.flatMap((record: never) => ofDynamodb(record, where) ?? []),
        lastSequence: Records.at(-1)?.dynamodb.SequenceNumber,
        next: NextShardIterator,
      };
    },
  };
}
