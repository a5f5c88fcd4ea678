import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { Bucket } from "../data/bucket.ts";
import { type Grant, grantDeleteObjects, grantInvalidate, grantListObjects, grantWriteObjects } from "../grants.ts";
import { checkForm, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import type { Protection } from "../protection.ts";
import type { Tags } from "../tags.ts";
import { aliasRecords, hostForm, validatedCertificate, ZONE_FORM } from "./certificate.ts";
import type { Firewall } from "./firewall.ts";
import { readSite } from "./website/files.ts";
import { responseHeaders } from "./website/headers.ts";
import { logAccess } from "./website/logs.ts";
import { publish } from "./website/publish.ts";
import { routerCode } from "./website/router.ts";

export interface WebsiteDomainArgs {
  /** `"www.example.com"`. */
  host: string;
  /** Route 53 zone that holds the host and what redirects to it: an existing one by name. */
  zone: string;
  /** Of that zone, where it is made in the same program. @default looked up by name */
  zoneId?: pulumi.Input<string>;
  /** Hosts of the zone that send to `host`: `["example.com"]`. @default none */
  redirectFrom?: string[];
}

export interface WebsiteArgs {
  /** Folder of the built site, published with it. @default none: who has `publishGrants` puts the files */
  directory?: string;
  /** @default "index.html" */
  index?: string;
  /** `single`: every path without an extension shows the index. `many`: it is a folder with an index of its own. @default "single" */
  pages?: "single" | "many";
  /** Page of the folder that says there is nothing. @default CloudFront's own */
  notFoundPage?: string;
  /** Folders of files with a hash in their names, which browsers keep for a year. @default those of Vite, Astro, SvelteKit and Next */
  hashedFolders?: string[];
  /** A host of one's own, with its certificate. @default CloudFront's host */
  domain?: WebsiteDomainArgs;
  /** Origins that the site's scripts may call: `["https://api.example.com"]`. @default its own */
  connectTo?: string[];
  /** The whole Content-Security-Policy, in place of the strict one. @default nothing but the site's own files */
  contentSecurityPolicy?: string;
  /** Where it is kept close: `PriceClass_100` is Europe and North America. @default "PriceClass_100" */
  priceClass?: "PriceClass_100" | "PriceClass_200" | "PriceClass_All";
  /** One of scope "cloudfront". @default none: it costs when idle */
  firewall?: Firewall;
  /** Days to keep access logs, without cookies and query strings. @default 30 */
  logRetentionDays?: number;
  /** @default "protected" */
  protection?: Protection;
  tags?: Tags;
}

/**
 * A static site: a private bucket behind CloudFront, which alone may read it; over TLS only, with security headers; hashed
 * files kept for a year and pages asked for anew each time. A deployment puts files before the pages that name them, and
 * then makes CloudFront forget the old pages. It costs nothing when idle.
 *
 * ```ts
 * new Website("console", { directory: "console/dist", domain: { host: "console.example.com", zone: "example.com" } });
 * ```
 */
export class Website extends pulumi.ComponentResource {
  readonly url: pulumi.Output<string>;
  readonly distributionId: pulumi.Output<string>;
  readonly distributionArn: pulumi.Output<string>;
  readonly bucketName: pulumi.Output<string>;
  readonly logBucketName: pulumi.Output<string>;
  /** What it takes to publish the site from elsewhere: put, remove and list files, invalidate. */
  readonly publishGrants: Grant[];

  constructor(name: string, args: WebsiteArgs = {}, options?: pulumi.ComponentResourceOptions) {
    super("terrace:edge:Website", name, {}, options);
    checkArgs("Website", name, args);
    const component = `Website "${name}"`;
    validate(component, name, args);
    const index = args.index ?? "index.html";
    const site = args.directory && readSite(component, args.directory, index, args.hashedFolders);
    const child = { parent: this };
    const { protection, tags } = args;

    const bucket = new Bucket(`${name}-files`, { protection, tags, policyLater: true }, child);
    const names = args.domain && this.#certify(name, args.domain, tags);
    const distribution = new aws.cloudfront.Distribution(
      name,
      {
        enabled: true,
        isIpv6Enabled: true,
        httpVersion: "http2and3",
        priceClass: args.priceClass ?? "PriceClass_100",
        defaultRootObject: index,
        aliases: names?.hosts,
        origins: [
          {
            originId: "files",
            domainName: bucket.regionalDomainName,
            originAccessControlId: accessControl(this, name).id,
          },
        ],
        defaultCacheBehavior: {
          targetOriginId: "files",
          viewerProtocolPolicy: "redirect-to-https",
          allowedMethods: ["GET", "HEAD"],
          cachedMethods: ["GET", "HEAD"],
          compress: true,
          cachePolicyId: CACHING_OPTIMIZED,
          responseHeadersPolicyId: responseHeaders(this, name, args).id,
          functionAssociations: [{ eventType: "viewer-request", functionArn: router(this, name, args, index).arn }],
        },
        customErrorResponses: [
          {
            errorCode: 404,
            errorCachingMinTtl: 10,
            ...(args.notFoundPage ? { responseCode: 404, responsePagePath: `/${args.notFoundPage}` } : {}),
          },
        ],
        restrictions: { geoRestriction: { restrictionType: "none" } },
        viewerCertificate: names
          ? {
              acmCertificateArn: names.certificateArn,
              sslSupportMethod: "sni-only",
              minimumProtocolVersion: "TLSv1.2_2021",
            }
          : { cloudfrontDefaultCertificate: true },
        webAclId: args.firewall?.arn,
        tags,
      },
      child,
    );
    const readable = bucket.allow(readBy(bucket, distribution.arn));
    if (names) {
      const target = {
        domainName: distribution.domainName,
        zoneId: distribution.hostedZoneId,
        evaluateTargetHealth: false,
      };
      for (const [at, host] of names.hosts.entries()) {
        aliasRecords(this, at === 0 ? name : `${name}-redirect-${at}`, names.zoneId, host, target);
      }
    }
    const logs = logAccess(this, name, distribution.arn, args);
    if (site) publish(this, name, { site, bucket, distribution, readable, tags });

    this.url = pulumi.interpolate`https://${args.domain?.host ?? distribution.domainName}`;
    this.distributionId = distribution.id;
    this.distributionArn = distribution.arn;
    this.bucketName = bucket.bucketName;
    this.logBucketName = logs.bucketName;
    this.publishGrants = [
      grantListObjects(bucket.arn),
      grantWriteObjects(bucket.arn),
      grantDeleteObjects(bucket.arn),
      grantInvalidate(distribution.arn),
    ];
    this.registerOutputs({
      url: this.url,
      distributionId: this.distributionId,
      distributionArn: this.distributionArn,
      bucketName: this.bucketName,
      logBucketName: this.logBucketName,
    });
  }

  #certify(name: string, domain: WebsiteDomainArgs, tags: Tags | undefined) {
    const { host, zone, redirectFrom = [] } = domain;
    const zoneId = pulumi.output(domain.zoneId ?? aws.route53.getZoneOutput({ name: zone }, { parent: this }).zoneId);
    const { validated } = validatedCertificate(this, name, {
      ...{ host, alternativeHosts: redirectFrom, zoneId, tags },
      region: "us-east-1",
    });
    return { hosts: [host, ...redirectFrom], zoneId, certificateArn: validated.certificateArn };
  }
}

