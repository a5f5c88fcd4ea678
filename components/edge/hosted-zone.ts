import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { checkAdopted, checkForm } from "../invalid-argument.ts";
import { keyAdministration, policyDocument } from "../policy-documents.ts";
import type { Protection } from "../protection.ts";
import type { Tags } from "../tags.ts";
import { ZONE_FORM } from "./certificate.ts";

export interface HostedZoneArgs {
  /** `"example.com"`. */
  zone: string;
  /** The zone is there already, and stays as it is. @default false */
  existing?: boolean;
  /** Answers are signed. The registrar then has to have `dsRecord`, and the key costs $1 a month. @default false */
  dnssec?: boolean;
  /** @default "protected" */
  protection?: Protection;
  tags?: Tags;
}

/**
 * A public zone of Route 53, for $0.50 a month. It answers once the registrar names its name servers.
 *
 * ```ts
 * const zone = new HostedZone("zone", { zone: "example.com", dnssec: true });
 * new Domain("api", { host: "api.example.com", zone: "example.com", zoneId: zone.zoneId, api: { id, stage } });
 * ```
 */
export class HostedZone extends pulumi.ComponentResource {
  readonly zone: string;
  readonly zoneId: pulumi.Output<string>;
  readonly nameServers: pulumi.Output<string[]>;
  /** What the registrar has to have where answers are signed. */
  readonly dsRecord: pulumi.Output<string> | undefined;

  /**
   * A public zone that is there already: nothing about it is changed.
   *
   * ```ts
   * const zone = HostedZone.get("zone", "example.com");
   * ```
   */
  static get(name: string, zone: string, options?: pulumi.ComponentResourceOptions): HostedZone {
    return new HostedZone(name, { zone, existing: true }, options);
  }

  constructor(name: string, args: HostedZoneArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:edge:HostedZone", name, {}, options);
    checkArgs("HostedZone", name, args);
    checkForm(`HostedZone "${name}"`, "zone", args.zone, ZONE_FORM, "a domain name such as example.com");
    this.zone = args.zone;
    if (args.existing) {
      checkAdopted(`HostedZone "${name}"`, "zone", args, ["zone"]);
      const found = aws.route53.getZoneOutput({ name: args.zone, privateZone: false }, { parent: this });
      this.zoneId = found.zoneId;
      this.nameServers = found.nameServers;
      this.registerOutputs({ zoneId: this.zoneId, nameServers: this.nameServers });
      return;
    }
    const isProtected = (args.protection ?? "protected") === "protected";
    const zone = new aws.route53.Zone(
      name,
      { name: args.zone, comment: "Terrace", forceDestroy: !isProtected, tags: args.tags },
      // Another zone of the same name has other name servers: the domain would be gone from the internet.
      { parent: this, protect: isProtected },
    );
    this.zoneId = zone.zoneId;
    this.nameServers = zone.nameServers;
    this.dsRecord = args.dnssec ? sign(this, name, zone, args.tags).dsRecord : undefined;
    this.registerOutputs({
      zoneId: this.zoneId,
      nameServers: this.nameServers,
      ...(this.dsRecord ? { dsRecord: this.dsRecord } : {}),
    });
  }
}

function sign(parent: HostedZone, name: string, zone: aws.route53.Zone, tags: Tags | undefined) {
  const child = { parent };
  const account = aws.getCallerIdentityOutput({}, child).accountId;
  const key = new aws.kms.Key(
    `${name}-key`,
    {
      description: "Signs the answers of a zone",
      // Route 53 takes keys of this kind and place only.
      customerMasterKeySpec: "ECC_NIST_P256",
      keyUsage: "SIGN_VERIFY",
      region: "us-east-1",
      policy: keyPolicy(account),
      tags,
    },
    child,
  );
  const signing = new aws.route53.KeySigningKey(
    `${name}-signing-key`,
    // Letters, digits and _ only.
    { hostedZoneId: zone.zoneId, keyManagementServiceArn: key.arn, name: "terrace" },
    child,
  );
  new aws.route53.HostedZoneDnsSec(`${name}-dnssec`, { hostedZoneId: zone.zoneId }, { parent, dependsOn: [signing] });
  return signing;
}

/** In a key's policy `*` is the key itself; there is no other way to write it. */
const keyPolicy = (account: pulumi.Output<string>): pulumi.Output<string> => {
  const route53 = { Effect: "Allow", Principal: { Service: "dnssec-route53.amazonaws.com" }, Resource: "*" };
  return policyDocument([
    keyAdministration(account),
    {
      Sid: "Sign",
      ...route53,
      Action: ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"],
      Condition: { StringEquals: { "aws:SourceAccount": account } },
    },
    {
      Sid: "Keep",
      ...route53,
      Action: "kms:CreateGrant",
      Condition: { Bool: { "kms:GrantIsForAWSResource": "true" } },
    },
  ]);
};
