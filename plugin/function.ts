import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";
import type { FunctionArgs, FunctionVpcArgs, SigningArgs } from "./function-args.ts";

/** A Lambda function: bundled, on arm64 and Node 24, with a role and a log group of its own. */
export class Function extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  /** What callers and triggers name: the function, or its alias where it has one. */
  readonly targetArn: pulumi.Output<string>;
  readonly functionName: pulumi.Output<string>;
  readonly roleArn: pulumi.Output<string>;
  readonly logGroupName: pulumi.Output<string>;
  readonly url?: pulumi.Output<string>;
  readonly securityGroupId?: pulumi.Output<string>;

  constructor(name: string, args: FunctionArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:Function", name, {}, options);
    const fn = functionOf(name, args, this);
    this.arn = fn.arn;
    this.targetArn = fn.targetArn;
    this.functionName = fn.functionName;
    this.roleArn = fn.roleArn;
    this.logGroupName = fn.logGroupName;
    if (fn.url) this.url = fn.url;
    if (fn.securityGroupId) this.securityGroupId = fn.securityGroupId;
    this.registerOutputs({
      ...{ arn: this.arn, targetArn: this.targetArn, functionName: this.functionName },
      ...{ roleArn: this.roleArn, logGroupName: this.logGroupName },
      ...(this.url ? { url: this.url } : {}),
      ...(this.securityGroupId ? { securityGroupId: this.securityGroupId } : {}),
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
  const { vpc, signing, ...rest } = args;
  const made = {
    ...rest,
    grants: [...(args.grants ?? []), ...more],
    ...(vpc ? { vpc: vpcOf(name, vpc, parent) } : {}),
    ...(signing ? { signing: signingOf(name, signing, parent) } : {}),
  };
  return new terrace.Function(name, made as terrace.FunctionArgs, { parent });
}

function vpcOf(name: string, { tier, securityGroupIds, ...existing }: FunctionVpcArgs, parent: pulumi.Resource) {
  return { network: terrace.Network.get(`${name}-network`, existing, { parent }), tier, securityGroupIds };
}

function signingOf(name: string, { bucketName, ...rest }: SigningArgs, parent: pulumi.Resource) {
  return { ...rest, bucket: terrace.Bucket.get(`${name}-packages`, bucketName, { parent }) };
}
