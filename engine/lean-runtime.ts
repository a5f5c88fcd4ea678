/**
 * What Pulumi's runtime does for a reader of its errors, and an evaluation does not need: each of its promises is wrapped
 * in two more, with a stack and a list of suspects, to report promises that never end (an evaluation knows by itself
 * whether it ended); and each resource is sent with the place in the source that made it.
 * Without both an evaluation takes less time and memory.
 */

import * as pulumi from "@pulumi/pulumi";
import * as debuggable from "@pulumi/pulumi/runtime/debuggable.js";

/** Call before the program runs. Does nothing where Pulumi has moved these helpers. */
export function useLeanRuntime(): void {
  const helpers = (debuggable as unknown as { default?: Record<string, unknown> }).default;
  if (typeof helpers?.debuggablePromise === "function") helpers.debuggablePromise = (promise: unknown) => promise;
  const resource = pulumi.Resource as unknown as { callsites?: unknown };
  if (typeof resource.callsites === "function") resource.callsites = () => [];
}
