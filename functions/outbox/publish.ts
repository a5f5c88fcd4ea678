/** Events to the cell's topic: the type as an attribute for filter policies, the tenant as message group for fair queues. */

import { PublishBatchCommand, SNSClient } from "@aws-sdk/client-sns";
import { link } from "./link.ts";
import type { Publish } from "./relay.ts";

export function snsPublish(client = new SNSClient({})): Publish {
  return async (events) => {
    const { Successful } = await client.send(
      new PublishBatchCommand({
        TopicArn: link.events.topicArn,
        PublishBatchRequestEntries: events.map((event) => ({
          Id: event.id,
          Message: JSON.stringify(event),
          MessageGroupId: event.tenantid,
          MessageAttributes: {
            eventType: { DataType: "String", StringValue: event.type },
            tenantId: { DataType: "String", StringValue: event.tenantid },
          },
        })),
      }),
    );
    return new Set(Successful?.flatMap(({ Id }) => Id ?? []));
  };
}
