import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import type { Function } from "../compute/function.ts";
import type { Link } from "../compute/link.ts";
import { type Grant, grantPost } from "../grants.ts";
import type { Tags } from "../tags.ts";
import { accessLogFormat, type RouteLimitArgs } from "./api.ts";
import { checkWebSocketApi } from "./websocket-check.ts";

export interface WebSocketApiArgs {
  /** What happens, or what a message names, and the function for it: `$connect`, `$disconnect`, `$default`, and routes of your own. */
  routes: Record<string, Function>;
  /** Says who may connect: it is asked once for each connection, and what it finds out is in every event. */
  authorizer: Function;
  /** Where a client has its token. A browser sends no headers of its own with a WebSocket. @default "route.request.querystring.token" */
  identitySource?: string;
  /** The part of a message (JSON) that names its route. @default "$request.body.action" */
  routeSelection?: string;
  /** Routes whose function answers the client with what it returns. @default none */
  answering?: string[];
  /** @default Pulumi's autonaming */
  apiName?: string;
  /** @default "v1" */
  stage?: string;
  /** Requests a second of each route. @default 500 */
  rate?: number;
  /** @default 1000 */
  burst?: number;
  /** Limits of single routes: `{ say: { rate: 10, burst: 20 } }`. @default the stage's */
  routeLimits?: Record<string, RouteLimitArgs>;
  /** @default 30 */
  logRetentionDays?: number;
  tags?: Tags;
}

/**
 * A WebSocket API: clients stay connected, functions answer what they say and post to them whenever there is something to tell.
 *
 * ```ts
 * const live = new WebSocketApi("live", { authorizer, routes: { $connect: handler, say: handler } });
 * live.allowPost("handler-posts", handler);
 * ```
 *
 * A connection ends after two hours, or ten minutes without a message: clients connect again. Messages have 128 KB at most.
 * A `Domain` gives it a host of its own; `Alarms`, `Dashboard` and `Insight` take it among their `webSocketApis`.
 */
export class WebSocketApi extends pulumi.ComponentResource {
  readonly apiId: pulumi.Output<string>;
  readonly stageName: pulumi.Output<string>;
  /** Where clients connect: `wss://…`. */
  readonly url: pulumi.Output<string>;
  /** Where functions post to connections: `https://…`, the `endpoint` of AWS's management client. */
  readonly callbackUrl: pulumi.Output<string>;
  readonly executionArn: pulumi.Output<string>;
  /** What CloudWatch calls the API and its stage. */
  readonly metricDimensions: Record<string, pulumi.Output<string>>;

  constructor(name: string, args: WebSocketApiArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:edge:WebSocketApi", name, {}, options);
    checkArgs("WebSocketApi", name, args);
    checkWebSocketApi(`WebSocketApi "${name}"`, args);
    const child = { parent: this };
    const stageName = args.stage ?? "v1";
    const api = new aws.apigatewayv2.Api(
      name,
      {
        name: args.apiName,
        protocolType: "WEBSOCKET",
        routeSelectionExpression: args.routeSelection ?? "$request.body.action",
        tags: args.tags,
      },
      child,
    );
    const authorizer = declareAuthorizer(name, api, args, this);
    const routes = declareRoutes(name, api, authorizer, args, this);
    allowInvokes(name, api, stageName, args.routes);
    const stage = declareStage(name, api, stageName, args, this, routes);
    this.apiId = api.id;
    this.stageName = stage.name;
    this.url = pulumi.interpolate`${api.apiEndpoint}/${stage.name}`;
    this.callbackUrl = this.url.apply((url) => url.replace(/^wss:/, "https:"));
    this.executionArn = api.executionArn;
    this.metricDimensions = { ApiId: api.id, Stage: stage.name };
    this.registerOutputs({ apiId: this.apiId, url: this.url, callbackUrl: this.callbackUrl });
  }

