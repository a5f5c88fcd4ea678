import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";
import { consume, type StreamConsumerArgs } from "./stream.ts";

/** By other attributes than the table's own keys. */
export interface TableIndexArgs {
  hashKey: string;
  rangeKey?: string;
  /** Attributes besides the keys; all of them by default. */
  projection?: string[];
  /** No attributes besides the keys. */
  keysOnly?: boolean;
}

/** By another attribute of the same hash key, read consistently; fixed at creation. */
export interface LocalIndexArgs {
  rangeKey: string;
  /** Attributes besides the keys; all of them by default. */
  projection?: string[];
  /** No attributes besides the keys. */
  keysOnly?: boolean;
}

/** A copy that can be written, in another region. */
export interface TableReplicaArgs {
  /** KMS key of that region; required where the table has one. */
  kmsKeyArn?: pulumi.Input<string>;
}

/** Units a second: a bound on what a mistake costs. */
export interface ThroughputArgs {
  read?: number;
  write?: number;
}

export interface TableArgs {
  /** Physical name. Pulumi's autonaming by default. */
  tableName?: string;
  /** Type of every attribute that a key or an index names: "S", "N" or "B". */
  attributes: Record<string, string>;
  hashKey: string;
  rangeKey?: string;
  /** Global secondary indexes. */
  indexes?: Record<string, TableIndexArgs>;
  /** Local secondary indexes. */
  localIndexes?: Record<string, LocalIndexArgs>;
  /** Attribute with the second since 1970 at which an item goes. */
  ttlAttribute?: string;
  /** What of a change consumers see: "NEW_AND_OLD_IMAGES" and the like; no stream by default. */
  stream?: string;
  /** Functions that see its changes, by name. */
  consumers?: Record<string, StreamConsumerArgs>;
  /** Copies that can be written, by region. */
  replicas?: Record<string, TableReplicaArgs>;
  /** Days that the table can be taken back to, 1 to 35; 35 by default where it is protected, else none. */
  recoveryDays?: number;
  /** The account's by default. */
  maximumThroughput?: ThroughputArgs;
  /** "standard" (by default), or "infrequent", which stores for less and reads for more. */
  tableClass?: string;
  /** KMS key; AWS's own for DynamoDB by default. */
  kmsKeyArn?: pulumi.Input<string>;
  /** "protected" (by default) or "disposable". */
  protection?: string;
  tags?: Record<string, string>;
}

/** A DynamoDB table, paid by request, encrypted, with point-in-time recovery. */
export class Table extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly tableName: pulumi.Output<string>;
  readonly streamArn?: pulumi.Output<string>;

  constructor(name: string, args: TableArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:Table", name, {}, options);
    const { consumers = {}, indexes, localIndexes, ...rest } = args;
    const made = { ...rest, indexes: projected(indexes), localIndexes: projected(localIndexes) };
    const table = new terrace.Table(name, made as terrace.TableArgs, { parent: this });
    consume(name, table, consumers, this);
    this.arn = table.arn;
    this.tableName = table.tableName;
    if (table.streamArn) this.streamArn = table.streamArn;
    this.registerOutputs({
      ...{ arn: this.arn, tableName: this.tableName },
      ...(this.streamArn ? { streamArn: this.streamArn } : {}),
    });
  }
}

/** The library's projection is a list or a word, which has no type in every language. */
function projected<I extends { keysOnly?: boolean }>(indexes: Record<string, I> | undefined) {
  if (!indexes) return undefined;
  return Object.fromEntries(
    Object.entries(indexes).map(([name, { keysOnly, ...index }]) => [
      name,
      keysOnly ? { ...index, projection: "keys" } : index,
    ]),
  );
}
