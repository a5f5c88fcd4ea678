import * as aws from "@pulumi/aws";
// The package's own index loads its classic components too, which nobody here uses.
import { Vpc } from "@pulumi/awsx/ec2/index.js";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import {
  checkAdopted,
  checked,
  checkForm,
  checkRange,
  checkRetention,
  InvalidArgumentError,
} from "../invalid-argument.ts";
import { policyOf, trustOf } from "../policy-documents.ts";
import type { Tags } from "../tags.ts";
import { parseCidr } from "./address-plan.ts";
import { type EndpointService, endpoints, GATEWAYS } from "./endpoints.ts";

/** A VPC that is there already, by its subnets' tiers. */
export interface ExistingNetworkArgs {
  vpcId: pulumi.Input<string>;
  /** Without a way out; in two zones at least, where a database stands. */
  isolatedSubnetIds: pulumi.Input<pulumi.Input<string>[]>;
  /** With a way out through NAT. @default none */
  privateSubnetIds?: pulumi.Input<pulumi.Input<string>[]>;
  /** @default none */
  publicSubnetIds?: pulumi.Input<pulumi.Input<string>[]>;
}

export interface NetworkArgs {
  /** IPv4 block: `"10.0.0.0/20"`; not with `existing`. */
  cidr?: string;
  /** A VPC to use as it is: nothing about it is changed. @default a new one */
  existing?: ExistingNetworkArgs;
  /** Availability zones, 2 to 6. @default 3 */
  zones?: number;
  /** Private subnets go out through NAT gateways, which cost when idle. @default "none", and then no private subnets */
  nat?: "none" | "single" | "perZone";
  /** Amazon's IPv6 addresses beside IPv4, in each subnet; they have no way out of their own. @default false */
  ipv6?: boolean;
  /**
   * AWS's services reached without leaving the network. `s3` and `dynamodb` cost nothing, each other one about $7 a month and
   * zone. @default none: functions outside the network reach them all
   */
  endpoints?: EndpointService[];
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
  readonly publicSubnetIds: pulumi.Output<string[]>;

  /**
   * A VPC that is there already, by its subnets' tiers: nothing about it is changed.
   *
   * ```ts
   * const network = Network.get("net", { vpcId: "vpc-1", isolatedSubnetIds: ["subnet-1", "subnet-2"] });
   * ```
   */
  static get(name: string, existing: ExistingNetworkArgs, options?: pulumi.ComponentResourceOptions): Network {
    return new Network(name, { existing }, options);
  }

  constructor(name: string, args: NetworkArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:network:Network", name, {}, options);
    checkArgs("Network", name, args);
    const component = `Network "${name}"`;
    validate(component, args);
    const network = args.existing ? adopt(component, args.existing) : this.#create(component, name, args);
    this.vpcId = network.vpcId;
    this.isolatedSubnetIds = network.isolatedSubnetIds;
    this.privateSubnetIds = network.privateSubnetIds;
    this.publicSubnetIds = network.publicSubnetIds;
    this.registerOutputs({
      vpcId: this.vpcId,
      isolatedSubnetIds: this.isolatedSubnetIds,
      privateSubnetIds: this.privateSubnetIds,
      publicSubnetIds: this.publicSubnetIds,
    });
  }

  #create(component: string, name: string, args: NetworkArgs): Tiers {
    const child = { parent: this };
    const nat = args.nat ?? "none";

    const vpc = new Vpc(
      name,
      {
        cidrBlock: args.cidr!,
        numberOfAvailabilityZones: args.zones ?? 3,
        enableDnsHostnames: true,
        enableDnsSupport: true,
        ...(args.ipv6 ? { assignGeneratedIpv6CidrBlock: true } : {}),
        subnetStrategy: "Auto",
        natGateways: { strategy: ({ none: "None", single: "Single", perZone: "OnePerAz" } as const)[nat] },
        subnetSpecs: (nat === "none" ? (["Isolated"] as const) : (["Isolated", "Private", "Public"] as const)).map(
          (type) => ({
            type,
            ...(args.ipv6 ? { assignIpv6AddressOnCreation: true } : {}),
          }),
        ),
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

    if (args.endpoints?.length) endpoints(this, component, name, vpc, { ...args, cidr: args.cidr! });
    return vpc;
  }
}

type Tiers = Pick<Network, "vpcId" | "isolatedSubnetIds" | "privateSubnetIds" | "publicSubnetIds">;

function adopt(component: string, existing: ExistingNetworkArgs): Tiers {
  const tier = (argument: "isolatedSubnetIds" | "privateSubnetIds" | "publicSubnetIds") =>
    checked(pulumi.output(existing[argument] ?? []), (ids) => {
      for (const [index, id] of ids.entries()) {
        checkForm(component, `existing.${argument}[${index}]`, id, /^subnet-\w+$/, "a subnet's id: subnet-0a1b2c…");
      }
    });
  return {
    vpcId: checked(existing.vpcId, (id) =>
      checkForm(component, "existing.vpcId", id, /^vpc-\w+$/, "a VPC's id: vpc-0a1b2c…"),
    ),
    isolatedSubnetIds: tier("isolatedSubnetIds"),
    privateSubnetIds: tier("privateSubnetIds"),
    publicSubnetIds: tier("publicSubnetIds"),
  };
}

function validate(component: string, args: NetworkArgs): void {
  if (args.existing) {
    checkAdopted(component, "VPC", args);
    return;
  }
  checkForm(component, "cidr", args.cidr ?? "", /^\d+\.\d+\.\d+\.\d+\/\d+$/, "an IPv4 block such as 10.0.0.0/20");
  try {
    parseCidr("", args.cidr!);
  } catch (error) {
    throw new InvalidArgumentError(component, "cidr", args.cidr, (error as Error).message.replace(/^cell "": /, ""));
  }
  checkRange(component, "zones", args.zones, 2, 6);
  checkForm(component, "nat", args.nat, /^(none|single|perZone)$/, "none, single or perZone");
  if (args.flowLogDays !== 0) checkRetention(component, "flowLogDays", args.flowLogDays);
  for (const [index, service] of (args.endpoints ?? []).entries()) {
    const words = `one of AWS's services, such as ${GATEWAYS.join(", ")} or secretsmanager`;
    checkForm(component, `endpoints[${index}]`, service, /^[a-z][a-z0-9.-]{1,60}$/, words);
  }
}

function recordTraffic(parent: Network, name: string, vpcId: pulumi.Output<string>, days: number): void {
  const logs = new aws.cloudwatch.LogGroup(`${name}-flow`, { retentionInDays: days }, { parent });
  const role = new aws.iam.Role(
    `${name}-flow-role`,
    { assumeRolePolicy: trustOf("vpc-flow-logs.amazonaws.com") },
    { parent },
  );
  const policy = policyOf([
    {
      actions: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
      resources: [logs.arn, pulumi.interpolate`${logs.arn}:*`],
    },
  ]);
  new aws.iam.RolePolicy(`${name}-flow-policy`, { role: role.name, policy }, { parent });
  new aws.ec2.FlowLog(
    `${name}-flow-log`,
    { vpcId, trafficType: "REJECT", logDestination: logs.arn, iamRoleArn: role.arn },
    { parent },
  );
}
