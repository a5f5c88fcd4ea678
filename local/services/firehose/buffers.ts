/**
 * Buffers of delivery streams: records wait until there are enough of them or the first one has waited for long enough, and
 * then go to S3 together. What can not be delivered stays and is tried again for a day.
 */
import { gzipSync } from "node:zlib";
import type { AwsError, Cloud, Principal, Timer } from "../../service.ts";
import { type Conversion, isObject, parquetOf, schemaOf } from "./conversion.ts";
import type { DeliveryStream, DeliveryStreams } from "./delivery-streams.ts";
import { fileName, folderOf } from "./object-keys.ts";
import { type Failed, type Processed, process } from "./processing.ts";
import { type RecordStore, recordStore, type StoredRecord } from "./record-store.ts";

const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 300_000;
const GIVE_UP_MS = 24 * 3_600_000;

export interface Buffers {
  /** Keeps records, and answers with their numbers. */
  add(stream: DeliveryStream, records: Omit<StoredRecord, "id">[]): number[];
  /** Takes up what an earlier run left, or what changed settings make due. */
  resume(stream: DeliveryStream): void;
  forget(name: string): void;
  stop(): Promise<void>;
}

export function buffers(cloud: Cloud, streams: DeliveryStreams): Buffers {
  const { clock, database } = cloud;
  const store: RecordStore = recordStore(database);
  const bytes = new Map<string, number>();
  const timers = new Map<string, Timer>();
  const flushing = new Map<string, Promise<void>>();
  let stopped = false;

  function schedule({ name }: DeliveryStream, delayMs: number): void {
    timers.get(name)?.cancel();
    const timer = clock.after(Math.max(0, delayMs), () => {
      timers.delete(name);
      void flush(name);
    });
    timers.set(name, timer);
  }

  /** One at a time for each stream. */
  function flush(name: string, retryMs = FIRST_RETRY_MS): Promise<void> {
    const next = (flushing.get(name) ?? Promise.resolve()).then(() => deliver(name, retryMs));
    flushing.set(name, next);
    return next;
  }

  async function deliver(name: string, retryMs: number): Promise<void> {
    const stream = streams.get(name);
    const records = stream && !stopped ? store.of(name) : [];
    if (!stream || records.length === 0) return;
    timers.get(name)?.cancel();
    timers.delete(name);
    bytes.set(name, 0);
    try {
      const principal = cloud.assume(stream.settings.roleArn, name, "firehose.amazonaws.com", stream.arn);
      const { processed, failed } = await process(cloud, stream, records, principal);
      if (stopped) return;
      await write(stream, processed, failed, principal);
      store.remove(records);
    } catch (error) {
      if (stopped) return;
      const { code = "InternalError", message } = error as AwsError;
      bytes.set(name, store.waiting(name).bytes);
      tell(stream, message, `S3.${code}`);
      const old = records.filter(({ arrivedAt }) => clock.now() - arrivedAt > GIVE_UP_MS);
      store.remove(old);
      if (old.length > 0) tell(stream, `${old.length} records were given up after a day of attempts`, `S3.${code}`);
      timers.get(name)?.cancel();
      const timer = clock.after(retryMs, () => {
        timers.delete(name);
        void flush(name, Math.min(retryMs * 2, LONGEST_RETRY_MS));
      });
      timers.set(name, timer);
    }
  }

  async function write(
    stream: DeliveryStream,
    processed: Processed[],
    failed: Failed[],
    principal: Principal,
  ): Promise<void> {
    const { prefix, timeZone, compression, extension, conversion } = stream.settings;
    const objects = new Map<string, Processed[]>();
    const first = (records: { arrivedAt: number }[]) => Math.min(...records.map(({ arrivedAt }) => arrivedAt));
    // One folder for each partition, not for each hour in which its records arrived.
    for (const group of Map.groupBy(processed, ({ partition }) => JSON.stringify(partition)).values()) {
      const folder = folderOf({ prefix, arrivedAt: first(group), timeZone, partition: group[0]!.partition });
      objects.set(folder, [...(objects.get(folder) ?? []), ...group]);
    }
    const columns = conversion && processed.length > 0 ? await schema(stream, conversion) : undefined;
    const malformed: Failed[] = [];
    for (const [folder, all] of objects) {
      const { true: records = [], false: others = [] } = Object.groupBy(all, ({ data }) =>
        String(columns === undefined || isObject(data)),
      );
      malformed.push(...others.map(malformedOf));
      if (records.length === 0) continue;
      const pieces = records.map(({ data }) => data);
      const data = columns ? await parquetOf(cloud, conversion!, columns, pieces) : Buffer.concat(pieces);
      const body = compression === "GZIP" ? gzipSync(data) : data;
      await put(stream, folder, first(records), extension, body, principal);
    }
    await report(stream, failed, "processing-failed", principal);
    await report(stream, malformed, "format-conversion-failed", principal);
  }

  /** Read anew for each delivery: a table's columns may change. */
  function schema({ name, arn }: DeliveryStream, conversion: Conversion) {
    const reader = cloud.assume(conversion.roleArn, name, "firehose.amazonaws.com", arn);
    return schemaOf(cloud, conversion, reader);
  }

  const malformedOf = ({ data, arrivedAt }: Processed): Failed => ({
    ...{ attemptsMade: 1, arrivalTimestamp: arrivedAt, attemptEndingTimestamp: clock.now() },
    ...{ errorCode: "DataFormatConversion.MalformedData", errorMessage: "The record is not a JSON object." },
    rawData: data.toString("base64"),
  });

  /** What was given up goes below the error prefix, a line each. */
  async function report(
    stream: DeliveryStream,
    failed: Failed[],
    errorType: string,
    principal: Principal,
  ): Promise<void> {
    if (failed.length === 0) return;
    const { errorPrefix, timeZone } = stream.settings;
    const arrivedAt = Math.min(...failed.map(({ arrivalTimestamp }) => arrivalTimestamp));
    const folder = folderOf({ prefix: errorPrefix, arrivedAt, timeZone, errorType });
    const lines = failed.map((failure) => `${JSON.stringify(failure)}\n`).join("");
    await put(stream, folder, arrivedAt, "", Buffer.from(lines), principal);
    tell(stream, `${failed.length} records went to ${folder}: ${failed[0]!.errorMessage}`, failed[0]!.errorCode);
  }

  async function put(
    { name, version, settings }: DeliveryStream,
    folder: string,
    arrivedAt: number,
    extension: string,
    Body: Buffer,
    principal: Principal,
  ): Promise<void> {
    const Key = folder + fileName(name, version, arrivedAt, extension);
    const input = { Bucket: settings.bucket, Key, Body, ContentType: "application/octet-stream" };
    await cloud.call("s3", "PutObject", input, { principal });
  }

  /** In this machine's log, and in the stream's own where it has one. */
  function tell({ name, arn, settings, version }: DeliveryStream, message: string, errorCode: string): void {
    cloud.log({ level: "warn", source: "firehose", message: `${name}: ${message}` });
    if (!settings.logging) return;
    const line = {
      deliveryStreamARN: arn,
      destination: `arn:aws:s3:::${settings.bucket}`,
      deliveryStreamVersionId: version,
    };
    const logEvents = [{ timestamp: clock.now(), message: JSON.stringify({ ...line, message, errorCode }) }];
    const principal = cloud.principalFor(settings.roleArn, name);
    cloud.call("logs", "PutLogEvents", { ...settings.logging, logEvents }, { principal }).catch((error: Error) => {
      cloud.log({ level: "warn", source: "firehose", message: `${name}: no log: ${error.message}` });
    });
  }

  return {
    add(stream, records) {
      const { name, settings } = stream;
      const ids = store.add(name, records);
      const before = bytes.get(name) ?? store.waiting(name).bytes;
      const now = records.reduce((sum, { data }) => sum + data.length, before);
      bytes.set(name, now);
      if (now >= settings.bufferBytes) void flush(name);
      else if (!timers.has(name)) schedule(stream, settings.bufferMs);
      return ids;
    },
    resume(stream) {
      const { name, settings } = stream;
      const { bytes: waiting, since } = store.waiting(name);
      bytes.set(name, waiting);
      if (since === undefined) return;
      schedule(stream, waiting >= settings.bufferBytes ? 0 : since + settings.bufferMs - clock.now());
    },
    forget(name) {
      timers.get(name)?.cancel();
      timers.delete(name);
      bytes.delete(name);
      store.removeAll(name);
    },
    async stop() {
      stopped = true;
      for (const timer of timers.values()) timer.cancel();
    },
  };
}
