import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { checkForm, InvalidArgumentError } from "../invalid-argument.ts";
import type { Tags } from "../tags.ts";
import { aliasRecords, hostForm, validatedCertificate, ZONE_FORM } from "./certificate.ts";

export interface RedirectArgs {
  /** Hosts of the zone that send elsewhere: `["example.com", "old.example.com"]`. */
  from: string[];
  /** Where to: `"www.example.com"`. */
  to: string;
  /** Route 53 zone that holds what redirects: an existing one by name. */
  zone: string;
  /** Of that zone, where it is made in the same program. @default looked up by name */
  zoneId?: pulumi.Input<string>;
  tags?: Tags;
}

/**
 * Hosts that answer with another one's address, path and query kept, over TLS. CloudFront does it at its edges, and asks no
 * server; it costs nothing when idle.
 *
 * ```ts
 * new Redirect("old", { from: ["old.example.com"], to: "www.example.com", zone: "example.com" });
 * ```
 */
export class Redirect extends pulumi.ComponentResource {
  readonly distributionId: pulumi.Output<string>;

  constructor(name: string, args: RedirectArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:edge:Redirect", name, {}, options);
    checkArgs("Redirect", name, args);
    validate(`Redirect "${name}"`, args);
    const child = { parent: this };
    const zoneId = pulumi.output(args.zoneId ?? aws.route53.getZoneOutput({ name: args.zone }, child).zoneId);
    const [host, ...others] = args.from;
    const { validated } = validatedCertificate(this, name, {
      ...{ host: host!, alternativeHosts: others, zoneId, tags: args.tags },
      region: "us-east-1",
    });
    const code = new aws.cloudfront.Function(
      `${name}-function`,
      { runtime: "cloudfront-js-2.0", publish: true, code: redirectCode(args.to) },
      child,
    );
    const distribution = new aws.cloudfront.Distribution(
      name,
      {
        enabled: true,
        isIpv6Enabled: true,
        httpVersion: "http2and3",
        priceClass: "PriceClass_100",
        aliases: args.from,
        // Never asked: the function answers before. A distribution has to have one.
        origins: [
          {
            originId: "target",
            domainName: args.to,
            customOriginConfig: {
              ...{ httpPort: 80, httpsPort: 443, originProtocolPolicy: "https-only" },
              originSslProtocols: ["TLSv1.2"],
            },
          },
        ],
        defaultCacheBehavior: {
          targetOriginId: "target",
          viewerProtocolPolicy: "redirect-to-https",
          allowedMethods: ["GET", "HEAD"],
          cachedMethods: ["GET", "HEAD"],
          cachePolicyId: CACHING_DISABLED,
          functionAssociations: [{ eventType: "viewer-request", functionArn: code.arn }],
        },
        restrictions: { geoRestriction: { restrictionType: "none" } },
        viewerCertificate: {
          acmCertificateArn: validated.certificateArn,
          sslSupportMethod: "sni-only",
          minimumProtocolVersion: "TLSv1.2_2021",
        },
        tags: args.tags,
      },
      child,
    );
    const target = {
      domainName: distribution.domainName,
      zoneId: distribution.hostedZoneId,
      evaluateTargetHealth: false,
    };
    for (const [index, from] of args.from.entries()) {
      aliasRecords(this, index === 0 ? name : `${name}-${index}`, zoneId, from, target);
    }
    this.distributionId = distribution.id;
    this.registerOutputs({ distributionId: this.distributionId });
  }
}

/** AWS's managed policy "CachingDisabled". */
const CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";

/** Code of a CloudFront Function: `to`, with the path and the query that were asked for. */
export const redirectCode = (to: string): string => `function handler(event) {
  var request = event.request;${sendTo(to)}
}
`;

/** What a CloudFront Function answers to send the `request` elsewhere. */
export const sendTo = (to: string): string => `
  var query = [];
  for (var key in request.querystring) {
    var entry = request.querystring[key];
    (entry.multiValue || [entry]).forEach(function (one) { query.push(key + (one.value ? "=" + one.value : "")); });
  }
  var location = "https://" + ${JSON.stringify(to)} + request.uri + (query.length ? "?" + query.join("&") : "");
  return { statusCode: 301, statusDescription: "Moved Permanently", headers: { location: { value: location } } };`;

function validate(component: string, { from, to, zone }: RedirectArgs): void {
  checkForm(component, "zone", zone, ZONE_FORM, "a domain name such as example.com");
  checkForm(component, "to", to, ZONE_FORM, "a host such as www.example.com");
  if (!from?.length) throw new InvalidArgumentError(component, "from", from, "name at least one host");
  for (const [index, host] of from.entries()) {
    checkForm(component, `from[${index}]`, host, hostForm(zone), `a host in the zone ${zone}`);
    if (host === to) throw new InvalidArgumentError(component, `from[${index}]`, host, "it would send to itself");
  }
}
