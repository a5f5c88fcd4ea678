/**
 * SQS on one machine: standard (with fair message groups) and FIFO queues, visibility, delay, dead letters, long
 * polling, queue policies, redrive tasks.
 *
 * Not emulated: KMS, high-throughput FIFO limits, the 120,000 messages a standard queue may have in flight, and the
 * chance that a standard queue delivers twice or out of order.
 */
import { createHash, randomUUID } from "node:crypto";
import {
  type Access,
  AwsError,
  type Call,
  type Cloud,
  type Delivery,
  type Operation,
  type Service,
} from "../../service.ts";
import { attributesOfInputs, DEFAULTS, withAttributes, writeAttributes } from "./attributes.ts";
import { type MessageAttributes, md5, md5OfAttributes, sizeOf } from "./digests.ts";
import { type Message, messageTable, Queue, receiptOf } from "./queue.ts";

interface SendInput {
  QueueUrl: string;
  MessageBody: string;
  DelaySeconds?: number;
  MessageAttributes?: MessageAttributes;
  MessageSystemAttributes?: { AWSTraceHeader?: { StringValue?: string } };
  MessageGroupId?: string;
  MessageDeduplicationId?: string;
}

interface ReceiveInput {
  QueueUrl: string;
  MaxNumberOfMessages?: number;
  VisibilityTimeout?: number;
  WaitTimeSeconds?: number;
  AttributeNames?: string[];
  MessageSystemAttributeNames?: string[];
  MessageAttributeNames?: string[];
}

