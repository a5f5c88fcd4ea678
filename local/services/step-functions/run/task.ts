/** A Task state: what it calls, for how long, and what is kept so that a finished task is never done again. */
import type { DataFlow } from "../language/data-flow.ts";
import type { Json, State } from "../language/definition.ts";
import { StatesError } from "../language/states-error.ts";
import type { Frame, TaskProgress } from "./frame.ts";
import type { Host } from "./host.ts";
import { Interrupted, interruptible, sleepUntil } from "./interrupted.ts";
import { scopeOf } from "./scope.ts";
import { taskEvents } from "./task-events.ts";

export async function runTask(
  host: Host,
  frame: Frame,
  state: State,
  data: DataFlow,
  signal: AbortSignal,
): Promise<Json> {
  const resource = state.Resource!;
  const isNew = frame.task === undefined;
  if (isNew) {
    const now = host.clock.now();
    const token = /\.waitForTaskToken$|:activity:/.test(resource) ? host.token(frame) : undefined;
    frame.task = { startedAt: now, beatAt: now, name: crypto.randomUUID(), token };
  }
  const task = frame.task!;
  if (task.result) return task.result.output;
  const scope = scopeOf(host, frame);
  const seconds = async (name: string) => {
    const value = await data.field(state, name, scope);
    return value === undefined || value === null ? undefined : Number(value);
  };
  const limits = { timeout: await seconds("TimeoutSeconds"), heartbeat: await seconds("HeartbeatSeconds") };
  const args = await data.payload(state, scope);
  const events = taskEvents(host, frame, resource);
  if (isNew) events.scheduled(args, limits);
  // Before the call: whoever gets the token may answer at once
  host.save(frame);
  const ending = new AbortController();
  const inner = AbortSignal.any([signal, ending.signal]);
  const submitted = (output: Json) => {
    if (inner.aborted) return;
    task.submitted = output;
    events.submitted(output);
    host.save(frame);
  };
  try {
    const work = host.perform({ resource, args, frame, signal: inner, submitted });
    const output = await Promise.race([interruptible(work, inner), overdue(host, task, limits, inner)]);
    signal.throwIfAborted();
    task.result = { output };
    events.succeeded(output);
    host.save(frame);
    return output;
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    const failure = error instanceof StatesError ? error : new StatesError("States.TaskFailed", String(error));
    if (!signal.aborted) events.failed(failure);
    throw failure;
  } finally {
    ending.abort(new Interrupted());
  }
}

/** Rejects when the task takes too long, or gives no sign of life for too long. */
async function overdue(
  host: Host,
  task: TaskProgress,
  { timeout, heartbeat }: { timeout?: number; heartbeat?: number },
  signal: AbortSignal,
): Promise<never> {
  const whole = async (): Promise<never> => {
    await sleepUntil(host.clock, task.startedAt + (timeout ?? Number.POSITIVE_INFINITY) * 1000, signal);
    throw new StatesError("States.Timeout", "");
  };
  const silence = async (): Promise<never> => {
    let beatAt: number;
    do {
      beatAt = task.beatAt;
      await sleepUntil(host.clock, beatAt + (heartbeat ?? 0) * 1000, signal);
    } while (beatAt !== task.beatAt);
    throw new StatesError("States.HeartbeatTimeout", "");
  };
  const never = new Promise<never>(() => {});
  return Promise.race([timeout === undefined ? never : whole(), heartbeat === undefined ? never : silence()]);
}
