import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkForm } from "../invalid-argument.ts";
import type { Tags } from "../tags.ts";
import { aliasRecords, hostForm, validatedCertificate, ZONE_FORM } from "./certificate.ts";

export interface DomainArgs {
  /** Host the certificate and the API answer to: `"acme.example.com"` or `"*.eu1.example.com"`. */
  host: string;
  /** Route 53 zone that holds the host: an existing one by name. */
  zone: string;
  /** REST API and stage behind the host. */
  api: { id: pulumi.Input<string>; stage: pulumi.Input<string> };
  tags?: Tags;
}

/**
 * A host of an API: a certificate validated by DNS, TLS 1.2 and later, A and AAAA records.
 *
 * ```ts
 * new Domain("domain", { host: "*.eu1.example.com", zone: "example.com", api: { id: api.apiId, stage: api.stage } });
 * ```
 */
export class Domain extends pulumi.ComponentResource {
  readonly host: string;
  readonly certificateArn: pulumi.Output<string>;

  constructor(name: string, args: DomainArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:edge:Domain", name, {}, options);
    const component = `Domain "${name}"`;
    checkForm(component, "zone", args.zone, ZONE_FORM, "a domain name such as example.com");
    checkForm(component, "host", args.host, hostForm(args.zone), `a host in the zone ${args.zone}`);
    const child = { parent: this };
    const zone = aws.route53.getZoneOutput({ name: args.zone }, child);

    const { certificate, validated } = validatedCertificate(this, name, {
      host: args.host,
      zoneId: zone.zoneId,
      tags: args.tags,
    });
    const domain = new aws.apigateway.DomainName(
      name,
      {
        domainName: args.host,
        regionalCertificateArn: validated.certificateArn,
        endpointConfiguration: { types: "REGIONAL" },
        securityPolicy: "TLS_1_2",
        tags: args.tags,
      },
      child,
    );
    new aws.apigateway.BasePathMapping(
      `${name}-mapping`,
      { domainName: domain.domainName, restApi: args.api.id, stageName: args.api.stage },
      child,
    );
    aliasRecords(this, name, zone.zoneId, args.host, {
      domainName: domain.regionalDomainName,
      zoneId: domain.regionalZoneId,
      evaluateTargetHealth: true,
    });
    this.host = args.host;
    this.certificateArn = certificate.arn;
    this.registerOutputs({ host: this.host, certificateArn: this.certificateArn });
  }
}
