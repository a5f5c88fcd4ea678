/** The world as one running execution sees it. */
import type { Cloud } from "../../service.ts";
import { type Executions, type Running, tokenFor } from "./executions.ts";
import { request } from "./integrations/index.ts";
import { nestedResult } from "./integrations/nested.ts";
import { parseResource } from "./integrations/resource.ts";
import type { Json, JsonObject } from "./language/definition.ts";
import { StatesError } from "./language/states-error.ts";
import type { Frame, Reply } from "./run/frame.ts";
import type { Host, TaskCall } from "./run/host.ts";
import { Interrupted, interruptible } from "./run/interrupted.ts";

const MOST_EVENTS = 25_000;

export function hostOf(cloud: Cloud, executions: Executions, it: Running): Host {
  const { execution, frames } = it;
  const { arn, machineArn, machineName, roleArn, type } = execution;
  const context: JsonObject = {
    Execution: {
      Id: arn,
      Input: JSON.parse(execution.input),
      Name: execution.name,
      RoleArn: roleArn,
      StartTime: new Date(execution.startedAt).toISOString(),
      RedriveCount: execution.redriveCount,
    },
    StateMachine: { Id: machineArn, Name: machineName },
  };

  function asRole() {
    try {
      return { principal: cloud.assume(roleArn, execution.name.slice(0, 64), "states.amazonaws.com", machineArn) };
    } catch (error) {
      throw new StatesError("States.Permissions", (error as Error).message);
    }
  }

  function replyTo(frame: Frame, signal: AbortSignal): Promise<Json> {
    const replied = new Promise<Reply>((resolve) => {
      if (frame.task!.reply) resolve(frame.task!.reply);
      else it.waiting.set(frame, resolve);
    });
    return interruptible(replied, signal)
      .finally(() => it.waiting.delete(frame))
      .then((reply) => {
        if ("output" in reply) return reply.output;
        throw new StatesError(reply.error, reply.cause);
      });
  }

  async function perform({ resource, args, frame, signal, submitted }: TaskCall): Promise<Json> {
    const parsed = parseResource(resource);
    const task = frame.task!;
    if (parsed?.kind === "activity") {
      if (task.submitted === undefined) {
        executions.activities.offer(parsed.arn, {
          token: task.token!,
          input: JSON.stringify(args),
          signal,
          taken: () => submitted(null),
        });
      }
      return replyTo(frame, signal);
    }
    const pattern = parsed && "pattern" in parsed ? parsed.pattern : "request";
    if (task.submitted === undefined) {
      const { name } = task;
      const output = await request(cloud, { resource, args, call: asRole(), resources: [arn, machineArn], name });
      if (pattern === "request") return output;
      submitted(output);
    }
    if (pattern === "token") return replyTo(frame, signal);
    return nested(String((task.submitted as JsonObject).ExecutionArn), pattern === "sync2", signal);
  }

  /** Waits for an execution that a task started; it is stopped when nobody waits any more. */
  async function nested(child: string, isParsed: boolean, signal: AbortSignal): Promise<Json> {
    try {
      return nestedResult(await interruptible(executions.ended(child), signal), isParsed);
    } catch (error) {
      if (error instanceof Interrupted && !error.isHalt) {
        await cloud.call("states", "StopExecution", { executionArn: child }, asRole()).catch(() => {});
      }
      throw error;
    }
  }

  return {
    definition: it.definition,
    region: cloud.region,
    clock: cloud.clock,
    context,
    frame: (path) => frames.get(path),
    save(frame) {
      frames.set(frame.path, frame);
      const { events, forgotten } = it.pending;
      it.pending = { events: [], forgotten: [] };
      if (type === "STANDARD") executions.store.commit(arn, { frames: [frame], events, forgotten });
    },
    forget(frame) {
      for (const path of frames.keys()) if (path.startsWith(`${frame.path}/`)) frames.delete(path);
      it.pending.forgotten.push(frame);
    },
    record(frame, kind, name, details) {
      if (type === "STANDARD" && it.lastEvent >= MOST_EVENTS) {
        const cause = `The execution reached the maximum number of history events (${MOST_EVENTS}).`;
        throw new StatesError("States.Runtime", cause);
      }
      const event = {
        id: ++it.lastEvent,
        previousEventId: frame.event,
        at: cloud.clock.now(),
        type: kind,
        details: name && details ? { [name]: details } : {},
      };
      frame.event = event.id;
      if (type === "STANDARD") it.pending.events.push(event);
      executions.logs.add(execution, event);
    },
    token: (frame) => tokenFor(arn, frame.path),
    perform,
  };
}
