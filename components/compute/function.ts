import { relative } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { type Grant, grantInvoke } from "../grants.ts";
import { checkedArn, InvalidArgumentError } from "../invalid-argument.ts";
import { policyOf } from "../policy-documents.ts";
import type { Tags } from "../tags.ts";
import { bundle } from "./bundle.ts";
import { type DurableArgs, durableInputs, keepCheckpoints } from "./durable.ts";
import { addressOf, type FunctionUrlArgs } from "./function/address.ts";
import { type AsynchronousArgs, deadLettersOf, destinationGrants } from "./function/asynchronous.ts";
import { checkFunction } from "./function/check.ts";
import { checkVariablesFit } from "./function/environment.ts";
import { actAs } from "./function/identity.ts";
import { type PreviousFunctionVersion, publishedAs, type ReleaseArgs } from "./function/release.ts";
import { codeOf, type SigningArgs } from "./function/signing.ts";
import { surround } from "./function/surround.ts";
import { type FunctionVpcArgs, placeInVpc, slowly } from "./function/vpc.ts";
import { checkLinks, type Link, type Links, linkAll } from "./link.ts";

export interface FunctionArgs {
  /** Folder with the `handler.ts` to bundle: `"functions/orders"`. */
  entry: string;
  /** Physical name. @default Pulumi's autonaming */
  functionName?: string;
  description?: string;
  /** MB, which also set the CPU share. @default 512 */
  memoryMb?: number;
  /** Seconds. @default 10 */
  timeoutSeconds?: number;
  /** MB of /tmp. @default 512 */
  ephemeralStorageMb?: number;
  /** Values by reference; secrets belong in Secrets Manager or SSM. @default {} */
  environment?: Record<string, pulumi.Input<string>>;
  /** What the function may do, by verb. @default nothing but its own logs and traces */
  grants?: Grant[];
  /** What it uses, by the name it knows it by: `{ photos: bucket.read(), orders: queue.send() }`. @default nothing */
  link?: Links;
  /** Packages with compiled parts. @default [] */
  nativeModules?: string[];
  /** Days to keep logs. @default 30 */
  logRetentionDays?: number;
  /** Upper bound of parallel executions; 0 stops the function. @default the account's */
  reservedConcurrency?: number;
  /** @default "arm64" */
  architecture?: "arm64" | "x64";
  /** X-Ray active tracing. @default true */
  tracing?: boolean;
  /** An execution environment per tenant; every call has to say whose it is. Fixed at creation. @default false */
  tenantIsolation?: boolean;
  /** Survives restarts and waits for up to a year by checkpoints. Fixed at creation. @default an ordinary function */
  durable?: DurableArgs;
  /** Inside a VPC, for what has no other way in. @default outside, where the internet and AWS's services are in reach */
  vpc?: FunctionVpcArgs;
  /** ARNs of layers' versions, at most 5. @default none */
  layers?: pulumi.Input<string>[];
  /** Packages are signed, and unsigned ones refused. @default none is */
  signing?: SigningArgs;
  /** An HTTPS address of its own. @default none */
  url?: FunctionUrlArgs;
  /** Events that nobody waits for: retries, and where they go in the end. @default Lambda's own: two retries within 6 hours, then lost */
  asynchronous?: AsynchronousArgs;
  /** Queue or topic for events that were given up, without the error: `asynchronous.onFailure` says more. @default none */
  deadLetterArn?: pulumi.Input<string>;
  /** Lambda stops a function that wakes itself through a queue, a topic or a bucket; `allow` lets it. @default "terminate" */
  recursion?: "terminate" | "allow";
  /** Environments kept warm, paid by the hour. @default none */
  provisionedConcurrency?: number;
  /** New versions take over by CodeDeploy, a part of the calls first, and go back when an alarm says so. @default at once */
  release?: ReleaseArgs;
  /** Calls that stay with an earlier version. @default every call goes to the new one */
  previous?: PreviousFunctionVersion;
  tags?: Tags;
}

/**
 * A Lambda function: bundled, on arm64 and Node 24, with a role and a log group of its own. SnapStart is not here: Lambda has
 * none for Node.js.
 *
 * ```ts
 * new Function("orders", { entry: "functions/orders", grants: [grantSend(queue.arn)] });
 * ```
 */
