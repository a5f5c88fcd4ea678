/** A cloud with Kinesis, and the calls that its tests make over and over. */
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  KinesisClient,
  PutRecordCommand,
  type PutRecordCommandInput,
} from "@aws-sdk/client-kinesis";
import { type ManualClock, manualClock } from "../../../local/clock.ts";
import { type RunningCloud, type ServiceFactory, startCloud } from "../../../local/cloud.ts";
import { kinesis } from "../../../local/services/kinesis/index.ts";

export interface KinesisCloud {
  running: RunningCloud;
  streams: KinesisClient;
  clock: ManualClock;
  create(name: string, shards?: number): Promise<void>;
  put(data: string, more?: Partial<PutRecordCommandInput>): ReturnType<typeof put>;
  iterator(shard?: number, more?: Partial<GetShardIteratorCommandInput>): Promise<string>;
  /** Texts of the records from an iterator on. */
  read(iterator: string, limit?: number): Promise<{ data: string[]; next?: string; behind?: number; keys: string[] }>;
  stop(): Promise<void>;
}

const put = (client: KinesisClient, input: PutRecordCommandInput) => client.send(new PutRecordCommand(input));
const STREAM = "clicks";

export async function startKinesis(
  services: Record<string, ServiceFactory> = {},
  options: { directory?: string; clock?: ManualClock } = {},
): Promise<KinesisCloud> {
  // Signatures carry the real time: start there
  const clock = options.clock ?? manualClock(Date.now());
  const running = await startCloud({ ...options, clock, services: { kinesis, ...services } });
  const streams = new KinesisClient({ ...running.client(), maxAttempts: 1 });
  return {
    ...{ running, streams, clock },
    async create(StreamName, ShardCount) {
      await streams.send(new CreateStreamCommand({ StreamName, ShardCount }));
    },
    put: (data, more) =>
      put(streams, { StreamName: STREAM, PartitionKey: "key", Data: new TextEncoder().encode(data), ...more }),
    async iterator(shard = 0, more = {}) {
      const ShardId = `shardId-${String(shard).padStart(12, "0")}`;
      const input = { StreamName: STREAM, ShardId, ShardIteratorType: "TRIM_HORIZON" as const, ...more };
      return (await streams.send(new GetShardIteratorCommand(input))).ShardIterator!;
    },
    async read(ShardIterator, Limit) {
      const { Records, NextShardIterator, MillisBehindLatest } = await streams.send(
        new GetRecordsCommand({ ShardIterator, Limit }),
      );
      return {
        data: Records!.map(({ Data }) => Buffer.from(Data!).toString()),
        keys: Records!.map(({ PartitionKey }) => PartitionKey!),
        next: NextShardIterator,
        behind: MillisBehindLatest,
      };
    },
    async stop() {
      streams.destroy();
      await running.stop();
    },
  };
}
