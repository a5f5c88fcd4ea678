import type { Rule } from "../rule.ts";

/** Type → property and AWS's limit on it, in characters. From each service's quotas page. */
const LIMITS: Record<string, [property: string, limit: number]> = {
  "aws:lambda/function:Function": ["name", 64],
  "aws:iam/role:Role": ["name", 64],
  "aws:iam/policy:Policy": ["name", 128],
  "aws:sqs/queue:Queue": ["name", 80],
  "aws:sns/topic:Topic": ["name", 256],
  "aws:dynamodb/table:Table": ["name", 255],
  "aws:s3/bucket:Bucket": ["bucket", 63],
  "aws:rds/cluster:Cluster": ["clusterIdentifier", 63],
  "aws:cognito/userPool:UserPool": ["name", 128],
  "aws:scheduler/schedule:Schedule": ["name", 64],
  "aws:kinesis/stream:Stream": ["name", 128],
  "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": ["name", 64],
  "aws:sfn/stateMachine:StateMachine": ["name", 80],
  "aws:athena/workgroup:Workgroup": ["name", 128],
  "aws:cloudwatch/metricAlarm:MetricAlarm": ["name", 255],
  "aws:cloudwatch/eventRule:EventRule": ["name", 64],
  "aws:codepipeline/pipeline:Pipeline": ["name", 100],
  "aws:elasticache/serverlessCache:ServerlessCache": ["name", 40],
};

export const namesInsideLimits: Rule = {
  name: "names-inside-limits",
  description: "Every physical name is short enough for its service, so that it is neither refused nor cut.",
  remedy: "Make names with nameOf (components/names.ts): it shortens with a hash.",
  level: "mandatory",
  types: Object.keys(LIMITS),
  *check({ type, properties }) {
    const [property, limit] = LIMITS[type]!;
    const value = properties[property];
    if (typeof value === "string" && value.length > limit) {
      yield `${property} "${value}" has ${value.length} characters, ${limit} are allowed`;
    }
  },
};
