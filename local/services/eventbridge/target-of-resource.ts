/** A target as Pulumi writes it, as the API has it. */
import type { Resource } from "../../../engine/graph.ts";
import { AwsError } from "../../service.ts";
import type { RuleTarget } from "./registry.ts";

// biome-ignore lint/suspicious/noExplicitAny: a resource's inputs are plain JSON of the shape the provider documents
type Inputs = Record<string, any>;

const READ = ["arn", "deadLetterConfig", "eventBusName", "forceDestroy", "input", "inputPath", "inputTransformer"];
const READ_TOO = ["kinesisTarget", "region", "retryPolicy", "roleArn", "rule", "sqsTarget", "targetId"];

export function targetOfResource({ inputs, outputs }: Resource): RuleTarget {
  const given = inputs as Inputs;
  const strangers = Object.keys(given).filter((name) => given[name] != null && ![...READ, ...READ_TOO].includes(name));
  if (strangers.length > 0) {
    throw new AwsError("ValidationException", `${strangers.join(", ")} of a target is not emulated on this machine.`);
  }
  const { inputTransformer, retryPolicy, deadLetterConfig, sqsTarget, kinesisTarget } = given;
  return {
    Id: String(outputs.targetId),
    Arn: given.arn,
    ...(given.roleArn && { RoleArn: given.roleArn }),
    ...(given.input !== undefined && { Input: given.input }),
    ...(given.inputPath !== undefined && { InputPath: given.inputPath }),
    ...(inputTransformer && {
      InputTransformer: {
        InputPathsMap: inputTransformer.inputPaths,
        InputTemplate: inputTransformer.inputTemplate,
      },
    }),
    ...(retryPolicy && {
      RetryPolicy: {
        MaximumRetryAttempts: retryPolicy.maximumRetryAttempts,
        MaximumEventAgeInSeconds: retryPolicy.maximumEventAgeInSeconds,
      },
    }),
    ...(deadLetterConfig?.arn && { DeadLetterConfig: { Arn: deadLetterConfig.arn } }),
    ...(sqsTarget?.messageGroupId && { SqsParameters: { MessageGroupId: sqsTarget.messageGroupId } }),
    ...(kinesisTarget?.partitionKeyPath && {
      KinesisParameters: { PartitionKeyPath: kinesisTarget.partitionKeyPath },
    }),
  };
}
