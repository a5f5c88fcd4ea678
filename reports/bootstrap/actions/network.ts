/** Networks, names, certificates, the edge. From the Service Authorization Reference, 2026-11. */
import { type ActionRow, global, regional } from "./row.ts";

const ec2 = (...kinds: string[]) => regional("ec2", ...kinds.map((kind) => `${kind}/*`));
/** Of EC2, what only reads is authorized for no single resource. */
const looks = (actions: string) => ({ service: "ec2", read: actions, anywhere: actions });

export const network: ActionRow[] = [
  {
    types: ["awsx:ec2:Vpc", "aws:ec2/vpc:Vpc"],
    on: ec2("vpc"),
    ...looks("DescribeVpcs DescribeVpcAttribute DescribeAvailabilityZones DescribeNetworkAcls"),
    write: "CreateVpc ModifyVpcAttribute DeleteVpc CreateTags DeleteTags",
  },
  {
    types: ["awsx:ec2:Vpc", "aws:ec2/subnet:Subnet"],
    on: ec2("subnet", "vpc"),
    ...looks("DescribeSubnets DescribeNetworkInterfaces"),
    write: "CreateSubnet ModifySubnetAttribute DeleteSubnet CreateTags DeleteTags",
  },
  {
    types: ["awsx:ec2:Vpc", "aws:ec2/route"],
    on: ec2("route-table", "subnet", "vpc"),
    ...looks("DescribeRouteTables"),
    write:
      "CreateRouteTable DeleteRouteTable CreateRoute ReplaceRoute DeleteRoute AssociateRouteTable ReplaceRouteTableAssociation DisassociateRouteTable CreateTags DeleteTags",
  },
  {
    types: ["awsx:ec2:Vpc", "aws:ec2/internetGateway:", "aws:ec2/natGateway:", "aws:ec2/eip:"],
    on: ec2("internet-gateway", "natgateway", "elastic-ip", "subnet", "vpc"),
    ...looks("DescribeInternetGateways DescribeNatGateways DescribeAddresses DescribeAddressesAttribute"),
    write:
      "CreateInternetGateway AttachInternetGateway DetachInternetGateway DeleteInternetGateway CreateNatGateway DeleteNatGateway AllocateAddress AssociateAddress DisassociateAddress ReleaseAddress CreateTags DeleteTags",
  },
  {
    types: ["aws:ec2/securityGroup", "aws:ec2/defaultSecurityGroup:", "aws:vpc/securityGroup"],
    on: ec2("security-group", "security-group-rule", "vpc"),
    ...looks("DescribeSecurityGroups DescribeSecurityGroupRules"),
    write:
      "CreateSecurityGroup DeleteSecurityGroup AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress RevokeSecurityGroupEgress ModifySecurityGroupRules UpdateSecurityGroupRuleDescriptionsIngress UpdateSecurityGroupRuleDescriptionsEgress CreateTags DeleteTags",
  },
  {
    types: ["aws:ec2/vpcEndpoint:VpcEndpoint"],
    on: ec2("vpc-endpoint", "vpc", "subnet", "security-group", "route-table"),
    ...looks("DescribeVpcEndpoints DescribeVpcEndpointServices DescribePrefixLists"),
    write: "CreateVpcEndpoint ModifyVpcEndpoint DeleteVpcEndpoints CreateTags DeleteTags",
  },
  {
    types: ["aws:ec2/flowLog:FlowLog"],
    on: ec2("vpc-flow-log", "vpc"),
    ...looks("DescribeFlowLogs"),
    write: "CreateFlowLogs DeleteFlowLogs CreateTags DeleteTags",
  },
  {
    types: [
      "aws:route53/zone:Zone",
      "aws:route53/record:Record",
      "aws:route53/hostedZoneDnsSec:",
      "aws:route53/keySigningKey:",
    ],
    service: "route53",
    on: ["arn:${AWS::Partition}:route53:::hostedzone/*", "arn:${AWS::Partition}:route53:::change/*"],
    read: "GetHostedZone GetChange GetDNSSEC ListHostedZones ListHostedZonesByName ListResourceRecordSets ListTagsForResource",
    write:
      "CreateHostedZone UpdateHostedZoneComment DeleteHostedZone ChangeResourceRecordSets ChangeTagsForResource EnableHostedZoneDNSSEC DisableHostedZoneDNSSEC CreateKeySigningKey ActivateKeySigningKey DeactivateKeySigningKey DeleteKeySigningKey",
    anywhere: "ListHostedZones ListHostedZonesByName CreateHostedZone",
  },
  {
    types: ["aws:route53/healthCheck:HealthCheck"],
    service: "route53",
    on: ["arn:${AWS::Partition}:route53:::healthcheck/*"],
    read: "GetHealthCheck ListTagsForResource",
    write: "CreateHealthCheck UpdateHealthCheck DeleteHealthCheck ChangeTagsForResource",
    anywhere: "CreateHealthCheck",
  },
  {
    types: ["aws:acm/"],
    service: "acm",
    on: regional("acm", "certificate/*"),
    read: "DescribeCertificate ListTagsForCertificate",
    write:
      "RequestCertificate UpdateCertificateOptions DeleteCertificate AddTagsToCertificate RemoveTagsFromCertificate",
    anywhere: "RequestCertificate",
  },
  {
    types: ["aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey"],
    service: "cloudfront-keyvaluestore",
    on: global("cloudfront", "key-value-store/*"),
    read: "DescribeKeyValueStore GetKey",
    write: "PutKey DeleteKey",
  },
  {
    types: ["aws:cloudfront/"],
    service: "cloudfront",
    on: global(
      "cloudfront",
      ...["distribution/*", "function/*", "key-value-store/*", "origin-access-control/*", "origin-access-identity/*"],
      ...["cache-policy/*", "origin-request-policy/*", "response-headers-policy/*"],
    ),
    read: "GetDistribution GetOriginAccessControl GetCloudFrontOriginAccessIdentity GetCachePolicy GetOriginRequestPolicy GetResponseHeadersPolicy DescribeFunction GetFunction DescribeKeyValueStore GetPublicKey GetKeyGroup ListTagsForResource",
    write:
      "CreateDistribution UpdateDistribution DeleteDistribution CreateFunction UpdateFunction PublishFunction DeleteFunction CreateOriginAccessControl UpdateOriginAccessControl DeleteOriginAccessControl CreateCloudFrontOriginAccessIdentity DeleteCloudFrontOriginAccessIdentity CreateCachePolicy UpdateCachePolicy DeleteCachePolicy CreateOriginRequestPolicy UpdateOriginRequestPolicy DeleteOriginRequestPolicy CreateResponseHeadersPolicy UpdateResponseHeadersPolicy DeleteResponseHeadersPolicy CreateKeyValueStore UpdateKeyValueStore DeleteKeyValueStore CreatePublicKey UpdatePublicKey DeletePublicKey CreateKeyGroup UpdateKeyGroup DeleteKeyGroup CreateInvalidation TagResource UntagResource",
    anywhere:
      "CreateOriginAccessControl CreateResponseHeadersPolicy CreateCachePolicy CreateOriginRequestPolicy CreateKeyValueStore CreatePublicKey GetPublicKey UpdatePublicKey DeletePublicKey CreateKeyGroup GetKeyGroup UpdateKeyGroup DeleteKeyGroup",
  },
  {
    types: ["aws:wafv2/"],
    service: "wafv2",
    on: regional(
      "wafv2",
      "regional/webacl/{name}/*",
      "regional/ipset/{name}/*",
      "global/webacl/{name}/*",
      "global/ipset/{name}/*",
      "regional/managedruleset/*",
    ),
    read: "GetWebACL GetWebACLForResource GetIPSet GetLoggingConfiguration ListTagsForResource",
    write:
      "CreateWebACL UpdateWebACL DeleteWebACL AssociateWebACL DisassociateWebACL CreateIPSet UpdateIPSet DeleteIPSet PutLoggingConfiguration DeleteLoggingConfiguration TagResource UntagResource",
  },
  {
    types: ["aws:wafv2/webAclAssociation:WebAclAssociation"],
    service: "apigateway",
    on: ["arn:${AWS::Partition}:apigateway:{region}::/restapis/*"],
    read: "",
    write: "SetWebACL",
  },
];
