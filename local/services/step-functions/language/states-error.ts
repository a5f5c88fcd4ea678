/** A failure that a Retry or Catch may name. */
export class StatesError extends Error {
  override readonly name = "StatesError";
  /** `States.Timeout`, `Lambda.TooManyRequestsException`, or what a function threw. */
  readonly error: string;
  /** Raised by the state itself and not by what it called: the cause then says in which state. */
  readonly isOwn: boolean;
  constructor(error: string, cause: string, isOwn = false) {
    super(cause);
    this.error = error;
    this.isOwn = isOwn;
  }
}

/** What no Retry and no wildcard helps against. */
export const runtimeError = (cause: string) => new StatesError("States.Runtime", cause, true);

const TERMINAL = ["States.Runtime", "States.DataLimitExceeded"];

/** @param names ErrorEquals of a retrier or catcher */
export function matches(names: string[], error: string): boolean {
  if (names.includes(error)) return true;
  if (error === "States.HeartbeatTimeout" && names.includes("States.Timeout")) return true;
  if (TERMINAL.includes(error)) return false;
  if (names.includes("States.ALL")) return true;
  return names.includes("States.TaskFailed") && error !== "States.Timeout" && error !== "States.HeartbeatTimeout";
}
