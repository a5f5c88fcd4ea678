import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { checkMethodArgs } from "../check-args.ts";
import type { Function } from "../compute/function.ts";
import { type Grant, grantSend } from "../grants.ts";
import { checkedArn, checkRange } from "../invalid-argument.ts";
import type { Tags } from "../tags.ts";
import { DeadLetterQueue } from "./dead-letter-queue.ts";
import { checkFilters, type Pattern } from "./event-pattern.ts";

export interface StreamConsumerArgs {
  /** Records a call. @default 100 */
  batchSize?: number;
  /** Seconds to wait for a full batch. @default 0 */
  batchWindowSeconds?: number;
  /** Only records that match one of the patterns reach the function; what they leave out costs nothing. @default every record */
  filters?: Pattern[];
  /** Batches of one shard at a time, 1 to 10; the order within a partition key stays. @default 1 */
  parallelizationFactor?: number;
  /** Of a batch that fails: a record that can never be handled would else hold up its shard until it expires. @default 5 */
  maximumRetries?: number;
  /** Seconds after which a record is given up, 60 to 604800. @default as long as the stream keeps it */
  maximumRecordAgeSeconds?: number;
  /** Where a new consumer begins: at the oldest record kept, or with the next one. @default "TRIM_HORIZON" */
  startingPosition?: "TRIM_HORIZON" | "LATEST";
  /** Where the position of what was given up goes, with the reason. @default a queue of its own, kept 14 days */
  onFailure?: pulumi.Input<string>;
  tags?: Tags;
}

/** What of a stream a consumer needs. */
export interface StreamSource {
  parent: pulumi.Resource;
  /** For messages: `Stream "clicks"`. */
  component: string;
  arn: pulumi.Input<string>;
  /** What reading takes. */
  read: Grant[];
}

export interface StreamConsumer {
  mapping: aws.lambda.EventSourceMapping;
  /** Queue with what was given up. */
  failuresArn: pulumi.Input<string>;
}

/**
 * Feeds a stream (Kinesis, DynamoDB) to a function: a batch that fails is halved until the culprit stands alone, records
 * that the function reports are the only ones tried again, what stays impossible goes to a queue. The function is granted
 * to read this stream and to send to that queue.
 */
export function consumeStream(
  name: string,
  { parent, component, arn, read }: StreamSource,
  consumer: Function,
  args: StreamConsumerArgs = {},
): StreamConsumer {
  checkMethodArgs(component, "StreamConsumerArgs", args);
  validate(component, consumer, args);
  const child = { parent };
  const failuresArn =
    checkedArn(component, "onFailure", args.onFailure, "(sqs|sns|s3)") ??
    new DeadLetterQueue(`${name}-failures`, { tags: args.tags }, child).arn;
  const granted = consumer.grant(`${name}-source`, [...read, grantSend(failuresArn)]);
  const mapping = new aws.lambda.EventSourceMapping(
    `${name}-source`,
    {
      eventSourceArn: arn,
      functionName: consumer.targetArn,
      startingPosition: args.startingPosition ?? "TRIM_HORIZON",
      batchSize: args.batchSize ?? 100,
      maximumBatchingWindowInSeconds: args.batchWindowSeconds ?? 0,
      parallelizationFactor: args.parallelizationFactor ?? 1,
      maximumRetryAttempts: args.maximumRetries ?? 5,
      maximumRecordAgeInSeconds: args.maximumRecordAgeSeconds ?? -1,
      bisectBatchOnFunctionError: true,
      functionResponseTypes: ["ReportBatchItemFailures"],
      destinationConfig: { onFailure: { destinationArn: failuresArn } },
      filterCriteria: args.filters && {
        filters: args.filters.map((pattern) => ({ pattern: JSON.stringify(pattern) })),
      },
      tags: args.tags,
    },
    // Lambda checks at creation that the role may read the stream and send to the queue.
    { parent, dependsOn: [consumer, granted] },
  );
  return { mapping, failuresArn };
}

function validate(component: string, consumer: Function, args: StreamConsumerArgs): void {
  checkRange(component, "batchSize", args.batchSize, 1, 10_000);
  checkRange(component, "batchWindowSeconds", args.batchWindowSeconds, 0, 300);
  checkRange(component, "parallelizationFactor", args.parallelizationFactor, 1, 10);
  checkRange(component, "maximumRetries", args.maximumRetries, 0, 10_000);
  checkRange(component, "maximumRecordAgeSeconds", args.maximumRecordAgeSeconds, 60, 604_800);
  checkFilters(component, args.filters);
  consumer.checkTrigger(component, 900);
}
