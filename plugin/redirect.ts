import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";

export interface RedirectArgs {
  /** Hosts of the zone that send elsewhere. */
  from: string[];
  /** Where to: www.example.com. */
  to: string;
  /** Route 53 zone that holds what redirects: an existing one by name. */
  zone: string;
  /** Of that zone, where it is made in the same program; looked up by name otherwise. */
  zoneId?: pulumi.Input<string>;
  tags?: Record<string, string>;
}

/** Hosts that answer with another one's address, path and query kept, over TLS. */
export class Redirect extends pulumi.ComponentResource {
  readonly distributionId: pulumi.Output<string>;

  constructor(name: string, args: RedirectArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:Redirect", name, {}, options);
    this.distributionId = new terrace.Redirect(name, args, { parent: this }).distributionId;
    this.registerOutputs({ distributionId: this.distributionId });
  }
}
