import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";

/** What stands behind a host. */
export interface DomainApiArgs {
  id: pulumi.Input<string>;
  stage: pulumi.Input<string>;
  /** "rest" (by default), "http" or "websocket". */
  type?: string;
}

/** Clients have to show a certificate. */
export interface MutualTlsArgs {
  /** Authorities that are trusted, as PEM: s3://trust/authorities.pem. */
  truststoreUri: string;
  /** Version of that object; the latest by default. */
  truststoreVersion?: string;
}

/** Route 53 asks from around the world whether the host answers. */
export interface HealthCheckArgs {
  /** /health by default. */
  path?: string;
  /** Failures in a row until it counts as unwell, 1 to 10; 3 by default. */
  failures?: number;
}

export interface DomainArgs {
  /** Host the certificate and the API answer to: acme.example.com or *.eu1.example.com. */
  host: string;
  /** Route 53 zone that holds the host: an existing one by name. */
  zone: string;
  /** Of that zone, where it is made in the same program; looked up by name otherwise. */
  zoneId?: pulumi.Input<string>;
  /** API and stage behind the host. */
  api: DomainApiArgs;
  /** First part of the paths that lead to the API; all paths do by default. */
  basePath?: string;
  mutualTls?: MutualTlsArgs;
  /** Not of a wildcard. */
  healthCheck?: HealthCheckArgs;
  /** Hosts of the zone that send here. */
  redirectFrom?: string[];
  tags?: Record<string, string>;
}

/** A host of an API: a certificate validated by DNS, TLS 1.2 and later, A and AAAA records. */
export class Domain extends pulumi.ComponentResource {
  readonly host: pulumi.Output<string>;
  readonly certificateArn: pulumi.Output<string>;
  readonly healthCheckId?: pulumi.Output<string>;

  constructor(name: string, args: DomainArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:Domain", name, {}, options);
    const domain = new terrace.Domain(name, args as terrace.DomainArgs, { parent: this });
    this.host = pulumi.output(domain.host);
    this.certificateArn = domain.certificateArn;
    if (domain.healthCheckId) this.healthCheckId = domain.healthCheckId;
    this.registerOutputs({
      ...{ host: this.host, certificateArn: this.certificateArn },
      ...(this.healthCheckId ? { healthCheckId: this.healthCheckId } : {}),
    });
  }
}
