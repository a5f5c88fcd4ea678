/**
 * Least privilege by verb: what a function may do with what it uses. Each grant names actions and ARNs, never `*`.
 *
 * ```ts
 * new Function("orders", { entry: "functions/orders", grants: [grantSend(queue.arn), grantReadWrite(table.arn)] });
 * ```
 */
import * as pulumi from "@pulumi/pulumi";

export interface Grant {
  /** Why, where the statement alone does not say it. */
  sid?: string;
  actions: string[];
  resources: pulumi.Input<pulumi.Input<string>[]>;
  conditions?: Record<string, Record<string, pulumi.Input<string> | pulumi.Input<string>[]>>;
}

type Arn = pulumi.Input<string>;

const within = (arn: Arn, path: string): pulumi.Output<string> => pulumi.interpolate`${arn}${path}`;

/** SQS: put messages in. */
export const grantSend = (queue: Arn): Grant => ({ actions: ["sqs:SendMessage"], resources: [queue] });

/** SQS: take messages out, as an event source mapping does. */
export const grantConsume = (queue: Arn): Grant => ({
  actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
  resources: [queue],
});

/** SQS: hold a message back, for a retry with a delay of one's own. */
export const grantDelay = (queue: Arn): Grant => ({ actions: ["sqs:ChangeMessageVisibility"], resources: [queue] });

/** SNS: publish. */
export const grantPublish = (topic: Arn): Grant => ({ actions: ["sns:Publish"], resources: [topic] });

/** DynamoDB: read items, also through indexes. */
export const grantRead = (table: Arn): Grant => ({
  actions: ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"],
  resources: [table, within(table, "/index/*")],
});

/** DynamoDB: write items. */
export const grantWrite = (table: Arn): Grant => ({
  actions: ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"],
  resources: [table],
});

/** DynamoDB: read single items only. */
export const grantGet = (table: Arn): Grant => ({ actions: ["dynamodb:GetItem"], resources: [table] });

const ofLeadingKey = (leadingKey: string): NonNullable<Grant["conditions"]> => ({
  "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": [leadingKey] },
  // ForAllValues is true of a request that names no key at all.
  Null: { "dynamodb:LeadingKeys": "false" },
});

/**
 * DynamoDB: read the items of one hash key. No scan: it has no key to hold it to.
 *
 * @param leadingKey the hash key's value: a tenant, by default the one that the role's session is tagged with
 */
export const grantReadTenant = (table: Arn, leadingKey = "${aws:PrincipalTag/TenantId}"): Grant => ({
  actions: ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"],
  resources: [table, within(table, "/index/*")],
  conditions: ofLeadingKey(leadingKey),
});

/** DynamoDB: write the items of one hash key. @param leadingKey as in `grantReadTenant` */
export const grantWriteTenant = (table: Arn, leadingKey = "${aws:PrincipalTag/TenantId}"): Grant => ({
  ...grantWrite(table),
  conditions: ofLeadingKey(leadingKey),
});

/** Lambda: invoke, with any alias or version. */
export const grantInvoke = (fn: Arn): Grant => ({
  actions: ["lambda:InvokeFunction"],
  resources: [fn, within(fn, ":*")],
});

/** SSM: read the parameters below a path (`/shop/dev`). */
export const grantReadParameters = (path: string, region: Arn, account: Arn): Grant => {
  const arn = pulumi.interpolate`arn:aws:ssm:${region}:${account}:parameter${path}`;
  return {
    actions: ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
    resources: [arn, within(arn, "/*")],
  };
};

/** Secrets Manager: read one secret's value. */
export const grantReadSecret = (secret: Arn): Grant => ({
  actions: ["secretsmanager:GetSecretValue"],
  resources: [secret],
});

/** The Data API: statements and transactions on one cluster. The secret decides as whom. */
export const grantQuery = (cluster: Arn): Grant => ({
  actions: [
    "rds-data:ExecuteStatement",
    "rds-data:BatchExecuteStatement",
    "rds-data:BeginTransaction",
    "rds-data:CommitTransaction",
    "rds-data:RollbackTransaction",
  ],
  resources: [cluster],
});

/** Aurora: sign in by IAM as one role of PostgreSQL. @param resourceId of the cluster: `cluster-ABC…` */
export const grantConnectDatabase = (
  resourceId: pulumi.Input<string>,
  role: string,
  region: pulumi.Input<string>,
  account: pulumi.Input<string>,
): Grant => ({
  actions: ["rds-db:connect"],
  resources: [pulumi.interpolate`arn:aws:rds-db:${region}:${account}:dbuser:${resourceId}/${role}`],
});

/** STS: become a role, and say for which tenant. */
export const grantAssume = (role: Arn): Grant => ({ actions: ["sts:AssumeRole", "sts:TagSession"], resources: [role] });

