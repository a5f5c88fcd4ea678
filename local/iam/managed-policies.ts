/**
 * AWS managed policies, as AWS publishes them (AWS Managed Policy Reference): those that Terrace's components attach, and the
 * few short ones that are attached by hand most often.
 */

const allow = (actions: string[]): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: actions, Resource: "*" }] });

const LOGS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];
const INTERFACES = [
  "ec2:CreateNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:DeleteNetworkInterface",
  "ec2:AssignPrivateIpAddresses",
  "ec2:UnassignPrivateIpAddresses",
];
const SERVICE_ROLE = "arn:aws:iam::aws:policy/service-role";

export const AWS_MANAGED_POLICIES: Record<string, string> = {
  "arn:aws:iam::aws:policy/AdministratorAccess": allow(["*"]),
  "arn:aws:iam::aws:policy/AmazonS3FullAccess": allow(["s3:*", "s3-object-lambda:*"]),
  "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess": allow([
    ...["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"],
  ]),
  "arn:aws:iam::aws:policy/AmazonSQSFullAccess": allow(["sqs:*"]),
  [`${SERVICE_ROLE}/AWSLambdaBasicExecutionRole`]: allow(LOGS),
  [`${SERVICE_ROLE}/AWSLambdaSQSQueueExecutionRole`]: allow([
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    ...LOGS,
  ]),
  [`${SERVICE_ROLE}/AWSLambdaVPCAccessExecutionRole`]: allow([...LOGS, ...INTERFACES]),
  [`${SERVICE_ROLE}/AWSLambdaENIManagementAccess`]: allow(INTERFACES),
  [`${SERVICE_ROLE}/AmazonAPIGatewayPushToCloudWatchLogs`]: allow([
    ...LOGS,
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:GetLogEvents",
    "logs:FilterLogEvents",
  ]),
  "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess": allow([
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:GetSamplingStatisticSummaries",
  ]),
};
