/** Certificates and names for what answers at a host: shared by APIs and websites. */
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { Tags } from "../tags.ts";

export interface CertificateArgs {
  host: string;
  /** Further hosts of the same certificate. @default none */
  alternativeHosts?: string[];
  zoneId: pulumi.Input<string>;
  /** CloudFront takes certificates of us-east-1 only. @default the stack's */
  region?: string;
  tags: Tags | undefined;
}

export interface ValidatedCertificate {
  certificate: aws.acm.Certificate;
  /** Issued: what uses it can be made. */
  validated: aws.acm.CertificateValidation;
}

/** A certificate that proves itself by DNS: a record for each host, made here. */
export function validatedCertificate(
  parent: pulumi.Resource,
  name: string,
  { host, alternativeHosts = [], zoneId, region, tags }: CertificateArgs,
): ValidatedCertificate {
  const child = { parent };
  const certificate = new aws.acm.Certificate(
    `${name}-certificate`,
    {
      domainName: host,
      subjectAlternativeNames: alternativeHosts.length > 0 ? alternativeHosts : undefined,
      validationMethod: "DNS",
      region,
      tags,
    },
    child,
  );
  const records = [host, ...alternativeHosts].map((_, index) => {
    const proof = certificate.domainValidationOptions[index]!;
    return new aws.route53.Record(
      index === 0 ? `${name}-validation` : `${name}-validation-${index}`,
      {
        zoneId,
        name: proof.resourceRecordName,
        type: proof.resourceRecordType,
        records: [proof.resourceRecordValue],
        ttl: 300,
      },
      child,
    );
  });
  const validated = new aws.acm.CertificateValidation(
    `${name}-validated`,
    { certificateArn: certificate.arn, validationRecordFqdns: records.map(({ fqdn }) => fqdn), region },
    child,
  );
  return { certificate, validated };
}

export interface AliasTarget {
  domainName: pulumi.Input<string>;
  zoneId: pulumi.Input<string>;
  evaluateTargetHealth: boolean;
}

/** A and AAAA records of a host that are what AWS says the target's addresses are. */
export function aliasRecords(
  parent: pulumi.Resource,
  name: string,
  zoneId: pulumi.Input<string>,
  host: string,
  { domainName, zoneId: targetZone, evaluateTargetHealth }: AliasTarget,
): void {
  for (const type of ["A", "AAAA"]) {
    new aws.route53.Record(
      `${name}-${type.toLowerCase()}`,
      { zoneId, name: host, type, aliases: [{ name: domainName, zoneId: targetZone, evaluateTargetHealth }] },
      { parent },
    );
  }
}

const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";

/** A domain name such as `example.com`. */
export const ZONE_FORM = new RegExp(`^(${LABEL}\\.)+[a-z]{2,}$`);

/** A host in a zone, or a wildcard. */
export const hostForm = (zone: string): RegExp => new RegExp(`^(\\*\\.)?(${LABEL}\\.)*${zone.replaceAll(".", "\\.")}$`);
