import * as aws from "@pulumi/aws";
import type { Vpc } from "@pulumi/awsx/ec2/index.js";
import * as pulumi from "@pulumi/pulumi";
import { InvalidArgumentError } from "../invalid-argument.ts";
import { policyDocument } from "../policy-documents.ts";
import type { NetworkArgs } from "./network.ts";

/** As AWS names it in an endpoint: `s3`, `secretsmanager`, `rds-data`. */
export type EndpointService = string;

/** Reached by a route, and free; every other service by an address in each zone. */
export const GATEWAYS = ["s3", "dynamodb"];

/** Ways to AWS's services that do not leave the network. */
export function endpoints(
  parent: pulumi.Resource,
  component: string,
  name: string,
  vpc: Vpc,
  args: NetworkArgs & { cidr: string },
): void {
  const child = { parent };
  const { tags, cidr } = args;
  const region = aws.getRegionOutput({}, child).region;
  const account = aws.getCallerIdentityOutput({}, child).accountId;
  const services = args.endpoints!;
  const twice = services.find((service, index) => services.indexOf(service) !== index);
  if (twice) throw new InvalidArgumentError(component, "endpoints", twice, "name a service once");

  const routeTableIds = vpc.routeTables.apply((tables) => pulumi.all(tables.map(({ id }) => id)));
  const interfaces = services.filter((service) => !GATEWAYS.includes(service));
  const firewall =
    interfaces.length > 0 &&
    new aws.ec2.SecurityGroup(
      `${name}-endpoints`,
      {
        vpcId: vpc.vpcId,
        description: "Endpoints of AWS services: TLS from within the network",
        ingress: [{ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: [cidr] }],
        tags,
      },
      child,
    );
  for (const service of services) {
    const common = { vpcId: vpc.vpcId, serviceName: pulumi.interpolate`com.amazonaws.${region}.${service}`, tags };
    new aws.ec2.VpcEndpoint(
      `${name}-endpoint-${service.replaceAll(".", "-")}`,
      GATEWAYS.includes(service)
        ? { ...common, vpcEndpointType: "Gateway", routeTableIds, policy: ownAccount(account) }
        : {
            ...common,
            vpcEndpointType: "Interface",
            privateDnsEnabled: true,
            subnetIds: vpc.isolatedSubnetIds,
            securityGroupIds: [(firewall as aws.ec2.SecurityGroup).id],
          },
      child,
    );
  }
}

/** What is asked is for IAM and the service to judge; who asks is of this account, so nobody carries data out with other keys. */
const ownAccount = (account: pulumi.Output<string>): pulumi.Output<string> =>
  policyDocument([
    {
      Effect: "Allow",
      Principal: "*",
      Action: "*",
      Resource: "*",
      Condition: { StringEquals: { "aws:PrincipalAccount": account } },
    },
  ]);
