/** Sends what became of an invocation to a queue, topic, function, event bus or bucket, with the permissions of the function's role. */
import { randomUUID } from "node:crypto";
import { AwsError, type Cloud } from "../../../service.ts";
import type { FunctionConfig } from "../function-config.ts";

/**
 * @param attributes of the message, for a queue or topic
 * @param folder for a bucket: the object's key has day and time below it
 */
export async function deliverAs(
  cloud: Cloud,
  { role, name }: Pick<FunctionConfig, "role" | "name">,
  arn: string,
  body: string,
  { attributes = {}, folder = "" }: { attributes?: Record<string, string>; folder?: string } = {},
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
  } else if (service === "s3") {
    const time = new Date(cloud.clock.now()).toISOString().slice(0, 19);
    const day = time.slice(0, 10).replaceAll("-", "/");
    const Key = `${folder}/${day}/${time.replaceAll(":", ".")}-${randomUUID()}`;
    await cloud.call("s3", "PutObject", { Bucket: resource, Key, Body: Buffer.from(body) }, call);
  } else {
    throw new AwsError("InvalidParameterValueException", `${arn} is no destination on this machine`);
  }
}
