/** What CloudFront refuses of a distribution's settings, with its own errors. */
import { AwsError } from "../../service.ts";
import type { CloudFront } from "./index.ts";
import { itemsOf, type Shape } from "./shapes.ts";

const refuse = (code: string, message: string, status = 400): never => {
  throw new AwsError(code, message, status);
};

/** @param own id of the distribution that is changed */
export function checkDistribution({ cloud, store }: CloudFront, config: Shape, own?: string): void {
  checkQuantities(config, "DistributionConfig");
  const origins = itemsOf(config.Origins);
  if (origins.length === 0) refuse("InvalidOrigin", "A distribution has at least one origin.");
  const targets = [...origins, ...itemsOf(config.OriginGroups)].map(({ Id }) => Id);
  if (new Set(targets).size < targets.length) refuse("InvalidArgument", "Origin ids have to be unique.");
  for (const origin of origins) checkOrigin(store, origin);

  for (const behavior of [config.DefaultCacheBehavior ?? {}, ...itemsOf(config.CacheBehaviors)]) {
    if (!targets.includes(behavior.TargetOriginId)) {
      refuse("NoSuchOrigin", "One or more of your origins or origin groups do not exist.", 404);
    }
    checkBehavior(store, behavior);
  }
  if (/^\//.test(config.DefaultRootObject ?? "")) {
    refuse("InvalidDefaultRootObject", "The default root object is not valid: it does not begin with a slash.");
  }
  checkAliases(store, config, own);
  for (const what of withoutEffect(config)) {
    cloud.log({ level: "warn", source: "cloudfront", message: `${what} are not emulated on this machine` });
  }
  for (const { ErrorCode, ResponseCode, ResponsePagePath } of itemsOf(config.CustomErrorResponses)) {
    if (ErrorCode < 400 || ErrorCode > 599)
      refuse("InvalidErrorCode", `CloudFront has no custom page for ${ErrorCode}.`);
    if (!ResponseCode !== !ResponsePagePath) {
      refuse("InvalidResponseCode", "A custom error response names both a page and a code, or neither.");
    }
  }
}

/** What is accepted and has no effect on this machine: the log says so. */
function withoutEffect(config: Shape): string[] {
  const behaviors = [config.DefaultCacheBehavior ?? {}, ...itemsOf(config.CacheBehaviors)];
  const some = (member: string) => behaviors.some((behavior) => itemsOf(behavior[member]).length > 0);
  const { RestrictionType: type = "none" } = config.Restrictions?.GeoRestriction ?? {};
  return [
    ...(some("LambdaFunctionAssociations") ? ["Lambda@Edge functions"] : []),
    ...(some("TrustedSigners") ? ["trusted signers (key groups are)"] : []),
    ...(type === "none" ? [] : ["geo restrictions"]),
  ];
}

/** The number that stands beside a list has to be its length. */
function checkQuantities(value: unknown, at: string): void {
  if (value === null || typeof value !== "object") return;
  const { Quantity, Items } = value as Shape;
  if (typeof Quantity === "number" && Quantity !== (Items?.length ?? 0)) {
    refuse("InconsistentQuantities", `The value of Quantity and the size of Items don't match in ${at}.`);
  }
  for (const [name, item] of Object.entries(value)) checkQuantities(item, name);
}

function checkOrigin(store: CloudFront["store"], origin: Shape): void {
  const { DomainName = "", OriginPath = "", OriginAccessControlId: control } = origin;
  if (DomainName === "" || /[/\s]/.test(DomainName)) {
    refuse("InvalidOrigin", "The specified origin server does not exist or is not valid.");
  }
  if (OriginPath !== "" && (!OriginPath.startsWith("/") || OriginPath.endsWith("/"))) {
    refuse("InvalidArgument", "The parameter origin path begins with a slash and does not end with one.");
  }
  if (!origin.S3OriginConfig && !origin.CustomOriginConfig && !origin.VpcOriginConfig) {
    refuse("InvalidOrigin", "An origin is a bucket's (S3OriginConfig) or a custom one (CustomOriginConfig).");
  }
  if (control && !store.get("OriginAccessControl", control)) {
    refuse("InvalidOriginAccessControl", "The origin access control is not valid.");
  }
  if (control && origin.S3OriginConfig?.OriginAccessIdentity) {
    refuse("IllegalOriginAccessConfiguration", "An origin can not have both an access control and an access identity.");
  }
}

const NAMED: [member: string, kind: string, code: string][] = [
  ["CachePolicyId", "CachePolicy", "NoSuchCachePolicy"],
  ["OriginRequestPolicyId", "OriginRequestPolicy", "NoSuchOriginRequestPolicy"],
  ["ResponseHeadersPolicyId", "ResponseHeadersPolicy", "NoSuchResponseHeadersPolicy"],
];

function checkBehavior(store: CloudFront["store"], behavior: Shape): void {
  for (const [member, kind, code] of NAMED) {
    const id = behavior[member];
    if (id && !store.get(kind, id)) refuse(code, `The ${member} ${id} does not exist.`, 404);
  }
  if (behavior.CachePolicyId && behavior.ForwardedValues) {
    refuse(
      "InvalidArgument",
      "The parameter ForwardedValues cannot be used when a cache policy is associated to the cache behavior.",
    );
  }
  if (!behavior.CachePolicyId && !behavior.ForwardedValues) {
    refuse("InvalidArgument", "The parameter ForwardedValues is required where there is no cache policy.");
  }
  for (const id of itemsOf(behavior.TrustedKeyGroups)) {
    if (!store.get("KeyGroup", id)) refuse("TrustedKeyGroupDoesNotExist", `The key group ${id} does not exist.`);
  }
  const events = new Set<string>();
  for (const { FunctionARN, EventType } of itemsOf(behavior.FunctionAssociations)) {
    const edge = store.get("Function", FunctionARN.slice(FunctionARN.lastIndexOf("/") + 1));
    if (!edge?.more.live)
      refuse("InvalidFunctionAssociation", `${FunctionARN} is not a published CloudFront function.`);
    if (events.has(EventType) || !/^viewer-(request|response)$/.test(EventType)) {
      refuse(
        "InvalidFunctionAssociation",
        `A behavior has one function for viewer-request and one for viewer-response.`,
      );
    }
    events.add(EventType);
  }
}

function checkAliases(store: CloudFront["store"], config: Shape, own?: string): void {
  const aliases: string[] = itemsOf(config.Aliases);
  const { ACMCertificateArn, IAMCertificateId } = config.ViewerCertificate ?? {};
  if (aliases.length > 0 && !ACMCertificateArn && !IAMCertificateId) {
    refuse(
      "InvalidViewerCertificate",
      "To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted certificate that validates your authorization to use the domain name.",
    );
  }
  for (const other of store.all("Distribution")) {
    const taken = other.id !== own && itemsOf(other.config.Aliases).find((alias) => aliases.includes(alias));
    if (taken) {
      refuse(
        "CNAMEAlreadyExists",
        `One or more of the CNAMEs you provided are already associated with a different resource: ${taken}.`,
        409,
      );
    }
  }
}
