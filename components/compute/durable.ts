/**
 * Durable functions: Lambda keeps a checkpoint of every step, so that an execution survives restarts and waits for up to a
 * year. AWS has them as a property of a function, invoked by a version or an alias: so they are an argument of `Function`.
 */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkRange } from "../invalid-argument.ts";
import { policyOf } from "../policy-documents.ts";

export interface DurableArgs {
  /** Seconds that one execution may take in all, waits included: 1 to 31622400 (366 days). */
  executionTimeoutSeconds: number;
  /** Days that the history of a finished execution is kept, 1 to 90. @default 14 */
  retentionDays?: number;
}

export function durableInputs(durable: DurableArgs | undefined): Pick<aws.lambda.FunctionArgs, "durableConfig"> {
  if (!durable) return {};
  return {
    durableConfig: { executionTimeout: durable.executionTimeoutSeconds, retentionPeriod: durable.retentionDays ?? 14 },
  };
}

/** An execution that began on one version goes on with it, whatever is deployed meanwhile: callers name an alias. */
export function keepCheckpoints(
  parent: pulumi.Resource,
  name: string,
  fn: aws.lambda.Function,
  role: aws.iam.Role,
): aws.iam.RolePolicy {
  return new aws.iam.RolePolicy(
    `${name}-durable`,
    {
      role: role.name,
      policy: policyOf([
        {
          actions: ["lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"],
          resources: [pulumi.interpolate`${fn.arn}:*`],
        },
      ]),
    },
    { parent },
  );
}

export function checkDurable(component: string, durable: DurableArgs | undefined): void {
  if (!durable) return;
  const { executionTimeoutSeconds, retentionDays } = durable;
  checkRange(component, "durable.executionTimeoutSeconds", executionTimeoutSeconds, 1, 31_622_400);
  checkRange(component, "durable.retentionDays", retentionDays, 1, 90);
}
