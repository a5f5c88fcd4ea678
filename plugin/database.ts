import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";

/** A cluster that is there already, with the Data API on. */
export interface ExistingDatabaseArgs {
  clusterIdentifier: pulumi.Input<string>;
  /** Secret of the master user; the one that RDS manages by default. */
  adminSecretArn?: pulumi.Input<string>;
}

/** A snapshot, or another cluster as it was at a time. */
export interface RestoreArgs {
  snapshotArn?: pulumi.Input<string>;
  clusterIdentifier?: pulumi.Input<string>;
  /** ISO 8601; as it is now by default. */
  time?: string;
}

export interface DatabaseArgs {
  /** With the subnets, where the cluster is a new one. */
  vpcId?: pulumi.Input<string>;
  /** In two zones at least. */
  isolatedSubnetIds?: pulumi.Input<string[]>;
  /** A cluster to use as it is: nothing about it is changed. A new one by default. */
  existing?: ExistingDatabaseArgs;
  clusterName?: string;
  /** Database made with the cluster; app by default. */
  databaseName?: string;
  /** Aurora PostgreSQL version; 17.5 by default. */
  engineVersion?: string;
  /** Aurora capacity units; 0 (by default) lets the cluster pause. */
  minAcu?: number;
  /** 4 by default. */
  maxAcu?: number;
  /** Seconds without a connection until a cluster with minAcu 0 pauses; 300 by default. */
  pauseAfterSeconds?: number;
  /** Read replicas. */
  readers?: number;
  /** Data it begins with; none by default. */
  restoreFrom?: RestoreArgs;
  /** Settings of PostgreSQL by name. */
  parameters?: Record<string, string>;
  /** Roles of PostgreSQL may sign in by IAM. */
  iamAuthentication?: boolean;
  /** "standard", or "advanced" for fifteen months of what the cluster did; Aurora's own by default. */
  insights?: string;
  /** Days to keep PostgreSQL's log; needs clusterName. */
  logRetentionDays?: number;
  /** 7 by default, at least 14 where protected. */
  backupRetentionDays?: number;
  /** "protected" (by default) keeps the cluster, its backups and a final snapshot; or "disposable". */
  protection?: string;
  kmsKeyArn?: pulumi.Input<string>;
  tags?: Record<string, string>;
}

/** Aurora Serverless v2 PostgreSQL, reached through the Data API, its master password made and rotated by AWS. */
export class Database extends pulumi.ComponentResource {
  readonly clusterArn: pulumi.Output<string>;
  readonly adminSecretArn: pulumi.Output<string>;
  readonly endpoint: pulumi.Output<string>;
  readonly readerEndpoint: pulumi.Output<string>;

  constructor(name: string, args: DatabaseArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:Database", name, {}, options);
    const { vpcId, isolatedSubnetIds, ...rest } = args;
    const place = { vpcId, isolatedSubnetIds } as terrace.ExistingNetworkArgs;
    const network = vpcId && terrace.Network.get(`${name}-network`, place, { parent: this });
    const database = new terrace.Database(name, { ...rest, network } as terrace.DatabaseArgs, { parent: this });
    this.clusterArn = database.clusterArn;
    this.adminSecretArn = database.adminSecretArn;
    this.endpoint = database.endpoint;
    this.readerEndpoint = database.readerEndpoint;
    this.registerOutputs({
      ...{ clusterArn: this.clusterArn, adminSecretArn: this.adminSecretArn },
      ...{ endpoint: this.endpoint, readerEndpoint: this.readerEndpoint },
    });
  }
}
