import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";

/** A VPC that is there already, by its subnets' tiers. */
export interface ExistingNetworkArgs {
  vpcId: pulumi.Input<string>;
  /** Without a way out; in two zones at least, where a database stands. */
  isolatedSubnetIds: pulumi.Input<string[]>;
  /** With a way out through NAT. */
  privateSubnetIds?: pulumi.Input<string[]>;
  publicSubnetIds?: pulumi.Input<string[]>;
}

export interface NetworkArgs {
  /** IPv4 block: 10.0.0.0/20; not with existing. */
  cidr?: string;
  /** A VPC to use as it is: nothing about it is changed. A new one by default. */
  existing?: ExistingNetworkArgs;
  /** Availability zones, 2 to 6; 3 by default. */
  zones?: number;
  /** "none" (by default), "single" or "perZone"; gateways cost when idle. */
  nat?: string;
  ipv6?: boolean;
  /** AWS's services reached without leaving the network; s3 and dynamodb cost nothing. */
  endpoints?: string[];
  /** Keep records of rejected traffic for this many days. */
  flowLogDays?: number;
  tags?: Record<string, string>;
}

/** A VPC. Without NAT it has isolated subnets only, and nothing here costs when idle. */
export class Network extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly isolatedSubnetIds: pulumi.Output<string[]>;
  readonly privateSubnetIds: pulumi.Output<string[]>;
  readonly publicSubnetIds: pulumi.Output<string[]>;

  constructor(name: string, args: NetworkArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:Network", name, {}, options);
    const network = new terrace.Network(name, args as terrace.NetworkArgs, { parent: this });
    this.vpcId = network.vpcId;
    this.isolatedSubnetIds = network.isolatedSubnetIds;
    this.privateSubnetIds = network.privateSubnetIds;
    this.publicSubnetIds = network.publicSubnetIds;
    this.registerOutputs({
      ...{ vpcId: this.vpcId, isolatedSubnetIds: this.isolatedSubnetIds },
      ...{ privateSubnetIds: this.privateSubnetIds, publicSubnetIds: this.publicSubnetIds },
    });
  }
}
