/** A function inside a VPC: who may reach what from it, and that it can be taken down again. */
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { InvalidArgumentError } from "../../invalid-argument.ts";
import type { Network } from "../../network/network.ts";
import type { Tags } from "../../tags.ts";

export interface FunctionVpcArgs {
  network: Network;
  /** `private` reaches out through NAT, `isolated` only what is in the network and its endpoints. @default "isolated" */
  tier?: "private" | "isolated";
  /** Security groups besides the function's own, at most 4. @default none */
  securityGroupIds?: pulumi.Input<string>[];
}

export interface Placement {
  inputs: Pick<aws.lambda.FunctionArgs, "vpcConfig" | "replaceSecurityGroupsOnDestroy" | "replacementSecurityGroupIds">;
  securityGroupId: pulumi.Output<string>;
  allowed: pulumi.Resource;
}

/** AWS's own and narrowest: network interfaces have no ARN before they exist. */
const INTERFACES_POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess";

/** How long Lambda may keep a network interface after its function is gone. */
const TEARDOWN = "45m";

export function placeInVpc(
  parent: pulumi.Resource,
  name: string,
  { network, tier = "isolated", securityGroupIds = [] }: FunctionVpcArgs,
  role: aws.iam.Role,
  tags: Tags | undefined,
): Placement {
  const child = { parent };
  const firewall = new aws.ec2.SecurityGroup(
    `${name}-firewall`,
    {
      vpcId: network.vpcId,
      description: "A function: nothing comes in, everything goes out",
      egress: [{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"], ipv6CidrBlocks: ["::/0"] }],
      tags,
    },
    { parent, customTimeouts: { delete: TEARDOWN } },
  );
  const allowed = new aws.iam.RolePolicyAttachment(
    `${name}-interfaces`,
    { role: role.name, policyArn: INTERFACES_POLICY },
    child,
  );
  return {
    inputs: {
      vpcConfig: {
        subnetIds: tier === "private" ? network.privateSubnetIds : network.isolatedSubnetIds,
        securityGroupIds: [firewall.id, ...securityGroupIds],
      },
      // Lambda keeps its interfaces for a while after the function is gone, and a group that is in use can't be deleted: they
      // are handed to the network's own group first.
      replaceSecurityGroupsOnDestroy: true,
      replacementSecurityGroupIds: [
        aws.ec2.getSecurityGroupOutput({ vpcId: network.vpcId, name: "default" }, child).id,
      ],
    },
    securityGroupId: firewall.id,
    allowed,
  };
}

/** Options of a function in a VPC: its end takes as long as Lambda keeps its interfaces. */
export const slowly = (vpc: FunctionVpcArgs | undefined): pulumi.CustomResourceOptions =>
  vpc ? { customTimeouts: { delete: TEARDOWN } } : {};

export function checkVpc(component: string, vpc: FunctionVpcArgs | undefined): void {
  if (!vpc) return;
  if ((vpc.securityGroupIds?.length ?? 0) > 4) {
    const remedy = "with the function's own AWS takes 5; leave some out";
    throw new InvalidArgumentError(component, "vpc.securityGroupIds", vpc.securityGroupIds!.length, remedy);
  }
  if (vpc.tier !== "private") return;
  const tier = vpc.network.privateSubnetIds as pulumi.Output<string[]> | undefined;
  tier?.apply((ids) => {
    if (ids.length > 0) return;
    const remedy = 'the network has no private subnets; give it nat: "single", or use tier "isolated"';
    throw new InvalidArgumentError(component, "vpc.tier", vpc.tier, remedy);
  });
}
