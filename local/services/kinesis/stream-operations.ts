/** Operations on streams: making, describing, changing, encrypting, tagging, and who may use them. */
import type { CreateStreamCommandInput } from "@aws-sdk/client-kinesis";
import { AwsError, type Operation } from "../../service.ts";
import { describeShard } from "./shard-operations.ts";
import { openShards, type Stream, type StreamReference, type Streams } from "./streams.ts";

type Input = StreamReference & Record<string, unknown>;

export function streamOperations(streams: Streams): Record<string, Operation> {
  const { access } = streams;
  /** Changes a stream and answers nothing. */
  const changing = (action: string, change: (stream: Stream, input: never) => object | undefined): Operation => ({
    authorize: access(action),
    run(input: Input) {
      const stream = streams.find(input);
      const answer = change(stream, input as never);
      streams.changed(stream);
      return answer ?? {};
    },
  });
  const byArn = (action: string) => (input: { ResourceARN?: string }) =>
    access(action)({ StreamARN: input.ResourceARN });
  const find = (arn: string | undefined) => streams.find({ StreamARN: arn ?? "" });
  const setTags = (stream: Stream, tags: Record<string, string>) => {
    const next = { ...stream.tags, ...tags };
    if (Object.keys(next).length > 50) throw invalid("A stream has at most 50 tags.");
    stream.tags = next;
    streams.changed(stream);
    return {};
  };
  const dropTags = (stream: Stream, keys: string[]) => {
    for (const key of keys) delete stream.tags[key];
    streams.changed(stream);
    return {};
  };
  const tagList = ({ tags }: Stream) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

  return {
    CreateStream: {
      authorize: access("CreateStream"),
      run({ StreamName = "", ShardCount, StreamModeDetails, Tags = {} }: CreateStreamCommandInput) {
        if (!/^[\w.-]{1,128}$/.test(StreamName)) {
          throw new AwsError(
            "ValidationException",
            `1 validation error detected: Value '${StreamName}' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+`,
          );
        }
        if (streams.get(StreamName)) {
          const message = `Stream ${StreamName} under account ${streams.arnOf("").split(":")[4]} already exists.`;
          throw new AwsError("ResourceInUseException", message);
        }
        // Without a mode or a count it is on demand.
        const mode = StreamModeDetails?.StreamMode ?? (ShardCount === undefined ? "ON_DEMAND" : "PROVISIONED");
        setTags(streams.create(StreamName, { mode, shards: ShardCount }), Tags);
        return {};
      },
    },
    DeleteStream: {
      authorize: access("DeleteStream"),
      run(input: StreamReference) {
        streams.remove(streams.find(input));
        return {};
      },
    },
    DescribeStream: {
      authorize: access("DescribeStream"),
      run({
        Limit = 100,
        ExclusiveStartShardId = "",
        ...reference
      }: Input & { Limit?: number; ExclusiveStartShardId?: string }) {
        const stream = streams.find(reference);
        const shards = stream.shards
          .map((shard) => describeShard(stream, shard))
          .filter(({ ShardId }) => ShardId > ExclusiveStartShardId);
        const { EncryptionType, KeyId, ...summary } = describe(stream);
        const { OpenShardCount: _open, ConsumerCount: _consumers, ...described } = summary;
        return {
          StreamDescription: {
            ...{ ...described, EncryptionType, KeyId },
            ...{ Shards: shards.slice(0, Limit), HasMoreShards: shards.length > Limit },
          },
        };
      },
    },
    DescribeStreamSummary: {
      authorize: access("DescribeStreamSummary"),
      run: (input: StreamReference) => ({ StreamDescriptionSummary: describe(streams.find(input)) }),
    },
    ListStreams: {
      authorize: () => ({ action: "kinesis:ListStreams", resource: "*" }),
      run({ Limit = 100, ExclusiveStartStreamName, NextToken }) {
        if (!(Limit >= 1 && Limit <= 10_000)) {
          throw new AwsError("ValidationException", `Value '${Limit}' at 'limit' must be from 1 to 10000`);
        }
        const after = NextToken ? Buffer.from(NextToken, "base64").toString() : (ExclusiveStartStreamName ?? "");
        const left = streams.all().filter(({ name }) => name > after);
        const page = left.slice(0, Limit);
        const HasMoreStreams = left.length > page.length;
        return {
          StreamNames: page.map(({ name }) => name),
          HasMoreStreams,
          ...(HasMoreStreams && { NextToken: Buffer.from(page.at(-1)!.name).toString("base64") }),
          StreamSummaries: page.map((stream) => {
            const { StreamName, StreamARN, StreamStatus, StreamModeDetails, StreamCreationTimestamp } =
              describe(stream);
            return { StreamName, StreamARN, StreamStatus, StreamModeDetails, StreamCreationTimestamp };
          }),
        };
      },
    },
    IncreaseStreamRetentionPeriod: changing(
      "IncreaseStreamRetentionPeriod",
      (stream, { RetentionPeriodHours: hours }: { RetentionPeriodHours: number }) => {
        if (hours > 8760) throw invalid("Requested retention period cannot be greater than 8760 hours.");
        if (hours < stream.retentionHours) {
          throw invalid(`Requested retention period ${hours} hours must be at least ${stream.retentionHours} hours.`);
        }
        stream.retentionHours = hours;
        return undefined;
      },
    ),
    DecreaseStreamRetentionPeriod: changing(
      "DecreaseStreamRetentionPeriod",
      (stream, { RetentionPeriodHours: hours }: { RetentionPeriodHours: number }) => {
        if (hours < 24) throw invalid("Minimum allowed retention period is 24 hours.");
        if (hours > stream.retentionHours) {
          throw invalid(`Requested retention period ${hours} hours must be at most ${stream.retentionHours} hours.`);
        }
        stream.retentionHours = hours;
        return undefined;
      },
    ),
    UpdateStreamMode: changing(
      "UpdateStreamMode",
      (stream, { StreamModeDetails }: { StreamModeDetails: { StreamMode: Stream["mode"] } }) => {
        stream.mode = StreamModeDetails.StreamMode;
        return undefined;
      },
    ),
    UpdateMaxRecordSize: changing(
      "UpdateMaxRecordSize",
      (stream, { MaxRecordSizeInKiB: kib }: { MaxRecordSizeInKiB: number }) => {
        if (!(kib >= 1024 && kib <= 10_240)) throw invalid("MaxRecordSizeInKiB must be 1024 to 10240.");
        stream.maxRecordKiB = kib;
        return undefined;
      },
    ),
    StartStreamEncryption: changing("StartStreamEncryption", (stream, { KeyId }: { KeyId: string }) => {
      stream.keyId = KeyId;
      return undefined;
    }),
    StopStreamEncryption: changing("StopStreamEncryption", (stream) => {
      stream.keyId = undefined;
      return undefined;
    }),
    AddTagsToStream: changing("AddTagsToStream", (stream, { Tags }: { Tags: Record<string, string> }) =>
      setTags(stream, Tags),
    ),
    RemoveTagsFromStream: changing("RemoveTagsFromStream", (stream, { TagKeys }: { TagKeys: string[] }) =>
      dropTags(stream, TagKeys),
    ),
    ListTagsForStream: {
      authorize: access("ListTagsForStream"),
      run: (input: StreamReference) => ({ Tags: tagList(streams.find(input)), HasMoreTags: false }),
    },
    TagResource: {
      authorize: byArn("TagResource"),
      run: ({ ResourceARN, Tags }) => setTags(find(ResourceARN), Tags),
    },
    UntagResource: {
      authorize: byArn("UntagResource"),
      run: ({ ResourceARN, TagKeys }) => dropTags(find(ResourceARN), TagKeys),
    },
    ListTagsForResource: {
      authorize: byArn("ListTagsForResource"),
      run: ({ ResourceARN }) => ({ Tags: tagList(find(ResourceARN)) }),
    },
    PutResourcePolicy: {
      authorize: byArn("PutResourcePolicy"),
      run({ ResourceARN, Policy }) {
        const stream = find(ResourceARN);
        setPolicy(stream, Policy);
        streams.changed(stream);
        return {};
      },
    },
    GetResourcePolicy: {
      authorize: byArn("GetResourcePolicy"),
      run: ({ ResourceARN }) => ({ Policy: find(ResourceARN).policy ?? "" }),
    },
    DeleteResourcePolicy: {
      authorize: byArn("DeleteResourcePolicy"),
      run({ ResourceARN }) {
        const stream = find(ResourceARN);
        if (!stream.policy) throw new AwsError("ResourceNotFoundException", `${ResourceARN} has no policy.`);
        stream.policy = undefined;
        streams.changed(stream);
        return {};
      },
    },
  };
}

/** @throws AwsError where it is no policy */
export function setPolicy(stream: Stream, policy: string): void {
  try {
    if (Array.isArray([JSON.parse(policy).Statement].flat())) stream.policy = policy;
  } catch {
    throw invalid("The resource policy is no valid JSON.");
  }
}

function describe(stream: Stream) {
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    StreamStatus: "ACTIVE",
    StreamModeDetails: { StreamMode: stream.mode },
    RetentionPeriodHours: stream.retentionHours,
    StreamCreationTimestamp: new Date(stream.createdAt),
    EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
    EncryptionType: stream.keyId === undefined ? "NONE" : "KMS",
    KeyId: stream.keyId,
    OpenShardCount: openShards(stream).length,
    ConsumerCount: 0,
    MaxRecordSizeInKiB: stream.maxRecordKiB,
  };
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidArgumentException", message);
}
