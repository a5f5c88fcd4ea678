/** The value of an expression of metric math. */
import { FUNCTIONS, type MathContext } from "./functions.ts";
import type { Expression } from "./parse.ts";
import { combined, lineOf, linesOf, plain, type Value } from "./values.ts";

export interface Evaluation extends MathContext {
  /** Of another query, by its id. */
  value(id: string): Value;
  /** Numbers that a query had before the axis begins, for what is to be expected of it. */
  past(id: string): number[];
}

const OPERATORS: Record<string, (left: number, right: number) => number> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "^": (left, right) => left ** right,
  "==": (left, right) => Number(left === right),
  "!=": (left, right) => Number(left !== right),
  "<": (left, right) => Number(left < right),
  ">": (left, right) => Number(left > right),
  "<=": (left, right) => Number(left <= right),
  ">=": (left, right) => Number(left >= right),
  AND: (left, right) => Number(left !== 0 && right !== 0),
  OR: (left, right) => Number(left !== 0 || right !== 0),
};
OPERATORS["&&"] = OPERATORS.AND!;
OPERATORS["||"] = OPERATORS.OR!;

/** @throws Error that says what is wrong with the expression */
export function evaluateMath(tree: Expression, context: Evaluation): Value {
  const of = (part: Expression) => evaluateMath(part, context);
  switch (tree.type) {
    case "number":
    case "text":
      return tree;
    case "name":
      // Words of FILL.
      if (tree.name === "REPEAT" || tree.name === "LINEAR") return { type: "text", value: tree.name };
      return context.value(tree.name);
    case "list":
      return { type: "lines", lines: tree.items.flatMap((item) => linesOf(of(item))) };
    case "negative":
      return combined([of(tree.of)], (number) => -number);
    case "operation":
      return combined([of(tree.left), of(tree.right)], OPERATORS[tree.operator]!);
    default: {
      if (tree.name === "ANOMALY_DETECTION_BAND") return band(tree.args, context);
      const known = Object.hasOwn(FUNCTIONS, tree.name) ? FUNCTIONS[tree.name] : undefined;
      if (!known) throw new Error(`the function ${tree.name} is not emulated on this machine`);
      if (tree.args.length === 0 && NEEDS_NOTHING.test(tree.name) === false)
        throw new Error(`${tree.name} takes a metric`);
      return known(tree.args.map(of), context);
    }
  }
}

const NEEDS_NOTHING = /^METRICS$/;

/** Fewer say nothing of what is usual. */
const LEAST_PAST = 12;

/** What is usual: the mean of what was measured before, and so many standard deviations above and below it. */
function band([measured, width]: Expression[], context: Evaluation): Value {
  if (measured?.type !== "name") throw new Error("ANOMALY_DETECTION_BAND takes the id of a metric");
  const deviations = width ? plain(evaluateMath(width, context)) : 2;
  const past = context.past(measured.name);
  if (past.length < LEAST_PAST) return { type: "lines", lines: [] };
  const mean = past.reduce((sum, each) => sum + each, 0) / past.length;
  const spread = Math.sqrt(past.reduce((sum, each) => sum + (each - mean) ** 2, 0) / past.length);
  const line = (label: string, border: number) => {
    const value = lineOf(label, new Map());
    for (let at = context.axis.start; at < context.axis.end; at += context.axis.periodMs) {
      linesOf(value)[0]!.values.set(at, border);
    }
    return linesOf(value)[0]!;
  };
  const [high, low] = [mean + deviations * spread, mean - deviations * spread];
  return { type: "lines", lines: [line(`${measured.name} (high)`, high), line(`${measured.name} (low)`, low)] };
}
