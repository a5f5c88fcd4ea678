/** The services that run on this machine, by the names that `arn:aws:states:::aws-sdk:<service>:<operation>` has for them. */

export interface SdkService {
  /** By which the local cloud knows it. */
  name: string;
  /** Of error names: `DynamoDb.ConditionalCheckFailedException`, and `DynamoDb.DynamoDbException` for what has no own. */
  errors: string;
  client: () => Promise<object>;
}

const service = (name: string, errors: string, client: SdkService["client"]): SdkService => ({ name, errors, client });

export const SDK_SERVICES: Record<string, SdkService> = {
  cloudwatchlogs: service("logs", "CloudWatchLogs", () => import("@aws-sdk/client-cloudwatch-logs")),
  cognitoidentityprovider: service(
    "cognito-idp",
    "CognitoIdentityProvider",
    () => import("@aws-sdk/client-cognito-identity-provider"),
  ),
  dynamodb: service("dynamodb", "DynamoDb", () => import("@aws-sdk/client-dynamodb")),
  eventbridge: service("events", "EventBridge", () => import("@aws-sdk/client-eventbridge")),
  firehose: service("firehose", "Firehose", () => import("@aws-sdk/client-firehose")),
  iam: service("iam", "Iam", () => import("@aws-sdk/client-iam")),
  kinesis: service("kinesis", "Kinesis", () => import("@aws-sdk/client-kinesis")),
  lambda: service("lambda", "Lambda", () => import("@aws-sdk/client-lambda")),
  rdsdata: service("rds-data", "RdsData", () => import("@aws-sdk/client-rds-data")),
  s3: service("s3", "S3", () => import("@aws-sdk/client-s3")),
  secretsmanager: service("secretsmanager", "SecretsManager", () => import("@aws-sdk/client-secrets-manager")),
  sfn: service("states", "Sfn", () => import("@aws-sdk/client-sfn")),
  sns: service("sns", "Sns", () => import("@aws-sdk/client-sns")),
  sqs: service("sqs", "Sqs", () => import("@aws-sdk/client-sqs")),
  ssm: service("ssm", "Ssm", () => import("@aws-sdk/client-ssm")),
  sts: service("sts", "Sts", () => import("@aws-sdk/client-sts")),
};
