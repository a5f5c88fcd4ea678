/** PutSubscriptionFilter, DescribeSubscriptionFilters, DeleteSubscriptionFilter, and filters that a program declares. */
import type { DescribeSubscriptionFiltersRequest, PutSubscriptionFilterRequest } from "@aws-sdk/client-cloudwatch-logs";
import type { Resource } from "../../../../engine/graph.ts";
import { AwsError, type Cloud, type Operation } from "../../../service.ts";
import type { GroupAccess } from "../access.ts";
import { type SubscriptionFilter, subscriptionFiltersOf } from "./filters.ts";

const MAX_FILTERS = 2;
const MAX_PATTERN = 1024;
/** What AWS says of a destination that it can not reach, by kind. */
const UNREACHABLE: Record<string, string> = {
  lambda:
    "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.",
  kinesis:
    "Could not deliver test message to specified Kinesis stream. Check if the given kinesis stream is in ACTIVE state.",
  firehose:
    "Could not deliver test message to specified Firehose stream. Check if the given Firehose stream is in ACTIVE state.",
};

export interface SubscriptionOperations {
  operations: Record<string, Operation>;
  /** `aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter` */
  declare(resource: Resource): Promise<void>;
}

export function subscriptionOperations(cloud: Cloud, { on, group }: GroupAccess): SubscriptionOperations {
  const filters = subscriptionFiltersOf(cloud);

  async function put(input: PutSubscriptionFilterRequest, isDeclared: boolean): Promise<void> {
    const { name } = group(input);
    const filter = filterOf(input, name, isDeclared, cloud.clock.now());
    const others = [...(filters.of(name) ?? [])].filter((each) => each.name !== filter.name);
    if (others.length >= MAX_FILTERS) throw new AwsError("LimitExceededException", "Resource limit exceeded.");
    const before = filters.known(name, filter.name);
    const createdAt = before?.createdAt ?? filter.createdAt;
    // What the program declared at the last start was tried then.
    if (!(isDeclared && before && isSame(before, filter))) await tryIt(filter);
    const closesLoop = await leadsBack(filter);
    filters.put({ ...filter, createdAt, closesLoop });
    if (!closesLoop) return;
    const message = `${filter.destinationArn} writes to what the filter ${filter.name} of ${name} brings it: on AWS that goes on without end, here nothing is delivered`;
    cloud.log({ level: "warn", source: "logs", message });
  }

  async function tryIt(filter: SubscriptionFilter): Promise<void> {
    const { tryDestination } = await import("./delivery.ts");
    try {
      await tryDestination(cloud, filter);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const message = `${filter.group} can not deliver to ${filter.destinationArn}: ${error.message}`;
      cloud.log({ level: "warn", source: "logs", message });
      throw invalid(UNREACHABLE[kindOf(filter.destinationArn)]!);
    }
  }

  /** Whether what the destination writes comes to it again, by way of other functions too. */
  async function leadsBack({ group: start, destinationArn }: SubscriptionFilter): Promise<boolean> {
    const seen = new Set<string>();
    const waiting = [destinationArn];
    for (let arn = waiting.pop(); arn !== undefined; arn = waiting.pop()) {
      if (kindOf(arn) !== "lambda") continue;
      const { LoggingConfig } = await cloud.call("lambda", "GetFunctionConfiguration", { FunctionName: arn });
      const written = String(LoggingConfig.LogGroup);
      if (written === start) return true;
      if (seen.has(written)) continue;
      seen.add(written);
      for (const each of filters.of(written) ?? []) waiting.push(each.destinationArn);
    }
    return false;
  }

  const operations: Record<string, Operation> = {
    PutSubscriptionFilter: {
      authorize(input: PutSubscriptionFilterRequest) {
        const onRole = {
          ...{ action: "iam:PassRole", resource: input.roleArn! },
          context: { "iam:PassedToService": "logs.amazonaws.com" },
        };
        return [on("PutSubscriptionFilter")(input), ...(input.roleArn ? [onRole] : [])];
      },
      async run(input: PutSubscriptionFilterRequest) {
        await put(input, false);
        return {};
      },
    },
    DescribeSubscriptionFilters: {
      authorize: on("DescribeSubscriptionFilters"),
      run(input: DescribeSubscriptionFiltersRequest) {
        const prefix = input.filterNamePrefix ?? "";
        const found = [...(filters.of(group(input).name) ?? [])].filter(({ name }) => name.startsWith(prefix));
        return {
          subscriptionFilters: found.map((each) => ({
            ...{ filterName: each.name, logGroupName: each.group, filterPattern: each.pattern },
            ...{ destinationArn: each.destinationArn, roleArn: each.roleArn, distribution: each.distribution },
            creationTime: each.createdAt,
          })),
        };
      },
    },
    DeleteSubscriptionFilter: {
      authorize: on("DeleteSubscriptionFilter"),
      run(input: { logGroupName?: string; filterName?: string }) {
        if (!filters.remove(group(input).name, String(input.filterName))) {
          throw new AwsError("ResourceNotFoundException", "The specified subscription filter does not exist.");
        }
        return {};
      },
    },
  };

  return {
    operations,
    async declare({ inputs, outputs, name }) {
      const { logGroup, filterPattern, destinationArn, roleArn, distribution } = inputs as Record<string, string>;
      const filterName = String(outputs.name ?? name);
      const rest = { filterPattern: filterPattern ?? "", destinationArn, roleArn, distribution };
      await put({ logGroupName: logGroup, filterName, ...rest } as PutSubscriptionFilterRequest, true);
    },
  };
}

const kindOf = (arn: string): string => arn.split(":")[2] ?? "";

function isSame(before: SubscriptionFilter, filter: SubscriptionFilter): boolean {
  const text = ({ pattern, destinationArn, roleArn, distribution }: SubscriptionFilter) =>
    JSON.stringify([pattern, destinationArn, roleArn, distribution]);
  return text(before) === text(filter);
}

function filterOf(
  input: PutSubscriptionFilterRequest,
  group: string,
  isDeclared: boolean,
  createdAt: number,
): SubscriptionFilter {
  const { filterName = "", filterPattern = "", destinationArn = "", roleArn, distribution = "ByLogStream" } = input;
  if (!/^[^:*]{1,512}$/.test(filterName)) throw invalid(`"${filterName}" is not a filter's name.`);
  if (filterPattern.length > MAX_PATTERN) throw invalid(`A filter pattern has at most ${MAX_PATTERN} characters.`);
  if (distribution !== "ByLogStream" && distribution !== "Random") {
    throw invalid("distribution is ByLogStream or Random.");
  }
  const kind = kindOf(destinationArn);
  if (UNREACHABLE[kind] === undefined) {
    throw invalid(`"${destinationArn}" is not the ARN of a function, a stream or a delivery stream.`);
  }
  if (kind === "lambda" && roleArn) {
    throw invalid("destinationArn for vendor lambda cannot be used with roleArn");
  }
  if (kind !== "lambda" && !roleArn) throw invalid(`destinationArn for vendor ${kind} needs a roleArn`);
  return {
    ...{ name: filterName, group, pattern: filterPattern, destinationArn, roleArn: roleArn || undefined },
    ...{ distribution, createdAt, isDeclared, closesLoop: false },
  };
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterException", message);
}