export class Function extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  /** What callers and triggers name: the function, or its alias where it has one. */
  readonly targetArn: pulumi.Output<string>;
  readonly functionName: pulumi.Output<string>;
  /** Of `url`; undefined where it has none. */
  readonly url: pulumi.Output<string> | undefined;
  /** Of a function in a VPC, for what lets it in: `database.allowFrom("api", api.securityGroupId!)`. */
  readonly securityGroupId: pulumi.Output<string> | undefined;
  readonly invokeArn: pulumi.Output<string>;
  /** What an API calls where the answer is sent while it is made. */
  readonly streamArn: pulumi.Output<string>;
  readonly roleArn: pulumi.Output<string>;
  readonly logGroupName: pulumi.Output<string>;
  /** What a schedule needs to invoke the function. */
  readonly triggerGrants: Grant[];
  readonly timeoutSeconds: number;
  readonly tenantIsolation: boolean;
  readonly function: aws.lambda.Function;
  readonly #role: aws.iam.Role;
  readonly #durable: DurableArgs | undefined;
  readonly #alias: aws.lambda.Alias | undefined;

  constructor(name: string, args: FunctionArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:compute:Function", name, {}, options);
    checkLinks(`Function "${name}"`, args?.link);
    checkArgs("Function", name, args, {
      entry: "name the folder with the handler.ts",
      "durable.executionTimeoutSeconds": "say for how long an execution may last, 1 to 31622400 s",
    });
    checkFunction(`Function "${name}"`, args);
    const { architecture = "arm64", grants = [], environment = {}, nativeModules, tags, tracing = true } = args;
    this.timeoutSeconds = args.timeoutSeconds ?? 10;
    this.tenantIsolation = args.tenantIsolation ?? false;
    this.#durable = args.durable;

    const links = linkAll(`Function "${name}"`, args.link ?? {});
    const component = `Function "${name}"`;
    const variables = { NODE_OPTIONS: "--enable-source-maps", ...environment, ...links.environment };
    checkVariablesFit(component, variables);
    const deadLetters = deadLettersOf(component, args.deadLetterArn);
    const { role, logGroup, permissions } = actAs(this, name, args, [
      ...grants,
      ...links.grants,
      ...destinationGrants(args.asynchronous),
      ...(deadLetters?.grants ?? []),
    ]);
    const placement = args.vpc && placeInVpc(this, name, args.vpc, role, tags);
    const isPublished = args.durable || args.release || args.previous || args.provisionedConcurrency;
    this.function = new aws.lambda.Function(
      name,
      {
        name: args.functionName,
        description: args.description,
        role: role.arn,
        runtime: "nodejs24.x",
        architectures: [architecture === "x64" ? "x86_64" : "arm64"],
        handler: "index.handler",
        ...codeOf(this, name, args.signing, bundle({ entry: args.entry, nativeModules, architecture })),
        layers: args.layers?.map((layer, index) => checkedArn(component, `layers[${index}]`, layer, "lambda")),
        memorySize: args.memoryMb ?? 512,
        timeout: this.timeoutSeconds,
        ephemeralStorage: { size: args.ephemeralStorageMb ?? 512 },
        tenancyConfig: this.tenantIsolation ? { tenantIsolationMode: "PER_TENANT" } : undefined,
        ...durableInputs(args.durable),
        publish: isPublished ? true : undefined,
        ...placement?.inputs,
        deadLetterConfig: deadLetters && { targetArn: deadLetters.arn },
        reservedConcurrentExecutions: args.reservedConcurrency,
        tracingConfig: { mode: tracing ? "Active" : "PassThrough" },
        loggingConfig: {
          logFormat: "JSON",
          logGroup: logGroup.name,
          applicationLogLevel: "INFO",
          systemLogLevel: "INFO",
        },
        environment: { variables },
        tags,
      },
      // A function that starts before it may write logs loses the first ones.
      { parent: this, dependsOn: [...permissions, ...(placement ? [placement.allowed] : [])], ...slowly(args.vpc) },
    );

    this.#role = role;
    const checkpoints = args.durable ? [keepCheckpoints(this, name, this.function, role)] : [];
    this.#alias = isPublished ? publishedAs(this, name, this.function, args, checkpoints) : undefined;
    surround(this, name, this.function, this.#alias, args);
    this.url = args.url && addressOf(this, name, this.function, this.#alias, args.url).functionUrl;
    this.securityGroupId = placement?.securityGroupId;
    this.arn = this.function.arn;
    this.targetArn = (this.#alias ?? this.function).arn;
    this.functionName = this.function.name;
    this.invokeArn = (this.#alias ?? this.function).invokeArn;
    this.streamArn = this.invokeArn.apply((arn) =>
      arn.replace("/2015-03-31/", "/2021-11-15/").replace(/invocations$/, "response-streaming-invocations"),
    );
    this.triggerGrants = [grantInvoke(this.arn)];
    this.roleArn = role.arn;
    this.logGroupName = logGroup.name;
    this.registerOutputs({
      arn: this.arn,
      functionName: this.functionName,
      roleArn: this.roleArn,
      ...(this.url ? { url: this.url } : {}),
      ...(args.link ? { link: { entry: relative(process.cwd(), args.entry), names: links.names } } : {}),
    });
  }

  /** For `link`: invoke it. */
  invoke(): Link {
    const { functionName } = this;
    const named = this.#alias ? pulumi.interpolate`${functionName}:${this.#alias.name}` : functionName;
    return { values: { functionName: named }, grants: [grantInvoke(this.arn)] };
  }

  /** Lets an AWS service invoke the function for one resource of this account. */
  allowInvoke(name: string, service: string, sourceArn: pulumi.Input<string>): aws.lambda.Permission {
    return new aws.lambda.Permission(
      name,
      {
        function: this.function.name,
        qualifier: this.#alias?.name,
        action: "lambda:InvokeFunction",
        principal: service,
        sourceArn,
      },
      { parent: this },
    );
  }

  /** Grants more, after the fact: for what is wired to a function that exists already. */
  grant(name: string, grants: Grant[]): aws.iam.RolePolicy {
    return new aws.iam.RolePolicy(
      `${name}-grants`,
      { role: this.#role.name, policy: policyOf(grants) },
      { parent: this },
    );
  }

  /**
   * Refuses to be invoked by a service that cannot: nothing but API Gateway says whose call it is, and queues and streams
   * wait only so long.
   *
   * @param component who asks, for the message
   * @param longestSeconds what it waits for
   */
  checkTrigger(component: string, longestSeconds = Number.POSITIVE_INFINITY): void {
    if (this.tenantIsolation) {
      const remedy = "only API Gateway says whose call it is; let a function without it invoke this one";
      throw new InvalidArgumentError(component, "tenantIsolation", true, remedy);
    }
    const seconds = this.#durable?.executionTimeoutSeconds ?? 0;
    if (seconds > longestSeconds) {
      const remedy = `a queue or stream waits for at most ${longestSeconds} s; lower it, or start the function from another one`;
      throw new InvalidArgumentError(component, "durable.executionTimeoutSeconds", seconds, remedy);
    }
  }
}
