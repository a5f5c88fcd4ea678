/** Sends what became of an invocation to a queue, topic or function, with the permissions of the function's role. */
import { AwsError, type Cloud } from "../../service.ts";
import type { FunctionConfig } from "./function-config.ts";

export async function deliverAs(
  cloud: Cloud,
  { role, name }: Pick<FunctionConfig, "role" | "name">,
  arn: string,
  body: string,
  attributes: Record<string, string> = {},
): Promise<void> {
  const call = { principal: cloud.principalFor(role, name) };
  const [, , service, , account, resource] = arn.split(":");
  const MessageAttributes = Object.fromEntries(
    Object.entries(attributes).map(([key, StringValue]) => [key, { DataType: "String", StringValue }]),
  );
  if (service === "sqs") {
    const QueueUrl = `${cloud.endpoint}/${account}/${resource}`;
    await cloud.call("sqs", "SendMessage", { QueueUrl, MessageBody: body, MessageAttributes }, call);
  } else if (service === "sns") {
    await cloud.call("sns", "Publish", { TopicArn: arn, Message: body, MessageAttributes }, call);
  } else if (service === "lambda") {
    const request = { FunctionName: arn, InvocationType: "Event", Payload: Buffer.from(body) };
    await cloud.call("lambda", "Invoke", request, call);
  } else {
    throw new AwsError("InvalidParameterValueException", `${arn} is no destination on this machine`);
  }
}
