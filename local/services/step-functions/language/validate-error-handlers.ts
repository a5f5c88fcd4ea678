/** What AWS refuses of Retry and Catch. */
import type { Retrier, State } from "./definition.ts";
import type { Judging } from "./validate.ts";

const LIMITS: [field: keyof Retrier, least: number, most: number, isWhole: boolean][] = [
  ["IntervalSeconds", 1, 99_999_999, true],
  ["MaxAttempts", 0, 99_999_999, true],
  ["BackoffRate", 1, Number.POSITIVE_INFINITY, false],
  ["MaxDelaySeconds", 1, 31_622_399, true],
];

export function validateErrorHandlers({ refuse }: Judging, state: State, at: string): void {
  for (const kind of ["Retry", "Catch"] as const) {
    const handlers = state[kind];
    if (handlers === undefined) continue;
    if (!Array.isArray(handlers)) {
      refuse("Expected value of type Array", `${at}/${kind}`);
      continue;
    }
    for (const [index, handler] of handlers.entries()) {
      const place = `${at}/${kind}[${index}]`;
      const names = handler?.ErrorEquals;
      if (!Array.isArray(names) || names.length === 0) {
        refuse("These fields are required: [ErrorEquals]", place);
        continue;
      }
      if (names.includes("States.ALL") && (names.length > 1 || index < handlers.length - 1)) {
        refuse("States.ALL must appear alone, and in the last item", `${place}/ErrorEquals`);
      }
      if (kind === "Catch" && typeof (handler as { Next?: unknown }).Next !== "string") {
        refuse("These fields are required: [Next]", place);
      }
      if (kind === "Retry") checkLimits(handler as Retrier, place, refuse);
    }
  }
}

function checkLimits(retrier: Retrier, place: string, refuse: Judging["refuse"]): void {
  for (const [field, least, most, isWhole] of LIMITS) {
    const value = retrier[field];
    if (value === undefined) continue;
    const fits = typeof value === "number" && value >= least && value <= most && (!isWhole || Number.isInteger(value));
    if (!fits) refuse(`Expected a ${isWhole ? "whole " : ""}number of at least ${least}`, `${place}/${field}`);
  }
  if (retrier.JitterStrategy !== undefined && !["FULL", "NONE"].includes(retrier.JitterStrategy)) {
    refuse(`Value is not one of allowed: ["FULL", "NONE"]`, `${place}/JitterStrategy`);
  }
}
