import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";

const network =
  (args: terrace.NetworkArgs = {}) =>
  () =>
    new terrace.Network("net", { cidr: "10.0.0.0/20", ...args });
const vpc = (stack: Deployment) => stack.resource("awsx:ec2:Vpc");

describe("Network", () => {
  it.each([
    ["none", "None", ["Isolated"]],
    ["single", "Single", ["Isolated", "Private", "Public"]],
    ["perZone", "OnePerAz", ["Isolated", "Private", "Public"]],
  ] as const)("with NAT %s has the tiers it needs and no other", async (nat, strategy, tiers) => {
    const { inputs } = vpc(await deploy(network({ nat })));
    expect(inputs.natGateways).toEqual({ strategy });
    expect((inputs.subnetSpecs as { type: string }[]).map(({ type }) => type)).toEqual(tiers);
  });

  it("says which subnets are of which tier", async () => {
    let tiers: string[][] = [];
    await deploy(() => {
      const { isolatedSubnetIds, privateSubnetIds, publicSubnetIds } = network({ nat: "single", zones: 2 })();
      pulumi.all([isolatedSubnetIds, privateSubnetIds, publicSubnetIds]).apply((ids) => {
        tiers = ids;
      });
    });
    expect(tiers.map((ids) => ids.length)).toEqual([2, 2, 2]);
    expect(new Set(tiers.flat()).size).toBe(6);
  });

  it("has IPv6 addresses where asked", async () => {
    const { inputs } = vpc(await deploy(network({ ipv6: true })));
    expect(inputs.assignGeneratedIpv6CidrBlock).toBe(true);
    expect(inputs.subnetSpecs).toEqual([{ type: "Isolated", assignIpv6AddressOnCreation: true }]);
    expect(vpc(await deploy(network())).inputs.assignGeneratedIpv6CidrBlock).toBeUndefined();
  });

  it("reaches S3 and DynamoDB by a route, for this account's callers only", async () => {
    const stack = await deploy(network({ endpoints: ["s3", "dynamodb"], zones: 2 }));
    for (const { inputs } of stack.all("VpcEndpoint")) {
      expect(inputs).toMatchObject({
        vpcEndpointType: "Gateway",
        routeTableIds: (vpc(stack).outputs.routeTables as { id: string }[]).map(({ id }) => id),
      });
      expect(JSON.parse(String(inputs.policy)).Statement[0].Condition).toEqual({
        StringEquals: { "aws:PrincipalAccount": "000000000000" },
      });
    }
    expect(stack.all("VpcEndpoint").map(({ inputs }) => inputs.serviceName)).toEqual([
      "com.amazonaws.eu-west-1.dynamodb",
      "com.amazonaws.eu-west-1.s3",
    ]);
    expect(stack.all("aws:ec2/securityGroup:SecurityGroup")).toEqual([]);
  });

  it("reaches other services by addresses that take TLS from within the network only", async () => {
    const stack = await deploy(network({ endpoints: ["secretsmanager"] }));
    const group = stack.resource("aws:ec2/securityGroup:SecurityGroup");
    expect(group.inputs.ingress).toEqual([
      { protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["10.0.0.0/20"] },
    ]);
    expect(stack.resource("VpcEndpoint").inputs).toMatchObject({
      serviceName: "com.amazonaws.eu-west-1.secretsmanager",
      vpcEndpointType: "Interface",
      privateDnsEnabled: true,
      securityGroupIds: [group.id],
    });
  });

  it("is a VPC that is there already, and changes nothing about it", async () => {
    let subnets: string[] = [];
    const stack = await deploy(() => {
      const existing = { vpcId: "vpc-0123", isolatedSubnetIds: ["subnet-a", pulumi.output("subnet-b")] };
      const made = new terrace.Network("net", { existing });
      new terrace.Database("db", { network: made, protection: "disposable" });
      made.isolatedSubnetIds.apply((ids) => {
        subnets = ids;
      });
    });
    expect(stack.all("awsx:ec2:Vpc")).toEqual([]);
    expect(stack.all("DefaultSecurityGroup")).toEqual([]);
    expect(subnets).toEqual(["subnet-a", "subnet-b"]);
    expect(stack.resource("aws:rds/subnetGroup:SubnetGroup").inputs.subnetIds).toEqual(["subnet-a", "subnet-b"]);
  });

  it.each(
    byMessage<terrace.NetworkArgs>([
      [{ cidr: undefined }, 'cidr is ""; it has to be an IPv4 block'],
      [{ cidr: "10.0.1.0/20" }, 'cidr is "10.0.1.0/20"; 10.0.1.0/20 does not start on a /20 boundary'],
      [{ cidr: "10.0.0.0/30" }, 'cidr is "10.0.0.0/30"'],
      [{ zones: 1 }, "zones is 1; it has to be a number from 2 to 6"],
      [{ nat: "two" as never }, 'nat is "two"; it has to be none, single or perZone'],
      [{ flowLogDays: -1 }, "flowLogDays is -1"],
      [{ endpoints: ["S3"] }, 'endpoints[0] is "S3"; it has to be one of AWS\'s services'],
      [{ endpoints: ["s3", "s3"] }, 'endpoints is "s3"; name a service once'],
      [
        { existing: { vpcId: "vpc-0123", isolatedSubnetIds: [] } },
        'cidr is "given"; an existing VPC stays as it is; leave this out',
      ],
    ]),
  )("refuses: %s", async (message, args) => {
    expect(await refused(network(args))).toContain(`Network "net": ${message}`);
  });
});
