import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkForm, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import type { Network } from "../network/network.ts";
import type { Protection } from "../protection.ts";
import type { Tags } from "../tags.ts";

export interface DatabaseArgs {
  network: Network;
  /** @default Pulumi's autonaming */
  clusterName?: string;
  /** Database made with the cluster. @default "app" */
  databaseName?: string;
  /** Aurora PostgreSQL version. @default "17.5" */
  engineVersion?: string;
  /** Aurora capacity units; 0 lets the cluster pause. @default 0 */
  minAcu?: number;
  /** @default 4 */
  maxAcu?: number;
  /** Seconds without a connection until a cluster with `minAcu` 0 pauses. @default 300 */
  pauseAfterSeconds?: number;
  /** Read replicas, each in a zone of its own, ready to take over. @default 0 */
  readers?: number;
  /** @default 7, at least 14 where protected */
  backupRetentionDays?: number;
  /** `protected` keeps the cluster, its backups and a final snapshot. @default "protected" */
  protection?: Protection;
  /** KMS key. @default AWS's own key for RDS */
  kmsKeyArn?: pulumi.Input<string>;
  tags?: Tags;
}

/**
 * Aurora Serverless v2 PostgreSQL, reached through the Data API: encrypted, its master password made and rotated by
 * AWS, without a network path to it.
 *
 * ```ts
 * new Database("db", { network, minAcu: 0, maxAcu: 8 });
 * ```
 */
export class Database extends pulumi.ComponentResource {
  readonly clusterArn: pulumi.Output<string>;
  readonly clusterIdentifier: pulumi.Output<string>;
  /** Secrets Manager ARN of the master user. */
  readonly adminSecretArn: pulumi.Output<string>;
  readonly databaseName: string;

  constructor(name: string, args: DatabaseArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:data:Database", name, {}, options);
    validate(name, args);
    const child = { parent: this };
    const isProtected = (args.protection ?? "protected") === "protected";
    const minCapacity = args.minAcu ?? 0;
    this.databaseName = args.databaseName ?? "app";

    const subnets = new aws.rds.SubnetGroup(
      `${name}-subnets`,
      { subnetIds: args.network.isolatedSubnetIds, tags: args.tags },
      child,
    );
    // No ingress: the Data API does not come through the network.
    const firewall = new aws.ec2.SecurityGroup(
      `${name}-firewall`,
      { vpcId: args.network.vpcId, description: "Aurora: no ingress, reached through the Data API", tags: args.tags },
      child,
    );
    const cluster = new aws.rds.Cluster(
      name,
      {
        clusterIdentifier: args.clusterName,
        engine: "aurora-postgresql",
        engineMode: "provisioned",
        engineVersion: args.engineVersion ?? "17.5",
        databaseName: this.databaseName,
        masterUsername: "terrace",
        manageMasterUserPassword: true,
        enableHttpEndpoint: true,
        serverlessv2ScalingConfiguration: {
          minCapacity,
          maxCapacity: args.maxAcu ?? 4,
          secondsUntilAutoPause: minCapacity === 0 ? (args.pauseAfterSeconds ?? 300) : undefined,
        },
        dbSubnetGroupName: subnets.name,
        vpcSecurityGroupIds: [firewall.id],
        storageEncrypted: true,
        kmsKeyId: args.kmsKeyArn,
        backupRetentionPeriod: args.backupRetentionDays ?? (isProtected ? 14 : 7),
        copyTagsToSnapshot: true,
        deletionProtection: isProtected,
        skipFinalSnapshot: !isProtected,
        finalSnapshotIdentifier: isProtected ? `${args.clusterName ?? name}-final` : undefined,
        enabledCloudwatchLogsExports: ["postgresql"],
        performanceInsightsEnabled: isProtected,
        applyImmediately: !isProtected,
        tags: args.tags,
      },
      { parent: this, protect: isProtected },
    );
    for (let index = 0; index <= (args.readers ?? 0); index++) {
      new aws.rds.ClusterInstance(
        `${name}-${index}`,
        {
          clusterIdentifier: cluster.clusterIdentifier,
          instanceClass: "db.serverless",
          engine: "aurora-postgresql",
          engineVersion: cluster.engineVersion,
          publiclyAccessible: false,
          // Only replicas of tiers 0 and 1 scale with the writer, ready to take over.
          promotionTier: Math.min(index, 1),
          tags: args.tags,
        },
        child,
      );
    }
    this.clusterArn = cluster.arn;
    this.clusterIdentifier = cluster.clusterIdentifier;
    this.adminSecretArn = cluster.masterUserSecrets.apply((secrets) => secrets[0]!.secretArn);
    this.registerOutputs({ clusterArn: this.clusterArn, adminSecretArn: this.adminSecretArn });
  }
}

function validate(name: string, args: DatabaseArgs): void {
  const component = `Database "${name}"`;
  const { minAcu = 0, maxAcu = 4 } = args;
  checkForm(
    component,
    "clusterName",
    args.clusterName,
    /^[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]$/,
    "lower-case letters, digits and single hyphens, at most 63",
  );
  checkForm(
    component,
    "databaseName",
    args.databaseName,
    /^[a-z][a-z0-9_]{0,62}$/,
    "lower-case letters, digits and _, at most 63",
  );
  checkForm(
    component,
    "engineVersion",
    args.engineVersion,
    /^1[67]\.\d+$/,
    "a version of Aurora PostgreSQL 16 or 17, such as 17.5",
  );
  checkRange(component, "minAcu", args.minAcu, 0, 256);
  checkRange(component, "maxAcu", args.maxAcu, 1, 256);
  if ((minAcu * 2) % 1 !== 0)
    throw new InvalidArgumentError(component, "minAcu", minAcu, "capacity comes in steps of 0.5");
  if ((maxAcu * 2) % 1 !== 0)
    throw new InvalidArgumentError(component, "maxAcu", maxAcu, "capacity comes in steps of 0.5");
  if (minAcu > maxAcu)
    throw new InvalidArgumentError(component, "minAcu", minAcu, `it may not exceed maxAcu, ${maxAcu}`);
  checkRange(component, "pauseAfterSeconds", args.pauseAfterSeconds, 300, 86_400);
  checkRange(component, "readers", args.readers, 0, 15);
  checkRange(component, "backupRetentionDays", args.backupRetentionDays, args.protection === "disposable" ? 1 : 14, 35);
}