/** AWS's managed policy "CachingOptimized": compressed, no cookies or query strings in the key. */
const CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6";

const accessControl = (parent: Website, name: string) =>
  new aws.cloudfront.OriginAccessControl(
    `${name}-access`,
    { originAccessControlOriginType: "s3", signingBehavior: "always", signingProtocol: "sigv4" },
    { parent },
  );

const router = (parent: Website, name: string, { domain, pages = "single" }: WebsiteArgs, index: string) =>
  new aws.cloudfront.Function(
    `${name}-router`,
    { runtime: "cloudfront-js-2.0", publish: true, code: routerCode({ host: domain?.host, pages, index }) },
    { parent },
  );

/** This distribution alone. Who may not list is told 403 of what is not there; a 404 takes the permission to list. */
function readBy(bucket: Bucket, distributionArn: pulumi.Output<string>) {
  const who = {
    Effect: "Allow",
    Principal: { Service: "cloudfront.amazonaws.com" },
    Condition: { StringEquals: { "aws:SourceArn": distributionArn } },
  };
  return [
    { Sid: "Distribution", ...who, Action: "s3:GetObject", Resource: pulumi.interpolate`${bucket.arn}/*` },
    { Sid: "NotFound", ...who, Action: "s3:ListBucket", Resource: bucket.arn },
  ];
}

function validate(component: string, name: string, args: WebsiteArgs): void {
  // CloudWatch names a log delivery in 60 characters, Pulumi's suffix and ours among them.
  if (name.length > 44) throw new InvalidArgumentError(component, "name", name, "it may have 44 characters");
  checkForm(component, "index", args.index, /^[\w.-]+\.html?$/, "a page in the folder itself, such as index.html");
  checkForm(component, "notFoundPage", args.notFoundPage, /^(?!\/)[\w./-]+\.html?$/, "a page of the folder: 404.html");
  checkForm(component, "pages", args.pages, /^(single|many)$/, "single or many");
  checkForm(component, "priceClass", args.priceClass, /^PriceClass_(100|200|All)$/, "PriceClass_100, _200 or _All");
  checkRange(component, "logRetentionDays", args.logRetentionDays, 1, 3653);
  for (const [index, folder] of (args.hashedFolders ?? []).entries()) {
    checkForm(component, `hashedFolders[${index}]`, folder, /^(?!\/).+\/$/, "a folder of the site, such as assets/");
  }
  const { domain, firewall } = args;
  checkForm(component, "domain.zone", domain?.zone, ZONE_FORM, "a domain name such as example.com");
  const hosts = domain ? [domain.host, ...(domain.redirectFrom ?? [])] : [];
  for (const [index, host] of hosts.entries()) {
    const argument = index === 0 ? "domain.host" : `domain.redirectFrom[${index - 1}]`;
    checkForm(component, argument, host, hostForm(domain!.zone), `a host in the zone ${domain!.zone}`);
    if (host.startsWith("*")) throw new InvalidArgumentError(component, argument, host, "a site has one host; name it");
  }
  if (firewall?.scope === "regional") {
    throw new InvalidArgumentError(component, "firewall", "regional", 'CloudFront takes one of scope "cloudfront"');
  }
  for (const [index, origin] of (args.connectTo ?? []).entries()) {
    const words = "an origin such as https://api.example.com; * would let scripts send anywhere";
    checkForm(component, `connectTo[${index}]`, origin, /^(https|wss):\/\/[\w.-]+(:\d+)?$/, words);
  }
  if (args.connectTo && args.contentSecurityPolicy) {
    const remedy = "the policy says where scripts may connect to; leave one of the two out";
    throw new InvalidArgumentError(component, "connectTo", args.connectTo, remedy);
  }
}
