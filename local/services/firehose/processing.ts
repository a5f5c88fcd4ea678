/** What happens to records on their way: taken apart, transformed by a function, placed into partitions, ended by a delimiter. */
import { randomUUID } from "node:crypto";
import type { Cloud, Principal } from "../../service.ts";
import type { DeliveryStream } from "./delivery-streams.ts";
import { keysOf } from "./metadata-query.ts";
import type { Partition } from "./object-keys.ts";
import type { StoredRecord } from "./record-store.ts";

export interface Processed {
  data: Buffer;
  arrivedAt: number;
  partition: Partition;
}

/** A record that was given up, as it stands below the error prefix. */
export interface Failed {
  attemptsMade: number;
  arrivalTimestamp: number;
  errorCode: string;
  errorMessage: string;
  attemptEndingTimestamp: number;
  rawData: string;
  lambdaArn?: string;
}

export interface Outcome {
  processed: Processed[];
  failed: Failed[];
}

const RETRY_MS = 1_000;

export async function process(
  cloud: Cloud,
  stream: DeliveryStream,
  records: StoredRecord[],
  principal: Principal,
): Promise<Outcome> {
  const { settings } = stream;
  const failed: Failed[] = [];
  const transformed = settings.transformation
    ? await transform(cloud, stream, records, principal, failed)
    : records.map(({ data, arrivedAt }) => ({ data, arrivedAt, lambda: {} }));
  const processed: Processed[] = [];
  for (const { data, arrivedAt, lambda } of transformed) {
    for (const part of settings.deaggregation ? partsOf(data, settings.deaggregation.delimiter) : [data]) {
      try {
        const query = settings.query ? keysOf(settings.query, part) : {};
        const whole = settings.delimiter === undefined ? part : Buffer.concat([part, Buffer.from(settings.delimiter)]);
        processed.push({ data: whole, arrivedAt, partition: { query, lambda } });
      } catch (error) {
        const errorCode = "DynamicPartitioning.MetadataExtractionFailed";
        failed.push(failureOf(cloud, part, arrivedAt, errorCode, (error as Error).message, 1));
      }
    }
  }
  return { processed, failed };
}

interface Transformed {
  data: Buffer;
  arrivedAt: number;
  lambda: Record<string, string>;
}

interface Answer {
  recordId?: string;
  result?: string;
  data?: string;
  metadata?: { partitionKeys?: Record<string, string> };
}

async function transform(
  cloud: Cloud,
  stream: DeliveryStream,
  records: StoredRecord[],
  principal: Principal,
  failed: Failed[],
): Promise<Transformed[]> {
  const { functionArn, retries, batchBytes } = stream.settings.transformation!;
  const done: Transformed[] = [];
  for (const batch of batchesOf(records, batchBytes)) {
    const giveUp = ({ data, arrivedAt }: StoredRecord, code: string, message: string, attempts: number) =>
      failed.push({ ...failureOf(cloud, data, arrivedAt, code, message, attempts), lambdaArn: functionArn });
    const { answers, problem, attempts } = await invoke(cloud, stream, batch, principal, retries);
    if (problem) {
      for (const record of batch) giveUp(record, problem.code, problem.message, attempts);
      continue;
    }
    for (const record of batch) {
      const answer = answers!.find(({ recordId }) => recordId === String(record.id));
      if (!answer) {
        giveUp(
          record,
          "Lambda.MissingRecordId",
          "One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids.",
          1,
        );
      } else if (answer.result === "Ok") {
        const data = Buffer.from(answer.data ?? "", "base64");
        done.push({ data, arrivedAt: record.arrivedAt, lambda: answer.metadata?.partitionKeys ?? {} });
      } else if (answer.result !== "Dropped") {
        giveUp(record, "Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record", 1);
      }
    }
  }
  return done;
}

async function invoke(
  cloud: Cloud,
  { arn, source, settings }: DeliveryStream,
  batch: StoredRecord[],
  principal: Principal,
  retries: number,
): Promise<{ answers?: Answer[]; problem?: { code: string; message: string }; attempts: number }> {
  const { functionArn } = settings.transformation!;
  const event = {
    invocationId: randomUUID(),
    deliveryStreamArn: arn,
    region: cloud.region,
    ...(source && { sourceKinesisStreamArn: source.streamArn }),
    records: batch.map(({ id, data, arrivedAt, metadata }) => ({
      recordId: String(id),
      approximateArrivalTimestamp: arrivedAt,
      data: data.toString("base64"),
      ...(metadata && { kinesisRecordMetadata: metadata }),
    })),
  };
  let problem = { code: "Lambda.FunctionError", message: "" };
  for (let attempts = 1; ; attempts++) {
    try {
      const input = { FunctionName: functionArn, Payload: Buffer.from(JSON.stringify(event)) };
      const { FunctionError, Payload } = await cloud.call("lambda", "Invoke", input, { principal });
      const text = Buffer.from(Payload).toString();
      if (FunctionError)
        problem = {
          code: "Lambda.FunctionError",
          message: `The Lambda function was successfully invoked but it returned an error result: ${text}`,
        };
      else {
        const answers = (JSON.parse(text) as { records?: Answer[] } | null)?.records;
        if (Array.isArray(answers)) return { answers, attempts };
        return {
          problem: { code: "Lambda.JsonProcessingException", message: "The function's answer has no records." },
          attempts,
        };
      }
    } catch (error) {
      problem = { code: "Lambda.InvokeAccessDenied", message: (error as Error).message };
    }
    if (attempts > retries) return { problem, attempts };
    await new Promise<void>((next) => cloud.clock.after(RETRY_MS, next));
  }
}

function* batchesOf(records: StoredRecord[], limit: number): Iterable<StoredRecord[]> {
  let batch: StoredRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    if (batch.length > 0 && bytes + record.data.length > limit) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += record.data.length;
  }
  if (batch.length > 0) yield batch;
}

/** Of one record: lines, or JSON objects one after the other. */
function partsOf(data: Buffer, delimiter: string | undefined): Buffer[] {
  const text = data.toString();
  if (delimiter)
    return text
      .split(delimiter)
      .filter(Boolean)
      .map((part) => Buffer.from(part));
  const parts: string[] = [];
  let depth = 0;
  let isText = false;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (isText) {
      if (letter === "\\") i++;
      else if (letter === '"') isText = false;
    } else if (letter === '"') isText = true;
    else if (letter === "{" && depth++ === 0) from = i;
    else if (letter === "}" && --depth === 0) parts.push(text.slice(from, i + 1));
  }
  return (parts.length > 0 ? parts : [text]).map((part) => Buffer.from(part));
}

function failureOf(
  { clock }: Cloud,
  data: Buffer,
  arrivalTimestamp: number,
  errorCode: string,
  errorMessage: string,
  attemptsMade: number,
): Failed {
  const rawData = data.toString("base64");
  return { attemptsMade, arrivalTimestamp, errorCode, errorMessage, attemptEndingTimestamp: clock.now(), rawData };
}
