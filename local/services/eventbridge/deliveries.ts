/**
 * Events on their way to targets: kept until they are delivered or given up, tried again on the clock, at last in the
 * target's dead-letter queue. They survive a killed process.
 */
import { randomUUID } from "node:crypto";
import type { Call, Cloud } from "../../service.ts";
import type { Event } from "./event.ts";
import { inputFor } from "./input.ts";
import type { Registry, Rule, RuleTarget } from "./registry.ts";
import { failureOf, send } from "./targets.ts";

interface Pending {
  id: string;
  rule: string;
  target: string;
  event: Event;
  /** Attempts after the first one. */
  retries: number;
  acceptedAt: number;
  dueAt: number;
}

export interface Deliveries {
  /** Kept when this returns; on its way a turn later. */
  add(rule: Rule, event: Event): void;
  /** Takes up what an earlier run left for this target. */
  resume(rule: Rule, target: RuleTarget): void;
  stop(): void;
}

/** So many at a time: a replay of a large archive takes turns with what happens now. */
const CONCURRENCY = 64;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 480_000;
const DEFAULT_RETRIES = 185;
const DEFAULT_AGE_SECONDS = 86_400;

export function deliveriesOf(
  cloud: Cloud,
  registry: Registry,
  forward: (busArn: string, event: Event, call: Call) => void,
): Deliveries {
  const { database, clock } = cloud;
  database.exec(`CREATE TABLE IF NOT EXISTS events_deliveries (
    id TEXT PRIMARY KEY, rule TEXT NOT NULL, target TEXT NOT NULL, event TEXT NOT NULL, retries INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL, due_at INTEGER NOT NULL) STRICT`);
  const insert = database.prepare("INSERT INTO events_deliveries VALUES (?, ?, ?, ?, ?, ?, ?)");
  const postpone = database.prepare("UPDATE events_deliveries SET retries = ?, due_at = ? WHERE id = ?");
  const remove = database.prepare("DELETE FROM events_deliveries WHERE id = ?");
  const leftFor = database.prepare(
    "SELECT * FROM events_deliveries WHERE rule = ? AND target = ? ORDER BY accepted_at",
  );
  const scheduled = new Set<string>();
  const waiting: Pending[] = [];
  let active = 0;
  let stopped = false;

  function schedule(pending: Pending): void {
    scheduled.add(pending.id);
    const delay = pending.dueAt - clock.now();
    if (delay > 0) clock.after(delay, () => start(pending));
    else setImmediate(start, pending);
  }

  function start(pending: Pending): void {
    if (stopped) return;
    if (active >= CONCURRENCY) {
      waiting.push(pending);
      return;
    }
    active++;
    void attempt(pending).finally(() => {
      active--;
      const next = waiting.shift();
      if (next) start(next);
    });
  }

  async function attempt(pending: Pending): Promise<void> {
    const rule = registry.ruleByArn(pending.rule);
    const target = rule?.targets.get(pending.target);
    if (!rule || !target) return finish(pending);
    try {
      const body = inputFor(target, rule, pending.event, pending.acceptedAt);
      await send(cloud, { rule, target, event: pending.event, body }, forward);
    } catch (error) {
      if (!stopped) await failed(pending, rule, target, error);
      return;
    }
    if (!stopped) finish(pending);
  }

  async function failed(pending: Pending, rule: Rule, target: RuleTarget, error: unknown): Promise<void> {
    const { code, message, isPermanent } = failureOf(error);
    const { MaximumRetryAttempts = DEFAULT_RETRIES, MaximumEventAgeInSeconds = DEFAULT_AGE_SECONDS } =
      target.RetryPolicy ?? {};
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** pending.retries, LONGEST_PAUSE_MS);
    const dueAt = clock.now() + pause;
    const isOld = dueAt - pending.acceptedAt > MaximumEventAgeInSeconds * 1000;
    if (!isPermanent && !isOld && pending.retries < MaximumRetryAttempts) {
      pending.retries++;
      pending.dueAt = dueAt;
      postpone.run(pending.retries, dueAt, pending.id);
      return schedule(pending);
    }
    const attributes: Record<string, string> = {
      RULE_ARN: rule.arn,
      TARGET_ARN: target.Arn,
      ERROR_CODE: code,
      ERROR_MESSAGE: message,
      ...(isPermanent
        ? {}
        : {
            RETRY_ATTEMPTS: String(pending.retries),
            EXHAUSTED_RETRY_CONDITION: isOld ? "MaximumEventAgeInSeconds" : "MaximumRetryAttempts",
          }),
    };
    await giveUp(pending, rule, target, attributes);
  }

  async function giveUp(
    pending: Pending,
    rule: Rule,
    target: RuleTarget,
    about: Record<string, string>,
  ): Promise<void> {
    const deadLetters = target.DeadLetterConfig?.Arn;
    const lost = `could not bring event ${pending.event.id} to ${target.Arn}: ${about.ERROR_MESSAGE}`;
    const said = (message: string) => cloud.log({ level: "warn", source: `rule ${rule.name}`, message });
    if (!deadLetters) said(`${lost}. The target has no dead-letter queue: the event is lost.`);
    else {
      const attributes = Object.fromEntries(
        Object.entries(about).map(([name, stringValue]) => [name, { dataType: "String", stringValue }]),
      );
      const body = JSON.stringify(pending.event);
      try {
        const service = "events.amazonaws.com";
        await cloud.deliver(deadLetters, { service, sourceArn: rule.arn, body, attributes });
        said(`${lost}. It is in ${deadLetters}.`);
      } catch (error) {
        said(`${lost}; nor to its dead-letter queue: ${(error as Error).message}`);
      }
    }
    if (!stopped) finish(pending);
  }

  function finish({ id }: Pending): void {
    remove.run(id);
    scheduled.delete(id);
  }

  return {
    add(rule, event) {
      const now = clock.now();
      for (const target of rule.targets.keys()) {
        const pending = { id: randomUUID(), rule: rule.arn, target, event, retries: 0, acceptedAt: now, dueAt: now };
        insert.run(pending.id, rule.arn, target, JSON.stringify(event), 0, now, now);
        schedule(pending);
      }
    },
    resume(rule, target) {
      for (const row of leftFor.all(rule.arn, target.Id)) {
        if (scheduled.has(String(row.id))) continue;
        schedule({
          id: String(row.id),
          rule: rule.arn,
          target: target.Id,
          event: JSON.parse(String(row.event)),
          retries: Number(row.retries),
          acceptedAt: Number(row.accepted_at),
          dueAt: Number(row.due_at),
        });
      }
    },
    stop() {
      stopped = true;
    },
  };
}
