/**
 * EventBridge Scheduler on one machine: schedules that invoke functions or send to queues, as their own role.
 *
 * Not emulated: its API, other targets, flexible time windows (a schedule is due at its time), and what was due while the
 * platform was stopped.
 */
import { randomUUID } from "node:crypto";
import type { Resource } from "../../../engine/graph.ts";
import { AwsError, type Cloud, type Service, type Timer } from "../../service.ts";
import { type Expression, parseExpression } from "./expression.ts";

interface Schedule {
  arn: string;
  name: string;
  expression: Expression;
  startsAt: number;
  endsAt: number;
  targetArn: string;
  roleArn: string;
  input: string;
  retries: number;
  maximumAgeMs: number;
  deadLetterArn?: string;
  timer?: Timer;
}

const FIRST_RETRY_MS = 1_000;

export function scheduler(cloud: Cloud): Service {
  const schedules = new Map<string, Schedule>();
  const { clock } = cloud;
  let stopped = false;

  function put(resource: Resource): void {
    const known = schedules.get(resource.urn);
    known?.timer?.cancel();
    schedules.delete(resource.urn);
    const schedule = scheduleOf(resource, clock.now());
    // Refused now rather than when it is due: a role that does not trust the scheduler.
    const group = `arn:aws:scheduler:${cloud.region}:${cloud.account}:schedule-group/${resource.inputs.groupName ?? "default"}`;
    cloud.credentialsFor(schedule.roleArn, "scheduler", "scheduler.amazonaws.com", group);
    if (resource.inputs.state === "DISABLED") return;
    schedules.set(resource.urn, schedule);
    arm(schedule);
  }

  function arm(schedule: Schedule): void {
    const due = schedule.expression.next(Math.max(clock.now(), schedule.startsAt - 1));
    if (due === undefined || due > schedule.endsAt) return;
    const wait = () => {
      schedule.timer = clock.after(due - clock.now(), () => {
        // A clock may not be able to wait for months at once.
        if (clock.now() < due) return wait();
        arm(schedule);
        void start(schedule, due);
      });
    };
    wait();
  }

  async function start(schedule: Schedule, due: number, attempt = 1, execution: string = randomUUID()): Promise<void> {
    if (stopped) return;
    const body = fill(schedule, due, attempt, execution);
    try {
      await send(schedule, schedule.targetArn, body);
    } catch (error) {
      const delay = FIRST_RETRY_MS * 2 ** (attempt - 1);
      const isLate = clock.now() + delay - due > schedule.maximumAgeMs;
      if (attempt <= schedule.retries && !isLate) {
        clock.after(delay, () => void start(schedule, due, attempt + 1, execution));
        return;
      }
      const message = `${schedule.targetArn} could not be started: ${(error as Error).message}`;
      cloud.log({ level: "error", source: `schedule ${schedule.name}`, message });
      if (schedule.deadLetterArn) await send(schedule, schedule.deadLetterArn, body).catch(() => {});
    }
  }

  async function send({ roleArn }: Schedule, arn: string, body: string): Promise<void> {
    const call = { principal: cloud.principalFor(roleArn, "scheduler") };
    const [, , service, , account, name] = arn.split(":");
    if (service === "lambda") {
      await cloud.call("lambda", "Invoke", { FunctionName: arn, InvocationType: "Event", Payload: body }, call);
    } else {
      const QueueUrl = `${cloud.endpoint}/${account}/${name}`;
      await cloud.call("sqs", "SendMessage", { QueueUrl, MessageBody: body }, call);
    }
  }

  return {
    name: "scheduler",
    resources: {
      "aws:scheduler/schedule:Schedule": put,
      "aws:scheduler/scheduleGroup:ScheduleGroup": () => {},
    },
    operations: {},
    stop() {
      stopped = true;
      for (const { timer } of schedules.values()) timer?.cancel();
    },
  };
}

function scheduleOf({ inputs, outputs, name }: Resource, now: number): Schedule {
  const target = inputs.target as {
    arn: string;
    roleArn: string;
    input?: string;
    retryPolicy?: { maximumRetryAttempts?: number; maximumEventAgeInSeconds?: number };
    deadLetterConfig?: { arn?: string };
  };
  const service = target.arn.split(":")[2];
  if (service !== "lambda" && service !== "sqs") {
    throw new AwsError("ValidationException", `${target.arn} is no target on this machine: name a function or a queue`);
  }
  const startsAt = inputs.startDate === undefined ? now : Date.parse(String(inputs.startDate));
  return {
    arn: String(outputs.arn),
    name: String(outputs.name ?? name),
    expression: parseExpression(
      String(inputs.scheduleExpression),
      startsAt,
      inputs.scheduleExpressionTimezone as string | undefined,
    ),
    startsAt,
    endsAt: inputs.endDate === undefined ? Number.POSITIVE_INFINITY : Date.parse(String(inputs.endDate)),
    targetArn: target.arn,
    roleArn: target.roleArn,
    input: target.input ?? "{}",
    retries: target.retryPolicy?.maximumRetryAttempts ?? 185,
    maximumAgeMs: (target.retryPolicy?.maximumEventAgeInSeconds ?? 86_400) * 1000,
    deadLetterArn: target.deadLetterConfig?.arn,
  };
}

/** Context attributes stand in the input as `<aws.scheduler.scheduled-time>`. */
function fill({ input, arn }: Schedule, due: number, attempt: number, execution: string): string {
  const values: Record<string, string> = {
    "schedule-arn": arn,
    "scheduled-time": new Date(due).toISOString().replace(/\.\d+Z$/, "Z"),
    "execution-id": execution,
    "attempt-number": String(attempt),
  };
  return input.replace(/<aws\.scheduler\.([a-z-]+)>/g, (all, name: string) => values[name] ?? all);
}
