import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";
import { type FunctionArgs, functionOf } from "./function.ts";

export interface ApiArgs {
  /** Path of the OpenAPI document: routes and validation come from it. */
  openapi: string;
  /** Answers every route. */
  handler: FunctionArgs;
  /** Says who calls. */
  authorizer?: FunctionArgs;
  /** "rest" (by default) or "http". */
  type?: string;
  apiName?: string;
  /** Requests a second; the account's by default. */
  rate?: number;
  /** Requests at once. */
  burst?: number;
  /** Origins that browsers may call from. */
  allowedOrigins?: string[];
  /** Days to keep access logs. */
  logRetentionDays?: number;
  tags?: Record<string, string>;
}

/** API Gateway in front of a function, with routes and validation from an OpenAPI document. */
export class Api extends pulumi.ComponentResource {
  readonly apiId: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  readonly handlerArn: pulumi.Output<string>;

  constructor(name: string, args: ApiArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:Api", name, {}, options);
    const handler = functionOf(`${name}-handler`, args.handler, this);
    const authorizer = args.authorizer && functionOf(`${name}-authorizer`, args.authorizer, this);
    const api = new terrace.Api(name, { ...args, handler, authorizer } as terrace.ApiArgs, { parent: this });
    this.apiId = api.apiId;
    this.url = api.url;
    this.handlerArn = handler.arn;
    this.registerOutputs({ apiId: this.apiId, url: this.url, handlerArn: this.handlerArn });
  }
}
