import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";

/** By other attributes than the table's own keys. */
export interface TableIndexArgs {
  hashKey: string;
  rangeKey?: string;
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
  /** Attribute with the second since 1970 at which an item goes. */
  ttlAttribute?: string;
  /** What of a change consumers see: "NEW_AND_OLD_IMAGES" and the like; no stream by default. */
  stream?: string;
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
    const table = new terrace.Table(name, args as terrace.TableArgs, { parent: this });
    this.arn = table.arn;
    this.tableName = table.tableName;
    if (table.streamArn) this.streamArn = table.streamArn;
    this.registerOutputs({
      arn: this.arn,
      tableName: this.tableName,
      ...(this.streamArn ? { streamArn: this.streamArn } : {}),
    });
  }
}
