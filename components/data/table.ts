import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import type { Function } from "../compute/function.ts";
import type { Link } from "../compute/link.ts";
import { grantRead, grantReadTableStream, grantWrite } from "../grants.ts";
import { checkAdopted, checkedArn, InvalidArgumentError } from "../invalid-argument.ts";
import { consumeStream, type StreamConsumer, type StreamConsumerArgs } from "../messaging/stream-consumer.ts";
import type { Protection } from "../protection.ts";
import type { Tags } from "../tags.ts";
import { checkTable } from "./table-check.ts";

type AttributeType = "S" | "N" | "B";

export interface TableIndex {
  hashKey: string;
  rangeKey?: string;
  /** Attributes besides the keys. @default all of them */
  projection?: Projection;
}

/** By another attribute of the same hash key, read consistently; fixed at creation. */
export interface LocalIndex {
  rangeKey: string;
  /** Attributes besides the keys. @default all of them */
  projection?: Projection;
}

/** `"keys"`: none; a list: these. */
export type Projection = "keys" | string[];

export interface ReplicaArgs {
  /** KMS key of that region; required where the table has one. */
  kmsKeyArn?: pulumi.Input<string>;
}

/** A table of this account that is there already. */
export interface ExistingTableArgs {
  tableName: pulumi.Input<string>;
  /** Its stream is on. @default false */
  stream?: boolean;
}

export interface TableArgs {
  /** A table to use as it is; `Table.get` says so. @default a new one */
  existing?: ExistingTableArgs;
  /** Physical name. @default Pulumi's autonaming */
  tableName?: string;
  /** Type of every attribute that a key or an index names. */
  attributes: Record<string, AttributeType>;
  hashKey: string;
  rangeKey?: string;
  /** Global secondary indexes. @default none */
  indexes?: Record<string, TableIndex>;
  /** Local secondary indexes. @default none */
  localIndexes?: Record<string, LocalIndex>;
  /** Attribute with the second since 1970 at which an item goes. @default items stay */
  ttlAttribute?: string;
  /** What of a change consumers see. @default no stream; both images where there are replicas */
  stream?: "KEYS_ONLY" | "NEW_IMAGE" | "OLD_IMAGE" | "NEW_AND_OLD_IMAGES";
  /** Copies that can be written, by region. @default this region alone */
  replicas?: Record<string, ReplicaArgs>;
  /** Days that the table can be taken back to, 1 to 35. @default 35 where it is protected, else none */
  recoveryDays?: number;
  /** Most read and write units a second: a bound on what a mistake costs. @default the account's */
  maximumThroughput?: { read?: number; write?: number };
  /** `infrequent` stores for less and reads for more. @default "standard" */
  tableClass?: "standard" | "infrequent";
  /** KMS key. @default AWS's own key for DynamoDB */
  kmsKeyArn?: pulumi.Input<string>;
  /** @default "protected" */
  protection?: Protection;
  tags?: Tags;
}

/**
 * A DynamoDB table, paid by request, encrypted, with point-in-time recovery.
 *
 * ```ts
 * const orders = new Table("orders", {
 *   attributes: { tenantId: "S", orderId: "S" },
 *   hashKey: "tenantId",
 *   rangeKey: "orderId",
 *   stream: "NEW_IMAGE",
 * });
 * orders.consume("search", indexer, { filters: [{ eventName: ["INSERT"] }] });
 * ```
 */
