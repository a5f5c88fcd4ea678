/** PutMetricFilter, DescribeMetricFilters, DeleteMetricFilter, TestMetricFilter. */
import type {
  DescribeMetricFiltersRequest,
  MetricTransformation,
  PutMetricFilterRequest,
  TestMetricFilterRequest,
} from "@aws-sdk/client-cloudwatch-logs";
import type { Resource } from "../../../engine/graph.ts";
import { AwsError, type Cloud, type Operation } from "../../service.ts";
import type { GroupAccess } from "./access.ts";
import { filterPattern } from "./filter-pattern.ts";
import { metricFiltersOf } from "./metric-filters.ts";

const MAX_FILTERS = 100;

export function metricFilterOperations(cloud: Cloud, { on, group }: GroupAccess): Record<string, Operation> {
  const filters = metricFiltersOf(cloud);
  return {
    PutMetricFilter: {
      authorize: on("PutMetricFilter"),
      run(input: PutMetricFilterRequest) {
        const { name } = group(input);
        if (!/^[^:*]{1,512}$/.test(input.filterName ?? ""))
          throw invalid(`"${input.filterName}" is not a filter's name.`);
        const transformations = input.metricTransformations ?? [];
        for (const each of transformations) check(each);
        if (transformations.length !== 1) throw invalid("A metric filter has one metric transformation.");
        const others = filters.all().filter((each) => each.group === name && each.name !== input.filterName);
        if (others.length >= MAX_FILTERS) throw new AwsError("LimitExceededException", "Resource limit exceeded.");
        filters.put({
          ...{ name: input.filterName!, group: name, pattern: input.filterPattern ?? "", transformations },
          ...{ createdAt: cloud.clock.now(), isDeclared: false },
        });
        return {};
      },
    },
    DeleteMetricFilter: {
      authorize: on("DeleteMetricFilter"),
      run(input: { logGroupName?: string; filterName?: string }) {
        if (!filters.remove(group(input).name, String(input.filterName))) {
          throw new AwsError("ResourceNotFoundException", "The specified metric filter does not exist.");
        }
        return {};
      },
    },
    DescribeMetricFilters: {
      authorize: on("DescribeMetricFilters"),
      run({ logGroupName, filterNamePrefix = "", metricName, metricNamespace }: DescribeMetricFiltersRequest) {
        const found = filters
          .all()
          .filter(
            (each) =>
              (logGroupName ?? each.group) === each.group &&
              each.name.startsWith(filterNamePrefix) &&
              each.transformations.some(
                (made) =>
                  (metricName ?? made.metricName) === made.metricName &&
                  (metricNamespace ?? made.metricNamespace) === made.metricNamespace,
              ),
          );
        return {
          metricFilters: found.map((each) => ({
            ...{ filterName: each.name, filterPattern: each.pattern, logGroupName: each.group },
            ...{ metricTransformations: each.transformations, creationTime: each.createdAt },
          })),
        };
      },
    },
    TestMetricFilter: {
      authorize: () => ({ action: "logs:TestMetricFilter", resource: "*" }),
      run({ filterPattern: pattern = "", logEventMessages = [] }: TestMetricFilterRequest) {
        const matches = filterPattern(pattern);
        const found = logEventMessages.map((eventMessage, index) => ({ eventNumber: index + 1, eventMessage }));
        return { matches: found.filter(({ eventMessage }) => matches(eventMessage)) };
      },
    },
  };
}

/** `aws:cloudwatch/logMetricFilter:LogMetricFilter` */
export function declareMetricFilter(cloud: Cloud): (resource: Resource) => void {
  const filters = metricFiltersOf(cloud);
  return ({ inputs, outputs, name }) => {
    const {
      name: metricName,
      namespace,
      value,
      dimensions,
      unit,
      defaultValue,
    } = inputs.metricTransformation as Record<string, string>;
    filters.put({
      ...{
        name: String(outputs.name ?? name),
        group: String(inputs.logGroupName),
        pattern: String(inputs.pattern ?? ""),
      },
      transformations: [
        {
          ...{ metricName, metricNamespace: namespace, metricValue: value, unit: unit as MetricTransformation["unit"] },
          dimensions: dimensions as unknown as Record<string, string> | undefined,
          ...(defaultValue !== undefined && { defaultValue: Number(defaultValue) }),
        },
      ],
      ...{ createdAt: cloud.clock.now(), isDeclared: true },
    });
  };
}

function check({
  metricName,
  metricNamespace,
  metricValue,
  dimensions = {},
  defaultValue,
}: MetricTransformation): void {
  if (!metricName || !metricNamespace || !metricValue) {
    throw invalid("A metric transformation has to have metricName, metricNamespace and metricValue.");
  }
  if (Object.keys(dimensions).length > 3) throw invalid("A metric transformation has at most three dimensions.");
  if (defaultValue !== undefined && Object.keys(dimensions).length > 0) {
    throw invalid("A metric transformation with dimensions has no default value.");
  }
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterException", message);
}
