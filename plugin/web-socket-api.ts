import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";
import type { RouteLimitArgs } from "./api.ts";
import { functionOf } from "./function.ts";
import type { FunctionArgs } from "./function-args.ts";

export interface WebSocketApiArgs {
  /** Functions that routes name. */
  functions: Record<string, FunctionArgs>;
  /** What happens, or what a message names, and the name of the function for it: {"$connect": "chat", "say": "chat"}. */
  routes: Record<string, string>;
  /** Says who may connect. */
  authorizer: FunctionArgs;
  /** Names of the functions that post to clients, look at connections and close them. */
  posting?: string[];
  /** Where a client has its token; route.request.querystring.token by default. */
  identitySource?: string;
  /** The part of a message (JSON) that names its route; $request.body.action by default. */
  routeSelection?: string;
  /** Routes whose function answers the client with what it returns. */
  answering?: string[];
  apiName?: string;
  /** v1 by default. */
  stage?: string;
  /** Requests a second of each route; 500 by default. */
  rate?: number;
  /** 1000 by default. */
  burst?: number;
  /** Limits of single routes. */
  routeLimits?: Record<string, RouteLimitArgs>;
  /** Days to keep access logs; 30 by default. */
  logRetentionDays?: number;
  tags?: Record<string, string>;
}

/** A WebSocket API: clients stay connected, functions answer what they say and post to them whenever there is something to tell. */
export class WebSocketApi extends pulumi.ComponentResource {
  readonly apiId: pulumi.Output<string>;
  readonly stageName: pulumi.Output<string>;
  /** Where clients connect. */
  readonly url: pulumi.Output<string>;
  /** Where functions post to connections. */
  readonly callbackUrl: pulumi.Output<string>;
  readonly executionArn: pulumi.Output<string>;

  constructor(name: string, args: WebSocketApiArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:WebSocketApi", name, {}, options);
    const { functions, routes, authorizer, posting = [], ...rest } = args;
    const made = new Map(Object.entries(functions).map(([id, fn]) => [id, functionOf(`${name}-${id}`, fn, this)]));
    const named = (argument: string, id: string): terrace.Function => {
      const fn = made.get(id);
      if (fn) return fn;
      const remedy = `functions has none of this name; there are ${[...made.keys()].join(", ")}`;
      throw new terrace.InvalidArgumentError(`WebSocketApi "${name}"`, argument, id, remedy);
    };
    const api = new terrace.WebSocketApi(
      name,
      {
        ...rest,
        routes: Object.fromEntries(Object.entries(routes).map(([key, id]) => [key, named(`routes.${key}`, id)])),
        authorizer: functionOf(`${name}-authorizer`, authorizer, this),
      },
      { parent: this },
    );
    for (const [index, id] of posting.entries()) api.allowPost(`${name}-${id}-posts`, named(`posting[${index}]`, id));
    this.apiId = api.apiId;
    this.stageName = api.stageName;
    this.url = api.url;
    this.callbackUrl = api.callbackUrl;
    this.executionArn = api.executionArn;
    this.registerOutputs({
      ...{ apiId: this.apiId, stageName: this.stageName, url: this.url },
      ...{ callbackUrl: this.callbackUrl, executionArn: this.executionArn },
    });
  }
}