export function sqs(cloud: Cloud): Service {
  const table = messageTable(cloud.database);
  const queues = new Map<string, Queue>();
  const stopping = new AbortController();
  cloud.database.exec(
    "CREATE TABLE IF NOT EXISTS sqs_queues (name TEXT PRIMARY KEY, attributes TEXT NOT NULL, tags TEXT NOT NULL) STRICT",
  );
  const saveQueue = cloud.database.prepare(
    "INSERT INTO sqs_queues VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET attributes = excluded.attributes, tags = excluded.tags",
  );
  const dropQueue = cloud.database.prepare("DELETE FROM sqs_queues WHERE name = ?");
  for (const row of cloud.database.prepare("SELECT * FROM sqs_queues").all()) {
    const queue = makeQueue(String(row.name), JSON.parse(String(row.attributes)));
    queue.tags = JSON.parse(String(row.tags));
  }

  const arnOf = (name: string) => `arn:aws:sqs:${cloud.region}:${cloud.account}:${name}`;

  function makeQueue(name: string, attributes: Record<string, string>): Queue {
    const queue = new Queue({
      name,
      arn: arnOf(name),
      url: `${cloud.endpoint}/${cloud.account}/${name}`,
      attributes: withAttributes({ ...DEFAULTS, fifo: name.endsWith(".fifo") }, attributes),
      clock: cloud.clock,
      table,
    });
    queues.set(name, queue);
    return queue;
  }

  /** By name, URL or ARN. */
  function queueOf(id: string): Queue {
    const queue = queues.get(id.slice(Math.max(id.lastIndexOf("/"), id.lastIndexOf(":")) + 1));
    if (!queue) throw new AwsError("QueueDoesNotExist", "The specified queue does not exist.");
    return queue;
  }

  /** A policy of the queue's own decides with the caller's. */
  const access = (action: string, id: string): Access => {
    const { arn, attributes } = queueOf(id);
    return { action: `sqs:${action}`, resource: arn, resourcePolicy: attributes.policy };
  };
  const onQueue = (action: string) => (input: { QueueUrl: string }) => access(action, input.QueueUrl);

  function send(queue: Queue, input: Omit<SendInput, "QueueUrl">, senderId: string): Message {
    validateMessage(queue, input);
    const { MessageBody: body, MessageAttributes: attributes = {} } = input;
    const { fifo, contentBasedDeduplication, delaySeconds } = queue.attributes;
    const byContent = fifo && contentBasedDeduplication ? createHash("sha256").update(body).digest("hex") : undefined;
    const deduplicationId = input.MessageDeduplicationId ?? byContent;
    if (fifo && !deduplicationId) {
      throw new AwsError(
        "InvalidParameterValue",
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
      );
    }
    const delay = fifo ? delaySeconds : (input.DelaySeconds ?? delaySeconds);
    return queue.send(
      {
        ...{ body, attributes, senderId },
        ...(input.MessageGroupId ? { groupId: input.MessageGroupId } : {}),
        ...(deduplicationId ? { deduplicationId } : {}),
        ...(input.MessageSystemAttributes?.AWSTraceHeader
          ? { traceHeader: input.MessageSystemAttributes.AWSTraceHeader.StringValue }
          : {}),
      },
      delay * 1000,
    );
  }

  function sent(queue: Queue, message: Message) {
    return {
      MessageId: message.id,
      MD5OfMessageBody: md5(message.body),
      MD5OfMessageAttributes: md5OfAttributes(message.attributes),
      SequenceNumber: queue.attributes.fifo ? sequenceOf(message) : undefined,
    };
  }

  async function receive(input: ReceiveInput, { http }: Call) {
    const queue = queueOf(input.QueueUrl);
    const max = range("MaxNumberOfMessages", input.MaxNumberOfMessages ?? 1, 1, 10);
    const visibility = range(
      "VisibilityTimeout",
      input.VisibilityTimeout ?? queue.attributes.visibilitySeconds,
      0,
      43_200,
    );
    const wait = range("WaitTimeSeconds", input.WaitTimeSeconds ?? queue.attributes.waitSeconds, 0, 20);
    const deadline = cloud.clock.now() + wait * 1000;
    const toDeadLetters = (message: Message): boolean => {
      const target = queues.get(queue.attributes.redrive!.deadLetterTargetArn.split(":").at(-1)!);
      target?.adopt({ ...message, sourceArn: queue.arn });
      return target !== undefined;
    };
    for (;;) {
      const messages = queue.receive(max, visibility * 1000, toDeadLetters);
      const left = deadline - cloud.clock.now();
      if (messages.length > 0 || left <= 0 || stopping.signal.aborted || http?.signal?.aborted) {
        return {
          Messages: messages.length > 0 ? messages.map((message) => describe(message, input, queue)) : undefined,
        };
      }
      await queue.wait(left, http?.signal ?? stopping.signal);
    }
  }

  /** Batches judge each entry on its own and answer in two lists. */
  function batch<Entry extends { Id: string }>(entries: Entry[], run: (entry: Entry) => object) {
    validateBatch(entries);
    const Successful: object[] = [];
    const Failed: object[] = [];
    for (const entry of entries) {
      try {
        Successful.push({ Id: entry.Id, ...run(entry) });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        Failed.push({ Id: entry.Id, Code: error.code, Message: error.message, SenderFault: error.status < 500 });
      }
    }
    return { Successful, Failed };
  }

  const senderOf = ({ principal }: Call) => (principal.roleArn ? `AROA:${principal.sessionName}` : principal.account);

  function remove(queue: Queue, receipt: string) {
    if (!receipt) throw new AwsError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.", 404);
    queue.remove(receipt);
    return {};
  }

  function changeVisibility(queue: Queue, receipt: string, seconds: number) {
    range("VisibilityTimeout", seconds, 0, 43_200);
    if (!queue.changeVisibility(receipt, seconds * 1000)) {
      throw new AwsError(
        "MessageNotInflight",
        `Value ${receipt} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
      );
    }
    return {};
  }

  function configure(name: string, attributes: Record<string, string>, tags?: Record<string, string>): Queue {
    const queue = queues.get(name) ?? makeQueue(name, {});
    queue.attributes = withAttributes(queue.attributes, attributes);
    if (tags) queue.tags = tags;
    queue.modifiedAt = cloud.clock.now();
    return queue;
  }

  function persist(queue: Queue): void {
    saveQueue.run(queue.name, JSON.stringify(writeAttributes(queue.attributes)), JSON.stringify(queue.tags));
  }

  const messageOperations: Record<string, Operation> = {
    SendMessage: {
      authorize: onQueue("SendMessage"),
      run(input: SendInput, call) {
        const queue = queueOf(input.QueueUrl);
        return sent(queue, send(queue, input, senderOf(call)));
      },
    },
    SendMessageBatch: {
      authorize: onQueue("SendMessage"),
      run({ QueueUrl, Entries }, call) {
        const queue = queueOf(QueueUrl);
        const bytes = (Entries as SendInput[]).reduce(
          (sum, { MessageBody, MessageAttributes = {} }) => sum + sizeOf(MessageBody, MessageAttributes),
          0,
        );
        if (bytes > DEFAULTS.maximumBytes) {
          throw new AwsError(
            "BatchRequestTooLong",
            `Batch requests cannot be longer than ${DEFAULTS.maximumBytes} bytes. You have sent ${bytes} bytes.`,
          );
        }
        return batch(Entries, (entry: SendInput & { Id: string }) => sent(queue, send(queue, entry, senderOf(call))));
      },
    },
    ReceiveMessage: { authorize: onQueue("ReceiveMessage"), run: receive },
    DeleteMessage: {
      authorize: onQueue("DeleteMessage"),
      run: ({ QueueUrl, ReceiptHandle }) => remove(queueOf(QueueUrl), ReceiptHandle),
    },
    DeleteMessageBatch: {
      authorize: onQueue("DeleteMessage"),
      run: ({ QueueUrl, Entries }) =>
        batch(Entries, (entry: { Id: string; ReceiptHandle: string }) =>
          remove(queueOf(QueueUrl), entry.ReceiptHandle),
        ),
    },
    ChangeMessageVisibility: {
      authorize: onQueue("ChangeMessageVisibility"),
      run: ({ QueueUrl, ReceiptHandle, VisibilityTimeout }) =>
        changeVisibility(queueOf(QueueUrl), ReceiptHandle, VisibilityTimeout),
    },
    ChangeMessageVisibilityBatch: {
      authorize: onQueue("ChangeMessageVisibility"),
      run: ({ QueueUrl, Entries }) =>
        batch(Entries, (entry: { Id: string; ReceiptHandle: string; VisibilityTimeout: number }) =>
          changeVisibility(queueOf(QueueUrl), entry.ReceiptHandle, entry.VisibilityTimeout),
        ),
    },
  };

  const queueOperations: Record<string, Operation> = {
    CreateQueue: {
      authorize: ({ QueueName }) => ({ action: "sqs:CreateQueue", resource: arnOf(QueueName) }),
      run({ QueueName, Attributes = {}, tags }) {
        const isFifo = Attributes.FifoQueue === "true";
        if (
          !/^[\w-]{1,80}(\.fifo)?$/.test(QueueName ?? "") ||
          QueueName.length > 80 ||
          isFifo !== QueueName.endsWith(".fifo")
        ) {
          throw new AwsError(
            "InvalidParameterValue",
            "The name of a queue has 1 to 80 letters, digits, - and _; that of a FIFO queue ends in .fifo and has FifoQueue set to true.",
          );
        }
        const known = queues.get(QueueName);
        if (known) {
          const current = writeAttributes(known.attributes);
          const other = Object.keys(Attributes).find(
            (name) => current[name] !== undefined && current[name] !== Attributes[name],
          );
          if (other)
            throw new AwsError(
              "QueueNameExists",
              `A queue already exists with the same name and a different value for attribute ${other}`,
            );
          return { QueueUrl: known.url };
        }
        const queue = configure(QueueName, Attributes, tags);
        persist(queue);
        return { QueueUrl: queue.url };
      },
    },
    DeleteQueue: {
      authorize: onQueue("DeleteQueue"),
      run({ QueueUrl }) {
        const queue = queueOf(QueueUrl);
        queue.purge();
        queue.stop();
        queues.delete(queue.name);
        dropQueue.run(queue.name);
        return {};
      },
    },
    PurgeQueue: {
      authorize: onQueue("PurgeQueue"),
      run({ QueueUrl }) {
        queueOf(QueueUrl).purge();
        return {};
      },
    },
    GetQueueUrl: {
      authorize: ({ QueueName }) => access("GetQueueUrl", QueueName),
      run: ({ QueueName }) => ({ QueueUrl: queueOf(QueueName).url }),
    },
    ListQueues: {
      authorize: () => ({ action: "sqs:ListQueues", resource: arnOf("*") }),
      run({ QueueNamePrefix = "" }) {
        const urls = [...queues.values()].filter(({ name }) => name.startsWith(QueueNamePrefix)).map(({ url }) => url);
        return { QueueUrls: urls.length > 0 ? urls.sort() : undefined };
      },
    },
    GetQueueAttributes: {
      authorize: onQueue("GetQueueAttributes"),
      run({ QueueUrl, AttributeNames = [] }) {
        const queue = queueOf(QueueUrl);
        const { visible, inFlight, delayed } = queue.counts();
        const all: Record<string, string> = {
          ...writeAttributes(queue.attributes),
          QueueArn: queue.arn,
          ApproximateNumberOfMessages: String(visible),
          ApproximateNumberOfMessagesNotVisible: String(inFlight),
          ApproximateNumberOfMessagesDelayed: String(delayed),
          CreatedTimestamp: String(Math.floor(queue.createdAt / 1000)),
          LastModifiedTimestamp: String(Math.floor(queue.modifiedAt / 1000)),
        };
        const wanted = (AttributeNames as string[]).includes("All") ? Object.keys(all) : (AttributeNames as string[]);
        return {
          Attributes: Object.fromEntries(wanted.filter((name) => name in all).map((name) => [name, all[name]])),
        };
      },
    },
    SetQueueAttributes: {
      authorize: onQueue("SetQueueAttributes"),
      run({ QueueUrl, Attributes }) {
        const queue = queueOf(QueueUrl);
        if (Attributes.RedrivePolicy) checkRedrive(queue, JSON.parse(Attributes.RedrivePolicy));
        persist(configure(queue.name, Attributes));
        return {};
      },
    },
    ListDeadLetterSourceQueues: {
      authorize: onQueue("ListDeadLetterSourceQueues"),
      run({ QueueUrl }) {
        const { arn } = queueOf(QueueUrl);
        const sources = [...queues.values()].filter(
          ({ attributes }) => attributes.redrive?.deadLetterTargetArn === arn,
        );
        return { queueUrls: sources.map(({ url }) => url) };
      },
    },
    ListQueueTags: { authorize: onQueue("ListQueueTags"), run: ({ QueueUrl }) => ({ Tags: queueOf(QueueUrl).tags }) },
    TagQueue: {
      authorize: onQueue("TagQueue"),
      run({ QueueUrl, Tags }) {
        const queue = queueOf(QueueUrl);
        Object.assign(queue.tags, Tags);
        persist(queue);
        return {};
      },
    },
    StartMessageMoveTask: {
      authorize: ({ SourceArn }) => access("StartMessageMoveTask", SourceArn),
      run({ SourceArn, DestinationArn }) {
        const source = queueOf(SourceArn);
        for (let message = source.take(); message; message = source.take()) {
          const destination = DestinationArn ?? message.sourceArn;
          if (!destination) {
            source.adopt(message);
            throw new AwsError(
              "InvalidParameterValue",
              "The queue's messages do not say where they failed; name a DestinationArn.",
            );
          }
          queueOf(destination).adopt({ ...message, receiveCount: 0, sourceArn: undefined });
        }
        return { TaskHandle: Buffer.from(randomUUID()).toString("base64") };
      },
    },
  };

  function checkRedrive(queue: Queue, redrive: { deadLetterTargetArn: string }): void {
    const target = queues.get(redrive.deadLetterTargetArn.split(":").at(-1)!);
    if (!target)
      throw new AwsError(
        "InvalidParameterValue",
        `Value for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.`,
      );
    const allow = target.attributes.redriveAllow;
    const allowed =
      !allow ||
      allow.redrivePermission === "allowAll" ||
      (allow.redrivePermission === "byQueue" && allow.sourceQueueArns?.includes(queue.arn));
    if (!allowed)
      throw new AwsError(
        "InvalidParameterValue",
        `Value for parameter RedrivePolicy is invalid. Reason: Dead letter queue ${target.arn} does not allow ${queue.arn} as a source.`,
      );
  }

  return {
    name: "sqs",
    client: () => import("@aws-sdk/client-sqs"),
    resources: {
      "aws:sqs/queue:Queue": ({ inputs, outputs }) => {
        configure(String(outputs.name), attributesOfInputs(inputs), (inputs.tags ?? {}) as Record<string, string>);
      },
      "aws:sqs/queuePolicy:QueuePolicy": ({ inputs }) => {
        configure(queueOf(String(inputs.queueUrl)).name, { Policy: String(inputs.policy) });
      },
      "aws:sqs/redrivePolicy:RedrivePolicy": ({ inputs }) => {
        configure(queueOf(String(inputs.queueUrl)).name, { RedrivePolicy: String(inputs.redrivePolicy) });
      },
      "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": ({ inputs }) => {
        configure(queueOf(String(inputs.queueUrl)).name, { RedriveAllowPolicy: String(inputs.redriveAllowPolicy) });
      },
    },
    operations: { ...messageOperations, ...queueOperations },
    async deliver(arn, delivery) {
      const queue = queueOf(arn);
      const principal = { type: "service" as const, arn: delivery.service, account: cloud.account };
      cloud.authorize({ principal, sourceIp: "127.0.0.1", sourceArn: delivery.sourceArn }, access("SendMessage", arn));
      send(queue, fromDelivery(delivery), delivery.service);
    },
    stop() {
      stopping.abort();
      for (const queue of queues.values()) queue.stop();
    },
  };
}

function fromDelivery({
  body,
  attributes = {},
  messageGroupId,
  messageDeduplicationId,
}: Delivery): Omit<SendInput, "QueueUrl"> {
  return {
    MessageBody: body,
    MessageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, { dataType, stringValue, binaryValue }]) => [
        name,
        { DataType: dataType, StringValue: stringValue, BinaryValue: binaryValue },
      ]),
    ),
    MessageGroupId: messageGroupId,
    MessageDeduplicationId: messageDeduplicationId,
  };
}

function describe(message: Message, input: ReceiveInput, queue: Queue) {
  const system: Record<string, string | undefined> = {
    SenderId: message.senderId,
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    MessageGroupId: message.groupId,
    MessageDeduplicationId: message.deduplicationId,
    SequenceNumber: queue.attributes.fifo ? sequenceOf(message) : undefined,
    AWSTraceHeader: message.traceHeader,
    DeadLetterQueueSourceArn: message.sourceArn,
  };
  const names = [...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])];
  const wanted = names.includes("All") ? Object.keys(system) : names;
  const Attributes = Object.fromEntries(
    wanted.filter((name) => system[name] !== undefined).map((name) => [name, system[name]]),
  );
  const attributes = Object.fromEntries(
    Object.entries(message.attributes).filter(([name]) =>
      (input.MessageAttributeNames ?? []).some(
        (pattern) =>
          pattern === "All" ||
          pattern === ".*" ||
          pattern === name ||
          (pattern.endsWith(".*") && name.startsWith(pattern.slice(0, -1))),
      ),
    ),
  );
  const hasAttributes = Object.keys(attributes).length > 0;
  return {
    MessageId: message.id,
    ReceiptHandle: receiptOf(message),
    Body: message.body,
    MD5OfBody: md5(message.body),
    Attributes: Object.keys(Attributes).length > 0 ? Attributes : undefined,
    MessageAttributes: hasAttributes ? attributes : undefined,
    MD5OfMessageAttributes: hasAttributes ? md5OfAttributes(attributes) : undefined,
  };
}

function validateMessage({ attributes }: Queue, input: Omit<SendInput, "QueueUrl">): void {
  const { MessageBody, MessageAttributes = {}, DelaySeconds, MessageGroupId } = input;
  if (!MessageBody) throw new AwsError("MissingParameter", "The request must contain the parameter MessageBody.");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly the characters that SQS refuses
  if (/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/.test(MessageBody)) {
    throw new AwsError(
      "InvalidMessageContents",
      "Invalid characters in the message body: SQS takes what XML 1.0 takes.",
    );
  }
  if (sizeOf(MessageBody, MessageAttributes) > attributes.maximumBytes) {
    throw new AwsError(
      "InvalidParameterValue",
      `One or more parameters are invalid. Reason: Message must be shorter than ${attributes.maximumBytes} bytes.`,
    );
  }
  if (Object.keys(MessageAttributes).length > 10) {
    throw new AwsError(
      "InvalidParameterValue",
      "Number of message attributes [more than 10] exceeds the allowed maximum [10].",
    );
  }
  if (DelaySeconds !== undefined) {
    range("DelaySeconds", DelaySeconds, 0, 900);
    if (attributes.fifo && DelaySeconds > 0) {
      throw new AwsError(
        "InvalidParameterValue",
        `Value ${DelaySeconds} for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.`,
      );
    }
  }
  if (attributes.fifo && !MessageGroupId)
    throw new AwsError("MissingParameter", "The request must contain the parameter MessageGroupId.");
}

function validateBatch(entries: { Id: string }[]): void {
  if (entries.length === 0)
    throw new AwsError("EmptyBatchRequest", "There should be at least one entry in the request.");
  if (entries.length > 10)
    throw new AwsError(
      "TooManyEntriesInBatchRequest",
      `Maximum number of entries per request are 10. You have sent ${entries.length}.`,
    );
  const ids = entries.map(({ Id }) => Id);
  const bad = ids.find((id) => !/^[\w-]{1,80}$/.test(id ?? ""));
  if (bad !== undefined)
    throw new AwsError(
      "InvalidBatchEntryId",
      "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
    );
  if (new Set(ids).size < ids.length)
    throw new AwsError(
      "BatchEntryIdsNotDistinct",
      `Id ${ids.find((id, index) => ids.indexOf(id) !== index)} repeated.`,
    );
}

function range(name: string, value: number, low: number, high: number): number {
  if (value >= low && value <= high) return value;
  throw new AwsError(
    "InvalidParameterValue",
    `Value ${value} for parameter ${name} is invalid. Reason: Must be from ${low} to ${high}, if provided.`,
  );
}

const sequenceOf = (message: Message): string => String(message.sequence).padStart(20, "0");
