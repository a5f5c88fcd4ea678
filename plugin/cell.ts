import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";
import { parseSettings } from "../components/settings.ts";

/** How a tenant of this tier is served. */
export interface TierArgs {
  /** "pool", "bridge" or "silo". */
  placement: string;
  /** Requests a second. */
  rate: number;
  /** Requests at once. */
  burst: number;
  /** No quota by default. */
  quotaPerDay?: number;
  /** Milliseconds that a statement may take, 100 to 45000; 5000 by default. */
  statementTimeoutMs?: number;
}

/** Aurora's capacity. */
export interface CellDatabaseArgs {
  /** Aurora capacity units; 0 (by default) lets the cluster pause. */
  minAcu?: number;
  /** 4 by default. */
  maxAcu?: number;
  /** 300 by default. */
  pauseAfterSeconds?: number;
  /** Read replicas. */
  readers?: number;
}

/** Who is told when a protected cell is unwell or dear. */
export interface CellInsightArgs {
  emails?: string[];
  /** A topic that is there already, in place of people. */
  topicArn?: string;
  monthlyBudgetUsd?: number;
}

export interface CellArgs {
  /** IPv4 block that overlaps no other cell's: 10.0.0.0/20. */
  cidr: string;
  /** "shared" (by default) or "silo". */
  kind?: string;
  /** Release that it runs; the program's own by default. */
  release?: string;
  /** By name. */
  tiers: Record<string, TierArgs>;
  /** "protected" (by default) or "disposable". */
  protection?: string;
  /** Availability zones, 2 to 6; 3 by default. */
  zones?: number;
  /** Days; 30 by default. */
  logRetentionDays?: number;
  /** Days to keep records of rejected traffic; none by default. */
  flowLogDays?: number;
  database?: CellDatabaseArgs;
  /** Networks (CIDR) beside the public internet that tenants' webhooks may go to. */
  webhookNetworks?: string[];
  insight?: CellInsightArgs;
  /** Route 53 zone that the hosts are in; AWS's own hosts only by default. */
  zone?: string;
}

/** The platform for a group of tenants: network, database, users, bucket, functions and API. Tenants come by its lifecycle function. */
export class Cell extends pulumi.ComponentResource {
  readonly apiId: pulumi.Output<string>;
  readonly clusterArn: pulumi.Output<string>;
  readonly userPoolId: pulumi.Output<string>;
  readonly bucketName: pulumi.Output<string>;
  readonly topicArn: pulumi.Output<string>;
  readonly lifecycleFunction: pulumi.Output<string>;

  constructor(name: string, args: CellArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:Cell", name, {}, options);
    const { cidr, kind = "shared", release, ...rest } = args;
    const settings = parseSettings({ ...rest, cells: [{ name, kind, release, cidr }], tenants: [] }, pulumi.getStack());
    const cell = new terrace.Cell(name, { cell: settings.cells[0]!, settings }, { parent: this });
    this.apiId = cell.api.apiId;
    this.clusterArn = cell.database.clusterArn;
    this.userPoolId = cell.users.userPoolId;
    this.bucketName = cell.bucket.bucketName;
    this.topicArn = cell.topicArn;
    this.lifecycleFunction = cell.lifecycleFunction;
    this.registerOutputs({
      ...{ apiId: this.apiId, clusterArn: this.clusterArn, userPoolId: this.userPoolId },
      ...{ bucketName: this.bucketName, topicArn: this.topicArn, lifecycleFunction: this.lifecycleFunction },
    });
  }
}
