/** SNS's metrics of its topics. */
import { type Meter, meter } from "../../metrics.ts";
import type { Cloud } from "../../service.ts";

const UNITS = {
  NumberOfMessagesPublished: "Count",
  PublishSize: "Bytes",
  NumberOfNotificationsDelivered: "Count",
  NumberOfNotificationsFailed: "Count",
  NumberOfNotificationsFilteredOut: "Count",
  NumberOfNotificationsRedrivenToDlq: "Count",
  NumberOfNotificationsFailedToRedriveToDlq: "Count",
} as const;

/** Counts something of a topic. */
export type TopicMeter = (topicArn: string, name: keyof typeof UNITS, value?: number) => void;

export function topicMetrics(cloud: Cloud): TopicMeter {
  const known = new Map<string, Meter>();
  return (topicArn, name, value = 1) => {
    const key = `${name} ${topicArn}`;
    let found = known.get(key);
    if (!found) {
      const TopicName = topicArn.slice(topicArn.lastIndexOf(":") + 1);
      found = meter(cloud, "AWS/SNS", name, UNITS[name], { TopicName });
      known.set(key, found);
    }
    found.add(value, cloud.clock.now());
  };
}
