/** Executions that run: begun, gone on with after a restart, ended. */
import { AwsError, type Cloud } from "../../service.ts";
import { type Activities, activitiesOf } from "./activities.ts";
import { announce } from "./announcements.ts";
import { hostOf } from "./execution-host.ts";
import {
  type Execution,
  type ExecutionStore,
  executionStore,
  type HistoryEvent,
  type Status,
} from "./execution-store.ts";
import type { Definition } from "./language/definition.ts";
import { StatesError } from "./language/states-error.ts";
import { type LogDelivery, logDelivery } from "./log-delivery.ts";
import { runFlow } from "./run/flow.ts";
import { type Frame, frameAt, type Reply } from "./run/frame.ts";
import { Interrupted, sleepUntil } from "./run/interrupted.ts";

/** One that this process runs. */
export interface Running {
  execution: Execution;
  definition: Definition;
  frames: Map<string, Frame>;
  /** Recorded, and not yet kept. */
  pending: { events: HistoryEvent[]; forgotten: Frame[] };
  lastEvent: number;
  controller: AbortController;
  /** By frame: who waits for an answer to its task. */
  waiting: Map<Frame, (reply: Reply) => void>;
}

export interface Executions {
  store: ExecutionStore;
  activities: Activities;
  logs: LogDelivery;
  start(execution: Execution): void;
  /** Takes up what an earlier run of the platform left of a machine. */
  resume(machineArn: string): void;
  redrive(execution: Execution): void;
  get(arn: string): Execution | undefined;
  /** Resolves at its end. */
  ended(arn: string): Promise<Execution>;
  end(arn: string, status: Exclude<Status, "RUNNING">, outcome?: Outcome): void;
  /** The task's frame. @throws AwsError InvalidToken, TaskTimedOut */
  taskOf(token: string): { running: Running; frame: Frame };
  reply(token: string, reply: Reply): void;
  heartbeat(token: string): void;
  stop(): void;
}

type Outcome = Pick<Execution, "output" | "error" | "cause">;

const EXPRESS_SECONDS = 300;

const END_EVENTS: Record<Exclude<Status, "RUNNING">, string> = {
  SUCCEEDED: "Succeeded",
  FAILED: "Failed",
  TIMED_OUT: "TimedOut",
  ABORTED: "Aborted",
};