  /** For `link` of a function that is made after this: post to connections, look at them, close them. */
  post(): Link {
    return { values: { callbackUrl: this.callbackUrl }, grants: [this.#grant()] };
  }

  /** Lets a function do so that is made before this, as those of the routes are; its events say where to. */
  allowPost(name: string, fn: Function): aws.iam.RolePolicy {
    return fn.grant(name, [this.#grant()]);
  }

  #grant(): Grant {
    return grantPost(this.executionArn, this.stageName);
  }
}

const SERVICE = "apigateway.amazonaws.com";

function declareAuthorizer(
  name: string,
  api: aws.apigatewayv2.Api,
  { authorizer, identitySource }: WebSocketApiArgs,
  parent: pulumi.Resource,
): aws.apigatewayv2.Authorizer {
  const made = new aws.apigatewayv2.Authorizer(
    `${name}-authorizer`,
    {
      apiId: api.id,
      name: "connections",
      authorizerType: "REQUEST",
      authorizerUri: authorizer.invokeArn,
      identitySources: [identitySource ?? "route.request.querystring.token"],
    },
    { parent },
  );
  const source = pulumi.interpolate`${api.executionArn}/authorizers/${made.id}`;
  authorizer.allowInvoke(`${name}-authorizer-invoke`, SERVICE, source);
  return made;
}

/** A route each, and an integration for each function. */
function declareRoutes(
  name: string,
  api: aws.apigatewayv2.Api,
  authorizer: aws.apigatewayv2.Authorizer,
  { routes, answering = [] }: WebSocketApiArgs,
  parent: pulumi.Resource,
): pulumi.Resource[] {
  const integrations = new Map<Function, aws.apigatewayv2.Integration>();
  return Object.entries(routes).flatMap(([routeKey, fn]) => {
    const slug = `${name}-${slugOf(routeKey)}`;
    const known = integrations.get(fn);
    const integration =
      known ??
      new aws.apigatewayv2.Integration(
        `${slug}-integration`,
        { apiId: api.id, integrationType: "AWS_PROXY", integrationUri: fn.invokeArn },
        { parent },
      );
    integrations.set(fn, integration);
    const answers = answering.includes(routeKey);
    const route = new aws.apigatewayv2.Route(
      slug,
      {
        apiId: api.id,
        routeKey,
        target: pulumi.interpolate`integrations/${integration.id}`,
        // API Gateway takes an authorizer here only: who is connected has been let in.
        ...(routeKey === "$connect" ? { authorizationType: "CUSTOM", authorizerId: authorizer.id } : {}),
        ...(answers ? { routeResponseSelectionExpression: "$default" } : {}),
      },
      { parent },
    );
    if (!answers) return [route];
    const place = { apiId: api.id, routeId: route.id, routeResponseKey: "$default" };
    return [route, new aws.apigatewayv2.RouteResponse(`${slug}-answer`, place, { parent })];
  });
}

function allowInvokes(name: string, api: aws.apigatewayv2.Api, stage: string, routes: Record<string, Function>): void {
  const functions = new Map<Function, string>();
  for (const [routeKey, fn] of Object.entries(routes)) if (!functions.has(fn)) functions.set(fn, routeKey);
  for (const [fn, routeKey] of functions) {
    fn.allowInvoke(`${name}-${slugOf(routeKey)}-invoke`, SERVICE, pulumi.interpolate`${api.executionArn}/${stage}/*`);
  }
}

function declareStage(
  name: string,
  api: aws.apigatewayv2.Api,
  stageName: string,
  args: WebSocketApiArgs,
  parent: pulumi.Resource,
  dependsOn: pulumi.Resource[],
): aws.apigatewayv2.Stage {
  const logGroup = new aws.cloudwatch.LogGroup(
    `${name}-access`,
    { retentionInDays: args.logRetentionDays ?? 30, tags: args.tags },
    { parent },
  );
  const settings = { loggingLevel: "ERROR", dataTraceEnabled: false, detailedMetricsEnabled: true };
  return new aws.apigatewayv2.Stage(
    `${name}-stage`,
    {
      apiId: api.id,
      name: stageName,
      autoDeploy: true,
      accessLogSettings: { destinationArn: logGroup.arn, format: ACCESS_LOG },
      defaultRouteSettings: {
        ...settings,
        throttlingRateLimit: args.rate ?? 500,
        throttlingBurstLimit: args.burst ?? 1000,
      },
      routeSettings:
        args.routeLimits &&
        Object.entries(args.routeLimits).map(([routeKey, { rate, burst }]) => ({
          ...settings,
          routeKey,
          throttlingRateLimit: rate,
          throttlingBurstLimit: burst,
        })),
      tags: args.tags,
    },
    { parent, dependsOn },
  );
}

/** `$connect` → `connect` */
const slugOf = (key: string): string => key.replace(/^\$/, "").replace(/[^\w-]+/g, "-");

const ACCESS_LOG = accessLogFormat({
  requestId: "requestId",
  time: "requestTime",
  ip: "identity.sourceIp",
  tenantId: "authorizer.tenantId",
  connectionId: "connectionId",
  event: "eventType",
  route: "routeKey",
  status: "status",
  latencyMs: "integrationLatency",
  error: "error.message",
});
