/** Sends what became of an invocation to a queue, topic, function or event bus, with the permissions of the function's role. */
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
  } else if (service === "events") {
    const { requestContext, responseContext } = JSON.parse(body);
    const outcome = requestContext?.condition === "Success" ? "Success" : "Failure";
    const Entry = {
      ...{ EventBusName: arn, Source: "lambda", Detail: body },
      DetailType: `Lambda Function Invocation Result - ${outcome}`,
      Resources: [requestContext?.functionArn, responseContext?.functionArn].filter(Boolean),
    };
    const { Entries } = await cloud.call("events", "PutEvents", { Entries: [Entry] }, call);
    if (Entries[0].ErrorCode) throw new AwsError(Entries[0].ErrorCode, Entries[0].ErrorMessage);
  } else {
    throw new AwsError("InvalidParameterValueException", `${arn} is no destination on this machine`);
  }
}
