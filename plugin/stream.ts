import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";
import { functionOf } from "./function.ts";
import type { FunctionArgs } from "./function-args.ts";
import type { Pattern } from "./pattern.ts";

/** A function that is fed by a stream, or by a table's changes; what reading takes is granted. */
export interface StreamConsumerArgs {
  function: FunctionArgs;
  /** Records a call; 100 by default. */
  batchSize?: number;
  /** Seconds to wait for a full batch; 0 by default. */
  batchWindowSeconds?: number;
  /** Only records that match one of the patterns reach the function; what they leave out costs nothing. */
  filters?: Pattern[];
  /** Batches of one shard at a time, 1 to 10; 1 by default. */
  parallelizationFactor?: number;
  /** Of a batch that fails; 5 by default. */
  maximumRetries?: number;
  /** Seconds after which a record is given up, 60 to 604800. */
  maximumRecordAgeSeconds?: number;
  /** "TRIM_HORIZON" (by default: the oldest record that is kept) or "LATEST". */
  startingPosition?: string;
  /** Where the position of what was given up goes; a queue of its own by default. */
  onFailure?: pulumi.Input<string>;
}

export interface StreamArgs {
  /** Physical name. Pulumi's autonaming by default. */
  streamName?: string;
  /** Shards to pay by the hour; on demand by default. */
  shards?: number;
  /** Hours that records stay, 24 to 8760; 24 by default, 168 where it is protected. */
  retentionHours?: number;
  /** KMS key; AWS's own for Kinesis by default. */
  kmsKeyArn?: pulumi.Input<string>;
  /** "protected" (by default) or "disposable". */
  protection?: string;
  /** Functions that are fed by it, by name. */
  consumers?: Record<string, StreamConsumerArgs>;
  tags?: Record<string, string>;
}

/** A Kinesis data stream: encrypted, over TLS only, and in order for each partition key. */
export class Stream extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly streamName: pulumi.Output<string>;

  constructor(name: string, args: StreamArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:Stream", name, {}, options);
    const { consumers = {}, ...rest } = args;
    const stream = new terrace.Stream(name, rest as terrace.StreamArgs, { parent: this });
    consume(name, stream, consumers, this);
    this.arn = stream.arn;
    this.streamName = stream.streamName;
    this.registerOutputs({ arn: this.arn, streamName: this.streamName });
  }
}

export function consume(
  name: string,
  source: terrace.Stream | terrace.Table,
  consumers: Record<string, StreamConsumerArgs>,
  parent: pulumi.Resource,
): void {
  for (const [id, { function: consumes, ...settings }] of Object.entries(consumers)) {
    const consumer = functionOf(`${name}-${id}`, consumes, parent);
    source.consume(`${name}-${id}`, consumer, settings as terrace.StreamConsumerArgs);
  }
}
