import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import type { Function } from "../compute/function.ts";
import { checkForm, checkRange, checkRetention, InvalidArgumentError } from "../invalid-argument.ts";
import { nearest } from "../nearest.ts";
import type { Tags } from "../tags.ts";
import { checkAuthorizer, type JwtArgs } from "./authorizers.ts";
import type { Firewall } from "./firewall.ts";
import { httpApi } from "./http-api.ts";
import { restApi } from "./rest-api.ts";
import { type Route, readRoutes } from "./routes.ts";
import type { UserPool } from "./user-pool.ts";

/** What the tenants of one tier may ask of the API, each tenant with a key of its own. */
export interface UsagePlanArgs {
  /** Requests a second, sustained. */
  rate: number;
  /** Requests at once. */
  burst: number;
  /** @default no quota */
  quotaPerDay?: number;
}

/** What one route takes. */
export interface RouteLimitArgs {
  /** Requests a second, sustained. */
  rate: number;
  /** Requests at once. */
  burst: number;
}

export interface ApiArgs {
  /** OpenAPI document: routes, which of them are public, and the bodies they take. */
  openapi: string;
  /** Answers every route that has no function of its own. */
  handler: Function;
  /** Functions of single routes: `{ "GET /reports": reports }`. @default none: `handler` answers all */
  handlers?: Record<string, Function>;
  /** Routes whose answers are sent while they are made, up to 15 minutes: `["GET /export"]`; REST only. @default none */
  streamed?: string[];
  /** Lambda authorizer: token to tenant; this, `userPool` or `jwt`. */
  authorizer?: Function;
  /** Users whose ID tokens are good, in place of a Lambda authorizer. */
  userPool?: UserPool;
  /** Tokens that are good, in place of a Lambda authorizer; HTTP only. */
  jwt?: JwtArgs;
  /** REST has usage plans and request validation; HTTP is cheaper and has neither. @default "rest" */
  type?: "rest" | "http";
  /** @default Pulumi's autonaming */
  apiName?: string;
  /** @default "v1" */
  stage?: string;
  /** By tier; REST only. @default none */
  usagePlans?: Record<string, UsagePlanArgs>;
  /** Seconds an authorizer's answer is kept, and so a suspended tenant can still call; 0 to 60. @default 60 */
  authorizerTtlSeconds?: number;
  /** Requests a second over all tenants. @default 500 */
  rate?: number;
  /** @default 1000 */
  burst?: number;
  /** Limits of single routes: `{ "POST /albums": { rate: 10, burst: 20 } }`. @default the stage's */
  routeLimits?: Record<string, RouteLimitArgs>;
  /** AWS's own host does not answer: callers take the Domain, and what stands before it. @default it does */
  defaultEndpoint?: "on" | "off";
  /** Browsers' origins; no `*`. A REST API's handler names the origin in its answers. @default none */
  allowedOrigins?: string[];
  /** Stands before the stage; REST only. @default none: it costs when idle */
  firewall?: Firewall;
  /** @default 30 */
  logRetentionDays?: number;
  tags?: Tags;
}

/** What both kinds of API are built from. */
export interface ApiParts extends ApiArgs {
  routes: Route[];
  stage: string;
  authorizerTtlSeconds: number;
  logGroup: aws.cloudwatch.LogGroup;
}

export interface ApiOutputs {
  apiId: pulumi.Output<string>;
  stageName: pulumi.Output<string>;
  url: pulumi.Output<string>;
  executionArn: pulumi.Output<string>;
  stageArn: pulumi.Output<string>;
  /** What CloudWatch calls the API and its stage. */
  metricDimensions: Record<string, pulumi.Output<string>>;
  /** Tier → usage plan id. */
  usagePlanIds: Record<string, pulumi.Output<string>>;
}

/**
 * An API in front of a function, or of one for each route: routes from its OpenAPI document, a Lambda authorizer, JSON access logs.
 *
 * ```ts
 * new Api("api", { openapi: "functions/api/openapi.json", handler, authorizer, usagePlans: { basic: { rate: 20, burst: 40 } } });
 * ```
 */
export class Api extends pulumi.ComponentResource implements ApiOutputs {
  readonly apiId: pulumi.Output<string>;
  readonly stageName: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  readonly executionArn: pulumi.Output<string>;
  readonly stageArn: pulumi.Output<string>;
  readonly metricDimensions: Record<string, pulumi.Output<string>>;
  readonly type: "rest" | "http";
  readonly usagePlanIds: Record<string, pulumi.Output<string>>;

