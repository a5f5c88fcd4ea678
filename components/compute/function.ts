import { relative } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { type Grant, grantInvoke, policyOf, trustOf } from "../grants.ts";
import { checkForm, checkRange, checkRetention, InvalidArgumentError } from "../invalid-argument.ts";
import type { Tags } from "../tags.ts";
import { bundle } from "./bundle.ts";
import { checkDurable, type DurableArgs, durableInputs, publishDurable } from "./durable.ts";
import { checkVariableNames, checkVariablesFit } from "./environment.ts";
import { type Link, type Links, linkAll } from "./link.ts";

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
  tags?: Tags;
}

/**
 * A Lambda function: bundled, on arm64 and Node 24, with a role and a log group of its own.
 *
 * ```ts
 * new Function("orders", { entry: "functions/orders", grants: [grantSend(queue.arn)] });
 * ```
 */
export class Function extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  /** What callers and triggers name: the function, or the alias of a durable one. */
  readonly targetArn: pulumi.Output<string>;
  readonly functionName: pulumi.Output<string>;
  readonly invokeArn: pulumi.Output<string>;
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
    checkArgs("Function", name, args, {
      entry: "name the folder with the handler.ts",
      "durable.executionTimeoutSeconds": "say for how long an execution may last, 1 to 31622400 s",
    });
    validate(name, args);
    const child = { parent: this };
    const { architecture = "arm64", grants = [], environment = {}, nativeModules, tags, tracing = true } = args;
    this.timeoutSeconds = args.timeoutSeconds ?? 10;
    this.tenantIsolation = args.tenantIsolation ?? false;
    this.#durable = args.durable;

    const links = linkAll(`Function "${name}"`, args.link ?? {});
    const variables = { NODE_OPTIONS: "--enable-source-maps", ...environment, ...links.environment };
    checkVariablesFit(`Function "${name}"`, variables);
    const role = new aws.iam.Role(`${name}-role`, { assumeRolePolicy: trustOf("lambda.amazonaws.com"), tags }, child);
    // Named after the function where that has a name: Lambda then finds it without being told.
    const logGroup = new aws.cloudwatch.LogGroup(
      `${name}-logs`,
      {
        name: args.functionName && `/aws/lambda/${args.functionName}`,
        retentionInDays: args.logRetentionDays ?? 30,
        tags,
      },
      child,
    );
    const policy = new aws.iam.RolePolicy(
      `${name}-policy`,
      { role: role.name, policy: policyOf([writeLogs(logGroup.arn), ...grants, ...links.grants]) },
      child,
    );
    // PutTraceSegments has no resource to name: AWS's own policy is the narrowest there is.
    const traces = tracing
      ? [new aws.iam.RolePolicyAttachment(`${name}-tracing`, { role: role.name, policyArn: TRACING_POLICY }, child)]
      : [];
    this.function = new aws.lambda.Function(
      name,
      {
        name: args.functionName,
        description: args.description,
        role: role.arn,
        runtime: "nodejs24.x",
        architectures: [architecture === "x64" ? "x86_64" : "arm64"],
        handler: "index.handler",
        code: bundle({ entry: args.entry, nativeModules, architecture }),
        memorySize: args.memoryMb ?? 512,
        timeout: this.timeoutSeconds,
        ephemeralStorage: { size: args.ephemeralStorageMb ?? 512 },
        tenancyConfig: this.tenantIsolation ? { tenantIsolationMode: "PER_TENANT" } : undefined,
        ...durableInputs(args.durable),
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
      { parent: this, dependsOn: [policy, ...traces] },
    );

    this.#role = role;
    this.#alias = args.durable && publishDurable(this, name, this.function, role);
    this.arn = this.function.arn;
    this.targetArn = (this.#alias ?? this.function).arn;
    this.functionName = this.function.name;
    this.invokeArn = (this.#alias ?? this.function).invokeArn;
    this.triggerGrants = [grantInvoke(this.arn)];
    this.roleArn = role.arn;
    this.logGroupName = logGroup.name;
    this.registerOutputs({
      arn: this.arn,
      functionName: this.functionName,
      roleArn: this.roleArn,
      ...(args.link ? { link: { entry: relative(process.cwd(), args.entry), names: links.names } } : {}),
    });
  }

  /** For `link`: invoke it. */
  invoke(): Link {
    return { values: { functionName: this.functionName }, grants: [grantInvoke(this.arn)] };
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

const TRACING_POLICY = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess";

const writeLogs = (logGroup: pulumi.Input<string>): Grant => ({
  actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
  resources: [pulumi.interpolate`${logGroup}:*`],
});

function validate(name: string, args: FunctionArgs): void {
  const component = `Function "${name}"`;
  if (!args.entry)
    throw new InvalidArgumentError(component, "entry", args.entry, "name the folder with the handler.ts");
  checkForm(component, "functionName", args.functionName, /^[\w-]{1,64}$/, "1 to 64 letters, digits, - or _");
  checkRange(component, "memoryMb", args.memoryMb, 128, 10_240);
  checkRange(component, "timeoutSeconds", args.timeoutSeconds, 1, 900);
  checkRange(component, "ephemeralStorageMb", args.ephemeralStorageMb, 512, 10_240);
  checkRange(component, "reservedConcurrency", args.reservedConcurrency, 0, 1000);
  for (const [index, grant] of (args.grants ?? []).entries()) checkGrant(component, `grants[${index}]`, grant);
  checkVariableNames(component, args.environment);
  checkRetention(component, "logRetentionDays", args.logRetentionDays);
  checkDurable(component, args.durable);
}

/** A star would grant what nobody thought of; what comes later is the policy pack's to judge. */
function checkGrant(component: string, argument: string, { actions, resources }: Grant): void {
  for (const action of actions) {
    if (/^\*$|:\*$/.test(action)) {
      throw new InvalidArgumentError(component, `${argument}.actions`, action, "name the actions that it takes");
    }
  }
  if (Array.isArray(resources) && resources.includes("*")) {
    throw new InvalidArgumentError(component, `${argument}.resources`, "*", "name the resources by their ARNs");
  }
}
