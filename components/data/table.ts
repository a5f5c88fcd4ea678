import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkForm, InvalidArgumentError } from "../invalid-argument.ts";
import type { Protection } from "../protection.ts";
import type { Tags } from "../tags.ts";

type AttributeType = "S" | "N" | "B";

export interface TableIndex {
  hashKey: string;
  rangeKey?: string;
}

export interface TableArgs {
  /** Physical name. @default Pulumi's autonaming */
  tableName?: string;
  /** Type of every attribute that a key or an index names. */
  attributes: Record<string, AttributeType>;
  hashKey: string;
  rangeKey?: string;
  /** Global secondary indexes, with all attributes. @default none */
  indexes?: Record<string, TableIndex>;
  /** Attribute with the second since 1970 at which an item goes. @default items stay */
  ttlAttribute?: string;
  /** @default "protected" */
  protection?: Protection;
  tags?: Tags;
}

/**
 * A DynamoDB table, paid by request, encrypted, with point-in-time recovery.
 *
 * ```ts
 * new Table("orders", { attributes: { tenantId: "S", orderId: "S" }, hashKey: "tenantId", rangeKey: "orderId" });
 * ```
 */
export class Table extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly tableName: pulumi.Output<string>;

  constructor(name: string, args: TableArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:data:Table", name, {}, options);
    validate(name, args);
    const isProtected = (args.protection ?? "protected") === "protected";
    const table = new aws.dynamodb.Table(
      name,
      {
        name: args.tableName,
        billingMode: "PAY_PER_REQUEST",
        hashKey: args.hashKey,
        rangeKey: args.rangeKey,
        attributes: Object.entries(args.attributes).map(([attribute, type]) => ({ name: attribute, type })),
        globalSecondaryIndexes: Object.entries(args.indexes ?? {}).map(([index, keys]) => ({
          name: index,
          ...keys,
          projectionType: "ALL",
        })),
        ttl: args.ttlAttribute ? { attributeName: args.ttlAttribute, enabled: true } : undefined,
        pointInTimeRecovery: { enabled: isProtected },
        serverSideEncryption: { enabled: true },
        deletionProtectionEnabled: isProtected,
        tags: args.tags,
      },
      { parent: this, protect: isProtected },
    );
    this.arn = table.arn;
    this.tableName = table.name;
    this.registerOutputs({ arn: this.arn, tableName: this.tableName });
  }
}

function validate(name: string, args: TableArgs): void {
  const component = `Table "${name}"`;
  checkForm(component, "tableName", args.tableName, /^[\w.-]{3,255}$/, "3 to 255 letters, digits, _, . or -");
  const keys = [args, ...Object.values(args.indexes ?? {})].flatMap(({ hashKey, rangeKey }) => [hashKey, rangeKey]);
  for (const key of keys) {
    if (key !== undefined && !args.attributes[key]) {
      throw new InvalidArgumentError(
        component,
        `attributes.${key}`,
        undefined,
        `a key or index names "${key}", so give its type`,
      );
    }
  }
  const unused = Object.keys(args.attributes).find((attribute) => !keys.includes(attribute));
  if (unused) {
    throw new InvalidArgumentError(
      component,
      `attributes.${unused}`,
      args.attributes[unused],
      "DynamoDB takes only attributes of keys and indexes; remove it",
    );
  }
}
