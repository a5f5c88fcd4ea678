/**
 * Pulumi wraps each of its promises in two more, with a stack and a list of suspects, to report promises that never end.
 * An evaluation knows by itself whether it ended: without the wrapping it takes less time and memory.
 */
import * as debuggable from "@pulumi/pulumi/runtime/debuggable.js";

/** Call before the program runs. Does nothing where Pulumi has moved the helper. */
export function usePlainPromises(): void {
  const helpers = (debuggable as unknown as { default?: Record<string, unknown> }).default;
  if (typeof helpers?.debuggablePromise === "function") helpers.debuggablePromise = (promise: unknown) => promise;
}
