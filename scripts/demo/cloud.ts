/** The local cloud behind the platform, seen as its administrator: parameters, queues, roles, rows. */

import { ExecuteStatementCommand, RDSDataClient } from "@aws-sdk/client-rds-data";
import type { Outputs, TenantOutputs } from "./platform.ts";

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export function clientConfig({ aws }: Outputs, credentials?: Credentials) {
  const { endpoint, region, accessKeyId, secretAccessKey } = aws;
  return { endpoint, region, credentials: credentials ?? { accessKeyId, secretAccessKey } };
}

export type Row = Record<string, unknown>;

/** Runs SQL through the Data API as the database role that the tenant's secret names. */
export async function sql(
  outputs: Outputs,
  { database }: TenantOutputs,
  text: string,
  credentials?: Credentials,
): Promise<Row[]> {
  const client = new RDSDataClient(clientConfig(outputs, credentials));
  const { formattedRecords } = await client.send(
    new ExecuteStatementCommand({ ...database, sql: text, formatRecordsAs: "JSON" }),
  );
  return JSON.parse(formattedRecords ?? "[]");
}

/** The environment of the functions of a tenant's cell, from Lambda's own configuration. */
export async function functionEnvironment(outputs: Outputs, functionName: string): Promise<Record<string, string>> {
  const { GetFunctionConfigurationCommand, LambdaClient } = await import("@aws-sdk/client-lambda");
  const client = new LambdaClient(clientConfig(outputs));
  const { Environment } = await client.send(new GetFunctionConfigurationCommand({ FunctionName: functionName }));
  return Environment?.Variables ?? {};
}

/** Credentials of a tenant's session: the tenant role, tagged with the tenant's id. */
export async function tenantSession(outputs: Outputs, roleArn: string, tenantId: string): Promise<Credentials> {
  const { AssumeRoleCommand, STSClient } = await import("@aws-sdk/client-sts");
  const { Credentials: session } = await new STSClient(clientConfig(outputs)).send(
    new AssumeRoleCommand({
      RoleArn: roleArn,
      RoleSessionName: tenantId,
      Tags: [{ Key: "TenantId", Value: tenantId }],
    }),
  );
  return {
    accessKeyId: session!.AccessKeyId!,
    secretAccessKey: session!.SecretAccessKey!,
    sessionToken: session!.SessionToken!,
  };
}

/** Messages that wait in dead-letter queues: what the platform has given up on. */
export async function deadLetters(outputs: Outputs): Promise<Record<string, number>> {
  const { GetQueueAttributesCommand, ListQueuesCommand, SQSClient } = await import("@aws-sdk/client-sqs");
  const client = new SQSClient(clientConfig(outputs));
  const { QueueUrls = [] } = await client.send(new ListQueuesCommand({}));
  const counts: Record<string, number> = {};
  for (const QueueUrl of QueueUrls.filter((url) => /dlq|dead/i.test(url))) {
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["ApproximateNumberOfMessages"] }),
    );
    counts[QueueUrl.slice(QueueUrl.lastIndexOf("/") + 1)] = Number(Attributes?.ApproximateNumberOfMessages ?? 0);
  }
  return counts;
}
