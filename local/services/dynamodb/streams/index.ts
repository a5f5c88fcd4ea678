/**
 * DynamoDB Streams on one machine: what changed in a table, in order, for a day. Signed for as `dynamodb`, told apart by its
 * target.
 *
 * Not emulated: more than one shard (a table's changes are all in one, which never closes), streams that UpdateTable turns on
 * or off, Kinesis as a table's stream.
 */
import { createHash } from "node:crypto";
import { AwsError, type Cloud, type Service } from "../../../service.ts";
import { type Change, changeLog, type Stream } from "./change-log.ts";

const MAX_RECORDS = 1_000;
const MAX_BYTES = 1024 * 1024;
const ITERATOR_LIFE_MS = 15 * 60_000;

export function dynamodbStreams(cloud: Cloud): Service {
  const log = changeLog(cloud.database, cloud.clock);
  const { clock } = cloud;

  function find(arn: string | undefined): Stream {
    const stream = log.find(arn ?? "");
    if (stream) return stream;
    throw new AwsError("ResourceNotFoundException", `Requested resource not found: Stream: ${arn} not found`);
  }

  const onStream =
    (action: string) =>
    ({ StreamArn }: { StreamArn?: string }) => ({ action: `dynamodb:${action}`, resource: StreamArn ?? "*" });

  function start(stream: Stream, type: string | undefined, sequence: string | undefined): number {
    if (type === "TRIM_HORIZON") return stream.firstNumber;
    if (type === "LATEST") return log.next();
    if (type !== "AT_SEQUENCE_NUMBER" && type !== "AFTER_SEQUENCE_NUMBER") {
      throw invalid(
        `1 validation error detected: Value '${type}' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_SEQUENCE_NUMBER, TRIM_HORIZON]`,
      );
    }
    const number = numberOf(sequence ?? "");
    if (number === undefined) throw invalid("Invalid SequenceNumber");
    return type === "AT_SEQUENCE_NUMBER" ? number : number + 1;
  }

  return {
    name: "streams.dynamodb",
    client: () => import("@aws-sdk/client-dynamodb-streams"),
    resources: {},
    operations: {
      ListStreams: {
        authorize: ({ TableName }) => ({
          action: "dynamodb:ListStreams",
          resource: TableName ? `arn:aws:dynamodb:${cloud.region}:${cloud.account}:table/${TableName}/stream/*` : "*",
        }),
        run({ TableName, Limit = 100, ExclusiveStartStreamArn = "" }) {
          if (!(Limit >= 1 && Limit <= 100)) throw invalid(`Value '${Limit}' at 'limit' must be from 1 to 100`);
          const wanted = ({ table, arn }: Stream) =>
            (!TableName || table === TableName) && arn > ExclusiveStartStreamArn;
          const left = log.streams().filter(wanted);
          const page = left.slice(0, Limit);
          return {
            Streams: page.map(({ arn, table }) => ({ StreamArn: arn, TableName: table, StreamLabel: labelOf(arn) })),
            ...(left.length > page.length && { LastEvaluatedStreamArn: page.at(-1)!.arn }),
          };
        },
      },
      DescribeStream: {
        authorize: onStream("DescribeStream"),
        run({ StreamArn, ExclusiveStartShardId }) {
          const stream = find(StreamArn);
          const { arn, table, view, keys, createdAt } = stream;
          const shard = {
            ShardId: shardOf(stream),
            SequenceNumberRange: { StartingSequenceNumber: sequenceOf(stream.firstNumber) },
          };
          return {
            StreamDescription: {
              ...{ StreamArn: arn, StreamLabel: labelOf(arn), StreamStatus: "ENABLED", StreamViewType: view },
              ...{ CreationRequestDateTime: new Date(createdAt), TableName: table },
              KeySchema: [
                { AttributeName: keys.hash, KeyType: "HASH" },
                ...(keys.range === undefined ? [] : [{ AttributeName: keys.range, KeyType: "RANGE" }]),
              ],
              Shards: ExclusiveStartShardId ? [] : [shard],
            },
          };
        },
      },
      GetShardIterator: {
        authorize: onStream("GetShardIterator"),
        run({ StreamArn, ShardId, ShardIteratorType, SequenceNumber }) {
          const stream = find(StreamArn);
          if (ShardId !== shardOf(stream)) {
            throw new AwsError("ResourceNotFoundException", `Requested resource not found: Shard does not exist`);
          }
          const number = start(stream, ShardIteratorType, SequenceNumber);
          return { ShardIterator: write(stream.arn, number, clock.now()) };
        },
      },
      GetRecords: {
        authorize: ({ ShardIterator }) => onStream("GetRecords")({ StreamArn: read(ShardIterator).arn }),
        run({ ShardIterator, Limit = MAX_RECORDS }) {
          const { arn, number, madeAt } = read(ShardIterator);
          if (!(Limit >= 1 && Limit <= MAX_RECORDS)) {
            throw invalid(
              `1 validation error detected: Value '${Limit}' at 'limit' failed to satisfy constraint: Member must have value between 1 and ${MAX_RECORDS}`,
            );
          }
          if (clock.now() - madeAt > ITERATOR_LIFE_MS) {
            throw new AwsError("ExpiredIteratorException", "Iterator expired: it is older than 15 minutes.");
          }
          const stream = find(arn);
          const Records: object[] = [];
          let next = number;
          let bytes = 0;
          for (const change of log.read(arn, number, Limit)) {
            bytes += change.size;
            if (Records.length > 0 && bytes > MAX_BYTES) break;
            Records.push(recordOf(cloud.region, stream, change));
            next = change.number + 1;
          }
          return { Records, NextShardIterator: write(arn, next, clock.now()) };
        },
      },
    },
  };
}

