/** Whether S3 may reach what a notification names: asked when it is set, as on AWS, and tried with a message that says so. */
import { randomBytes } from "node:crypto";
import { AwsError, type Call, type Cloud } from "../../../service.ts";
import type { NotificationRule } from "./notifications.ts";

/** @throws AwsError InvalidArgument that names every target S3 may not reach, and the log says why */
export async function checkTargets(cloud: Cloud, bucket: string, rules: NotificationRule[]): Promise<void> {
  const call: Pick<Call, "principal" | "sourceArn" | "sourceIp"> = {
    principal: { type: "service", arn: "s3.amazonaws.com", account: cloud.account },
    ...{ sourceArn: `arn:aws:s3:::${bucket}`, sourceIp: "127.0.0.1" },
  };
  const failed: string[] = [];
  for (const arn of new Set(rules.map(({ targetArn }) => targetArn))) {
    try {
      await checkTarget(cloud, arn, call);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const message = `${bucket} can not notify ${arn}: ${error.message}`;
      cloud.log({ level: "warn", source: "s3", message });
      failed.push(arn);
    }
  }
  if (failed.length === 0) return;
  const message = "Unable to validate the following destination configurations";
  throw new AwsError("InvalidArgument", message, 400, { ArgumentName: failed.join(", "), ArgumentValue: "null" });
}

async function checkTarget(cloud: Cloud, arn: string, call: Call): Promise<void> {
  const service = arn.split(":")[2];
  if (service === "lambda") {
    await cloud.call("lambda", "Invoke", { FunctionName: arn, InvocationType: "DryRun" }, call);
    return;
  }
  if (service !== "sqs" && service !== "sns")
    throw new AwsError("InvalidArgument", "S3 notifies queues, topics and functions.");
  if (arn.endsWith(".fifo")) throw new AwsError("InvalidArgument", "S3 does not notify FIFO queues and topics.");
  const name = arn.split(":")[5];
  const { Attributes = {} } =
    service === "sqs"
      ? await cloud.call("sqs", "GetQueueAttributes", {
          ...(await cloud.call<{ QueueUrl: string }>("sqs", "GetQueueUrl", { QueueName: name })),
          AttributeNames: ["Policy"],
        })
      : await cloud.call("sns", "GetTopicAttributes", { TopicArn: arn });
  const action = service === "sqs" ? "sqs:SendMessage" : "sns:Publish";
  cloud.authorize(call, { action, resource: arn, resourcePolicy: Attributes.Policy });
}

/** Queues and topics get a message that tells of no object; functions are not invoked. */
export async function sendTestEvents(cloud: Cloud, bucket: string, rules: NotificationRule[]): Promise<void> {
  for (const arn of new Set(rules.map(({ targetArn }) => targetArn))) {
    if (arn.split(":")[2] === "lambda") continue;
    const body = JSON.stringify({
      ...{
        Service: "Amazon S3",
        Event: "s3:TestEvent",
        Time: new Date(cloud.clock.now()).toISOString(),
        Bucket: bucket,
      },
      ...{ RequestId: randomBytes(8).toString("hex").toUpperCase(), HostId: randomBytes(24).toString("base64") },
    });
    const subject = "Amazon S3 Notification";
    await cloud.deliver(arn, { service: "s3.amazonaws.com", sourceArn: `arn:aws:s3:::${bucket}`, body, subject });
  }
}
