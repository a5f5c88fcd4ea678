/** What the history says of a task: other words for a function or an activity named by its ARN than for an integration. */
import type { Json } from "../language/definition.ts";
import type { StatesError } from "../language/states-error.ts";
import type { Frame } from "./frame.ts";
import type { Host } from "./host.ts";

export interface TaskEvents {
  scheduled(args: Json, limits: { timeout?: number; heartbeat?: number }): void;
  submitted(output: Json): void;
  succeeded(output: Json): void;
  failed(failure: StatesError): void;
}

export function taskEvents(host: Host, frame: Frame, resource: string): TaskEvents {
  const [, kind, type, name] = /^arn:aws:(lambda|states):.*?:(?:(?:::)?(.+):)?([^:]+(?::2)?)$/.exec(resource) ?? [];
  const family = kind === "lambda" ? "LambdaFunction" : resource.includes(":activity:") ? "Activity" : "Task";
  const about = family === "Task" ? { resourceType: (type ?? "").replace(/^:+/, ""), resource: name } : {};
  const prefix = family[0]!.toLowerCase() + family.slice(1);
  const record = (what: string, details: object) =>
    host.record(frame, `${family}${what}`, `${prefix}${what}EventDetails`, { ...about, ...details });
  const shown = (output: Json) => ({ output: JSON.stringify(output), outputDetails: { truncated: false } });
  return {
    scheduled(args, { timeout, heartbeat }) {
      const limits = { timeoutInSeconds: timeout, heartbeatInSeconds: heartbeat };
      if (family === "Task") {
        const region = host.region;
        record("Scheduled", { region, parameters: JSON.stringify(args), ...limits });
      } else {
        const input = { input: JSON.stringify(args), inputDetails: { truncated: false } };
        record("Scheduled", { resource, ...input, ...limits });
      }
      if (family === "Task") record("Started", {});
      else if (family === "LambdaFunction") host.record(frame, "LambdaFunctionStarted");
    },
    submitted(output) {
      if (family === "Task") record("Submitted", shown(output));
    },
    succeeded: (output) => record("Succeeded", shown(output)),
    failed({ error, message }) {
      const isLate = error === "States.Timeout" || error === "States.HeartbeatTimeout";
      record(isLate ? "TimedOut" : "Failed", { error, cause: message });
    },
  };
}
