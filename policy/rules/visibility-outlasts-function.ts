import type { Rule } from "../rule.ts";

/** AWS's own advice: a batch may be tried again, and throttled, before it is seen by another. */
const FACTOR = 6;
const DEFAULT_VISIBILITY_SECONDS = 30;
const DEFAULT_TIMEOUT_SECONDS = 3;

export const visibilityOutlastsFunction: Rule = {
  name: "visibility-outlasts-function",
  description: "A message stays invisible for six times as long as its function may take.",
  remedy: "Raise the queue's visibilityTimeoutSeconds, or lower the function's timeout.",
  level: "mandatory",
  types: ["aws:lambda/eventSourceMapping:EventSourceMapping"],
  *check({ properties }, stack) {
    const queue = stack.find("aws:sqs/queue:Queue", properties.eventSourceArn);
    const fn =
      stack.find("aws:lambda/function:Function", properties.functionName) ??
      stack.find("aws:lambda/function:Function", nameIn(properties.functionName));
    if (!queue || !fn) return;
    const visibility = queue.properties.visibilityTimeoutSeconds ?? DEFAULT_VISIBILITY_SECONDS;
    const timeout = fn.properties.timeout ?? DEFAULT_TIMEOUT_SECONDS;
    if (visibility < FACTOR * timeout) {
      yield `${queue.name} hides a message for ${visibility} s, ${fn.name} may take ${timeout} s`;
    }
  },
};

const nameIn = (arn: unknown): string | undefined => /:function:([^:]+)/.exec(String(arn))?.[1];
