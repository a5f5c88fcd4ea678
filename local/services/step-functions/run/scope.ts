/** What the expressions of a frame's state see. */
import type { JsonObject } from "../language/definition.ts";
import type { Scope } from "../language/reference.ts";
import type { Frame } from "./frame.ts";
import type { Host } from "./host.ts";

export function contextOf(host: Host, frame: Frame): JsonObject {
  const { enteredAt = host.clock.now(), retries, task, item } = frame;
  return {
    ...host.context,
    State: {
      Name: frame.state,
      EnteredTime: new Date(enteredAt).toISOString(),
      RetryCount: retries.reduce((sum, count) => sum + (count ?? 0), 0),
    },
    ...(task?.token && { Task: { Token: task.token } }),
    ...(item && { Map: { Item: { ...item } } }),
  };
}

export function scopeOf(host: Host, frame: Frame): Scope {
  return {
    input: frame.input,
    variables: frame.variables,
    // Made when asked for: most states do not
    get context() {
      return contextOf(host, frame);
    },
    now: host.clock.now(),
  };
}
