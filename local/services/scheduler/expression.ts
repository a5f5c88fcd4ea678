/** When a schedule is due: `rate(…)`, `cron(…)` and `at(…)` as EventBridge Scheduler writes them. */
import { Cron } from "croner";
import { AwsError } from "../../service.ts";

export interface Expression {
  /** The first time after `now` (ms since the epoch) that the schedule is due; undefined when there is none. */
  next(now: number): number | undefined;
}

const UNIT_MS: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * @param start ms since the epoch from which a rate counts: its first time is one period later.
 * @param timezone IANA name; a rate does not ask for it.
 */
export function parseExpression(text: string, start: number, timezone = "UTC"): Expression {
  const [, kind, inner = ""] = /^(rate|cron|at)\((.+)\)$/.exec(text) ?? [];
  if (kind === "rate") return rate(text, inner, start);
  if (kind === "cron") return cron(text, inner, timezone);
  if (kind === "at") return at(text, inner, timezone);
  throw invalid(text);
}

function rate(text: string, inner: string, start: number): Expression {
  const [, count, unit = ""] = /^(\d+) (minute|hour|day)s?$/.exec(inner) ?? [];
  const period = Number(count) * (UNIT_MS[unit] ?? 0);
  if (!(period > 0)) throw invalid(text);
  return { next: (now) => start + Math.max(1, Math.floor((now - start) / period) + 1) * period };
}

/** Six fields, the year last; Sunday is 1. */
function cron(text: string, inner: string, timezone: string): Expression {
  const fields = inner.trim().split(/\s+/);
  const [, , day, , weekday] = fields;
  if (fields.length !== 6 || (day === "?") === (weekday === "?")) throw invalid(text);
  try {
    const job = new Cron(`0 ${fields.join(" ")}`, {
      timezone,
      alternativeWeekdays: true,
      sloppyRanges: true,
      paused: true,
    });
    return { next: (now) => job.nextRun(new Date(now))?.getTime() };
  } catch {
    throw invalid(text);
  }
}

function at(text: string, inner: string, timezone: string): Expression {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(inner)) throw invalid(text);
  const once = new Cron(inner, { timezone, paused: true });
  return { next: (now) => once.nextRun(new Date(now))?.getTime() };
}

function invalid(text: string): AwsError {
  return new AwsError("ValidationException", `Invalid Schedule Expression ${text}.`);
}
