import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";

export interface HostedZoneArgs {
  /** example.com */
  zone: string;
  /** The zone is there already, and stays as it is. */
  existing?: boolean;
  /** Answers are signed. The registrar then has to have dsRecord. */
  dnssec?: boolean;
  /** "protected" (by default) or "disposable". */
  protection?: string;
  tags?: Record<string, string>;
}

/** A public zone of Route 53. It answers once the registrar names its name servers. */
export class HostedZone extends pulumi.ComponentResource {
  readonly zoneId: pulumi.Output<string>;
  readonly nameServers: pulumi.Output<string[]>;
  readonly dsRecord?: pulumi.Output<string>;

  constructor(name: string, args: HostedZoneArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:HostedZone", name, {}, options);
    const zone = new terrace.HostedZone(name, args as terrace.HostedZoneArgs, { parent: this });
    this.zoneId = zone.zoneId;
    this.nameServers = zone.nameServers;
    if (zone.dsRecord) this.dsRecord = zone.dsRecord;
    this.registerOutputs({
      ...{ zoneId: this.zoneId, nameServers: this.nameServers },
      ...(this.dsRecord ? { dsRecord: this.dsRecord } : {}),
    });
  }
}
