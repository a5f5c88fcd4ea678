/**
 * Pulumi types that ask for nothing on one machine: networks, certificates, names. Everything else must be
 * claimed by a service, so that nothing a program declares is left out unnoticed.
 */

/** Whole modules of the AWS provider. */
const MODULES = new Set([
  "acm",
  "backup",
  "budgets",
  "codebuild",
  "codeconnections",
  "codedeploy",
  "codepipeline",
  "ec2",
  "quicksight",
  "resourcegroups",
  "route53",
  "vpc",
  "wafv2",
]);

const TYPES = new Set([
  "aws:apigateway/account:Account",
  "aws:cloudwatch/logDelivery:LogDelivery",
  "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
  "aws:cloudwatch/logDeliverySource:LogDeliverySource",
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
  "aws:iam/serviceLinkedRole:ServiceLinkedRole",
  "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration",
  "aws:s3/bucketMetric:BucketMetric",
]);

export function inert(type: string): boolean {
  const module = /^aws:([^/:]+)\//.exec(type)?.[1];
  return type.startsWith("pulumi:") || (module !== undefined && MODULES.has(module)) || TYPES.has(type);
}
