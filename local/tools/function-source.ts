/** Where a function's events come from in the running platform: bucket or topic, queue, stream. */
import { LambdaClient, paginateListEventSourceMappings } from "@aws-sdk/client-lambda";
import {
  GetBucketNotificationConfigurationCommand,
  ListBucketsCommand,
  paginateListObjectsV2,
  S3Client,
} from "@aws-sdk/client-s3";
import { GetSubscriptionAttributesCommand, paginateListSubscriptions, SNSClient } from "@aws-sdk/client-sns";
import type { Platform } from "./platform.ts";

export interface FunctionSource {
  /** ARN of the queue that it is called for. */
  queue?: string;
  /** ARN of the stream that it is called for. */
  stream?: string;
  /** Whose notifications come to it, or to its queue. */
  bucket?: { name: string; prefix: string };
  /** ARN of a topic whose messages come to it, or to its queue. */
  topic?: string;
  /** The topic's messages come without their envelope. */
  isRaw?: boolean;
}

export async function functionSource({ client }: Platform, functionArn: string): Promise<FunctionSource> {
  const lambda = new LambdaClient(client);
  const source: FunctionSource = {};
  for await (const page of paginateListEventSourceMappings({ client: lambda }, { FunctionName: functionArn })) {
    for (const { EventSourceArn = "" } of page.EventSourceMappings ?? []) {
      if (EventSourceArn.split(":")[2] === "sqs") source.queue ??= EventSourceArn;
      else source.stream ??= EventSourceArn;
    }
  }
  const receiver = source.queue ?? functionArn;
  source.bucket = await bucketOf(client, receiver);
  const sns = new SNSClient(client);
  for await (const page of paginateListSubscriptions({ client: sns }, {})) {
    const found = page.Subscriptions?.find(({ Endpoint }) => Endpoint === receiver);
    if (!found) continue;
    const { SubscriptionArn, TopicArn } = found;
    const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
    return { ...source, topic: TopicArn, isRaw: Attributes?.RawMessageDelivery === "true" };
  }
  return source;
}

async function bucketOf(client: Platform["client"], receiver: string): Promise<FunctionSource["bucket"]> {
  const s3 = new S3Client({ ...client, forcePathStyle: true });
  for (const { Name: name = "" } of (await s3.send(new ListBucketsCommand({}))).Buckets ?? []) {
    const found = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket: name }));
    const rules = [
      ...(found.QueueConfigurations ?? []).map((rule) => ({ ...rule, arn: rule.QueueArn })),
      ...(found.LambdaFunctionConfigurations ?? []).map((rule) => ({ ...rule, arn: rule.LambdaFunctionArn })),
    ];
    const rule = rules.find(({ arn }) => arn === receiver);
    const prefix = rule?.Filter?.Key?.FilterRules?.find(({ Name }) => Name?.toLowerCase() === "prefix")?.Value ?? "";
    if (rule) return { name, prefix };
  }
  return undefined;
}

export interface NewestObject {
  key: string;
  size: number;
  /** Without quotes. */
  eTag: string;
}

/** What was written last below the prefix; undefined where nothing was. */
export async function newestObject(
  client: Platform["client"],
  { name, prefix }: NonNullable<FunctionSource["bucket"]>,
): Promise<NewestObject | undefined> {
  const s3 = new S3Client({ ...client, forcePathStyle: true });
  let newest: { at: number; object: NewestObject } | undefined;
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: name, Prefix: prefix })) {
    for (const { Key: key = "", Size: size = 0, ETag = "", LastModified } of page.Contents ?? []) {
      const at = LastModified?.getTime() ?? 0;
      if (!newest || at >= newest.at) newest = { at, object: { key, size, eTag: ETag.replaceAll('"', "") } };
    }
  }
  return newest?.object;
}
