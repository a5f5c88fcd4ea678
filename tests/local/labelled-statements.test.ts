import { withoutPermission, withPermission } from "../../local/labelled-statements.ts";
import { codeOf, type MessagingCloud, startMessaging } from "./messaging-cloud.ts";

describe("AddPermission and RemovePermission", () => {
  let cloud: MessagingCloud;
  beforeEach(async () => {
    cloud = await startMessaging();
  });
  afterEach(() => cloud.stop());

  it("write a queue's policy, statement by statement", async () => {
    const call = (operation: string, input: object) => cloud.running.call("sqs", operation, input);
    const { QueueUrl } = (await call("CreateQueue", { QueueName: "q" })) as { QueueUrl: string };
    const policy = async () => {
      const { Attributes } = await call("GetQueueAttributes", { QueueUrl, AttributeNames: ["Policy"] });
      return Attributes?.Policy && JSON.parse(Attributes.Policy).Statement;
    };
    await call("AddPermission", { QueueUrl, Label: "a", AWSAccountIds: ["111122223333"], Actions: ["SendMessage"] });
    await call("AddPermission", { QueueUrl, Label: "b", AWSAccountIds: ["111122223333"], Actions: ["*"] });
    expect(await policy()).toMatchObject([
      {
        ...{ Sid: "a", Effect: "Allow", Principal: { AWS: ["arn:aws:iam::111122223333:root"] } },
        ...{ Action: ["SQS:SendMessage"], Resource: "arn:aws:sqs:eu-west-1:000000000000:q" },
      },
      { Sid: "b", Action: ["SQS:*"] },
    ]);
    await call("RemovePermission", { QueueUrl, Label: "a" });
    expect(await policy()).toMatchObject([{ Sid: "b" }]);
    await call("RemovePermission", { QueueUrl, Label: "b" });
    expect(await policy()).toBeUndefined();
    await expect(call("RemovePermission", { QueueUrl, Label: "b" })).rejects.toThrow("does not exist");
  });

  it("write a topic's policy, which is there after a restart", async () => {
    const call = (operation: string, input: object) => cloud.running.call("sns", operation, input);
    const { TopicArn } = (await call("CreateTopic", { Name: "t" })) as { TopicArn: string };
    await call("AddPermission", { TopicArn, Label: "a", AWSAccountId: ["111122223333"], ActionName: ["Publish"] });
    await cloud.restart();
    const { Attributes } = await cloud.running.call("sns", "GetTopicAttributes", { TopicArn });
    expect(JSON.parse(Attributes.Policy).Statement).toMatchObject([{ Sid: "a", Action: ["SNS:Publish"] }]);
  });
});

it("a label is used once, and names somebody", async () => {
  const wanted = { label: "a", accounts: ["111122223333"], actions: ["SQS:SendMessage"], resource: "arn" };
  const policy = withPermission(undefined, wanted, "Taken");
  for (const wrong of [
    wanted,
    { ...wanted, label: "b", accounts: [] },
    { ...wanted, label: "c", accounts: ["everybody"] },
  ]) {
    expect(await codeOf(Promise.resolve().then(() => withPermission(policy, wrong, "Taken")))).toBe("AwsError");
  }
  expect(withoutPermission(policy, "a", "None")).toBeUndefined();
});