function recordOf(region: string, { arn, view }: Stream, change: Change) {
  return {
    eventID: createHash("md5").update(`${arn} ${change.number}`).digest("hex"),
    eventName: change.eventName,
    eventVersion: "1.1",
    eventSource: "aws:dynamodb",
    awsRegion: region,
    dynamodb: {
      // To the second, as AWS has it.
      ApproximateCreationDateTime: new Date(Math.floor(change.changedAt / 1000) * 1000),
      Keys: change.keys,
      ...(change.newImage && { NewImage: change.newImage }),
      ...(change.oldImage && { OldImage: change.oldImage }),
      SequenceNumber: sequenceOf(change.number),
      SizeBytes: change.size,
      StreamViewType: view,
    },
    ...(change.isExpiry && { userIdentity: { Type: "Service", PrincipalId: "dynamodb.amazonaws.com" } }),
  };
}

/** 21 digits, higher for each later change. */
function sequenceOf(number: number): string {
  return `1${String(number).padStart(20, "0")}`;
}

function numberOf(sequence: string): number | undefined {
  return /^1\d{20}$/.test(sequence) ? Number(sequence.slice(1)) : undefined;
}

function shardOf({ arn, createdAt }: Stream): string {
  const digits = createHash("md5").update(arn).digest("hex").slice(0, 8);
  return `shardId-${String(createdAt).padStart(20, "0")}-${digits}`;
}

function labelOf(arn: string): string {
  return arn.slice(arn.lastIndexOf("/stream/") + "/stream/".length);
}

function write(arn: string, number: number, madeAt: number): string {
  return `${arn}|1|${Buffer.from(JSON.stringify([number, madeAt])).toString("base64")}`;
}

function read(iterator: string | undefined): { arn: string; number: number; madeAt: number } {
  const [arn = "", , position = ""] = (iterator ?? "").split("|");
  try {
    const [number, madeAt] = JSON.parse(Buffer.from(position, "base64").toString());
    if (Number.isFinite(number) && Number.isFinite(madeAt)) return { arn, number, madeAt };
  } catch {
    // Said below.
  }
  throw invalid("Invalid ShardIterator");
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}