export function executionsOf(cloud: Cloud): Executions {
  const { clock } = cloud;
  const store = executionStore(cloud.database, clock.now());
  const logs = logDelivery(cloud);
  const activities = activitiesOf(cloud);
  const running = new Map<string, Running>();
  const endings = new Map<string, ((execution: Execution) => void)[]>();
  let stopped = false;

  function run(execution: Execution, frames: Frame[], lastEvent: number): Running {
    const it: Running = {
      execution,
      definition: JSON.parse(execution.definition) as Definition,
      frames: new Map(frames.map((frame) => [frame.path, frame])),
      pending: { events: [], forgotten: [] },
      lastEvent,
      controller: new AbortController(),
      waiting: new Map(),
    };
    running.set(execution.arn, it);
    return it;
  }

  /** A turn later, so that whoever started it has its answer first. */
  function go(it: Running): void {
    const { execution, definition, controller } = it;
    const { signal } = controller;
    const root = it.frames.get("")!;
    const seconds = Math.min(
      definition.TimeoutSeconds ?? Number.POSITIVE_INFINITY,
      execution.type === "EXPRESS" ? EXPRESS_SECONDS : Number.POSITIVE_INFINITY,
    );
    const from = execution.redrivenAt ?? execution.startedAt;
    if (Number.isFinite(seconds)) {
      sleepUntil(clock, from + seconds * 1000, signal).then(
        () => self.end(execution.arn, "TIMED_OUT"),
        () => {},
      );
    }
    const host = hostOf(cloud, self, it);
    setImmediate(() => {
      runFlow(host, definition, root, signal).then(
        (output) => self.end(execution.arn, "SUCCEEDED", { output: JSON.stringify(output) }),
        (error) => {
          if (signal.aborted || error instanceof Interrupted) return;
          const failure = error instanceof StatesError ? error : new StatesError("States.Runtime", String(error));
          if (failure !== error)
            cloud.log({ level: "error", source: execution.machineName, message: String((error as Error).stack) });
          self.end(execution.arn, "FAILED", { error: failure.error, cause: failure.message });
        },
      );
    });
  }

  function note(it: Running, type: string, name: string | undefined, details: object | undefined): void {
    const previousEventId = it.frames.get("")?.event ?? 0;
    const event: HistoryEvent = {
      id: ++it.lastEvent,
      previousEventId,
      at: clock.now(),
      type,
      details: name && details ? { [name]: details } : {},
    };
    it.pending.events.push(event);
    const root = it.frames.get("");
    if (root) root.event = event.id;
    logs.add(it.execution, event);
  }

  function keep(it: Running, frames: Frame[]): void {
    const { events, forgotten } = it.pending;
    it.pending = { events: [], forgotten: [] };
    if (it.execution.type === "EXPRESS") return;
    store.commit(it.execution.arn, { execution: it.execution, frames, events, forgotten });
  }

  const self: Executions = {
    store,
    activities,
    logs,
    start(execution) {
      const definition = JSON.parse(execution.definition) as Definition;
      const root = frameAt("", definition.StartAt, JSON.parse(execution.input));
      const it = run(execution, [root], 0);
      note(it, "ExecutionStarted", "executionStartedEventDetails", {
        input: execution.input,
        inputDetails: { truncated: false },
        roleArn: execution.roleArn,
        stateMachineAliasArn: execution.aliasArn,
        stateMachineVersionArn: execution.versionArn,
      });
      keep(it, [root]);
      announce(cloud, execution);
      go(it);
    },
    resume(machineArn) {
      for (const execution of store.list(machineArn)) {
        if (execution.status !== "RUNNING" || running.has(execution.arn)) continue;
        const frames = store.frames(execution.arn);
        go(run(execution, frames, store.events(execution.arn).at(-1)?.id ?? 0));
      }
    },
    redrive(execution) {
      const { arn } = execution;
      const redrivenAt = clock.now();
      const again: Execution = {
        ...execution,
        status: "RUNNING",
        redriveCount: execution.redriveCount + 1,
        redrivenAt,
      };
      again.stoppedAt = again.error = again.cause = undefined;
      const it = run(again, store.frames(arn), store.events(arn).at(-1)?.id ?? 0);
      for (const frame of it.frames.values()) {
        frame.retries = [];
        // What was under way begins anew; states that were done are not entered again
        if (frame.output === undefined) frame.task = frame.retryAt = frame.waitUntil = undefined;
      }
      note(it, "ExecutionRedriven", "executionRedrivenEventDetails", { redriveCount: again.redriveCount });
      keep(it, [...it.frames.values()]);
      go(it);
    },
    get: (arn) => running.get(arn)?.execution ?? store.get(arn),
    ended(arn) {
      const known = self.get(arn);
      if (known && known.status !== "RUNNING") return Promise.resolve(known);
      return new Promise((resolve) => endings.set(arn, [...(endings.get(arn) ?? []), resolve]));
    },
    end(arn, status, outcome = {}) {
      const it = running.get(arn);
      if (!it || stopped) return;
      const { execution } = it;
      it.controller.abort(new Interrupted());
      running.delete(arn);
      Object.assign(execution, outcome, { status, stoppedAt: clock.now() });
      const type = `Execution${END_EVENTS[status]}`;
      const { output, error, cause } = outcome;
      const details = output === undefined ? { error, cause } : { output, outputDetails: { truncated: false } };
      note(it, type, `${type[0]!.toLowerCase()}${type.slice(1)}EventDetails`, details);
      keep(it, []);
      // The others may be redriven
      if (status === "SUCCEEDED" && execution.type === "STANDARD") store.dropFrames(arn);
      for (const tell of endings.get(arn) ?? []) tell(execution);
      endings.delete(arn);
      announce(cloud, execution);
    },
    taskOf(token) {
      const place = readToken(token);
      const it = running.get(place.execution);
      const frame = it?.frames.get(place.path);
      if (it && frame?.task?.token === token && !frame.task.reply && !frame.task.result) return { running: it, frame };
      throw new AwsError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'");
    },
    reply(token, reply) {
      const { running: it, frame } = self.taskOf(token);
      frame.task!.reply = reply;
      keep(it, [frame]);
      it.waiting.get(frame)?.(reply);
    },
    heartbeat(token) {
      const { running: it, frame } = self.taskOf(token);
      frame.task!.beatAt = clock.now();
      keep(it, [frame]);
    },
    stop() {
      stopped = true;
      for (const { controller } of running.values()) controller.abort(new Interrupted(true));
      activities.stop();
    },
  };
  return self;
}

export function tokenFor(execution: string, path: string): string {
  return Buffer.from(JSON.stringify([execution, path, crypto.randomUUID()])).toString("base64");
}

function readToken(token: string): { execution: string; path: string } {
  try {
    const [execution, path] = JSON.parse(Buffer.from(token, "base64").toString());
    if (typeof execution === "string" && typeof path === "string") return { execution, path };
  } catch {
    // Told below
  }
  throw new AwsError("InvalidToken", "Invalid Token: 'Invalid token'");
}
