/** Operations on delivery streams, and records that are put into them. */
import type { CreateDeliveryStreamCommandInput, UpdateDestinationCommandInput } from "@aws-sdk/client-firehose";
import { type Access, AwsError, type Clock, type Operation } from "../../service.ts";
import type { Buffers } from "./buffers.ts";
import type { Declaration, DeliveryStream, DeliveryStreams } from "./delivery-streams.ts";
import { invalid } from "./settings.ts";

const MAX_RECORD_BYTES = 1_024_000;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
const MAX_BATCH_RECORDS = 500;
const DESTINATION_ID = "destinationId-000000000001";

type Named = { DeliveryStreamName: string };
type Data = { Data?: Uint8Array };

export interface OperationParts {
  clock: Clock;
  /** @throws AwsError where Firehose may not assume it */
  checkRole(streamName: string, roleArn: string): void;
  streams: DeliveryStreams;
  buffers: Buffers;
  put(declaration: Declaration): Promise<DeliveryStream>;
  remove(name: string): void;
}

export function operations({
  clock,
  checkRole,
  streams,
  buffers,
  put,
  remove,
}: OperationParts): Record<string, Operation> {
  const on =
    (action: string) =>
    ({ DeliveryStreamName }: Named): Access => ({
      action: `firehose:${action}`,
      resource: streams.arnOf(DeliveryStreamName),
    });
  const change = ({ name }: DeliveryStream, more: Partial<Declaration>) => put({ ...streams.find(name), ...more });

  function accept(stream: DeliveryStream, records: Data[]): string[] {
    if (stream.source) {
      throw invalid("This operation is not permitted on KinesisStreamAsSource delivery stream type.");
    }
    const arrivedAt = clock.now();
    const bytes = records.map(({ Data }) => Buffer.from(Data ?? []));
    for (const { length } of bytes) {
      if (length > MAX_RECORD_BYTES) {
        throw violation("record.data", `Member must have length less than or equal to ${MAX_RECORD_BYTES}`);
      }
    }
    return buffers
      .add(
        stream,
        bytes.map((data) => ({ data, arrivedAt })),
      )
      .map((id) => recordId(stream, id));
  }

  return {
    CreateDeliveryStream: {
      authorize(input: CreateDeliveryStreamCommandInput) {
        const roles = [
          input.ExtendedS3DestinationConfiguration?.RoleARN,
          input.KinesisStreamSourceConfiguration?.RoleARN,
        ];
        const context = { "iam:PassedToService": "firehose.amazonaws.com" };
        return [
          on("CreateDeliveryStream")(input as Named),
          ...[...new Set(roles)].flatMap((resource) =>
            resource ? [{ action: "iam:PassRole", resource, context }] : [],
          ),
        ];
      },
      async run(input: CreateDeliveryStreamCommandInput) {
        const { DeliveryStreamName: name = "", ExtendedS3DestinationConfiguration: destination } = input;
        if (!/^[\w.-]{1,64}$/.test(name)) {
          throw violation("deliveryStreamName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
        }
        if (streams.get(name))
          throw new AwsError("ResourceInUseException", `Firehose ${name} under account already exists`);
        if (!destination)
          throw invalid("ExtendedS3DestinationConfiguration: it is the only destination on this machine.");
        const { KinesisStreamARN: streamArn, RoleARN: roleArn } = input.KinesisStreamSourceConfiguration ?? {};
        if (input.DeliveryStreamType === "KinesisStreamAsSource" && !streamArn) {
          throw invalid("KinesisStreamSourceConfiguration is required for the type KinesisStreamAsSource.");
        }
        checkRole(name, destination.RoleARN ?? "");
        const { arn } = await put({
          ...{ name, destination, isDeclared: false },
          ...(streamArn && { source: { streamArn, roleArn: roleArn! } }),
          tags: Object.fromEntries((input.Tags ?? []).map(({ Key, Value = "" }) => [Key!, Value])),
          isEncrypted: input.DeliveryStreamEncryptionConfigurationInput !== undefined,
        });
        return { DeliveryStreamARN: arn };
      },
    },
    DeleteDeliveryStream: {
      authorize: on("DeleteDeliveryStream"),
      run({ DeliveryStreamName }: Named) {
        remove(streams.find(DeliveryStreamName).name);
        return {};
      },
    },
    DescribeDeliveryStream: {
      authorize: on("DescribeDeliveryStream"),
      run: ({ DeliveryStreamName }: Named) => ({
        DeliveryStreamDescription: describe(streams.find(DeliveryStreamName)),
      }),
    },
    ListDeliveryStreams: {
      authorize: () => ({ action: "firehose:ListDeliveryStreams", resource: "*" }),
      run({ Limit = 10, ExclusiveStartDeliveryStreamName: after = "", DeliveryStreamType: type }) {
        const left = streams.all().filter((stream) => stream.name > after && (!type || typeOf(stream) === type));
        return {
          DeliveryStreamNames: left.slice(0, Limit).map(({ name }) => name),
          HasMoreDeliveryStreams: left.length > Limit,
        };
      },
    },
    UpdateDestination: {
      authorize: on("UpdateDestination"),
      async run({ CurrentDeliveryStreamVersionId, ...input }: UpdateDestinationCommandInput) {
        const stream = streams.find(input.DeliveryStreamName!);
        if (CurrentDeliveryStreamVersionId !== String(stream.version)) {
          throw new AwsError(
            "ConcurrentModificationException",
            `Cannot update firehose: ${stream.name} since the current version id: ${stream.version} and specified version id: ${CurrentDeliveryStreamVersionId} do not match`,
          );
        }
        if (input.DestinationId !== DESTINATION_ID) throw invalid(`Destination Id ${input.DestinationId} not found`);
        const update = input.ExtendedS3DestinationUpdate ?? {};
        const { S3BackupUpdate: _, ...rest } = update;
        await change(stream, { destination: { ...stream.destination, ...rest } as DeliveryStream["destination"] });
        return {};
      },
    },
    PutRecord: {
      authorize: on("PutRecord"),
      run({ DeliveryStreamName, Record }: Named & { Record: Data }) {
        const stream = streams.find(DeliveryStreamName);
        return { RecordId: accept(stream, [Record])[0], Encrypted: stream.isEncrypted };
      },
    },
    PutRecordBatch: {
      authorize: on("PutRecordBatch"),
      run({ DeliveryStreamName, Records }: Named & { Records: Data[] }) {
        if (Records.length > MAX_BATCH_RECORDS || Records.length === 0) {
          throw violation("records", `Member must have length between 1 and ${MAX_BATCH_RECORDS}`);
        }
        if (Records.reduce((sum, { Data }) => sum + (Data?.length ?? 0), 0) > MAX_BATCH_BYTES) {
          throw invalid("Records size exceeds 4 MB limit");
        }
        const stream = streams.find(DeliveryStreamName);
        const RequestResponses = accept(stream, Records).map((RecordId) => ({ RecordId }));
        return { FailedPutCount: 0, Encrypted: stream.isEncrypted, RequestResponses };
      },
    },
    StartDeliveryStreamEncryption: encrypting("StartDeliveryStreamEncryption", true),
    StopDeliveryStreamEncryption: encrypting("StopDeliveryStreamEncryption", false),
    TagDeliveryStream: {
      authorize: on("TagDeliveryStream"),
      async run({ DeliveryStreamName, Tags }) {
        const stream = streams.find(DeliveryStreamName);
        const added = (Tags as { Key: string; Value?: string }[]).map(({ Key, Value = "" }) => [Key, Value]);
        await change(stream, { tags: { ...stream.tags, ...Object.fromEntries(added) } });
        return {};
      },
    },
    UntagDeliveryStream: {
      authorize: on("UntagDeliveryStream"),
      async run({ DeliveryStreamName, TagKeys }) {
        const stream = streams.find(DeliveryStreamName);
        const left = Object.entries(stream.tags).filter(([key]) => !TagKeys.includes(key));
        await change(stream, { tags: Object.fromEntries(left) });
        return {};
      },
    },
    ListTagsForDeliveryStream: {
      authorize: on("ListTagsForDeliveryStream"),
      run({ DeliveryStreamName }: Named) {
        const Tags = Object.entries(streams.find(DeliveryStreamName).tags).map(([Key, Value]) => ({ Key, Value }));
        return { Tags, HasMoreTags: false };
      },
    },
  };

  function encrypting(action: string, isEncrypted: boolean): Operation {
    return {
      authorize: on(action),
      async run({ DeliveryStreamName }: Named) {
        await change(streams.find(DeliveryStreamName), { isEncrypted });
        return {};
      },
    };
  }
}

function describe(stream: DeliveryStream) {
  const { name, arn, version, source, destination, isEncrypted, createdAt, changedAt, settings } = stream;
  return {
    DeliveryStreamName: name,
    DeliveryStreamARN: arn,
    DeliveryStreamStatus: "ACTIVE",
    DeliveryStreamType: typeOf(stream),
    DeliveryStreamEncryptionConfiguration: isEncrypted
      ? { Status: "ENABLED", KeyType: "AWS_OWNED_CMK" }
      : { Status: "DISABLED" },
    VersionId: String(version),
    CreateTimestamp: new Date(createdAt),
    LastUpdateTimestamp: new Date(changedAt),
    ...(source && {
      Source: {
        KinesisStreamSourceDescription: {
          KinesisStreamARN: source.streamArn,
          RoleARN: source.roleArn,
          DeliveryStartTimestamp: new Date(createdAt),
        },
      },
    }),
    Destinations: [
      {
        DestinationId: DESTINATION_ID,
        ExtendedS3DestinationDescription: {
          ...destination,
          BufferingHints: {
            SizeInMBs: settings.bufferBytes / 1024 / 1024,
            IntervalInSeconds: settings.bufferMs / 1000,
          },
          CompressionFormat: settings.compression,
          EncryptionConfiguration: { NoEncryptionConfig: "NoEncryption" },
        },
      },
    ],
    HasMoreDestinations: false,
  };
}

const typeOf = ({ source }: DeliveryStream) => (source ? "KinesisStreamAsSource" : "DirectPut");

/** As long as AWS's, and as meaningless. */
function recordId({ name }: DeliveryStream, id: number): string {
  return Buffer.from(`${name}:${String(id).padStart(120, "0")}`).toString("base64");
}

function violation(member: string, must: string): AwsError {
  return new AwsError(
    "ValidationException",
    `1 validation error detected: Value at '${member}' failed to satisfy constraint: ${must}`,
  );
}
