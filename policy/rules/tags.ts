import type { Rule } from "../rule.ts";

const WANTED = ["Platform", "Environment"] as const;

/** What costs money or keeps data, and so has an owner. */
const TAGGED = [
  "aws:rds/cluster:Cluster",
  "aws:dynamodb/table:Table",
  "aws:s3/bucket:Bucket",
  "aws:lambda/function:Function",
  "aws:sqs/queue:Queue",
  "aws:sns/topic:Topic",
  "aws:cognito/userPool:UserPool",
  "aws:apigateway/restApi:RestApi",
  "aws:apigatewayv2/api:Api",
  "aws:kinesis/stream:Stream",
  "aws:sfn/stateMachine:StateMachine",
  "aws:cloudfront/distribution:Distribution",
  "aws:elasticache/serverlessCache:ServerlessCache",
];

export const tags: Rule = {
  name: "tags",
  description: "Whatever costs money says which platform and environment it belongs to.",
  remedy: "Pass tags: tagsFor({ environment, cell }) to the component.",
  level: "advisory",
  types: TAGGED,
  *check({ properties }) {
    const given = { ...properties.tags, ...properties.tagsAll };
    const missing = WANTED.filter((key) => !given[key]);
    if (missing.length > 0) yield `the tags ${missing.join(" and ")} are missing`;
  },
};