/** Kinesis: put records in. */
export const grantWriteStream = (stream: Arn): Grant => ({
  actions: ["kinesis:PutRecord", "kinesis:PutRecords", "kinesis:DescribeStreamSummary"],
  resources: [stream],
});

/** Kinesis: read records, as an event source mapping does. */
export const grantReadStream = (stream: Arn): Grant => ({
  actions: [
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:ListShards",
  ],
  resources: [stream],
});

/** DynamoDB Streams: read a table's changes, as an event source mapping does. */
export const grantReadTableStream = (stream: Arn): Grant => ({
  actions: ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListShards"],
  resources: [stream],
});

/** Firehose: put records into a delivery. */
export const grantDeliver = (delivery: Arn): Grant => ({
  actions: ["firehose:PutRecord", "firehose:PutRecordBatch"],
  resources: [delivery],
});

/** EventBridge: put events on one bus. @param sources what their `source` may be; any where it is left out */
export const grantPutEvents = (bus: Arn, sources?: string[]): Grant => ({
  actions: ["events:PutEvents"],
  resources: [bus],
  ...(sources ? { conditions: { StringEquals: { "events:source": sources } } } : {}),
});

/** Step Functions: start executions of one workflow, through its alias or a version too. */
export const grantStart = (workflow: Arn): Grant => ({ actions: ["states:StartExecution"], resources: [workflow] });

/** Step Functions: answer a task that waits for its token. */
export const grantAnswerTask = (workflow: Arn): Grant => ({
  actions: ["states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"],
  resources: [workflow],
});

/** API Gateway: post to the clients that are connected to one WebSocket stage, look at them, close them. */
export const grantPost = (executionArn: Arn, stage: pulumi.Input<string>): Grant => ({
  actions: ["execute-api:ManageConnections"],
  resources: [pulumi.interpolate`${executionArn}/${stage}/*/@connections/*`],
});

/**
 * S3: read objects.
 *
 * @param prefix of the keys: `"tenants/${aws:PrincipalTag/TenantId}/"` is each tenant's own, by the role's session tag
 */
export const grantReadObjects = (bucket: Arn, prefix = ""): Grant => ({
  actions: ["s3:GetObject"],
  resources: [within(bucket, `/${prefix}*`)],
});

/** S3: write objects, and sign URLs that let others upload them. */
export const grantWriteObjects = (bucket: Arn, prefix = ""): Grant => ({
  actions: ["s3:PutObject", "s3:AbortMultipartUpload"],
  resources: [within(bucket, `/${prefix}*`)],
});

/** S3: delete objects. */
export const grantDeleteObjects = (bucket: Arn, prefix = ""): Grant => ({
  actions: ["s3:DeleteObject"],
  resources: [within(bucket, `/${prefix}*`)],
});

/** S3: list the keys below a prefix. */
export const grantListObjects = (bucket: Arn, prefix = ""): Grant => ({
  actions: ["s3:ListBucket"],
  resources: [bucket],
  ...(prefix ? { conditions: { StringLike: { "s3:prefix": `${prefix}*` } } } : {}),
});

/** CloudFront: make one distribution forget what it keeps. */
export const grantInvalidate = (distribution: Arn): Grant => ({
  actions: ["cloudfront:CreateInvalidation"],
  resources: [distribution],
});

/**
 * Bedrock: ask one inference profile. What stands behind it is granted for calls through this profile only, so that nobody
 * can go round it and its budget.
 */
export const grantInfer = (profile: Arn, models: pulumi.Input<Arn[]>): Grant[] => {
  const actions = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"];
  return [
    { actions, resources: [profile] },
    {
      actions,
      resources: models,
      conditions: { StringEquals: { "bedrock:InferenceProfileArn": profile } },
    },
  ];
};

/** SageMaker: ask one endpoint. */
export const grantInvokeEndpoint = (endpoint: Arn): Grant => ({
  actions: ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointWithResponseStream"],
  resources: [endpoint],
});

/** ElastiCache: connect to a cache as one of its IAM users. */
export const grantConnect = (cache: Arn, user: Arn): Grant => ({
  actions: ["elasticache:Connect"],
  resources: [cache, user],
});

/** KMS: read what a key encrypts, through one AWS service only (`kinesis`, `s3`). */
export const grantDecrypt = (key: Arn, service: string, region: pulumi.Input<string>): Grant => ({
  actions: ["kms:Decrypt"],
  resources: [key],
  conditions: { StringEquals: { "kms:ViaService": pulumi.interpolate`${service}.${region}.amazonaws.com` } },
});

/** KMS: write what a key encrypts, through one AWS service only. */
export const grantEncrypt = (key: Arn, service: string, region: pulumi.Input<string>): Grant => ({
  ...grantDecrypt(key, service, region),
  // Services read a data key back before they use it again.
  actions: ["kms:GenerateDataKey", "kms:Decrypt"],
});
