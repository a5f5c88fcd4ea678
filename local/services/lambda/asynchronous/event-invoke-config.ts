/** How asynchronous invocations of a function, version or alias are retried, and who is told what became of them. */
import type { Resource } from "../../../../engine/graph.ts";
import { AwsError, type Clock } from "../../../service.ts";
import { parseFunctionName } from "../function-config.ts";

export interface EventInvokeConfig {
  functionName: string;
  qualifier: string;
  maximumRetryAttempts: number;
  maximumEventAgeSeconds: number;
  onFailure?: string;
  onSuccess?: string;
  lastModified: number;
}

export interface EventInvokeConfigs {
  put(resource: Resource): void;
  get(functionName: string, qualifier: string): EventInvokeConfig | undefined;
  /** With Lambda's own settings where nothing was configured. */
  effective(functionName: string, qualifier?: string): EventInvokeConfig;
  of(functionName: string): EventInvokeConfig[];
  remove(functionName: string, qualifier?: string): void;
}

export function eventInvokeConfigs(clock: Clock): EventInvokeConfigs {
  const all = new Map<string, Map<string, EventInvokeConfig>>();

  return {
    put({ inputs }) {
      const { name, qualifier } = parseFunctionName(String(inputs.functionName));
      const destinations = inputs.destinationConfig as Record<string, { destination?: string }> | undefined;
      const config: EventInvokeConfig = {
        functionName: name,
        qualifier: String(inputs.qualifier ?? qualifier ?? "$LATEST"),
        maximumRetryAttempts: number(inputs, "maximumRetryAttempts", 2, 0, 2),
        maximumEventAgeSeconds: number(inputs, "maximumEventAgeInSeconds", 21_600, 60, 21_600),
        onFailure: destinationOf(destinations?.onFailure?.destination, [...DESTINATIONS, "s3"]),
        onSuccess: destinationOf(destinations?.onSuccess?.destination, DESTINATIONS),
        lastModified: clock.now(),
      };
      const own = all.get(name) ?? new Map<string, EventInvokeConfig>();
      all.set(name, own.set(config.qualifier, config));
    },
    get: (name, qualifier) => all.get(name)?.get(qualifier),
    effective: (functionName, qualifier = "$LATEST") =>
      all.get(functionName)?.get(qualifier) ?? {
        ...{ functionName, qualifier, maximumRetryAttempts: 2, maximumEventAgeSeconds: 21_600, lastModified: 0 },
      },
    of: (name) => [...(all.get(name)?.values() ?? [])],
    remove(name, qualifier) {
      if (qualifier === undefined) all.delete(name);
      else all.get(name)?.delete(qualifier);
    },
  };
}

function number(inputs: Resource["inputs"], name: string, byDefault: number, least: number, most: number): number {
  const value = Number(inputs[name] ?? byDefault);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const bound = value < least ? `greater than or equal to ${least}` : `less than or equal to ${most}`;
  throw new AwsError(
    "ValidationException",
    `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: Member must have value ${bound}`,
  );
}

const DESTINATIONS = ["sqs", "sns", "lambda", "events"];

function destinationOf(arn: string | undefined, services: string[]): string | undefined {
  if (!arn) return undefined;
  if (services.includes(arn.split(":")[2] ?? "")) return arn;
  throw new AwsError(
    "InvalidParameterValueException",
    `The destination ARN ${arn} is invalid: it names a queue, topic, function or event bus, or for failures a bucket.`,
  );
}
