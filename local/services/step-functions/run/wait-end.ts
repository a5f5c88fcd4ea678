/** Until when a Wait state waits. */
import { timestampOf } from "../language/choice-operators.ts";
import type { DataFlow } from "../language/data-flow.ts";
import type { State } from "../language/definition.ts";
import type { Scope } from "../language/reference.ts";
import { runtimeError } from "../language/states-error.ts";

const LONGEST_SECONDS = 99_999_999;

/** @returns ms since the epoch */
export async function waitEnd(state: State, data: DataFlow, scope: Scope, now: number): Promise<number> {
  const seconds = await data.field(state, "Seconds", scope);
  if (seconds !== undefined) {
    if (typeof seconds === "number" && Number.isInteger(seconds) && seconds >= 0 && seconds <= LONGEST_SECONDS) {
      return now + seconds * 1000;
    }
    throw runtimeError(
      `The SecondsPath parameter references an invalid value. Expected a whole number from 0 to ${LONGEST_SECONDS}, but was ${JSON.stringify(seconds)}.`,
    );
  }
  const timestamp = (await data.field(state, "Timestamp", scope)) ?? null;
  const at = timestampOf(timestamp);
  if (at !== undefined) return at;
  throw runtimeError(
    `The Timestamp parameter references an invalid value: ${JSON.stringify(timestamp)} is no timestamp as RFC 3339 has it.`,
  );
}
