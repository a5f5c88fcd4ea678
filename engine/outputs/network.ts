/** EC2 networking, and awsx's remote components: what they make is answered as one resource, as the engine sees it. */
import { arn, type Context, hex, identified, type Registered, type Table, type Values } from "./row.ts";

export const network: Table = {
  "aws:ec2/vpc:Vpc": (resource, context) => {
    const id = `vpc-${hex(resource, 17)}`;
    return {
      id,
      arn: arn(context, "ec2", `vpc/${id}`),
      defaultSecurityGroupId: `sg-${hex(resource, 17, "sg")}`,
      mainRouteTableId: `rtb-${hex(resource, 17, "rtb")}`,
      ownerId: context.account,
    };
  },
  "aws:ec2/subnet:Subnet": (resource, context) => {
    const id = `subnet-${hex(resource, 17)}`;
    return { id, arn: arn(context, "ec2", `subnet/${id}`) };
  },
  "aws:ec2/securityGroup:SecurityGroup": (resource, context) => {
    const id = `sg-${hex(resource, 17)}`;
    return {
      id,
      arn: arn(context, "ec2", `security-group/${id}`),
      name: resource.inputs.name ?? `${resource.name}-${hex(resource, 7)}`,
    };
  },
  "aws:ec2/securityGroupRule:SecurityGroupRule": identified("sgrule-", 10),
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": identified("sgr-"),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": identified("sgr-"),
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": identified("sg-"),
  "aws:ec2/vpcEndpoint:VpcEndpoint": identified("vpce-"),
  "aws:ec2/flowLog:FlowLog": identified("fl-"),
  "aws:ec2/internetGateway:InternetGateway": identified("igw-"),
  "aws:ec2/eip:Eip": identified("eipalloc-"),
  "aws:ec2/natGateway:NatGateway": identified("nat-"),
  "aws:ec2/routeTable:RouteTable": identified("rtb-"),
  "aws:ec2/route:Route": identified("r-"),
  "aws:ec2/routeTableAssociation:RouteTableAssociation": identified("rtbassoc-"),
  "awsx:ec2:Vpc": awsxVpc,
};

interface SubnetSpec {
  type: "Public" | "Private" | "Isolated" | "Unused";
  name?: string;
}

/** Ids per tier and zone, consistent with what was asked for. */
function awsxVpc(resource: Registered, context: Context): { id: string } & Values {
  const { inputs } = resource;
  const zones: string[] =
    inputs.availabilityZoneNames ?? zoneNames(context.region, inputs.numberOfAvailabilityZones ?? 3);
  const specs: SubnetSpec[] = inputs.subnetSpecs ?? [{ type: "Public" }, { type: "Private" }];
  const idsOf = (type: SubnetSpec["type"]) =>
    zones.flatMap((zone) =>
      specs
        .filter((spec) => spec.type === type)
        .map((spec) => `subnet-${hex(resource, 17, `${type}/${spec.name ?? ""}/${zone}`)}`),
    );
  const nats = { None: 0, Single: 1, OnePerAz: zones.length }[String(inputs.natGateways?.strategy ?? "OnePerAz")] ?? 0;
  return {
    id: "",
    vpcId: `vpc-${hex(resource, 17)}`,
    publicSubnetIds: idsOf("Public"),
    privateSubnetIds: idsOf("Private"),
    isolatedSubnetIds: idsOf("Isolated"),
    natGateways: Array.from({ length: nats }, (_, index) => ({ id: `nat-${hex(resource, 17, `nat${index}`)}` })),
    // One for each subnet, as awsx makes them.
    routeTables: specs.flatMap((spec) =>
      zones.map((zone) => ({ id: `rtb-${hex(resource, 17, `rtb/${spec.type}/${spec.name ?? ""}/${zone}`)}` })),
    ),
    availabilityZones: zones,
  };
}

export function zoneNames(region: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${region}${"abcdef"[index]}`);
}
