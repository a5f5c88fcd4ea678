/** Operations on queues: making, finding, configuring, tagging, emptying them. */
import { withoutPermission, withPermission } from "../../labelled-statements.ts";
import { AwsError, type Operation } from "../../service.ts";
import { checkAttributeName, withAttributes, writeAttributes } from "./attributes.ts";
import type { Queue } from "./queue.ts";
import type { Queues } from "./queues.ts";
import { checkRange } from "./validation.ts";

const PURGE_PAUSE_MS = 60_000;

export function queueOperations(queues: Queues): Record<string, Operation> {
  const { cloud, access, find, onQueue } = queues;

  function create(name: string, attributes: Record<string, string>, tags?: Record<string, string>): Queue {
    checkName(name, attributes.FifoQueue === "true");
    const known = queues.get(name);
    if (!known) return queues.create(name, attributes, tags);
    const current = writeAttributes(known.attributes);
    const wanted = writeAttributes(withAttributes(known.attributes, attributes));
    const other = Object.keys(attributes).find((key) => current[key] !== wanted[key]);
    if (other === undefined) return known;
    throw new AwsError(
      "QueueNameExists",
      `A queue already exists with the same name and a different value for attribute ${other}`,
    );
  }

  return {
    CreateQueue: {
      authorize: ({ QueueName }) => ({ action: "sqs:CreateQueue", resource: queues.arnOf(QueueName) }),
      run: ({ QueueName, Attributes = {}, tags }) => ({ QueueUrl: create(QueueName, Attributes, tags).url }),
    },
    DeleteQueue: {
      authorize: onQueue("DeleteQueue"),
      run({ QueueUrl }) {
        queues.remove(find(QueueUrl));
        return {};
      },
    },
    PurgeQueue: {
      authorize: onQueue("PurgeQueue"),
      run({ QueueUrl }) {
        const queue = find(QueueUrl);
        const now = cloud.clock.now();
        if (now - queue.purgedAt < PURGE_PAUSE_MS) {
          throw new AwsError(
            "PurgeQueueInProgress",
            `Only one PurgeQueue operation on ${queue.name} is allowed every 60 seconds.`,
            403,
          );
        }
        queue.purgedAt = now;
        queue.purge();
        return {};
      },
    },
    GetQueueUrl: {
      authorize: ({ QueueName }) => access("GetQueueUrl", QueueName),
      run: ({ QueueName }) => ({ QueueUrl: find(QueueName).url }),
    },
    ListQueues: {
      authorize: () => ({ action: "sqs:ListQueues", resource: queues.arnOf("*") }),
      run({ QueueNamePrefix = "", MaxResults, NextToken }) {
        const found = queues.all().filter(({ name }) => name.startsWith(QueueNamePrefix));
        const { items, NextToken: next } = page(found, MaxResults, NextToken);
        return { QueueUrls: items.length > 0 ? items.map(({ url }) => url) : undefined, NextToken: next };
      },
    },
    GetQueueAttributes: {
      authorize: onQueue("GetQueueAttributes"),
      run({ QueueUrl, AttributeNames = [] }) {
        const names = AttributeNames as string[];
        const all = describe(find(QueueUrl));
        if (names.includes("All")) return { Attributes: all };
        names.forEach(checkAttributeName);
        const wanted = names.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]]));
        return { Attributes: wanted.length > 0 ? Object.fromEntries(wanted) : undefined };
      },
    },
    SetQueueAttributes: {
      authorize: onQueue("SetQueueAttributes"),
      run({ QueueUrl, Attributes = {} }) {
        const queue = find(QueueUrl);
        if (Attributes.FifoQueue !== undefined && (Attributes.FifoQueue === "true") !== queue.attributes.fifo) {
          throw new AwsError("InvalidAttributeValue", "A queue's kind cannot be changed (FifoQueue).");
        }
        queues.configure(queue, Attributes);
        return {};
      },
    },
    AddPermission: {
      authorize: onQueue("AddPermission"),
      run({ QueueUrl, Label, AWSAccountIds = [], Actions = [] }) {
        const queue = find(QueueUrl);
        const actions = (Actions as string[]).map((action) => (action === "*" ? "SQS:*" : `SQS:${action}`));
        const wanted = { label: String(Label), accounts: AWSAccountIds, actions, resource: queue.arn };
        queues.configure(queue, { Policy: withPermission(queue.attributes.policy, wanted, "InvalidParameterValue") });
        return {};
      },
    },
    RemovePermission: {
      authorize: onQueue("RemovePermission"),
      run({ QueueUrl, Label }) {
        const queue = find(QueueUrl);
        const rest = withoutPermission(queue.attributes.policy, Label, "InvalidParameterValue");
        queues.configure(queue, { Policy: rest ?? "" });
        return {};
      },
    },
    ListDeadLetterSourceQueues: {
      authorize: onQueue("ListDeadLetterSourceQueues"),
      run({ QueueUrl, MaxResults, NextToken }) {
        const { arn } = find(QueueUrl);
        const sources = queues.all().filter(({ attributes }) => attributes.redrive?.deadLetterTargetArn === arn);
        const { items, NextToken: next } = page(sources, MaxResults, NextToken);
        return { queueUrls: items.map(({ url }) => url), NextToken: next };
      },
    },
    ListQueueTags: { authorize: onQueue("ListQueueTags"), run: ({ QueueUrl }) => ({ Tags: find(QueueUrl).tags }) },
    TagQueue: {
      authorize: onQueue("TagQueue"),
      run({ QueueUrl, Tags }) {
        const queue = find(QueueUrl);
        queue.tags = { ...queue.tags, ...Tags };
        queues.changed(queue);
        return {};
      },
    },
    UntagQueue: {
      authorize: onQueue("UntagQueue"),
      run({ QueueUrl, TagKeys = [] }) {
        const queue = find(QueueUrl);
        queue.tags = Object.fromEntries(Object.entries(queue.tags).filter(([key]) => !TagKeys.includes(key)));
        queues.changed(queue);
        return {};
      },
    },
  };
}

function checkName(name: string | undefined, isFifo: boolean): void {
  if (/^[\w-]{1,80}$/.test((name ?? "").replace(/\.fifo$/, "")) && name!.length <= 80) {
    if (name!.endsWith(".fifo") === isFifo) return;
  }
  throw new AwsError(
    "InvalidParameterValue",
    "The name of a queue has 1 to 80 letters, digits, - and _; that of a FIFO queue ends in .fifo, with FifoQueue set to true.",
  );
}

function describe(queue: Queue): Record<string, string> {
  const { visible, inFlight, delayed } = queue.counts();
  return {
    ...writeAttributes(queue.attributes),
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    CreatedTimestamp: String(Math.floor(queue.createdAt / 1000)),
    LastModifiedTimestamp: String(Math.floor(queue.modifiedAt / 1000)),
  };
}

/** Without MaxResults everything, up to a thousand; the token is the last name of the page before. */
function page(queues: Queue[], max: number | undefined, token: string | undefined) {
  if (max !== undefined) checkRange("MaxResults", max, 1, 1000);
  const after = token ? Buffer.from(token, "base64").toString("utf8") : "";
  const rest = queues.filter(({ name }) => name > after);
  const items = rest.slice(0, max ?? 1000);
  const isLast = max === undefined || items.length === rest.length;
  return { items, NextToken: isLast ? undefined : Buffer.from(items.at(-1)!.name).toString("base64") };
}
