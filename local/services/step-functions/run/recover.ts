/** What a state does about a failure: it is tried again, caught, or the line fails. */
import { dataFlowOf, type Exit } from "../language/data-flow.ts";
import { languageOf, type Retrier, type State } from "../language/definition.ts";
import { matches, type StatesError } from "../language/states-error.ts";
import type { Frame } from "./frame.ts";
import type { Host } from "./host.ts";
import { scopeOf } from "./scope.ts";

const MOST_ATTEMPTS = 99_999_999;

/**
 * @returns where a Catch leads; undefined when the state is to be tried again
 * @throws StatesError the failure
 */
export async function recover(
  host: Host,
  frame: Frame,
  state: State,
  failure: StatesError,
): Promise<(Exit & { next: string }) | undefined> {
  const index = (state.Retry ?? []).findIndex(({ ErrorEquals }) => matches(ErrorEquals, failure.error));
  const retrier = state.Retry?.[index];
  const done = frame.retries[index] ?? 0;
  if (retrier && done < Math.min(retrier.MaxAttempts ?? 3, MOST_ATTEMPTS)) {
    begin(host, frame);
    frame.retries[index] = done + 1;
    frame.retryAt = host.clock.now() + delayOf(retrier, done);
    host.save(frame);
    return undefined;
  }
  for (const [place, catcher] of (state.Catch ?? []).entries()) {
    if (!matches(catcher.ErrorEquals, failure.error)) continue;
    const data = dataFlowOf(languageOf(host.definition, state));
    const error = { Error: failure.error, Cause: failure.message };
    const exit = await data.caught(catcher, scopeOf(host, frame), error, place);
    begin(host, frame);
    return { ...exit, next: catcher.Next };
  }
  throw failure;
}

/** Nothing is left of the attempt. */
function begin(host: Host, frame: Frame): void {
  if (frame.isSplit) host.forget(frame);
  // A hole would become null when it is kept
  for (let index = 0; index < frame.retries.length; index++) frame.retries[index] ??= 0;
  frame.task = frame.waitUntil = frame.isSplit = undefined;
}

/** ms */
function delayOf(retrier: Retrier, done: number): number {
  const { IntervalSeconds = 1, BackoffRate = 2, MaxDelaySeconds = Number.POSITIVE_INFINITY } = retrier;
  const seconds = Math.min(IntervalSeconds * BackoffRate ** done, MaxDelaySeconds);
  return Math.round(seconds * 1000 * (retrier.JitterStrategy === "FULL" ? Math.random() : 1));
}
