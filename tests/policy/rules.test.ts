/** Each rule by what it refuses and what it lets pass. */
import { judge, type Subject } from "../../policy/rule.ts";
import { rules } from "../../policy/rules.ts";
import { allowing, document, subject } from "./subject.ts";

interface Example {
  refused: [message: RegExp, ...subjects: Subject[]][];
  passes: Subject[][];
}

const QUEUE = "aws:sqs/queue:Queue";
const BUCKET = "aws:s3/bucket:Bucket";
const FUNCTION = "aws:lambda/function:Function";
const PERMISSION = "aws:lambda/permission:Permission";
const MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping";
const GROUP = "aws:cloudwatch/logGroup:LogGroup";
const QUEUE_ARN = "arn:aws:sqs:eu-west-1:1:jobs";
const FUNCTION_ARN = "arn:aws:lambda:eu-west-1:1:function:worker";
const production = { Environment: "prod", Platform: "terrace" };

const publicAccessBlock = (bucket: string, value = true) =>
  subject("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", {
    ...{ bucket, blockPublicAcls: value, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
  });

const queuePolicy = (statement: object) =>
  subject("aws:sqs/queuePolicy:QueuePolicy", {
    policy: document({ Effect: "Allow", Action: "sqs:SendMessage", Resource: QUEUE_ARN, ...statement }),
  });

const sns = { Principal: { Service: "sns.amazonaws.com" } };
const arnEquals = { ArnEquals: { "aws:SourceArn": "arn:aws:sns:eu-west-1:1:topic" } };
const account = { StringEquals: { "aws:SourceAccount": "1" } };

const examples: Record<string, Example> = {
  "no-plain-secrets": {
    refused: [
      [/^password stands in plain text/, subject("aws:rds/cluster:Cluster", { password: "hunter2" })],
      [
        /^environment.variables.API_KEY stands in plain text/,
        subject(FUNCTION, { environment: { variables: { API_KEY: "abc" } } }),
      ],
      [/^description looks like a secret/, subject(FUNCTION, { description: "uses AKIAIOSFODNN7EXAMPLE" })],
      [/^urls\[0\] looks like a secret/, subject(FUNCTION, { urls: ["postgres://terrace:s3cret@db/app"] })],
    ],
    passes: [
      [subject("aws:rds/cluster:Cluster", { password: "hunter2" }, { secrets: ["password"] })],
      [subject(FUNCTION, { environment: { variables: { SECRET: "arn:aws:secretsmanager:eu-west-1:1:secret:x" } } })],
      [subject(FUNCTION, { environment: { variables: { TOKEN: "/terrace/prod/token" } } })],
      [subject("aws:cognito/userPoolClient:UserPoolClient", { tokenValidityUnits: { accessToken: "hours" } })],
    ],
  },
  "no-public-access": {
    refused: [
      [/no public access block/, subject(BUCKET, { bucket: "photos" })],
      [/^blockPublicAcls is not true/, publicAccessBlock("photos", false)],
      [/^publiclyAccessible/, subject("aws:rds/clusterInstance:ClusterInstance", { publiclyAccessible: true })],
      [/asks for no signature/, subject("aws:lambda/functionUrl:FunctionUrl", { authorizationType: "NONE" })],
      [
        /ports 5432-5432 are open to 0.0.0.0\/0/,
        subject("aws:ec2/securityGroup:SecurityGroup", {
          ingress: [{ fromPort: 5432, toPort: 5432, cidrBlocks: ["0.0.0.0/0"] }],
        }),
      ],
      [/everybody may sqs:SendMessage/, queuePolicy({ Principal: "*" })],
    ],
    passes: [
      [subject(BUCKET, { bucket: "photos" }), publicAccessBlock("photos")],
      [queuePolicy({ Principal: "*", Condition: account })],
      [
        subject("aws:ec2/securityGroup:SecurityGroup", {
          ingress: [{ fromPort: 443, toPort: 443, cidrBlocks: ["10.0.0.0/16"] }],
        }),
      ],
    ],
  },
  "no-wildcard-grant": {
    refused: [
      [/allows the action s3:\*/, ...allowing({ Action: "s3:*", Resource: "arn:aws:s3:::photos" })],
      [/allows the action \*/, ...allowing({ Action: "*", Resource: "arn:aws:s3:::photos" })],
      [/s3:GetObject on every resource/, ...allowing({ Action: ["s3:GetObject"], Resource: "*" })],
      [
        /sqs:SendMessage on every resource/,
        subject("aws:iam/role:Role", {
          inlinePolicies: [{ policy: document({ Effect: "Allow", Action: "sqs:SendMessage", Resource: "*" }) }],
        }),
      ],
    ],
    passes: [
      allowing({ Action: "s3:GetObject", Resource: "arn:aws:s3:::photos/*" }),
      allowing({ Action: ["xray:PutTraceSegments", "ec2:DescribeSubnets"], Resource: "*" }),
      allowing({ Effect: "Deny", Action: "*", Resource: "*" }),
    ],
  },
  "services-name-their-source": {
    refused: [
      [/without a condition on aws:SourceArn and aws:SourceAccount/, queuePolicy(sns)],
      [/without a condition on aws:SourceAccount/, queuePolicy({ ...sns, Condition: arnEquals })],
      [
        /without a condition on aws:SourceArn/,
        queuePolicy({ ...sns, Condition: { ...account, ArnLike: { "aws:SourceArn": "*" } } }),
      ],
      [/sourceArn is missing/, subject(PERMISSION, { principal: "apigateway.amazonaws.com" })],
      [/needs sourceAccount/, subject(PERMISSION, { principal: "s3.amazonaws.com", sourceArn: "arn:aws:s3:::photos" })],
      [
        /scheduler.amazonaws.com may act/,
        subject("aws:iam/role:Role", {
          assumeRolePolicy: document({
            ...{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "scheduler.amazonaws.com" } },
          }),
        }),
      ],
    ],
    passes: [
      [queuePolicy({ ...sns, Condition: { ...arnEquals, ...account } })],
      [subject(PERMISSION, { principal: "sns.amazonaws.com", sourceArn: "arn:aws:sns:eu-west-1:1:topic" })],
      [
        subject("aws:iam/role:Role", {
          assumeRolePolicy: document({
            ...{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "lambda.amazonaws.com" } },
          }),
        }),
      ],
    ],
  },
  "grants-stay-in-their-cell": {
    refused: [
      [
        /a role of cell a reaches jobs-of-b of cell b/,
        ...allowing({ Action: "sqs:SendMessage", Resource: QUEUE_ARN }, { Cell: "a" }),
        subject(QUEUE, { arn: QUEUE_ARN, tags: { Cell: "b" } }, { name: "jobs-of-b" }),
      ],
      [
        /a role of tenant acme reaches queue-of-globex of tenant globex/,
        ...allowing({ Action: "sqs:SendMessage", Resource: `${QUEUE_ARN}:x` }, { Cell: "a", TenantId: "acme" }),
        subject(QUEUE, { arn: QUEUE_ARN, tags: { Cell: "a", TenantId: "globex" } }, { name: "queue-of-globex" }),
      ],
    ],
    passes: [
      [
        ...allowing({ Action: "sqs:SendMessage", Resource: QUEUE_ARN }, { Cell: "a" }),
        subject(QUEUE, { arn: QUEUE_ARN, tags: { Cell: "a" } }),
      ],
      [
        ...allowing({ Action: "sqs:SendMessage", Resource: QUEUE_ARN }, { Cell: "a" }),
        subject(QUEUE, { arn: QUEUE_ARN, tags: {} }),
      ],
    ],
  },
  "encryption-at-rest": {
    refused: [
      [/storageEncrypted/, subject("aws:rds/cluster:Cluster", {})],
      [/sqsManagedSseEnabled/, subject(QUEUE, {})],
      [/kmsMasterKeyId/, subject("aws:sns/topic:Topic", {})],
      [/encryptionType/, subject("aws:kinesis/stream:Stream", { encryptionType: "NONE" })],
    ],
    passes: [
      [subject("aws:rds/cluster:Cluster", { storageEncrypted: true })],
      [subject(QUEUE, { kmsMasterKeyId: "alias/x" }), subject(QUEUE, { sqsManagedSseEnabled: true })],
    ],
  },
  "tls-only": {
    refused: [
      [/denies aws:SecureTransport/, subject(BUCKET, { bucket: "photos" })],
      [/TLS 1.0/, subject("aws:apigateway/domainName:DomainName", { securityPolicy: "TLS_1_0" })],
      [
        /plain HTTP/,
        subject("aws:cloudfront/distribution:Distribution", {
          defaultCacheBehavior: { viewerProtocolPolicy: "allow-all" },
        }),
      ],
    ],
    passes: [
      [
        subject(BUCKET, { bucket: "photos" }),
        subject("aws:s3/bucketPolicy:BucketPolicy", {
          bucket: "photos",
          policy: document({
            ...{ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: "arn:aws:s3:::photos/*" },
            Condition: { Bool: { "aws:SecureTransport": "false" } },
          }),
        }),
      ],
      [subject("aws:apigateway/domainName:DomainName", { securityPolicy: "TLS_1_2" })],
    ],
  },
  "production-keeps-data": {
    refused: [
      [
        /deletionProtection is off/,
        subject("aws:rds/cluster:Cluster", { tags: production, backupRetentionPeriod: 30 }, { protect: true }),
      ],
      [
        /less than 7 days/,
        subject("aws:rds/cluster:Cluster", { tags: production, deletionProtection: true }, { protect: true }),
      ],
      [/no protect/, subject(BUCKET, { tags: production })],
      [
        /pointInTimeRecovery/,
        subject("aws:dynamodb/table:Table", { tags: production, deletionProtectionEnabled: true }, { protect: true }),
      ],
    ],
    passes: [
      [subject("aws:rds/cluster:Cluster", { tags: { Environment: "dev" } })],
      [subject("aws:dynamodb/table:Table", { tags: production, ttl: { enabled: true } })],
      [
        subject(
          "aws:rds/cluster:Cluster",
          { tags: production, deletionProtection: true, backupRetentionPeriod: 35 },
          { protect: true },
        ),
      ],
    ],
  },
  "dead-letters": {
    refused: [
      [/no redrivePolicy/, subject(QUEUE, { arn: QUEUE_ARN })],
      [
        /sns.amazonaws.com calls it/,
        subject(FUNCTION, { name: "worker", arn: FUNCTION_ARN }),
        subject(PERMISSION, { function: "worker", principal: "sns.amazonaws.com" }),
      ],
      [
        /records that fail for good/,
        subject(MAPPING, { eventSourceArn: "arn:aws:kinesis:eu-west-1:1:stream/clicks", functionName: "worker" }),
      ],
    ],
    passes: [
      [
        subject(QUEUE, { arn: QUEUE_ARN }),
        subject(QUEUE, { arn: `${QUEUE_ARN}-2`, redrivePolicy: JSON.stringify({ deadLetterTargetArn: QUEUE_ARN }) }),
      ],
      [
        subject(FUNCTION, { name: "worker", arn: FUNCTION_ARN, deadLetterConfig: { targetArn: QUEUE_ARN } }),
        subject(PERMISSION, { function: "worker", principal: "sns.amazonaws.com" }),
      ],
      [
        subject(FUNCTION, { name: "worker", arn: FUNCTION_ARN }),
        subject(PERMISSION, { function: "worker", principal: "apigateway.amazonaws.com" }),
      ],
    ],
  },
  "visibility-outlasts-function": {
    refused: [
      [
        /jobs hides a message for 60 s, worker may take 30 s/,
        subject(QUEUE, { arn: QUEUE_ARN, visibilityTimeoutSeconds: 60 }, { name: "jobs" }),
        subject(FUNCTION, { name: "worker", arn: FUNCTION_ARN, timeout: 30 }, { name: "worker" }),
        subject(MAPPING, { eventSourceArn: QUEUE_ARN, functionName: FUNCTION_ARN }),
      ],
    ],
    passes: [
      [
        subject(QUEUE, { arn: QUEUE_ARN, visibilityTimeoutSeconds: 180 }),
        subject(FUNCTION, { name: "worker", arn: FUNCTION_ARN, timeout: 30 }),
        subject(MAPPING, { eventSourceArn: QUEUE_ARN, functionName: "worker" }),
      ],
    ],
  },
  "log-retention": {
    refused: [
      [/retentionInDays/, subject(GROUP, { name: "/aws/lambda/worker" })],
      [/is not in the stack/, subject(FUNCTION, { name: "worker" })],
    ],
    passes: [
      [subject(FUNCTION, { name: "worker" }), subject(GROUP, { name: "/aws/lambda/worker", retentionInDays: 14 })],
    ],
  },
  "names-inside-limits": {
    refused: [[/has 65 characters, 64 are allowed/, subject(FUNCTION, { name: "x".repeat(65) })]],
    passes: [[subject(FUNCTION, { name: "x".repeat(64) })]],
  },
  tags: {
    refused: [[/the tags Platform and Environment are missing/, subject(QUEUE, { tags: { Owner: "ada" } })]],
    passes: [[subject(QUEUE, { tags: production })]],
  },
};

it("every rule has examples", () => {
  expect(Object.keys(examples).sort()).toEqual(rules.map(({ name }) => name).sort());
});

describe.each(rules.map((rule) => [rule.name, rule] as const))("%s", (name, rule) => {
  const { refused, passes } = examples[name]!;

  it.each(refused.map(([message, ...subjects]) => [String(message), message, subjects] as const))(
    "refuses: %s",
    (_title, message, subjects) => {
      const violations = judge(subjects, [rule]);
      expect(violations.map((each) => each.message).join("\n")).toMatch(message);
      expect(violations[0]).toMatchObject({ rule: name, level: rule.level, remedy: rule.remedy });
    },
  );

  it("lets pass what keeps it", () => {
    expect(passes.flatMap((subjects) => judge(subjects, [rule]))).toEqual([]);
  });
});
