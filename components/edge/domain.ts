import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { checkForm, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import type { Tags } from "../tags.ts";
import { aliasRecords, hostForm, validatedCertificate, ZONE_FORM } from "./certificate.ts";
import { Redirect } from "./redirect.ts";

/** What stands behind a host. */
export interface DomainApiArgs {
  id: pulumi.Input<string>;
  stage: pulumi.Input<string>;
  /** A WebSocket API shares its host with no other API. @default "rest" */
  type?: "rest" | "http" | "websocket";
}

/** Clients have to show a certificate. */
export interface MutualTlsArgs {
  /** Authorities that are trusted, as PEM: `"s3://trust/authorities.pem"`. */
  truststoreUri: string;
  /** Version of that object. @default the latest */
  truststoreVersion?: string;
}

/** Route 53 asks from around the world whether the host answers; about $2 a month. */
export interface HealthCheckArgs {
  /** @default "/health" */
  path?: string;
  /** Failures in a row until it counts as unwell, 1 to 10. @default 3 */
  failures?: number;
}

export interface DomainArgs {
  /** Host the certificate and the API answer to: `"acme.example.com"` or `"*.eu1.example.com"`. */
  host: string;
  /** Route 53 zone that holds the host: an existing one by name. */
  zone: string;
  /** Of that zone, where it is made in the same program. @default looked up by name */
  zoneId?: pulumi.Input<string>;
  /** API and stage behind the host. */
  api: DomainApiArgs;
  /** First part of the paths that lead to the API: `"v1"`. @default all paths do */
  basePath?: string;
  /** @default clients show none */
  mutualTls?: MutualTlsArgs;
  /** Not of a wildcard. @default none */
  healthCheck?: HealthCheckArgs;
  /** Hosts of the zone that send here. @default none */
  redirectFrom?: string[];
  tags?: Tags;
}

/**
 * A host of an API: a certificate validated by DNS, TLS 1.2 and later, A and AAAA records.
 *
 * ```ts
 * new Domain("domain", { host: "*.eu1.example.com", zone: "example.com", api: { id: shop.apiId, stage: shop.stageName } });
 * ```
 *
 * A WebSocket API is named with its type, `api: { id: live.apiId, stage: live.stageName, type: "websocket" }`, and clients connect
 * to `wss://<host>` then. Its events name that host: what posts to connections uses the API's own `callbackUrl`, which stays.
 */
export class Domain extends pulumi.ComponentResource {
  readonly host: string;
  readonly certificateArn: pulumi.Output<string>;
  /** Of the health check, for alarms and failover; nothing where there is none. */
  readonly healthCheckId: pulumi.Output<string> | undefined;

  constructor(name: string, args: DomainArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:edge:Domain", name, {}, options);
    checkArgs("Domain", name, args);
    validate(`Domain "${name}"`, args);
    const child = { parent: this };
    const { host, tags } = args;
    const zoneId = pulumi.output(args.zoneId ?? aws.route53.getZoneOutput({ name: args.zone }, child).zoneId);

    const { certificate, validated } = validatedCertificate(this, name, { host, zoneId, tags });
    const front = { ...args, certificateArn: validated.certificateArn };
    const target = (args.api.type ?? "rest") === "rest" ? restFront(this, name, front) : v2Front(this, name, front);
    aliasRecords(this, name, zoneId, host, { ...target, evaluateTargetHealth: true });
    if (args.redirectFrom?.length) {
      new Redirect(`${name}-redirect`, { from: args.redirectFrom, to: host, zone: args.zone, zoneId, tags }, child);
    }
    this.host = host;
    this.certificateArn = certificate.arn;
    this.healthCheckId = args.healthCheck && check(this, name, host, args.healthCheck, tags).id;
    this.registerOutputs({
      host: this.host,
      certificateArn: this.certificateArn,
      ...(this.healthCheckId ? { healthCheckId: this.healthCheckId } : {}),
    });
  }
}

interface Front extends DomainArgs {
  certificateArn: pulumi.Output<string>;
}

function restFront(parent: Domain, name: string, { host, api, basePath, mutualTls, certificateArn, tags }: Front) {
  const domain = new aws.apigateway.DomainName(
    name,
    {
      domainName: host,
      regionalCertificateArn: certificateArn,
      endpointConfiguration: { types: "REGIONAL" },
      securityPolicy: "TLS_1_2",
      mutualTlsAuthentication: mutualTls,
      tags,
    },
    { parent },
  );
  new aws.apigateway.BasePathMapping(
    `${name}-mapping`,
    { domainName: domain.domainName, restApi: api.id, stageName: api.stage, basePath },
    { parent },
  );
  return { domainName: domain.regionalDomainName, zoneId: domain.regionalZoneId };
}

/** Of HTTP and of WebSocket APIs. */
function v2Front(parent: Domain, name: string, { host, api, basePath, mutualTls, certificateArn, tags }: Front) {
  const domain = new aws.apigatewayv2.DomainName(
    name,
    {
      domainName: host,
      domainNameConfiguration: { certificateArn, endpointType: "REGIONAL", securityPolicy: "TLS_1_2" },
      mutualTlsAuthentication: mutualTls,
      tags,
    },
    { parent },
  );
  new aws.apigatewayv2.ApiMapping(
    `${name}-mapping`,
    { domainName: domain.id, apiId: api.id, stage: api.stage, apiMappingKey: basePath },
    { parent },
  );
  const place = domain.domainNameConfiguration;
  return { domainName: place.targetDomainName, zoneId: place.hostedZoneId };
}

const check = (parent: Domain, name: string, fqdn: string, args: HealthCheckArgs, tags: Tags | undefined) =>
  new aws.route53.HealthCheck(
    `${name}-health`,
    {
      ...{ fqdn, type: "HTTPS", port: 443, enableSni: true, requestInterval: 30 },
      resourcePath: args.path ?? "/health",
      failureThreshold: args.failures ?? 3,
      tags: { ...tags, Name: fqdn },
    },
    { parent },
  );

function validate(component: string, args: DomainArgs): void {
  const { host, zone, healthCheck } = args;
  checkForm(component, "zone", zone, ZONE_FORM, "a domain name such as example.com");
  checkForm(component, "host", host, hostForm(zone), `a host in the zone ${zone}`);
  checkForm(component, "api.type", args.api.type, /^(rest|http|websocket)$/, "rest, http or websocket");
  if (args.api.type === "websocket") checkWebSocket(component, args);
  checkForm(component, "basePath", args.basePath, /^[\w.~-]+$/, "one part of a path, without /");
  const trust = /^s3:\/\/[a-z0-9.-]{3,63}\/.+$/;
  checkForm(
    component,
    "mutualTls.truststoreUri",
    args.mutualTls?.truststoreUri,
    trust,
    "an object: s3://trust/authorities.pem",
  );
  checkForm(component, "healthCheck.path", healthCheck?.path, /^\/[^\s]{0,254}$/, "a path such as /health");
  checkRange(component, "healthCheck.failures", healthCheck?.failures, 1, 10);
  if (healthCheck && host.startsWith("*")) {
    throw new InvalidArgumentError(
      component,
      "healthCheck",
      host,
      "a wildcard has no host to ask; check one of its hosts",
    );
  }
  if (healthCheck && args.mutualTls) {
    throw new InvalidArgumentError(component, "healthCheck", "given", "Route 53 shows no certificate; leave it out");
  }
  for (const [index, from] of (args.redirectFrom ?? []).entries()) {
    checkForm(component, `redirectFrom[${index}]`, from, hostForm(zone), `a host in the zone ${zone}`);
  }
}

function checkWebSocket(component: string, { healthCheck, mutualTls }: DomainArgs): void {
  if (healthCheck) {
    const remedy = "a WebSocket API answers nothing but an upgrade; leave it out, and give the API to Alarms";
    throw new InvalidArgumentError(component, "healthCheck", "given", remedy);
  }
  if (mutualTls) {
    const remedy = "API Gateway asks clients of REST and HTTP APIs alone; let the authorizer say who connects";
    throw new InvalidArgumentError(component, "mutualTls", "given", remedy);
  }
}
