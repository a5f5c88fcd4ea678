/**
 * Replays: a subscription gets again what its topic has archived, as its replay policy says. The topic's new messages wait
 * until it is over, so that each group's stay in order. One that the platform was killed in begins anew; one that is over is
 * not repeated because the program declares it again.
 */
import { AwsError } from "../../../service.ts";
import { deliverTo, type Sending } from "../delivery.ts";
import { matchesFilter } from "../filter.ts";
import type { Subscription, Topic, Topics } from "../topic.ts";

export interface Replays {
  /** Resolves when it is over. Does nothing where this policy was followed already, or there is none. */
  follow(topic: Topic, subscription: Subscription): Promise<void>;
  /** As AWS names it; undefined where there was no replay. */
  statusOf(subscriptionArn: string): string | undefined;
}

interface Policy {
  /** ms since the epoch, both included. */
  from: number;
  to: number;
}

const PAUSE_AT_START_MS = 1000;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

export function replaysOf(sending: Sending, topics: Topics): Replays {
  const { database, clock, log } = sending.cloud;
  database.exec(
    "CREATE TABLE IF NOT EXISTS sns_replays (subscription TEXT PRIMARY KEY, policy TEXT NOT NULL, status TEXT NOT NULL) STRICT",
  );
  const known = database.prepare("SELECT policy, status FROM sns_replays WHERE subscription = ?");
  const pending = database.prepare("SELECT subscription FROM sns_replays WHERE status = 'Pending'");
  const save = database.prepare("INSERT OR REPLACE INTO sns_replays VALUES (?, ?, ?)");
  const forget = database.prepare("DELETE FROM sns_replays WHERE subscription = ?");
  /** Of subscriptions: the policy that is being followed. */
  const running = new Map<string, string>();

  async function run(topic: Topic, arn: string, policy: string): Promise<void> {
    const { from, to } = readReplayPolicy(topic, policy)!;
    save.run(arn, policy, "Pending");
    running.set(arn, policy);
    // What is published from now on comes by itself.
    const messages = sending.archive.between(topic, from, to);
    topic.tail = topic.tail.then(async () => {
      try {
        for (const message of messages) {
          // It may have been unsubscribed, or been given another policy, meanwhile.
          const current = topic.subscriptions.get(arn);
          if (sending.signal.aborted || current?.replayPolicy !== policy) return;
          if (!matchesFilter(current, message)) continue;
          const attributes = { ...message.attributes, Replayed: { dataType: "String", stringValue: "true" } };
          await deliverTo(sending, topic, current, { ...message, attributes });
        }
        save.run(arn, policy, "Completed");
      } catch (error) {
        failed(arn, policy, error as Error);
      } finally {
        if (running.get(arn) === policy) running.delete(arn);
      }
    });
    await topic.tail;
  }

  function failed(arn: string, policy: string, error: Error): void {
    save.run(arn, policy, "Failed");
    log({ level: "warn", source: "sns", message: `The replay for ${arn} failed: ${error.message}` });
  }

  async function follow(topic: Topic, { arn, replayPolicy }: Subscription): Promise<void> {
    const before = known.get(arn);
    if (replayPolicy === undefined) {
      if (before) forget.run(arn);
    } else if (running.get(arn) !== replayPolicy && (before?.policy !== replayPolicy || before.status === "Pending")) {
      await run(topic, arn, replayPolicy);
    }
  }

  function resume(): void {
    for (const { subscription } of pending.all()) {
      const arn = String(subscription);
      const topic = topics.all().find(({ subscriptions }) => subscriptions.has(arn));
      const found = topic?.subscriptions.get(arn);
      // The topic may keep nothing any more.
      if (topic && found) follow(topic, found).catch((error) => failed(arn, String(found.replayPolicy), error));
    }
  }

  // Where the platform was killed in one. The program's topics have to be declared first.
  if (pending.get()) clock.after(PAUSE_AT_START_MS, () => database.isOpen && resume());

  return {
    follow,
    statusOf: (arn) => known.get(arn)?.status as string | undefined,
  };
}

/** Undefined for `{}`, which ends a replay. @throws AwsError InvalidParameterException */
export function readReplayPolicy(topic: Topic, text: string): Policy | undefined {
  const policy = parse(text);
  const { PointType: type, StartingPoint: start, EndingPoint: end, ...others } = policy;
  if (Object.keys(policy).length === 0) return undefined;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) throw refused(`${unknown} is not one of its members`);
  if (!topic.isFifo || !topic.attributes.ArchivePolicy) throw refused("the topic has no archive policy");
  if (type !== "Timestamp") throw refused("PointType is Timestamp");
  const from = timeOf("StartingPoint", start);
  const to = end === undefined ? Number.MAX_SAFE_INTEGER : timeOf("EndingPoint", end);
  if (from >= to) throw refused("StartingPoint is before EndingPoint");
  return { from, to };
}

function timeOf(name: string, value: unknown): number {
  const time = typeof value === "string" && TIME.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw refused(`${name} is a time such as 2027-01-01T00:00:00.000Z`);
  return time;
}

function parse(text: string): Record<string, unknown> {
  try {
    const parsed = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {}
  throw refused("it is not a JSON object");
}

function refused(problem: string): AwsError {
  return new AwsError("InvalidParameterException", `Invalid parameter: Attributes Reason: ReplayPolicy: ${problem}`);
}
