import * as aws from "@pulumi/aws";
// The package's own index loads its classic components too, which nobody here uses.
import { Vpc } from "@pulumi/awsx/ec2/index.js";
import * as pulumi from "@pulumi/pulumi";
import { trustOf } from "../grants.ts";
import { checkForm, checkRange } from "../invalid-argument.ts";
import type { Tags } from "../tags.ts";

export interface NetworkArgs {
  /** IPv4 block: `"10.0.0.0/20"`. */
  cidr: string;
  /** Availability zones, 2 to 6. @default 3 */
  zones?: number;
  /** Private subnets go out through NAT gateways, which cost when idle. @default "none", and then no private subnets */
  nat?: "none" | "single" | "perZone";
  /** Keep records of rejected traffic for this many days; 0 keeps none. @default 0 */
  flowLogDays?: number;
  tags?: Tags;
}

/**
 * A VPC. Without NAT it has isolated subnets only: Lambdas reach the database through the Data API, which is HTTPS, and
 * nothing here costs when idle.
 *
 * ```ts
 * new Network("net", { cidr: "10.0.0.0/20" });
 * ```
 */
export class Network extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly isolatedSubnetIds: pulumi.Output<string[]>;
  readonly privateSubnetIds: pulumi.Output<string[]>;

  constructor(name: string, args: NetworkArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:network:Network", name, {}, options);
    const component = `Network "${name}"`;
    checkForm(component, "cidr", args.cidr, /^\d+\.\d+\.\d+\.\d+\/\d+$/, "an IPv4 block such as 10.0.0.0/20");
    checkRange(component, "zones", args.zones, 2, 6);
    checkRange(component, "flowLogDays", args.flowLogDays, 0, 3653);
    const child = { parent: this };
    const nat = args.nat ?? "none";

    const vpc = new Vpc(
      name,
      {
        cidrBlock: args.cidr,
        numberOfAvailabilityZones: args.zones ?? 3,
        enableDnsHostnames: true,
        enableDnsSupport: true,
        subnetStrategy: "Auto",
        natGateways: { strategy: ({ none: "None", single: "Single", perZone: "OnePerAz" } as const)[nat] },
        subnetSpecs:
          nat === "none" ? [{ type: "Isolated" }] : [{ type: "Isolated" }, { type: "Private" }, { type: "Public" }],
        tags: args.tags,
      },
      child,
    );
    // The group that everything falls into when nobody chose one: it lets nothing in or out.
    new aws.ec2.DefaultSecurityGroup(
      `${name}-locked`,
      { vpcId: vpc.vpcId, ingress: [], egress: [], tags: args.tags },
      child,
    );
    if (args.flowLogDays) recordTraffic(this, name, vpc.vpcId, args.flowLogDays);

    this.vpcId = vpc.vpcId;
    this.isolatedSubnetIds = vpc.isolatedSubnetIds;
    this.privateSubnetIds = vpc.privateSubnetIds;
    this.registerOutputs({ vpcId: this.vpcId, isolatedSubnetIds: this.isolatedSubnetIds });
  }
}

function recordTraffic(parent: Network, name: string, vpcId: pulumi.Output<string>, days: number): void {
  const logs = new aws.cloudwatch.LogGroup(`${name}-flow`, { retentionInDays: days }, { parent });
  const role = new aws.iam.Role(
    `${name}-flow-role`,
    { assumeRolePolicy: trustOf("vpc-flow-logs.amazonaws.com") },
    { parent },
  );
  const policy = pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
        Resource: [logs.arn, pulumi.interpolate`${logs.arn}:*`],
      },
    ],
  });
  new aws.iam.RolePolicy(`${name}-flow-policy`, { role: role.name, policy }, { parent });
  new aws.ec2.FlowLog(
    `${name}-flow-log`,
    { vpcId, trafficType: "REJECT", logDestination: logs.arn, iamRoleArn: role.arn },
    { parent },
  );
}
