/** Default quotas of an AWS account in one region that a stack with many cells meets first. Source: each service's quotas page. */
import type { Resource } from "../../engine/graph.ts";

export interface Quota {
  name: string;
  limit: number;
  /** In Service Quotas. */
  code: string;
  counts(resource: Resource): number;
}

const each =
  (...types: string[]) =>
  ({ type }: Resource): number =>
    types.includes(type) ? 1 : 0;

export const QUOTAS: readonly Quota[] = [
  { name: "VPCs", limit: 5, code: "vpc/L-F678F1CE", counts: each("awsx:ec2:Vpc", "aws:ec2/vpc:Vpc") },
  { name: "IAM roles", limit: 1000, code: "iam/L-FE177D64", counts: each("aws:iam/role:Role") },
  { name: "Aurora clusters", limit: 40, code: "rds/L-952B80B8", counts: each("aws:rds/cluster:Cluster") },
  {
    name: "database instances",
    limit: 40,
    code: "rds/L-7B6409FD",
    counts: each("aws:rds/clusterInstance:ClusterInstance"),
  },
  { name: "user pools", limit: 1000, code: "cognito-idp", counts: each("aws:cognito/userPool:UserPool") },
  {
    name: "regional REST APIs",
    limit: 600,
    code: "apigateway/L-AA0FF27B",
    counts: each("aws:apigateway/restApi:RestApi"),
  },
  {
    name: "usage plans",
    limit: 300,
    code: "apigateway/L-E8693075",
    counts: each("aws:apigateway/usagePlan:UsagePlan"),
  },
  {
    name: "custom domain names",
    limit: 120,
    code: "apigateway/L-A93447B8",
    counts: each("aws:apigateway/domainName:DomainName"),
  },
  { name: "S3 buckets", limit: 10_000, code: "s3/L-DC2B2D3D", counts: each("aws:s3/bucket:Bucket") },
  { name: "DynamoDB tables", limit: 2500, code: "dynamodb/L-F98FE922", counts: each("aws:dynamodb/table:Table") },
  {
    name: "reserved Lambda concurrency",
    limit: 900,
    code: "lambda/L-B99A9384",
    counts: ({ type, inputs }) =>
      type === "aws:lambda/function:Function" ? Math.max(0, Number(inputs.reservedConcurrentExecutions ?? 0)) : 0,
  },
];
