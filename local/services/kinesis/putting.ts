/** PutRecord and PutRecords. */
import type { PutRecordCommandInput, PutRecordsRequestEntry } from "@aws-sdk/client-kinesis";
import { AwsError, type Clock, type Operation } from "../../service.ts";
import { hashKeyOf, isHashKey, owns, sequenceOf, shardId } from "./shards.ts";
import { openShards, type Stream, type Streams } from "./streams.ts";

const MAX_ENTRIES = 500;
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;

export function putting(streams: Streams, clock: Clock): Record<string, Operation> {
  function put(stream: Stream, { PartitionKey, ExplicitHashKey, Data }: PutRecordsRequestEntry) {
    const key = hashKeyOf(PartitionKey!, ExplicitHashKey);
    const { index } = openShards(stream).find((shard) => owns(shard, key))!;
    const number = streams.log.append(stream.name, index, {
      arrivedAt: clock.now(),
      partitionKey: PartitionKey!,
      data: Data!,
    });
    return { SequenceNumber: sequenceOf(stream.createdAt, number, index), ShardId: shardId(index) };
  }

  const encryption = ({ keyId }: Stream) => ({ EncryptionType: keyId === undefined ? "NONE" : "KMS" });

  return {
    PutRecord: {
      authorize: streams.access("PutRecord"),
      run(input: PutRecordCommandInput) {
        const stream = streams.find(input);
        validate(stream, input, "");
        return { ...put(stream, input as PutRecordsRequestEntry), ...encryption(stream) };
      },
    },
    PutRecords: {
      authorize: streams.access("PutRecords"),
      run({ Records = [], ...reference }: { Records?: PutRecordsRequestEntry[]; StreamName?: string }) {
        const stream = streams.find(reference);
        if (Records.length === 0 || Records.length > MAX_ENTRIES) {
          const bound = Records.length === 0 ? "greater than or equal to 1" : `less than or equal to ${MAX_ENTRIES}`;
          throw invalid(
            `1 validation error detected: Value at 'records' failed to satisfy constraint: Member must have length ${bound}`,
          );
        }
        Records.forEach((record, index) => {
          validate(stream, record, `records.${index + 1}.member.`);
        });
        if (Records.reduce((sum, record) => sum + sizeOf(record), 0) > MAX_REQUEST_BYTES) {
          throw new AwsError(
            "InvalidArgumentException",
            `Records size exceeds ${MAX_REQUEST_BYTES / 1024 / 1024} MB limit`,
          );
        }
        const written = streams.log.atomically(() => Records.map((record) => put(stream, record)));
        return { FailedRecordCount: 0, Records: written, ...encryption(stream) };
      },
    },
  };
}

function validate({ maxRecordKiB }: Stream, record: Partial<PutRecordsRequestEntry>, at: string): void {
  const { PartitionKey, ExplicitHashKey, Data } = record;
  if (Data === undefined) throw missing(`${at}data`);
  if (PartitionKey === undefined) throw missing(`${at}partitionKey`);
  const length = [...PartitionKey].length;
  if (length < 1 || length > 256) {
    const bound = length < 1 ? "greater than or equal to 1" : "less than or equal to 256";
    throw invalid(
      `1 validation error detected: Value '${PartitionKey}' at '${at}partitionKey' failed to satisfy constraint: Member must have length ${bound}`,
    );
  }
  if (sizeOf(record) > maxRecordKiB * 1024) {
    throw invalid(
      `1 validation error detected: Value at '${at}data' failed to satisfy constraint: Member must have length less than or equal to ${maxRecordKiB * 1024}`,
    );
  }
  if (ExplicitHashKey !== undefined && !isHashKey(ExplicitHashKey)) {
    throw new AwsError(
      "InvalidArgumentException",
      `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${ExplicitHashKey}`,
    );
  }
}

function sizeOf({ Data, PartitionKey = "" }: Partial<PutRecordsRequestEntry>): number {
  return (Data?.length ?? 0) + Buffer.byteLength(PartitionKey);
}

function missing(at: string): AwsError {
  return invalid(
    `1 validation error detected: Value null at '${at}' failed to satisfy constraint: Member must not be null`,
  );
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}
