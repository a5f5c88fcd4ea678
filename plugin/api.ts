import * as pulumi from "@pulumi/pulumi";
import { slugOf } from "../components/edge/routes.ts";
import * as terrace from "../components/index.ts";
import { functionOf } from "./function.ts";
import type { FunctionArgs } from "./function-args.ts";

/** Users whose ID tokens are good, in a pool that is there already. */
export interface ApiUserPoolArgs {
  userPoolId: pulumi.Input<string>;
  clientId: pulumi.Input<string>;
}

/** Tokens that are good. */
export interface JwtArgs {
  issuer: pulumi.Input<string>;
  audiences: pulumi.Input<string>[];
}

/** What the tenants of one tier may ask of the API, each tenant with a key of its own. */
export interface UsagePlanArgs {
  /** Requests a second, sustained. */
  rate: number;
  /** Requests at once. */
  burst: number;
  /** No quota by default. */
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
  /** Path of the OpenAPI document: routes and validation come from it. */
  openapi: string;
  /** Answers every route that has no function of its own. */
  handler: FunctionArgs;
  /** Functions of single routes: {"GET /reports": {...}}. */
  handlers?: Record<string, FunctionArgs>;
  /** Routes whose answers are sent while they are made: ["GET /export"]; REST only. */
  streamed?: string[];
  /** Says who calls; this, a user pool or jwt. */
  authorizer?: FunctionArgs;
  /** In place of an authorizer. */
  userPool?: ApiUserPoolArgs;
  /** In place of an authorizer; HTTP only. */
  jwt?: JwtArgs;
  /** "rest" (by default) or "http". */
  type?: string;
  apiName?: string;
  /** v1 by default. */
  stage?: string;
  /** By tier; REST only. */
  usagePlans?: Record<string, UsagePlanArgs>;
  /** Seconds an authorizer's answer is kept, and so a suspended tenant can still call, 0 to 60; 60 by default. */
  authorizerTtlSeconds?: number;
  /** Requests a second over all tenants; 500 by default. */
  rate?: number;
  /** Requests at once; 1000 by default. */
  burst?: number;
  /** Limits of single routes: {"POST /albums": {"rate": 10, "burst": 20}}. */
  routeLimits?: Record<string, RouteLimitArgs>;
  /** "on" (by default), or "off": AWS's own host does not answer. */
  defaultEndpoint?: string;
  /** Origins that browsers may call from. */
  allowedOrigins?: string[];
  /** Days to keep access logs; 30 by default. */
  logRetentionDays?: number;
  tags?: Record<string, string>;
}

/** API Gateway in front of a function, or of one for each route, with routes and validation from an OpenAPI document. */
export class Api extends pulumi.ComponentResource {
  readonly apiId: pulumi.Output<string>;
  readonly stageName: pulumi.Output<string>;
  /** What a firewall is put before. */
  readonly stageArn: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  readonly handlerArn: pulumi.Output<string>;

  constructor(name: string, args: ApiArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:Api", name, {}, options);
    const { handlers = {}, userPool, ...rest } = args;
    const handler = functionOf(`${name}-handler`, args.handler, this);
    const others = Object.entries(handlers).map(([route, fn]) => {
      const [method = "", path = ""] = route.split(" ");
      return [route, functionOf(`${name}-${slugOf({ method, path })}`, fn, this)];
    });
    const made = {
      ...{ ...rest, handler, handlers: Object.fromEntries(others) },
      authorizer: args.authorizer && functionOf(`${name}-authorizer`, args.authorizer, this),
      userPool: userPool && terrace.UserPool.get(`${name}-users`, userPool, { parent: this }),
    };
    const api = new terrace.Api(name, made as terrace.ApiArgs, { parent: this });
    this.apiId = api.apiId;
    this.stageName = api.stageName;
    this.stageArn = api.stageArn;
    this.url = api.url;
    this.handlerArn = handler.arn;
    this.registerOutputs({
      ...{ apiId: this.apiId, stageName: this.stageName, stageArn: this.stageArn },
      ...{ url: this.url, handlerArn: this.handlerArn },
    });
  }
}
