/** A stream that calls a function: everything through SDK clients, on a clock that the test moves. */
import {
  CreateStreamCommand,
  KinesisClient,
  PutRecordCommand,
  PutRecordsCommand,
  type PutRecordsRequestEntry,
} from "@aws-sdk/client-kinesis";
import { GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Value } from "../../../engine/graph.ts";
import { dynamodb } from "../../../local/services/dynamodb/index.ts";
import { dynamodbStreams } from "../../../local/services/dynamodb/streams/index.ts";
import { kinesis } from "../../../local/services/kinesis/index.ts";
import { s3 } from "../../../local/services/s3/index.ts";
import { sqs } from "../../../local/services/sqs/index.ts";
import { eventually, type LambdaCloud, linesOf, startLambda, temporaryFile } from "./fixture.ts";
import { resource } from "./resources.ts";

export const STREAM_ARN = "arn:aws:kinesis:eu-west-1:000000000000:stream/clicks";

export interface StreamCloud extends LambdaCloud {
  streams: KinesisClient;
  queues: SQSClient;
  create(shards?: number): Promise<void>;
  /** One record each, with the text as its key where no key is given. */
  put(...texts: string[]): Promise<void>;
  putAt(key: string, ...texts: string[]): Promise<string[]>;
  /**
   * Defines `consumer`, which notes the batches it gets, as texts.
   * @param answer An expression over `texts`, `n` (how many calls there were before) and `event`; may throw by `fail(…)`
   */
  consumer(answer?: string, inputs?: Record<string, Value>): Promise<void>;
  map(inputs?: Record<string, Value>, name?: string): Promise<void>;
  batches(): string[][];
  /** Moves the clock a second at a time until so many batches came. */
  called(count: number): Promise<string[][]>;
  /** Moves the clock a second at a time until these texts came, in whatever batches. */
  consumed(count: number): Promise<string[]>;
  /** The bodies in a queue. */
  messages(name: string, count?: number): Promise<string[]>;
}

export async function startStreams(): Promise<StreamCloud> {
  const cloud = await startLambda({ kinesis, s3, sqs, dynamodb, "streams.dynamodb": dynamodbStreams });
  const file = temporaryFile("batches");
  const clients = () => ({
    streams: new KinesisClient({ ...cloud.running.client(), maxAttempts: 1 }),
    queues: new SQSClient({ ...cloud.running.client(), maxAttempts: 1 }),
  });
  const send = async (...Records: PutRecordsRequestEntry[]) => {
    const answer = await self.streams.send(new PutRecordsCommand({ StreamName: "clicks", Records }));
    return answer.Records!.map(({ SequenceNumber }) => SequenceNumber!);
  };
  const bytes = (text: string) => new TextEncoder().encode(text);
  /** A function's process lives in real time: a turn of it for each second of the clock. */
  const moving = <T>(read: () => T, holds: (value: T) => boolean) =>
    eventually(async () => {
      const value = read();
      if (!holds(value)) await cloud.clock.advance(1_000);
      return read();
    }, holds);

  const self: StreamCloud = Object.assign(cloud, {
    ...clients(),
    async create(ShardCount = 1) {
      await self.streams.send(new CreateStreamCommand({ StreamName: "clicks", ShardCount }));
    },
    async put(...texts: string[]) {
      await send(...texts.map((text) => ({ Data: bytes(text), PartitionKey: text })));
    },
    putAt: async (key: string, ...texts: string[]) => {
      const numbers: string[] = [];
      for (const text of texts) {
        const input = { StreamName: "clicks", PartitionKey: key, Data: bytes(text) };
        numbers.push((await self.streams.send(new PutRecordCommand(input))).SequenceNumber!);
      }
      return numbers;
    },
    consumer: (answer = "undefined", inputs = {}) =>
      cloud.define(
        "consumer",
        `import { appendFileSync, existsSync, readFileSync } from "node:fs";
         const file = ${JSON.stringify(file)};
         const fail = (message) => { throw new TypeError(message); };
         const textOf = ({ kinesis, dynamodb }) =>
           kinesis ? Buffer.from(kinesis.data, "base64").toString() : JSON.stringify(dynamodb.Keys.id.S);
         export const handler = async (event) => {
           const texts = event.Records.map(textOf);
           const n = readFileSync(file, "utf8").split("\\n").length - 1;
           appendFileSync(file, JSON.stringify(texts) + "\\n");
           return ${answer}; };`,
        { timeout: 900, ...inputs },
      ),
    map: (inputs: Record<string, Value> = {}, name = "mapping") =>
      cloud.provision(
        resource(
          "aws:lambda/eventSourceMapping:EventSourceMapping",
          name,
          { eventSourceArn: STREAM_ARN, functionName: "consumer", startingPosition: "TRIM_HORIZON", ...inputs },
          { uuid: name },
        ),
      ),
    batches: () => linesOf(file).map((line) => JSON.parse(line)),
    called: (count: number) => moving(self.batches, (found) => found.length >= count),
    consumed: (count: number) =>
      moving(
        () => self.batches().flat(),
        (found) => found.length >= count,
      ),
    async messages(name: string, count = 1) {
      const QueueUrl = `${cloud.running.endpoint}/000000000000/${name}`;
      const waiting = async () => {
        const input = { QueueUrl, AttributeNames: ["ApproximateNumberOfMessages" as const] };
        return Number(
          (await self.queues.send(new GetQueueAttributesCommand(input))).Attributes?.ApproximateNumberOfMessages,
        );
      };
      await eventually(
        async () => {
          const found = await waiting();
          if (found < count) await cloud.clock.advance(1_000);
          return found;
        },
        (found) => found >= count,
      );
      const input = { QueueUrl, MaxNumberOfMessages: 10 };
      const { Messages = [] } = await self.queues.send(new ReceiveMessageCommand(input));
      return Messages.map(({ Body }) => Body!);
    },
    restart: ((restart) => async () => {
      self.streams.destroy();
      self.queues.destroy();
      await restart();
      Object.assign(self, clients());
    })(cloud.restart),
    stop: ((stop) => async () => {
      self.streams.destroy();
      self.queues.destroy();
      await stop();
    })(cloud.stop),
  });
  return self;
}

/** A queue of the cloud; answers its ARN. */
export async function queueIn(cloud: LambdaCloud, name: string): Promise<string> {
  const arn = `arn:aws:sqs:eu-west-1:000000000000:${name}`;
  const url = `${cloud.running.endpoint}/000000000000/${name}`;
  await cloud.provision(resource("aws:sqs/queue:Queue", name, { name }, { name, arn, url }));
  return arn;
}
