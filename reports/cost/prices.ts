/**
 * What AWS charges, in US dollars, as its public price pages say for N. Virginia (us-east-1), without free tiers or volume
 * discounts. Other regions cost up to a fifth more. A rate that is not here is reported as unknown, never guessed.
 */

export const AS_OF = "2026-06";
export const REGION = "us-east-1";
export const HOURS_PER_MONTH = 730;

export interface Price {
  usd: number;
  per: string;
  /** AWS's page with the rate. */
  source: string;
}

const price = (usd: number, per: string, page: string): Price => ({
  usd,
  per,
  source: `https://aws.amazon.com/${page}`,
});

export const PRICES = {
  auroraCapacity: price(0.12, "ACU-hour", "rds/aurora/pricing/"),
  auroraStorage: price(0.1, "GB-month", "rds/aurora/pricing/"),
  dataApi: price(0.35, "million requests", "rds/aurora/pricing/"),
  secret: price(0.4, "secret-month", "secrets-manager/pricing/"),
  key: price(1, "key-month", "kms/pricing/"),
  lambdaRequests: price(0.2, "million requests", "lambda/pricing/"),
  lambdaArm: price(0.0000133334, "GB-second", "lambda/pricing/"),
  lambdaX86: price(0.0000166667, "GB-second", "lambda/pricing/"),
  lambdaWarmArm: price(0.0000033334, "GB-second", "lambda/pricing/"),
  lambdaWarmX86: price(0.0000041667, "GB-second", "lambda/pricing/"),
  restApi: price(3.5, "million requests", "api-gateway/pricing/"),
  httpApi: price(1, "million requests", "api-gateway/pricing/"),
  queueRequests: price(0.4, "million requests", "sqs/pricing/"),
  topicRequests: price(0.5, "million requests", "sns/pricing/"),
  tableWrites: price(0.625, "million request units", "dynamodb/pricing/on-demand/"),
  tableReads: price(0.125, "million request units", "dynamodb/pricing/on-demand/"),
  logIngestion: price(0.5, "GB", "cloudwatch/pricing/"),
  alarm: price(0.1, "alarm metric-month", "cloudwatch/pricing/"),
  dashboard: price(3, "dashboard-month", "cloudwatch/pricing/"),
  zone: price(0.5, "hosted zone-month", "route53/pricing/"),
  healthCheck: price(0.5, "health check-month", "route53/pricing/"),
  natGateway: price(0.045, "hour", "vpc/pricing/"),
  publicAddress: price(0.005, "IPv4 address-hour", "vpc/pricing/"),
  interfaceEndpoint: price(0.01, "hour and zone", "privatelink/pricing/"),
  webAcl: price(5, "web ACL-month", "waf/pricing/"),
  webAclRule: price(1, "rule-month", "waf/pricing/"),
  traces: price(5, "million traces", "cloudwatch/pricing/"),
} as const satisfies Record<string, Price>;
