/** What is set on a bucket that is a website, and which hosts such websites have. */
import { AwsError, type AwsRequest } from "../../../service.ts";

// biome-ignore lint/suspicious/noExplicitAny: shapes come from the SDK client's schema at run time
type Shape = Record<string, any>;

const HOST = /^.+\.s3-website[.-](?:localhost|[a-z0-9-]+\.amazonaws\.com)(?::\d+)?$/;

export const isWebsiteHost = ({ headers }: AwsRequest): boolean =>
  headers.host?.includes(".s3-website") === true && HOST.test(headers.host);

/** @throws AwsError for what S3 takes for no website */
export function checkWebsite(config: Shape): void {
  const { IndexDocument, ErrorDocument, RedirectAllRequestsTo, RoutingRules = [] } = config;
  const refuse = (message: string) => new AwsError("InvalidArgument", message, 400);
  if (RedirectAllRequestsTo) {
    if (IndexDocument || ErrorDocument || RoutingRules.length > 0) {
      throw refuse("RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.");
    }
    if (!RedirectAllRequestsTo.HostName) throw refuse("RedirectAllRequestsTo has to name a host.");
    return;
  }
  const suffix = IndexDocument?.Suffix;
  if (!suffix) throw refuse("A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty");
  if (suffix.includes("/")) throw refuse("The IndexDocument Suffix is not well formed");
  for (const { Redirect = {} } of RoutingRules as Shape[]) {
    if (Redirect.ReplaceKeyWith !== undefined && Redirect.ReplaceKeyPrefixWith !== undefined) {
      throw refuse("You can only define ReplaceKeyPrefix or ReplaceKey but not both.");
    }
    if (Redirect.HttpRedirectCode !== undefined && !/^3\d\d$/.test(Redirect.HttpRedirectCode)) {
      throw refuse("The provided HTTP redirect code is not valid. Valid codes are 3XX except 300.");
    }
  }
}

/** Pulumi's inputs of `aws.s3.BucketWebsiteConfiguration`, as the API has them. */
export function websiteOfInputs({ routingRuleDetails, bucket: _, ...inputs }: Shape): Shape {
  const named = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(named);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key[0]!.toUpperCase() + key.slice(1), named(inner)]),
    );
  };
  const config = named(inputs) as Shape;
  if (typeof routingRuleDetails === "string") config.RoutingRules = JSON.parse(routingRuleDetails);
  checkWebsite(config);
  return config;
}
