import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import type { Link } from "../compute/link.ts";
import { type Grant, grantConnectDatabase, grantQuery, grantReadSecret } from "../grants.ts";
import { checkedSecretArn, InvalidArgumentError } from "../invalid-argument.ts";
import type { Network } from "../network/network.ts";
import type { Protection } from "../protection.ts";
import type { Tags } from "../tags.ts";
import { checkDatabase } from "./database/check.ts";
import { createCluster } from "./database/cluster.ts";

/** What a cluster begins with. Fixed at creation: naming it later, or no longer, changes nothing. */
export interface RestoreArgs {
  /** ARN of a snapshot; this or `clusterIdentifier`. */
  snapshotArn?: pulumi.Input<string>;
  /** Cluster of this account whose data it takes; this or `snapshotArn`. */
  clusterIdentifier?: pulumi.Input<string>;
  /** As it was at this time (ISO 8601), with `clusterIdentifier`. @default the latest there is */
  time?: string;
}

/** A cluster that is there already. */
export interface ExistingDatabaseArgs {
  clusterIdentifier: pulumi.Input<string>;
  /** Secret of a user who may make databases and roles. @default the one that RDS manages for the cluster */
  adminSecretArn?: pulumi.Input<string>;
}

export interface DatabaseArgs {
  /** Where the cluster stands; not with `existing`. */
  network?: Network;
  /** A cluster to use as it is: nothing about it is changed. @default a new one */
  existing?: ExistingDatabaseArgs;
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
  /** Data it begins with. @default none */
  restoreFrom?: RestoreArgs;
  /** Settings of PostgreSQL by name: `{ "log_min_duration_statement": "500" }`. @default Aurora's own */
  parameters?: Record<string, string>;
  /** Roles of PostgreSQL may sign in by IAM (`grantConnect`), where somebody connects through the network. @default false */
  iamAuthentication?: boolean;
  /** `advanced` keeps fifteen months of what the cluster did, and costs by capacity. @default Aurora's own */
  insights?: "standard" | "advanced";
  /** Days to keep PostgreSQL's log; needs `clusterName`, and a log group that is not there yet. @default it stays */
  logRetentionDays?: number;
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
  /** Host of reads and writes, for who connects through the network. */
  readonly endpoint: pulumi.Output<string>;
  /** Host of reads. */
  readonly readerEndpoint: pulumi.Output<string>;
  /** What IAM calls the cluster, whatever its name. */
  readonly resourceId: pulumi.Output<string>;
  readonly #component: string;
  readonly #firewall: aws.ec2.SecurityGroup | undefined;

  /**
   * A cluster that is there already: nothing about it is changed. It has the Data API on.
   *
   * ```ts
   * const database = Database.get("db", { clusterIdentifier: "shop", databaseName: "shop" });
   * ```
   */
  static get(
    name: string,
    { databaseName, ...existing }: ExistingDatabaseArgs & Pick<DatabaseArgs, "databaseName">,
    options?: pulumi.ComponentResourceOptions,
  ): Database {
    return new Database(name, { existing, databaseName }, options);
  }

  constructor(name: string, args: DatabaseArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:data:Database", name, {}, options);
    checkArgs("Database", name, args);
    this.#component = `Database "${name}"`;
    checkDatabase(this.#component, args);
    this.databaseName = args.databaseName ?? "app";
    this.#firewall = args.existing ? undefined : this.#close(name, args);

    const cluster = args.existing
      ? aws.rds.getClusterOutput({ clusterIdentifier: args.existing.clusterIdentifier }, { parent: this })
      : createCluster(this, this.#component, name, args, this.#firewall!.id);
    this.clusterArn = cluster.arn;
    this.clusterIdentifier = cluster.clusterIdentifier;
    this.adminSecretArn =
      checkedSecretArn(this.#component, "existing.adminSecretArn", args.existing?.adminSecretArn) ??
      pulumi.output(cluster.masterUserSecrets).apply((secrets) => {
        if (secrets[0]) return secrets[0].secretArn;
        const remedy = "RDS manages no secret for this cluster; name one";
        throw new InvalidArgumentError(this.#component, "existing.adminSecretArn", undefined, remedy);
      });
    this.endpoint = cluster.endpoint;
    this.readerEndpoint = cluster.readerEndpoint;
    this.resourceId = cluster.clusterResourceId;
    this.registerOutputs({
      clusterArn: this.clusterArn,
      adminSecretArn: this.adminSecretArn,
      endpoint: this.endpoint,
      readerEndpoint: this.readerEndpoint,
    });
  }

  /** Lets who has a security group connect to PostgreSQL. The Data API needs none of it. */
  allowFrom(name: string, securityGroupId: pulumi.Input<string>): aws.vpc.SecurityGroupIngressRule {
    if (!this.#firewall) {
      const remedy = "an existing cluster's security groups are whose they are; let the client in there";
      throw new InvalidArgumentError(this.#component, "existing", "given", remedy);
    }
    return new aws.vpc.SecurityGroupIngressRule(
      `${name}-ingress`,
      {
        ...{ securityGroupId: this.#firewall.id, referencedSecurityGroupId: securityGroupId },
        ...{ ipProtocol: "tcp", fromPort: 5432, toPort: 5432, description: "PostgreSQL" },
      },
      { parent: this },
    );
  }

  /** For `link`: statements and transactions through the Data API, as the user of a secret. @default the master user's */
  query(secretArn: pulumi.Input<string> = this.adminSecretArn): Link {
    return {
      values: { clusterArn: this.clusterArn, secretArn, databaseName: this.databaseName },
      grants: [grantQuery(this.clusterArn), grantReadSecret(secretArn)],
    };
  }

  /** What it takes to sign in by IAM as one role of PostgreSQL (which has `rds_iam`). */
  grantConnect(role: string): Grant {
    const child = { parent: this };
    const account = aws.getCallerIdentityOutput({}, child).accountId;
    return grantConnectDatabase(this.resourceId, role, aws.getRegionOutput({}, child).region, account);
  }

  /** No ingress: the Data API does not come through the network. */
  #close(name: string, { network, tags }: DatabaseArgs): aws.ec2.SecurityGroup {
    return new aws.ec2.SecurityGroup(
      `${name}-firewall`,
      { vpcId: network!.vpcId, description: "Aurora: no ingress, reached through the Data API", tags },
      { parent: this },
    );
  }
}
