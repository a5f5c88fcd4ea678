import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { trustOf } from "../policy-documents.ts";

/**
 * The role with which API Gateway writes logs: one per account and region, whoever has APIs there.
 *
 * ```ts
 * new ApiLogging("api-logging");
 * ```
 */
export class ApiLogging extends pulumi.ComponentResource {
  constructor(name: string, args: Record<string, never> = {}, options?: pulumi.ComponentResourceOptions) {
    super("terrace:edge:ApiLogging", name, {}, options);
    checkArgs("ApiLogging", name, args);
    const role = new aws.iam.Role(
      `${name}-role`,
      { assumeRolePolicy: trustOf("apigateway.amazonaws.com") },
      { parent: this },
    );
    const policyArn = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs";
    const policy = new aws.iam.RolePolicyAttachment(`${name}-policy`, { role: role.name, policyArn }, { parent: this });
    new aws.apigateway.Account(
      `${name}-account`,
      { cloudwatchRoleArn: role.arn },
      { parent: this, dependsOn: [policy] },
    );
    this.registerOutputs({});
  }
}
