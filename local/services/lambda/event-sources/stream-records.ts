/** Records of streams as a function sees them, and what a failed batch looks like to its destination. Pure. */
import { matchesAny } from "./filters.ts";

export interface StreamRecord {
  sequence: string;
  /** ms since the epoch */
  arrivedAt: number;
  /** Records of one key stay in order. */
  key: string;
  /** As the function's event has it. */
  event: { eventID: string };
}

interface KinesisRecord {
  SequenceNumber: string;
  ApproximateArrivalTimestamp: Date;
  Data: Uint8Array;
  PartitionKey: string;
}

interface Where {
  streamArn: string;
  shard: string;
  roleArn: string;
  filters: object[];
}

/** @returns undefined where no filter takes the record */
export function ofKinesis(
  record: KinesisRecord,
  { streamArn, shard, roleArn, filters }: Where,
): StreamRecord | undefined {
  const { SequenceNumber, ApproximateArrivalTimestamp, Data, PartitionKey } = record;
  const bytes = Buffer.from(Data.buffer, Data.byteOffset, Data.length);
  const kinesis = {
    kinesisSchemaVersion: "1.0",
    partitionKey: PartitionKey,
    sequenceNumber: SequenceNumber,
    data: bytes.toString("base64"),
    approximateArrivalTimestamp: ApproximateArrivalTimestamp.getTime() / 1000,
  };
  if (filters.length > 0 && !matchesAny(filters, "data", kinesis, bytes.toString())) return undefined;
  return {
    sequence: SequenceNumber,
    arrivedAt: ApproximateArrivalTimestamp.getTime(),
    key: PartitionKey,
    event: {
      kinesis,
      eventSource: "aws:kinesis",
      eventVersion: "1.0",
      eventID: `${shard}:${SequenceNumber}`,
      eventName: "aws:kinesis:record",
      invokeIdentityArn: roleArn,
      awsRegion: streamArn.split(":")[3],
      eventSourceARN: streamArn,
    } as StreamRecord["event"],
  };
}

interface ChangeRecord {
  eventID: string;
  dynamodb: { SequenceNumber: string; ApproximateCreationDateTime: Date; Keys: object };
  userIdentity?: { Type: string; PrincipalId: string };
}

/** @returns undefined where no filter takes the record */
export function ofDynamodb(record: ChangeRecord, { streamArn, filters }: Where): StreamRecord | undefined {
  const { dynamodb, userIdentity, ...rest } = record;
  const arrivedAt = dynamodb.ApproximateCreationDateTime.getTime();
  const change = { ...dynamodb, ApproximateCreationDateTime: arrivedAt / 1000 };
  const event = asJson({
    ...rest,
    dynamodb: change,
    ...(userIdentity && { userIdentity: { type: userIdentity.Type, principalId: userIdentity.PrincipalId } }),
    eventSourceARN: streamArn,
  }) as StreamRecord["event"];
  if (filters.length > 0 && !matchesAny(filters, "", event, "")) return undefined;
  return { sequence: dynamodb.SequenceNumber, arrivedAt, key: JSON.stringify(change.Keys), event };
}

/** Binary attributes are base64. */
function asJson(value: object): object {
  return JSON.parse(
    JSON.stringify(value, (_name, member) =>
      member instanceof Uint8Array ? Buffer.from(member).toString("base64") : member,
    ),
  );
}

/** Where the failed records start and end, for whoever wants to read them again: AWS's shape, in AWS's order. */
export function failureRecord(failure: {
  condition: "RetryAttemptsExhausted" | "RecordAgeExceeded";
  requestId: string;
  functionArn: string;
  invocations: number;
  functionError?: string;
  now: number;
  streamArn: string;
  shard: string;
  records: StreamRecord[];
  /** The whole event, for a bucket. */
  payload?: string;
}): string {
  const { records, streamArn } = failure;
  const [first, last] = [records[0]!, records.at(-1)!];
  const isKinesis = streamArn.split(":")[2] === "kinesis";
  const time = (ms: number) => new Date(ms).toISOString().replace(isKinesis ? "" : /\.\d+Z$/, isKinesis ? "" : "Z");
  return JSON.stringify({
    requestContext: {
      requestId: failure.requestId,
      functionArn: failure.functionArn,
      condition: failure.condition,
      approximateInvokeCount: failure.invocations,
    },
    responseContext: {
      statusCode: 200,
      executedVersion: "$LATEST",
      ...(failure.functionError && { functionError: failure.functionError }),
    },
    version: "1.0",
    timestamp: new Date(failure.now).toISOString(),
    [isKinesis ? "KinesisBatchInfo" : "DDBStreamBatchInfo"]: {
      shardId: failure.shard,
      startSequenceNumber: first.sequence,
      endSequenceNumber: last.sequence,
      approximateArrivalOfFirstRecord: time(first.arrivedAt),
      approximateArrivalOfLastRecord: time(last.arrivedAt),
      batchSize: records.length,
      streamArn,
    },
    ...(failure.payload !== undefined && { payload: failure.payload }),
  });
}

/**
 * Where a batch has to be taken up again, by an answer with `ReportBatchItemFailures`: at the lowest sequence number that it
 * names. No list or an empty one is a success (the batch's length); an answer that is no object, or an item whose identifier
 * is missing, mis-keyed or not of this batch, fails all (0).
 */
export function resumeAt(answer: unknown, records: StreamRecord[]): number {
  if (answer === null || answer === undefined) return records.length;
  if (typeof answer !== "object" || Array.isArray(answer)) return 0;
  const { batchItemFailures } = answer as { batchItemFailures?: unknown };
  if (batchItemFailures === null || batchItemFailures === undefined) return records.length;
  if (!Array.isArray(batchItemFailures)) return 0;
  const places = batchItemFailures.map((item) => {
    const id = (item as { itemIdentifier?: unknown } | null)?.itemIdentifier;
    return records.findIndex(({ sequence }) => sequence === id);
  });
  // Records are in the order of their numbers: the first one is the lowest. One that is unknown is -1.
  return Math.max(0, Math.min(records.length, ...places));
}
