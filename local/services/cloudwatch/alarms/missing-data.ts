/** M of N periods, and what stands for those without numbers: the rules of AWS's two tables. Pure. */
import type { StateValue } from "@aws-sdk/client-cloudwatch";

/** Periods that are looked at beyond those that count, for numbers that come late or seldom. */
export const MORE_PERIODS = 2;

export type Treatment = "missing" | "ignore" | "breaching" | "notBreaching";

export interface Judgement {
  /** Undefined: the alarm stays as it is. */
  value: StateValue | undefined;
  /** Periods without a number for which something had to be assumed. */
  filled: number;
}

/**
 * @param range whether each period breaches, the oldest first; undefined where it has no number
 * @param periods N
 * @param needed M
 */
export function judge(
  range: (boolean | undefined)[],
  periods: number,
  needed: number,
  treatment: Treatment,
): Judgement {
  // Real numbers first, also older ones: as little as possible is assumed.
  const known = range.filter((each) => each !== undefined).slice(-periods);
  const filled = periods - known.length;
  const breaching = known.filter(Boolean).length;
  if (known.length === 0) return { value: NOTHING[treatment], filled };
  if (filled === 0 || treatment === "notBreaching") return { value: breaching >= needed ? "ALARM" : "OK", filled };
  if (treatment === "breaching") return { value: breaching + filled >= needed ? "ALARM" : "OK", filled };
  if (breaching >= needed) return { value: "ALARM", filled };
  if (breaching < known.length) return { value: "OK", filled };
  // Nothing but bad news, though too little of it: an alarm once it is old enough.
  const age = range.length - range.indexOf(true);
  return { value: treatment === "missing" && age >= needed ? "ALARM" : undefined, filled };
}

const NOTHING: Record<Treatment, StateValue | undefined> = {
  missing: "INSUFFICIENT_DATA",
  ignore: undefined,
  breaching: "ALARM",
  notBreaching: "OK",
};
