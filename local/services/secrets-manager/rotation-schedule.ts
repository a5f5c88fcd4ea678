/** When a secret is rotated again. */
import { AwsError } from "../../service.ts";

export interface RotationRules {
  AutomaticallyAfterDays?: number;
  Duration?: string;
  ScheduleExpression?: string;
}

const DAY_MS = 86_400_000;

/**
 * ms since the epoch; undefined where nothing is scheduled
 * @param lastAt when it was rotated, or began to be
 */
export async function nextRotation(
  rules: RotationRules | undefined,
  lastAt: number,
  now: number,
): Promise<number | undefined> {
  const { AutomaticallyAfterDays: days, ScheduleExpression: schedule } = rules ?? {};
  if (schedule !== undefined) return (await parser())(schedule, lastAt).next(now);
  if (days === undefined) return undefined;
  // A rotation that failed is due again a day later.
  return Math.max(lastAt + days * DAY_MS, now + DAY_MS);
}

/** Loaded with the first schedule: most secrets have none. */
async function parser() {
  return (await import("../scheduler/expression.ts")).parseExpression;
}

const MOST_DAYS = 1000;
const LEAST_HOURS = 4;

/** @throws AwsError InvalidParameterException */
export async function checkRules(rules: RotationRules = {}): Promise<void> {
  const { AutomaticallyAfterDays: days, ScheduleExpression: schedule, Duration } = rules;
  if (days !== undefined && schedule !== undefined) {
    throw invalid("You can't specify both AutomaticallyAfterDays and ScheduleExpression.");
  }
  if (days !== undefined && !(days >= 1 && days <= MOST_DAYS)) {
    throw invalid(`AutomaticallyAfterDays must be from 1 to ${MOST_DAYS}.`);
  }
  if (Duration !== undefined && !/^\d+h$/.test(Duration)) throw invalid("Duration is a number of hours, such as 3h.");
  if (schedule === undefined) return;
  try {
    (await parser())(schedule, 0);
  } catch (error) {
    throw invalid((error as Error).message);
  }
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(schedule) ?? [];
  const hours = unit === "day" ? Number(count) * 24 : unit === "hour" ? Number(count) : unit && Number(count) / 60;
  if (/^at\(/.test(schedule) || (typeof hours === "number" && hours < LEAST_HOURS)) {
    throw invalid(`Invalid ScheduleExpression ${schedule}: a secret rotates every ${LEAST_HOURS} hours at most.`);
  }
}

const invalid = (message: string): AwsError => new AwsError("InvalidParameterException", message);

/** As a program declares them. */
export function rulesOf(declared: Record<string, unknown> = {}): RotationRules {
  const { automaticallyAfterDays: days, duration, scheduleExpression: schedule } = declared;
  return {
    ...(days === undefined ? {} : { AutomaticallyAfterDays: Number(days) }),
    ...(duration === undefined ? {} : { Duration: String(duration) }),
    ...(schedule === undefined ? {} : { ScheduleExpression: String(schedule) }),
  };
}
