/** Redrives out of dead-letter queues. A task is over before its answer: MaxNumberOfMessagesPerSecond has no effect. */
import { randomUUID } from "node:crypto";
import { type Access, AwsError, type Operation } from "../../service.ts";
import type { Queue } from "./queue.ts";
import type { Queues } from "./queues.ts";
import { invalid } from "./validation.ts";

interface Task {
  SourceArn: string;
  DestinationArn?: string;
  MaxNumberOfMessagesPerSecond?: number;
  Status: "COMPLETED" | "FAILED";
  ApproximateNumberOfMessagesMoved: number;
  ApproximateNumberOfMessagesToMove: number;
  FailureReason?: string;
  StartedTimestamp: number;
}

/** AWS shows the ten latest of a queue. */
const SHOWN = 10;

export function moveTaskOperations(queues: Queues): Record<string, Operation> {
  const { access, cloud, find } = queues;
  const tasks: Task[] = [];

  const sourcesOf = ({ arn }: Queue) =>
    queues.all().filter(({ attributes }) => attributes.redrive?.deadLetterTargetArn === arn);

  function start(source: Queue, input: Pick<Task, "SourceArn" | "DestinationArn" | "MaxNumberOfMessagesPerSecond">) {
    if (sourcesOf(source).length === 0) throw invalid("Source queue must be configured as a Dead Letter Queue.");
    const messages = source.visible();
    const task: Task = {
      ...input,
      Status: "COMPLETED",
      ApproximateNumberOfMessagesMoved: 0,
      ApproximateNumberOfMessagesToMove: messages.length,
      StartedTimestamp: cloud.clock.now(),
    };
    for (const message of messages) {
      const arn = input.DestinationArn ?? message.sourceArn;
      const destination = arn === undefined ? undefined : queues.get(arn.split(":").at(-1)!);
      if (!destination || destination === source) {
        // The rest stays where it is.
        task.Status = "FAILED";
        task.FailureReason =
          arn === undefined ? "CouldNotDetermineMessageSource" : "AWS.SimpleQueueService.NonExistentQueue";
        break;
      }
      source.moveTo(destination, message, { receiveCount: 0, firstReceivedAt: undefined, sourceArn: undefined });
      task.ApproximateNumberOfMessagesMoved++;
    }
    tasks.unshift(task);
    return { TaskHandle: Buffer.from(randomUUID()).toString("base64") };
  }

  /** Who redrives reads the one queue and writes the others. */
  function needed({ SourceArn, DestinationArn }: Pick<Task, "SourceArn" | "DestinationArn">): Access[] {
    const source = find(SourceArn);
    const destinations = DestinationArn ? [find(DestinationArn)] : sourcesOf(source);
    return [
      ...["StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"].map((action) =>
        access(action, SourceArn),
      ),
      ...destinations.map(({ arn }) => access("SendMessage", arn)),
    ];
  }

  return {
    StartMessageMoveTask: { authorize: needed, run: (input) => start(find(input.SourceArn), input) },
    ListMessageMoveTasks: {
      authorize: ({ SourceArn }) => access("ListMessageMoveTasks", SourceArn),
      run({ SourceArn, MaxResults = 1 }) {
        const ofQueue = tasks.filter((task) => task.SourceArn === SourceArn);
        return { Results: ofQueue.slice(0, Math.min(MaxResults, SHOWN)) };
      },
    },
    CancelMessageMoveTask: {
      authorize: () => ({ action: "sqs:CancelMessageMoveTask", resource: queues.arnOf("*") }),
      run() {
        throw new AwsError("ResourceNotFoundException", "The task is not running.", 404);
      },
    },
  };
}