  constructor(name: string, args: ApiArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:edge:Api", name, {}, options);
    checkArgs("Api", name, args);
    const component = `Api "${name}"`;
    validate(component, args);
    const routes = readRoutes(component, args.openapi);
    checkRoutes(component, args, routes);
    const parts: ApiParts = {
      ...args,
      routes,
      stage: args.stage ?? "v1",
      authorizerTtlSeconds: args.authorizerTtlSeconds ?? 60,
      logGroup: new aws.cloudwatch.LogGroup(
        `${name}-access`,
        { retentionInDays: args.logRetentionDays ?? 30, tags: args.tags },
        { parent: this },
      ),
    };
    const outputs = args.type === "http" ? httpApi(this, name, parts) : restApi(this, name, parts);
    this.apiId = outputs.apiId;
    this.stageName = outputs.stageName;
    this.url = outputs.url;
    this.executionArn = outputs.executionArn;
    this.stageArn = outputs.stageArn;
    this.metricDimensions = outputs.metricDimensions;
    this.type = args.type ?? "rest";
    this.usagePlanIds = outputs.usagePlanIds;
    args.firewall?.protect(name, this.stageArn);
    this.registerOutputs({ apiId: this.apiId, stageName: this.stageName, url: this.url });
  }
}

/** Fields of an access log line, by API Gateway's context variables. */
export function accessLogFormat(fields: Record<string, string>): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(fields).map(([key, variable]) => [key, `$context.${variable}`])),
  );
}

/** What is said of single routes is said of routes that there are. */
function checkRoutes(
  component: string,
  { routeLimits = {}, handlers = {}, streamed = [] }: ApiArgs,
  routes: Route[],
): void {
  const known = routes.map(({ method, path }) => `${method} ${path}`);
  const check = (argument: string, route: string) => {
    if (known.includes(route)) return;
    const near = nearest(route, known);
    const remedy = near ? `did you mean ${near}?` : `there are ${known.slice(0, 5).join(", ")}…`;
    throw new InvalidArgumentError(component, argument, route, `the document has no such route; ${remedy}`);
  };
  for (const route of Object.keys(handlers)) check("handlers", route);
  for (const route of streamed) check("streamed", route);
  for (const [route, { rate, burst }] of Object.entries(routeLimits)) {
    check("routeLimits", route);
    checkRange(component, `routeLimits.${route}.rate`, rate, 0, 10_000, 0);
    checkRange(component, `routeLimits.${route}.burst`, burst, 0, 5000);
  }
}

function validate(component: string, args: ApiArgs): void {
  checkAuthorizer(component, args);
  checkForm(component, "defaultEndpoint", args.defaultEndpoint, /^(on|off)$/, "on or off");
  checkForm(component, "type", args.type, /^(rest|http)$/, "rest or http");
  checkForm(component, "stage", args.stage, /^\w{1,128}$/, "letters, digits and _");
  checkRange(component, "authorizerTtlSeconds", args.authorizerTtlSeconds, 0, 60);
  checkRange(component, "rate", args.rate, 1, 10_000, 0);
  checkRange(component, "burst", args.burst, 1, 5000);
  checkRetention(component, "logRetentionDays", args.logRetentionDays);
  for (const [index, origin] of (args.allowedOrigins ?? []).entries()) {
    if (origin === "*") continue;
    checkForm(
      component,
      `allowedOrigins[${index}]`,
      origin,
      /^https?:\/\/[\w.-]+(:\d+)?$/,
      "an origin: https://app.example.com",
    );
  }
  if (args.allowedOrigins?.includes("*")) {
    throw new InvalidArgumentError(
      component,
      "allowedOrigins",
      args.allowedOrigins,
      "name the origins; * lets every site in",
    );
  }
  if (args.type === "http" && args.usagePlans) {
    throw new InvalidArgumentError(
      component,
      "usagePlans",
      Object.keys(args.usagePlans),
      'HTTP APIs have none; use type "rest"',
    );
  }
  if (args.type === "http" && args.streamed?.length) {
    const remedy = 'HTTP APIs send an answer when it is whole; use type "rest"';
    throw new InvalidArgumentError(component, "streamed", args.streamed, remedy);
  }
  if (args.type === "http" && args.firewall) {
    throw new InvalidArgumentError(
      component,
      "firewall",
      "one",
      'WAF does not stand before HTTP APIs; use type "rest"',
    );
  }
  const functions = [args.handler, ...Object.values(args.handlers ?? {})];
  if (args.type === "http" && functions.some(({ tenantIsolation }) => tenantIsolation)) {
    throw new InvalidArgumentError(component, "type", "http", 'HTTP APIs cannot say whose call it is; use type "rest"');
  }
  for (const [tier, plan] of Object.entries(args.usagePlans ?? {})) {
    checkRange(component, `usagePlans.${tier}.rate`, plan.rate, 1, 10_000, 0);
    checkRange(component, `usagePlans.${tier}.burst`, plan.burst, 1, 5000);
    checkRange(component, `usagePlans.${tier}.quotaPerDay`, plan.quotaPerDay, 1, 1_000_000_000);
  }
}
