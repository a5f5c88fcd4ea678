/** The queues of an account: found by name, URL or ARN, and kept where the program does not declare them. */
import { type Access, AwsError, type Cloud } from "../../service.ts";
import { DEFAULTS, type QueueAttributes, withAttributes, writeAttributes } from "./attributes.ts";
import { messageTable } from "./message.ts";
import { Queue } from "./queue.ts";

export interface Queues {
  cloud: Cloud;
  all(): Queue[];
  arnOf(name: string): string;
  /** @throws AwsError QueueDoesNotExist */
  find(id: string): Queue;
  get(name: string): Queue | undefined;
  /** What IAM is asked: the queue's own policy decides with the caller's. */
  access(action: string, id: string): Access;
  onQueue(action: string): (input: { QueueUrl: string }) => Access;
  /** A queue that came through the API: it is there again after a restart. */
  create(name: string, attributes: Record<string, string>, tags?: Record<string, string>): Queue;
  /** A queue of the program: declared anew at every start. What it leaves out has AWS's default. */
  declare(name: string, attributes: Record<string, string>, tags: Record<string, string>): Queue;
  configure(queue: Queue, attributes: Record<string, string>): void;
  changed(queue: Queue): void;
  remove(queue: Queue): void;
}

export function queuesOf(cloud: Cloud): Queues {
  const table = messageTable(cloud.database);
  const queues = new Map<string, Queue>();
  const created = new Set<string>();
  cloud.database.exec(
    "CREATE TABLE IF NOT EXISTS sqs_queues (name TEXT PRIMARY KEY, attributes TEXT NOT NULL, tags TEXT NOT NULL) STRICT",
  );
  const save = cloud.database.prepare(
    "INSERT INTO sqs_queues VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET attributes = excluded.attributes, tags = excluded.tags",
  );
  const drop = cloud.database.prepare("DELETE FROM sqs_queues WHERE name = ?");
  const arnOf = (name: string) => `arn:aws:sqs:${cloud.region}:${cloud.account}:${name}`;

  function make(name: string, attributes: QueueAttributes): Queue {
    const url = `${cloud.endpoint}/${cloud.account}/${name}`;
    const queue = new Queue({ name, arn: arnOf(name), url, attributes, clock: cloud.clock, table });
    queues.set(name, queue);
    return queue;
  }

  const defaultsOf = (name: string): QueueAttributes => ({ ...DEFAULTS, fifo: name.endsWith(".fifo") });

  function nameOf(id: string): string {
    if (id.startsWith("arn:")) return id.startsWith(arnOf("")) ? id.slice(arnOf("").length) : "";
    if (!id.includes("/")) return id;
    const [account, name = ""] = id.split("/").slice(-2);
    return account === cloud.account ? name : "";
  }

  function find(id: string): Queue {
    const queue = queues.get(nameOf(id ?? ""));
    if (!queue) throw new AwsError("QueueDoesNotExist", "The specified queue does not exist.");
    return queue;
  }

  /** @throws AwsError where the dead-letter queue is missing, of another kind, or does not want this one's messages. */
  function checkRedrive({ name, arn }: Pick<Queue, "name" | "arn">, { redrive, fifo }: QueueAttributes): void {
    if (!redrive) return;
    const target = queues.get(nameOf(redrive.deadLetterTargetArn));
    const refuse = (reason: string) =>
      new AwsError(
        "InvalidParameterValue",
        `Value ${JSON.stringify(redrive)} for parameter RedrivePolicy is invalid. Reason: ${reason}`,
      );
    if (!target) throw refuse("Dead letter target does not exist.");
    if (target.name === name) throw refuse("Dead letter target is the queue itself.");
    if (target.attributes.fifo !== fifo) throw refuse("Dead letter target must be same type of queue as the source.");
    const { redrivePermission = "allowAll", sourceQueueArns } = target.attributes.redriveAllow ?? {};
    if (redrivePermission === "denyAll" || (redrivePermission === "byQueue" && !sourceQueueArns?.includes(arn))) {
      throw refuse("The dead letter queue's RedriveAllowPolicy does not allow this queue.");
    }
  }

  function changed(queue: Queue): void {
    queue.modifiedAt = cloud.clock.now();
    if (!created.has(queue.name)) return;
    save.run(queue.name, JSON.stringify(writeAttributes(queue.attributes)), JSON.stringify(queue.tags));
  }

  const access = (action: string, id: string): Access => {
    const { arn, attributes } = find(id);
    return { action: `sqs:${action}`, resource: arn, resourcePolicy: attributes.policy };
  };

  for (const row of cloud.database.prepare("SELECT * FROM sqs_queues").all()) {
    const name = String(row.name);
    const queue = make(name, withAttributes(defaultsOf(name), JSON.parse(String(row.attributes))));
    queue.tags = JSON.parse(String(row.tags));
    created.add(name);
  }

  return {
    cloud,
    all: () => [...queues.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    arnOf,
    find,
    get: (name) => queues.get(name),
    access,
    onQueue: (action) => (input) => access(action, input.QueueUrl),
    create(name, attributes, tags = {}) {
      const next = withAttributes(defaultsOf(name), attributes);
      checkRedrive({ name, arn: arnOf(name) }, next);
      const queue = make(name, next);
      queue.tags = tags;
      created.add(name);
      changed(queue);
      return queue;
    },
    declare(name, attributes, tags) {
      const known = queues.get(name);
      // What resources of their own declare stays: they follow only where they changed.
      const { policy, redrive, redriveAllow } = known?.attributes ?? {};
      const next = withAttributes({ ...defaultsOf(name), policy, redrive, redriveAllow }, attributes);
      checkRedrive({ name, arn: arnOf(name) }, next);
      const queue = known ?? make(name, next);
      queue.attributes = next;
      queue.tags = tags;
      if (created.delete(name)) drop.run(name);
      changed(queue);
      return queue;
    },
    configure(queue, attributes) {
      const next = withAttributes(queue.attributes, attributes);
      if (attributes.RedrivePolicy) checkRedrive(queue, next);
      queue.attributes = next;
      changed(queue);
    },
    changed,
    remove(queue) {
      queues.delete(queue.name);
      created.delete(queue.name);
      drop.run(queue.name);
      queue.drop();
    },
  };
}
