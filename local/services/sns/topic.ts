/** Topics and their subscriptions, and what is kept of them over a restart. */

import type { Pattern } from "../../event-pattern.ts";
import { AwsError, type Cloud } from "../../service.ts";
import type { Pending } from "./confirmation.ts";

export interface Subscription {
  arn: string;
  protocol: string;
  endpoint: string;
  /** The message alone, its attributes as the queue's message attributes. */
  raw: boolean;
  filterPolicy?: Pattern;
  filterScope: "MessageAttributes" | "MessageBody";
  deadLetterArn?: string;
  /** Of HTTP endpoints, as JSON. */
  deliveryPolicy?: string;
  /** Of FIFO topics that archive, as JSON. */
  replayPolicy?: string;
  /** Of deliveries (Firehose): the role that SNS writes as. */
  roleArn?: string;
  /** Only who may do so by IAM can end it. */
  authenticateOnUnsubscribe?: boolean;
  /** Until an HTTP endpoint has confirmed. */
  pending?: Pending;
  /** By the program, which declares it again at the next start. */
  isDeclared: boolean;
}

export interface Topic {
  arn: string;
  name: string;
  isFifo: boolean;
  isDeclared: boolean;
  contentBasedDeduplication: boolean;
  policy?: string;
  attributes: Record<string, string>;
  tags: Record<string, string>;
  subscriptions: Map<string, Subscription>;
  /** Deduplication ids of the last five minutes, oldest first. A FIFO queue remembers them over a restart. */
  recent: Map<string, { at: number; messageId: string; sequenceNumber: string }>;
  sequence: number;
  /** A FIFO topic delivers one message after the other. */
  tail: Promise<void>;
}

export interface Topics {
  all(): Topic[];
  arnOf(name: string): string;
  /** @throws AwsError NotFoundException */
  find(arn: string | undefined): Topic;
  findSubscription(arn: string): { topic: Topic; subscription: Subscription };
  /** The topic of this ARN, made where there is none. */
  ensure(arn: string, isDeclared: boolean): Topic;
  changed(topic: Topic): void;
  remove(arn: string): void;
}

type Stored = Pick<Topic, "arn" | "isDeclared" | "contentBasedDeduplication" | "policy" | "attributes" | "tags"> & {
  subscriptions: Subscription[];
};

export function topicsOf(cloud: Cloud): Topics {
  const topics = new Map<string, Topic>();
  /** What came through the API for topics that the program has not declared yet. */
  const dormant = new Map<string, Subscription[]>();
  cloud.database.exec("CREATE TABLE IF NOT EXISTS sns_topics (arn TEXT PRIMARY KEY, topic TEXT NOT NULL) STRICT");
  const save = cloud.database.prepare(
    "INSERT INTO sns_topics VALUES (?, ?) ON CONFLICT (arn) DO UPDATE SET topic = excluded.topic",
  );
  const drop = cloud.database.prepare("DELETE FROM sns_topics WHERE arn = ?");
  const arnOf = (name: string) => `arn:aws:sns:${cloud.region}:${cloud.account}:${name}`;

  function make(arn: string, stored: Partial<Stored>): Topic {
    const name = arn.split(":").at(-1)!;
    const { isDeclared = false, contentBasedDeduplication = false, attributes = {}, tags = {}, policy } = stored;
    const topic: Topic = {
      ...{ arn, name, isFifo: name.endsWith(".fifo"), isDeclared, contentBasedDeduplication, policy, attributes, tags },
      subscriptions: new Map((stored.subscriptions ?? []).map((subscription) => [subscription.arn, subscription])),
      recent: new Map(),
      sequence: 0,
      tail: Promise.resolve(),
    };
    topics.set(arn, topic);
    return topic;
  }

  function find(arn: string | undefined): Topic {
    const topic = topics.get(arn ?? "");
    if (!topic) throw new AwsError("NotFoundException", "Topic does not exist", 404);
    return topic;
  }

  for (const row of cloud.database.prepare("SELECT topic FROM sns_topics").all()) {
    const stored = JSON.parse(String(row.topic)) as Stored;
    if (stored.isDeclared) dormant.set(stored.arn, stored.subscriptions);
    else make(stored.arn, stored);
  }

  return {
    all: () => [...topics.values()].sort((a, b) => (a.arn < b.arn ? -1 : 1)),
    arnOf,
    find,
    findSubscription(arn) {
      const topic = topics.get(arn.slice(0, arn.lastIndexOf(":")));
      const subscription = topic?.subscriptions.get(arn);
      if (!topic || !subscription) throw new AwsError("NotFoundException", "Subscription does not exist", 404);
      return { topic, subscription };
    },
    ensure(arn, isDeclared) {
      const topic = topics.get(arn) ?? make(arn, { isDeclared, subscriptions: dormant.get(arn) });
      dormant.delete(arn);
      topic.isDeclared ||= isDeclared;
      return topic;
    },
    changed({ arn, isDeclared, contentBasedDeduplication, policy, attributes, tags, subscriptions }) {
      const kept = [...subscriptions.values()].filter((subscription) => !subscription.isDeclared);
      const stored: Stored = isDeclared
        ? { arn, isDeclared, contentBasedDeduplication, attributes: {}, tags: {}, subscriptions: kept }
        : { arn, isDeclared, contentBasedDeduplication, policy, attributes, tags, subscriptions: kept };
      save.run(arn, JSON.stringify(stored));
    },
    remove(arn) {
      topics.delete(arn);
      drop.run(arn);
    },
  };
}
