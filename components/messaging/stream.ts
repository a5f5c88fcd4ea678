import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import type { Function } from "../compute/function.ts";
import type { Link } from "../compute/link.ts";
import { type Grant, grantDecrypt, grantEncrypt, grantReadStream, grantWriteStream } from "../grants.ts";
import { checkedArn, checkForm, checkRange } from "../invalid-argument.ts";
import { policyDocument, tlsOnly } from "../policy-documents.ts";
import type { Protection } from "../protection.ts";
import type { Tags } from "../tags.ts";
import { consumeStream, type StreamConsumer, type StreamConsumerArgs } from "./stream-consumer.ts";

export interface StreamArgs {
  /** Physical name. @default Pulumi's autonaming */
  streamName?: string;
  /** Shards to pay by the hour. @default none: on demand, paid by what flows, and by the hour that it exists */
  shards?: number;
  /** Hours that records stay, 24 to 8760. @default 24, and 168 where the stream is protected: a consumer may fail over a weekend */
  retentionHours?: number;
  /** KMS key. @default AWS's own key for Kinesis */
  kmsKeyArn?: pulumi.Input<string>;
  /** @default "protected" */
  protection?: Protection;
  tags?: Tags;
}

/**
 * A Kinesis data stream: encrypted, over TLS only, and in order for each partition key.
 *
 * ```ts
 * const clicks = new Stream("clicks");
 * clicks.consume("sessions", sessions, { filters: [{ data: { type: ["click"] } }] });
 * new Function("collector", { entry: "functions/collector", grants: clicks.writeGrants });
 * ```
 */
export class Stream extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly streamName: pulumi.Output<string>;
  /** What a function that reads the stream by itself needs. `consume` grants it. */
  readonly readGrants: Grant[];
  /** What a function that writes needs. */
  readonly writeGrants: Grant[];
  readonly #component: string;
  readonly #tags: Tags | undefined;

  constructor(name: string, args: StreamArgs = {}, options?: pulumi.ComponentResourceOptions) {
    super("terrace:messaging:Stream", name, {}, options);
    checkArgs("Stream", name, args);
    this.#component = `Stream "${name}"`;
    this.#tags = args.tags;
    validate(this.#component, args);
    const child = { parent: this };
    const isProtected = (args.protection ?? "protected") === "protected";
    const key = checkedArn(this.#component, "kmsKeyArn", args.kmsKeyArn, "kms");
    const stream = new aws.kinesis.Stream(
      name,
      {
        name: args.streamName,
        streamModeDetails: { streamMode: args.shards === undefined ? "ON_DEMAND" : "PROVISIONED" },
        shardCount: args.shards,
        retentionPeriod: args.retentionHours ?? (isProtected ? 168 : 24),
        encryptionType: "KMS",
        kmsKeyId: key ?? "alias/aws/kinesis",
        // Consumers registered by hand hold up the end of a stream, which in development is meant.
        enforceConsumerDeletion: !isProtected,
        tags: args.tags,
      },
      { parent: this, protect: isProtected },
    );
    new aws.kinesis.ResourcePolicy(
      `${name}-policy`,
      { resourceArn: stream.arn, policy: policyDocument([tlsOnly(DATA_ACTIONS, stream.arn)]) },
      child,
    );

    const region = key && aws.getRegionOutput({}, child).region;
    this.arn = stream.arn;
    this.streamName = stream.name;
    this.readGrants = [grantReadStream(this.arn), ...(key ? [grantDecrypt(key, "kinesis", region!)] : [])];
    this.writeGrants = [grantWriteStream(this.arn), ...(key ? [grantEncrypt(key, "kinesis", region!)] : [])];
    this.registerOutputs({ arn: this.arn, streamName: this.streamName });
  }

  /** For `link`: put records in. */
  put(): Link {
    return { values: { streamName: this.streamName }, grants: this.writeGrants };
  }

  /** Feeds the stream to a function, and grants it what that takes. Every consumer sees every record. */
  consume(name: string, consumer: Function, args: StreamConsumerArgs = {}): StreamConsumer {
    const source = { parent: this, component: this.#component, arn: this.arn, read: this.readGrants };
    return consumeStream(name, source, consumer, { tags: this.#tags, ...args });
  }
}

/** A policy of a stream takes no `kinesis:*`. */
const DATA_ACTIONS = ["PutRecord", "PutRecords", "GetRecords", "GetShardIterator", "ListShards"].map(
  (action) => `kinesis:${action}`,
);

function validate(component: string, args: StreamArgs): void {
  checkForm(component, "streamName", args.streamName, /^[\w.-]{1,128}$/, "1 to 128 letters, digits, _, . or -");
  checkRange(component, "shards", args.shards, 1, 10_000);
  checkRange(component, "retentionHours", args.retentionHours, 24, 8760);
}
