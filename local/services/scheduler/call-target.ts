/** How a schedule calls its target: as its own role, through the target's API. */
import { AwsError, type Call, type Cloud } from "../../service.ts";
import type { Target } from "./definition.ts";

/** @param body the input, its context attributes filled in */
export async function callTarget(cloud: Cloud, target: Target, body: string): Promise<void> {
  const { Arn: arn, RoleArn } = target;
  const call = { principal: cloud.principalFor(RoleArn, "scheduler") };
  const [, , service, , account, name = "", ...rest] = arn.split(":");
  switch (service) {
    case "lambda":
      await cloud.call("lambda", "Invoke", { FunctionName: arn, InvocationType: "Event", Payload: body }, call);
      return;
    case "sqs": {
      const QueueUrl = `${cloud.endpoint}/${account}/${name}`;
      const { MessageGroupId } = target.SqsParameters ?? {};
      await cloud.call("sqs", "SendMessage", { QueueUrl, MessageBody: body, MessageGroupId }, call);
      return;
    }
    case "sns":
      await cloud.call("sns", "Publish", { TopicArn: arn, Message: body }, call);
      return;
    case "states":
      await cloud.call("states", "StartExecution", { stateMachineArn: arn, input: body }, call);
      return;
    case "kinesis": {
      const input = { StreamName: name.replace(/^stream\//, ""), Data: Buffer.from(body), ...target.KinesisParameters };
      await cloud.call("kinesis", "PutRecord", input, call);
      return;
    }
    case "events":
      await putEvent(cloud, target, body, call);
      return;
    default:
      await callOperation(cloud, rest[0] ?? "", rest[1] ?? "", body, call);
  }
}

async function putEvent(cloud: Cloud, target: Target, body: string, call: Partial<Call>): Promise<void> {
  const entry = { EventBusName: target.Arn, Detail: body, ...target.EventBridgeParameters };
  const answer = await cloud.call<{
    FailedEntryCount?: number;
    Entries?: { ErrorCode?: string; ErrorMessage?: string }[];
  }>(...(["events", "PutEvents", { Entries: [entry] }, call] as const));
  const { ErrorCode, ErrorMessage = "" } = answer.Entries?.[0] ?? {};
  if (ErrorCode) throw new AwsError(ErrorCode, ErrorMessage);
}

/** `arn:aws:scheduler:::aws-sdk:sqs:sendMessage`: the input is the operation's. */
async function callOperation(cloud: Cloud, service: string, operation: string, body: string, call: Partial<Call>) {
  let input: unknown;
  try {
    input = JSON.parse(body);
  } catch {}
  if (typeof input !== "object" || input === null) {
    throw new AwsError("ValidationException", `${service}:${operation} takes a JSON object as its input.`);
  }
  await cloud.call(
    SIGNED_AS[service] ?? service,
    operation.slice(0, 1).toUpperCase() + operation.slice(1),
    input,
    call,
  );
}

/** The SDK's names of services where they are signed for as another. */
const SIGNED_AS: Record<string, string> = {
  eventbridge: "events",
  sfn: "states",
  cognitoidentityprovider: "cognito-idp",
};
