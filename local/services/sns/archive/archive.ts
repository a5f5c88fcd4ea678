/** What a FIFO topic keeps of the messages that are published to it, for as many days as its archive policy says. */
import { AwsError, type Cloud } from "../../../service.ts";
import type { Published } from "../delivery.ts";
import { textOf, valueOf } from "../stored-message.ts";
import type { Topic } from "../topic.ts";

export interface Archive {
  /** After the topic's policy came, changed or went: without one, what was kept is deleted. */
  apply(topic: Topic): void;
  keep(topic: Topic, message: Published): void;
  /** ms since the epoch, of the oldest message that a replay may begin with; undefined where nothing is kept. */
  beginningOf(topic: Topic): number | undefined;
  /** In the order of their publishing, pages of them read when they are wanted. What is published from now on is left out. */
  between(topic: Topic, from: number, to: number): Iterable<Published>;
}

const DAY_MS = 86_400_000;
const LONGEST_DAYS = 365;
const PAGE = 100;

export function archiveOf({ database, clock }: Cloud): Archive {
  database.exec(`
    CREATE TABLE IF NOT EXISTS sns_archives (topic TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS sns_archived (
      id INTEGER PRIMARY KEY, topic TEXT NOT NULL, at INTEGER NOT NULL, message TEXT NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS sns_archived_by_time ON sns_archived (topic, at);`);
  const begin = database.prepare("INSERT OR IGNORE INTO sns_archives VALUES (?, ?)");
  const end = database.prepare("DELETE FROM sns_archives WHERE topic = ?");
  const since = database.prepare("SELECT since FROM sns_archives WHERE topic = ?");
  const insert = database.prepare("INSERT INTO sns_archived (topic, at, message) VALUES (?, ?, ?)");
  const forget = database.prepare("DELETE FROM sns_archived WHERE topic = ? AND at < ?");
  const newest = database.prepare("SELECT max(id) AS id FROM sns_archived");
  const read = database.prepare(
    "SELECT id, message FROM sns_archived WHERE topic = ? AND at BETWEEN ? AND ? AND id > ? AND id <= ? ORDER BY id LIMIT ?",
  );

  function beginningOf({ arn, attributes }: Topic): number | undefined {
    const days = retentionDays(attributes.ArchivePolicy);
    const began = since.get(arn);
    return days === undefined || !began ? undefined : Math.max(Number(began.since), clock.now() - days * DAY_MS);
  }

  function* pages(arn: string, from: number, to: number, last: number): Generator<Published> {
    let after = 0;
    for (;;) {
      const rows = read.all(arn, from, to, after, last, PAGE);
      for (const { message } of rows) yield valueOf(String(message));
      if (rows.length < PAGE) return;
      after = Number(rows.at(-1)!.id);
    }
  }

  return {
    apply({ arn, isFifo, attributes }) {
      if (!isFifo) return;
      if (retentionDays(attributes.ArchivePolicy) !== undefined) begin.run(arn, clock.now());
      else if (end.run(arn).changes) forget.run(arn, Number.MAX_SAFE_INTEGER);
    },
    keep(topic, message) {
      const beginning = beginningOf(topic);
      if (beginning === undefined) return;
      forget.run(topic.arn, beginning);
      insert.run(topic.arn, Date.parse(message.timestamp), textOf(message));
    },
    beginningOf,
    between(topic, from, to) {
      const beginning = beginningOf(topic) ?? Number.MAX_SAFE_INTEGER;
      return pages(topic.arn, Math.max(from, beginning), to, Number(newest.get()!.id ?? 0));
    },
  };
}

/** An empty object ends archiving. @throws AwsError InvalidParameterException */
export function setArchivePolicy({ attributes, isFifo }: Topic, policy: string): void {
  if (!isFifo) throw refused("only FIFO topics have one");
  const { MessageRetentionPeriod: period, ...others } = parse(policy);
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) throw refused(`${unknown} is not one of its members`);
  if (period === undefined) {
    delete attributes.ArchivePolicy;
    return;
  }
  const days = /^\d+$/.test(String(period)) ? Number(period) : 0;
  if (days < 1 || days > LONGEST_DAYS)
    throw refused(`MessageRetentionPeriod is a number of days, 1 to ${LONGEST_DAYS}`);
  attributes.ArchivePolicy = policy;
}

function retentionDays(policy: string | undefined): number | undefined {
  const { MessageRetentionPeriod: period } = policy ? parse(policy) : {};
  return period === undefined ? undefined : Number(period);
}

function parse(policy: string): { MessageRetentionPeriod?: unknown } {
  try {
    const parsed = JSON.parse(policy);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {}
  throw refused("it is not a JSON object");
}

function refused(problem: string): AwsError {
  return new AwsError("InvalidParameterException", `Invalid parameter: Attributes Reason: ArchivePolicy: ${problem}`);
}
