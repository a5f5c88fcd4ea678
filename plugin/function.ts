import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";

/** Actions that are allowed on resources. */
export interface GrantArgs {
  /** "sqs:SendMessage" */
  actions: string[];
  /** ARNs; a bare star is refused. */
  resources: pulumi.Input<string>[];
}

export interface FunctionArgs {
  /** Folder with the handler.ts to bundle. */
  entry: string;
  /** Physical name. Pulumi's autonaming by default. */
  functionName?: string;
  description?: string;
  /** MB, which also set the CPU share; 512 by default. */
  memoryMb?: number;
  /** Seconds; 10 by default. */
  timeoutSeconds?: number;
  /** Values by reference; secrets belong in Secrets Manager or SSM. */
  environment?: Record<string, pulumi.Input<string>>;
  /** What the function may do; nothing but its own logs and traces by default. */
  grants?: GrantArgs[];
  /** Packages with compiled parts. */
  nativeModules?: string[];
  /** Days to keep logs; 30 by default. */
  logRetentionDays?: number;
  /** Upper bound of parallel executions; 0 stops the function. */
  reservedConcurrency?: number;
  /** "arm64" (by default) or "x64". */
  architecture?: string;
  tags?: Record<string, string>;
}

/** A Lambda function: bundled, on arm64 and Node 24, with a role and a log group of its own. */
export class Function extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly functionName: pulumi.Output<string>;
  readonly roleArn: pulumi.Output<string>;
  readonly logGroupName: pulumi.Output<string>;

  constructor(name: string, args: FunctionArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:Function", name, {}, options);
    const fn = functionOf(name, args, this);
    this.arn = fn.arn;
    this.functionName = fn.functionName;
    this.roleArn = fn.roleArn;
    this.logGroupName = fn.logGroupName;
    this.registerOutputs({
      arn: this.arn,
      functionName: this.functionName,
      roleArn: this.roleArn,
      logGroupName: this.logGroupName,
    });
  }
}

/** @param more grants that its place asks for, as a consumer's on its queue */
export function functionOf(
  name: string,
  args: FunctionArgs,
  parent: pulumi.Resource,
  more: terrace.Grant[] = [],
): terrace.Function {
  const grants = [...(args.grants ?? []), ...more];
  return new terrace.Function(name, { ...args, grants } as terrace.FunctionArgs, { parent });
}
