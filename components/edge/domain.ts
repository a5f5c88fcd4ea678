import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkForm } from "../invalid-argument.ts";
import type { Tags } from "../tags.ts";

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
    const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
    checkForm(
      component,
      "zone",
      args.zone,
      new RegExp(`^(${label}\\.)+[a-z]{2,}$`),
      "a domain name such as example.com",
    );
    const inZone = new RegExp(`^(\\*\\.)?(${label}\\.)*${args.zone.replaceAll(".", "\\.")}$`);
    checkForm(component, "host", args.host, inZone, `a host in the zone ${args.zone}`);
    const child = { parent: this };
    const zone = aws.route53.getZoneOutput({ name: args.zone }, child);

    const certificate = new aws.acm.Certificate(
      `${name}-certificate`,
      { domainName: args.host, validationMethod: "DNS", tags: args.tags },
      child,
    );
    const proof = certificate.domainValidationOptions[0]!;
    const record = new aws.route53.Record(
      `${name}-validation`,
      {
        zoneId: zone.zoneId,
        name: proof.resourceRecordName,
        type: proof.resourceRecordType,
        records: [proof.resourceRecordValue],
        ttl: 300,
      },
      child,
    );
    const validated = new aws.acm.CertificateValidation(
      `${name}-validated`,
      { certificateArn: certificate.arn, validationRecordFqdns: [record.fqdn] },
      child,
    );
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
    for (const type of ["A", "AAAA"]) {
      new aws.route53.Record(
        `${name}-${type.toLowerCase()}`,
        {
          zoneId: zone.zoneId,
          name: args.host,
          type,
          aliases: [{ name: domain.regionalDomainName, zoneId: domain.regionalZoneId, evaluateTargetHealth: true }],
        },
        child,
      );
    }
    this.host = args.host;
    this.certificateArn = certificate.arn;
    this.registerOutputs({ host: this.host, certificateArn: this.certificateArn });
  }
}
