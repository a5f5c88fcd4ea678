/** What Lambda refuses of a function, whoever declares it. */
import { AwsError } from "../../service.ts";
import type { FunctionConfig } from "./function-config.ts";

const ENVIRONMENT_LIMIT_BYTES = 4096;
const RESERVED = new Set(
  "_HANDLER _X_AMZN_TRACE_ID AWS_DEFAULT_REGION AWS_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_LAMBDA_RUNTIME_API LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR".split(
    " ",
  ),
);

/** @throws AwsError in AWS's words */
export function checkLimits(config: FunctionConfig): void {
  const { name, memoryMb, timeoutSeconds, ephemeralStorageMb, layers, environment, durable } = config;
  if (!/^[a-zA-Z0-9-_]{1,64}$/.test(name)) {
    throw constraint(name, "functionName", "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]{1,64}");
  }
  between(memoryMb, "memorySize", 128, 10_240);
  between(timeoutSeconds, "timeout", 1, 900);
  between(ephemeralStorageMb, "ephemeralStorage.size", 512, 10_240);
  if (durable) {
    between(durable.executionTimeoutSeconds, "durableConfig.executionTimeout", 1, 31_622_400);
    between(durable.retentionDays, "durableConfig.retentionPeriodInDays", 1, 90);
  }
  if (layers.length > 5) throw invalid("Layers consumption exceeds the limit of 5 layers");
  checkEnvironment(environment);
}

function checkEnvironment(environment: Record<string, string>): void {
  const intro =
    "Lambda was unable to configure your environment variables because the environment variables you have provided";
  const reserved = Object.keys(environment).filter((name) => RESERVED.has(name));
  if (reserved.length > 0) {
    throw invalid(
      `${intro} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(", ")}`,
    );
  }
  const wrong = Object.keys(environment).find((name) => !/^[a-zA-Z]\w+$/.test(name));
  if (wrong !== undefined) {
    throw constraint(
      wrong,
      "environment.variables",
      "Map keys must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+",
    );
  }
  const text = JSON.stringify(environment);
  if (Buffer.byteLength(text) > ENVIRONMENT_LIMIT_BYTES) {
    throw invalid(`${intro} exceeded the 4KB limit. String measured: ${Buffer.byteLength(text)} bytes`);
  }
}

function between(value: number, member: string, least: number, most: number): void {
  if (value < least) throw constraint(value, member, `Member must have value greater than or equal to ${least}`);
  if (!(value <= most)) throw constraint(value, member, `Member must have value less than or equal to ${most}`);
}

function constraint(value: unknown, member: string, must: string): AwsError {
  const message = `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${must}`;
  return new AwsError("ValidationException", message);
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", message, 400, { Type: "User" });
}
