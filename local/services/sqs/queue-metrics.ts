/** SQS's metrics of its queues, read once a minute while CloudWatch runs. */
import { gauge } from "../../metrics.ts";
import type { Queue } from "./queue.ts";
import type { Queues } from "./queues.ts";

export function queueMetrics({ cloud, all }: Queues): void {
  const told = new WeakMap<Queue, Queue["total"]>();
  let isFirst = true;
  gauge(cloud, (record) => {
    for (const queue of all()) {
      const put = (name: string, value: number, unit = "Count") =>
        record({ namespace: "AWS/SQS", name, dimensions: { QueueName: queue.name } }, unit, value);
      const { visible, inFlight, delayed } = queue.counts();
      put("ApproximateNumberOfMessagesVisible", visible);
      put("ApproximateNumberOfMessagesNotVisible", inFlight);
      put("ApproximateNumberOfMessagesDelayed", delayed);
      const oldest = queue.oldest();
      put("ApproximateAgeOfOldestMessage", oldest === undefined ? 0 : (cloud.clock.now() - oldest) / 1000, "Seconds");
      // What was before somebody asked belongs to no minute.
      const before = told.get(queue) ?? (isFirst ? queue.total : { sent: 0, received: 0, deleted: 0 });
      put("NumberOfMessagesSent", queue.total.sent - before.sent);
      put("NumberOfMessagesReceived", queue.total.received - before.received);
      put("NumberOfMessagesDeleted", queue.total.deleted - before.deleted);
      told.set(queue, { ...queue.total });
    }
    isFirst = false;
  });
}