export class Table extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly tableName: pulumi.Output<string>;
  /** Undefined where the table has no stream. */
  readonly streamArn: pulumi.Output<string> | undefined;
  readonly #component: string;
  readonly #tags: Tags | undefined;

  /**
   * A table that is there already: nothing about it is changed.
   *
   * ```ts
   * const orders = Table.get("orders", { tableName: "shop-orders", stream: true });
   * ```
   */
  static get(name: string, existing: ExistingTableArgs, options?: pulumi.ComponentResourceOptions): Table {
    return new Table(name, { existing, attributes: {}, hashKey: "" }, options);
  }

  constructor(name: string, args: TableArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:data:Table", name, {}, options);
    checkArgs("Table", name, args);
    this.#component = `Table "${name}"`;
    this.#tags = args.tags;
    if (args.existing) {
      checkAdopted(this.#component, "table", args, ["attributes", "hashKey"]);
      const found = aws.dynamodb.getTableOutput({ name: args.existing.tableName }, { parent: this });
      this.arn = found.arn;
      this.tableName = found.name;
      this.streamArn = args.existing.stream ? found.streamArn : undefined;
      this.registerOutputs({ arn: this.arn, tableName: this.tableName });
      return;
    }
    checkTable(this.#component, args);
    const isProtected = (args.protection ?? "protected") === "protected";
    const kmsKeyArn = checkedArn(this.#component, "kmsKeyArn", args.kmsKeyArn, "kms");
    const stream = args.stream ?? (args.replicas ? "NEW_AND_OLD_IMAGES" : undefined);
    const table = new aws.dynamodb.Table(
      name,
      {
        name: args.tableName,
        billingMode: "PAY_PER_REQUEST",
        hashKey: args.hashKey,
        rangeKey: args.rangeKey,
        attributes: Object.entries(args.attributes).map(([attribute, type]) => ({ name: attribute, type })),
        globalSecondaryIndexes: indexesOf(args.indexes ?? {}),
        ...(args.localIndexes ? { localSecondaryIndexes: indexesOf(args.localIndexes) } : {}),
        ttl: args.ttlAttribute ? { attributeName: args.ttlAttribute, enabled: true } : undefined,
        pointInTimeRecovery: recoveryOf(args, isProtected),
        serverSideEncryption: { enabled: true, kmsKeyArn },
        ...(stream ? { streamEnabled: true, streamViewType: stream } : {}),
        replicas: args.replicas && replicasOf(this.#component, args.replicas, isProtected),
        onDemandThroughput: args.maximumThroughput && {
          maxReadRequestUnits: args.maximumThroughput.read,
          maxWriteRequestUnits: args.maximumThroughput.write,
        },
        tableClass: args.tableClass === "infrequent" ? "STANDARD_INFREQUENT_ACCESS" : undefined,
        deletionProtectionEnabled: isProtected,
        tags: args.tags,
      },
      { parent: this, protect: isProtected },
    );
    this.arn = table.arn;
    this.tableName = table.name;
    this.streamArn = stream ? table.streamArn : undefined;
    this.registerOutputs({ arn: this.arn, tableName: this.tableName });
  }

  /** For `link`: read items, also through indexes. */
  read(): Link {
    return { values: { tableName: this.tableName }, grants: [grantRead(this.arn)] };
  }

  /** For `link`: write items. */
  write(): Link {
    return { values: { tableName: this.tableName }, grants: [grantWrite(this.arn)] };
  }

  /** Feeds the table's changes to a function, and grants it what that takes. */
  consume(name: string, consumer: Function, args: StreamConsumerArgs = {}): StreamConsumer {
    if (!this.streamArn) {
      throw new InvalidArgumentError(
        this.#component,
        "stream",
        undefined,
        "say what consumers see: NEW_IMAGE for example",
      );
    }
    const read = [grantReadTableStream(this.streamArn)];
    const source = { parent: this, component: this.#component, arn: this.streamArn, read };
    return consumeStream(name, source, consumer, { tags: this.#tags, ...args });
  }
}

/** The projection is spelled out in the shape that AWS has it. */
function indexesOf<I extends { projection?: Projection }>(indexes: Record<string, I>) {
  return Object.entries(indexes).map(([name, { projection, ...keys }]) => ({
    name,
    ...keys,
    ...(Array.isArray(projection)
      ? { projectionType: "INCLUDE", nonKeyAttributes: projection }
      : { projectionType: projection === "keys" ? "KEYS_ONLY" : "ALL" }),
  }));
}

function recoveryOf({ recoveryDays }: TableArgs, isProtected: boolean) {
  if (recoveryDays === undefined) return { enabled: isProtected };
  return { enabled: true, recoveryPeriodInDays: recoveryDays };
}

const replicasOf = (component: string, replicas: Record<string, ReplicaArgs>, isProtected: boolean) =>
  Object.entries(replicas).map(([regionName, { kmsKeyArn }]) => ({
    regionName,
    kmsKeyArn: checkedArn(component, `replicas.${regionName}.kmsKeyArn`, kmsKeyArn, "kms"),
    pointInTimeRecovery: isProtected,
    deletionProtectionEnabled: isProtected,
    propagateTags: true,
  }));
