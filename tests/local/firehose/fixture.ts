/** A cloud with Firehose, and what it delivers to a bucket. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  CreateDeliveryStreamCommand,
  type ExtendedS3DestinationConfiguration,
  FirehoseClient,
  type KinesisStreamSourceConfiguration,
  PutRecordBatchCommand,
} from "@aws-sdk/client-firehose";
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import type { Graph, Resource } from "../../../engine/graph.ts";
import { type ManualClock, manualClock } from "../../../local/clock.ts";
import { type RunningCloud, type ServiceFactory, startCloud } from "../../../local/cloud.ts";
import type { LogLine } from "../../../local/service.ts";
import { firehose } from "../../../local/services/firehose/index.ts";
import { iam } from "../../../local/services/iam/index.ts";
import { kinesis } from "../../../local/services/kinesis/index.ts";
import { lambda } from "../../../local/services/lambda/index.ts";
import { logs } from "../../../local/services/logs/index.ts";
import { s3 } from "../../../local/services/s3/index.ts";
import { sns } from "../../../local/services/sns/index.ts";
import { eventually } from "../lambda/fixture.ts";
import { role } from "../lambda/resources.ts";

export const ROLE_ARN = "arn:aws:iam::000000000000:role/delivery";
export const BUCKET = "lake";

/** Of what it does in a bucket, and nothing else. */
export const WRITES = [{ Effect: "Allow", Action: "s3:PutObject", Resource: `arn:aws:s3:::${BUCKET}/*` }];

export interface FirehoseCloud {
  running: RunningCloud;
  client: FirehoseClient;
  objects: S3Client;
  clock: ManualClock;
  lines: LogLine[];
  provision(...resources: Resource[]): Promise<void>;
  create(more?: Partial<ExtendedS3DestinationConfiguration>, source?: KinesisStreamSourceConfiguration): Promise<void>;
  put(...texts: string[]): Promise<void>;
  /** Texts of the bucket's objects by key, unpacked where the key ends in `.gz`. */
  delivered(): Promise<Record<string, string>>;
  /** Waits for so many objects, in sorted order of their keys. */
  objectsDelivered(count: number): Promise<[key: string, text: string][]>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** @param more further services */
export async function startFirehose(more: Record<string, ServiceFactory> = {}): Promise<FirehoseCloud> {
  const directory = mkdtempSync(join(tmpdir(), "terrace-firehose-"));
  // Signatures carry the real time: start there
  const clock = manualClock(Date.now());
  const lines: LogLine[] = [];
  const services = { iam, logs, s3, sns, kinesis, lambda, firehose, ...more };
  const start = async () => {
    const running = await startCloud({ directory, clock, services, log: (line) => lines.push(line) });
    const config = { ...running.client(), maxAttempts: 1 };
    await running.provision({ resources: [role(ROLE_ARN, WRITES, "firehose.amazonaws.com")] } as unknown as Graph);
    return { running, client: new FirehoseClient(config), objects: new S3Client({ ...config, forcePathStyle: true }) };
  };
  const cloud: FirehoseCloud = {
    ...(await start()),
    ...{ clock, lines },
    provision: (...resources) => cloud.running.provision({ resources } as unknown as Graph),
    async create(more = {}, KinesisStreamSourceConfiguration) {
      await cloud.client.send(
        new CreateDeliveryStreamCommand({
          DeliveryStreamName: "usage",
          ...(KinesisStreamSourceConfiguration && {
            ...{ DeliveryStreamType: "KinesisStreamAsSource", KinesisStreamSourceConfiguration },
          }),
          ExtendedS3DestinationConfiguration: {
            ...{ RoleARN: ROLE_ARN, BucketARN: `arn:aws:s3:::${BUCKET}`, Prefix: "data/" },
            BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 60 },
            ...more,
          },
        }),
      );
    },
    async put(...texts) {
      const Records = texts.map((text) => ({ Data: new TextEncoder().encode(text) }));
      await cloud.client.send(new PutRecordBatchCommand({ DeliveryStreamName: "usage", Records }));
    },
    async delivered() {
      const { Contents = [] } = await cloud.objects.send(new ListObjectsV2Command({ Bucket: BUCKET }));
      const found: Record<string, string> = {};
      for (const { Key = "" } of Contents) {
        const { Body } = await cloud.objects.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
        const bytes = await Body!.transformToByteArray();
        found[Key] = Buffer.from(Key.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
      }
      return found;
    },
    async objectsDelivered(count) {
      const found = await eventually(
        () => cloud.delivered(),
        (all) => Object.keys(all).length >= count,
      );
      return Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1));
    },
    async restart() {
      cloud.client.destroy();
      cloud.objects.destroy();
      await cloud.running.stop();
      Object.assign(cloud, await start());
    },
    async stop() {
      cloud.client.destroy();
      cloud.objects.destroy();
      await cloud.running.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await cloud.objects.send(new CreateBucketCommand({ Bucket: BUCKET }));
  return cloud;
}
