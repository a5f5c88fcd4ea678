/** The schedules of an account: kept where the API made them, and started when they are due on the cloud's clock. */
import { createHash, randomUUID } from "node:crypto";
import { AwsError, type Cloud, type Timer } from "../../service.ts";
import { callTarget } from "./call-target.ts";
import type { Definition, Target } from "./definition.ts";
import { type Expression, parseExpression } from "./expression.ts";

export interface Schedule {
  arn: string;
  definition: Definition;
  /** By the program, which declares it again at the next start. */
  isDeclared: boolean;
  expression: Expression;
  timer?: Timer;
}

export interface Schedules {
  all(): Schedule[];
  arnOf(group: string, name: string): string;
  groupArn(name: string): string;
  get(group: string, name: string): Schedule | undefined;
  /** @throws AwsError ResourceNotFoundException */
  find(group: string, name: string): Schedule;
  /** Makes or replaces it; its role must trust the scheduler. */
  put(definition: Definition, isDeclared: boolean): Schedule;
  remove(schedule: Schedule): void;
  stop(): void;
}

const FIRST_RETRY_MS = 1_000;

export function schedulesOf(cloud: Cloud): Schedules {
  const { clock, database, region, account } = cloud;
  const schedules = new Map<string, Schedule>();
  let stopped = false;
  database.exec(
    "CREATE TABLE IF NOT EXISTS scheduler_schedules (arn TEXT PRIMARY KEY, definition TEXT NOT NULL) STRICT",
  );
  const save = database.prepare("INSERT OR REPLACE INTO scheduler_schedules VALUES (?, ?)");
  const drop = database.prepare("DELETE FROM scheduler_schedules WHERE arn = ?");
  const arnOf = (group: string, name: string) => `arn:aws:scheduler:${region}:${account}:schedule/${group}/${name}`;
  const groupArn = (name: string) => `arn:aws:scheduler:${region}:${account}:schedule-group/${name}`;

  function lay(definition: Definition, isDeclared: boolean): Schedule {
    const { GroupName, Name, ScheduleExpression, ScheduleExpressionTimezone, StartDate, createdAt } = definition;
    const arn = arnOf(GroupName, Name);
    schedules.get(arn)?.timer?.cancel();
    const expression = parseExpression(ScheduleExpression, StartDate ?? createdAt, ScheduleExpressionTimezone);
    const schedule: Schedule = { arn, definition, isDeclared, expression };
    schedules.set(arn, schedule);
    if (definition.State === "ENABLED") arm(schedule);
    return schedule;
  }

  function arm(schedule: Schedule): void {
    const { StartDate = 0, EndDate = Number.POSITIVE_INFINITY, ActionAfterCompletion } = schedule.definition;
    const due = schedule.expression.next(Math.max(clock.now(), StartDate - 1));
    if (due === undefined || due > EndDate) {
      if (ActionAfterCompletion === "DELETE") remove(schedule);
      return;
    }
    const at = due + pauseWithin(schedule, due);
    const wait = () => {
      schedule.timer = clock.after(at - clock.now(), () => {
        // A clock may not be able to wait for months at once.
        if (clock.now() < at) return wait();
        arm(schedule);
        void start(schedule, due, clock.now());
      });
    };
    wait();
  }

  /** `first`: when it was first tried, from which its event ages. */
  async function start(schedule: Schedule, due: number, first: number, attempt = 1, execution: string = randomUUID()) {
    if (stopped) return;
    const { Target: target } = schedule.definition;
    const body = fill(schedule, due, attempt, execution);
    try {
      await callTarget(cloud, target, body);
    } catch (error) {
      const delay = FIRST_RETRY_MS * 2 ** (attempt - 1);
      const { MaximumRetryAttempts = 185, MaximumEventAgeInSeconds = 86_400 } = target.RetryPolicy ?? {};
      const isLate = clock.now() + delay - first > MaximumEventAgeInSeconds * 1000;
      if (attempt <= MaximumRetryAttempts && !isLate) {
        clock.after(delay, () => void start(schedule, due, first, attempt + 1, execution));
        return;
      }
      const message = `${target.Arn} could not be started: ${(error as Error).message}`;
      cloud.log({ level: "error", source: `schedule ${schedule.definition.Name}`, message });
      await bury(target, body);
    }
  }

  async function bury({ DeadLetterConfig, RoleArn }: Target, body: string): Promise<void> {
    if (!DeadLetterConfig?.Arn) return;
    await callTarget(cloud, { Arn: DeadLetterConfig.Arn, RoleArn }, body).catch((error: Error) => {
      cloud.log({ level: "error", source: "scheduler", message: `nor into its dead-letter queue: ${error.message}` });
    });
  }

  function remove(schedule: Schedule): void {
    schedule.timer?.cancel();
    schedules.delete(schedule.arn);
    drop.run(schedule.arn);
  }

  for (const row of database.prepare("SELECT definition FROM scheduler_schedules ORDER BY arn").all()) {
    lay(JSON.parse(String(row.definition)), false);
  }

  return {
    all: () => [...schedules.values()].sort((a, b) => (a.arn < b.arn ? -1 : 1)),
    arnOf,
    groupArn,
    get: (group, name) => schedules.get(arnOf(group, name)),
    find(group, name) {
      const schedule = schedules.get(arnOf(group, name));
      if (schedule) return schedule;
      throw new AwsError("ResourceNotFoundException", `Schedule ${name} does not exist.`, 404);
    },
    put(definition, isDeclared) {
      // Refused now rather than when it is due: a role that does not trust the scheduler.
      cloud.assume(definition.Target.RoleArn, "scheduler", "scheduler.amazonaws.com", groupArn(definition.GroupName));
      const schedule = lay(definition, isDeclared);
      if (isDeclared) drop.run(schedule.arn);
      else save.run(schedule.arn, JSON.stringify(definition));
      return schedule;
    },
    remove,
    stop() {
      stopped = true;
      for (const { timer } of schedules.values()) timer?.cancel();
    },
  };
}

/** Somewhere in the flexible window, in ms: for one time of one schedule always the same. */
function pauseWithin({ arn, definition }: Schedule, due: number): number {
  const windowMs = (definition.FlexibleTimeWindow.MaximumWindowInMinutes ?? 0) * 60_000;
  const digest = createHash("sha256").update(`${arn} ${due}`).digest().readUInt32BE(0);
  return Math.floor((digest / 2 ** 32) * windowMs);
}

/** Context attributes stand in the input as `<aws.scheduler.scheduled-time>`. */
function fill({ definition, arn }: Schedule, due: number, attempt: number, execution: string): string {
  const values: Record<string, string> = {
    "schedule-arn": arn,
    "scheduled-time": new Date(due).toISOString().replace(/\.\d+Z$/, "Z"),
    "execution-id": execution,
    "attempt-number": String(attempt),
  };
  const input = definition.Target.Input ?? "{}";
  return input.replace(/<aws\.scheduler\.([a-z-]+)>/g, (all, name: string) => values[name] ?? all);
}
