/** The value of an expression for one row. Pure. */
import { FUNCTIONS } from "./functions.ts";
import type { Expression } from "./syntax.ts";
import { asNumber, asText, compared, isTrue, type Value } from "./values.ts";

export interface Row {
  fields: Map<string, Value>;
  /** ms since the epoch */
  time: number;
}

export function evaluate(expression: Expression, row: Row, now: number): Value {
  const of = (part: Expression) => evaluate(part, row, now);
  switch (expression.type) {
    case "value":
      return expression.value;
    case "field":
      return fieldOf(row, expression.name);
    case "not":
      return !isTrue(of(expression.of));
    case "like": {
      const text = asText(of(expression.of));
      return text !== undefined && expression.pattern.test(text);
    }
    case "in": {
      const value = of(expression.of);
      return expression.values.some((each) => isEqual(value, of(each)));
    }
    case "call": {
      const known = FUNCTIONS[expression.name];
      // What stats has counted stands under its own name.
      return known?.(expression.args.map(of), { timestamp: row.time, now });
    }
    default:
      return operation(
        expression.operator,
        () => of(expression.left),
        () => of(expression.right),
      );
  }
}

/** `items[0].id` is `items.0.id`. */
function fieldOf({ fields }: Row, name: string): Value {
  const found = fields.get(name);
  return found === undefined && name.includes("[") ? fields.get(name.replaceAll(/\[(\d+)\]/g, ".$1")) : found;
}

function operation(operator: string, left: () => Value, right: () => Value): Value {
  if (operator === "and") return isTrue(left()) && isTrue(right());
  if (operator === "or") return isTrue(left()) || isTrue(right());
  const [a, b] = [left(), right()];
  if (operator === "=") return isEqual(a, b);
  // A line without the field is unlike everything.
  if (operator === "!=") return !isEqual(a, b);
  if (operator in ORDERS) {
    const order = compared(a, b);
    return order !== undefined && ORDERS[operator]!(order);
  }
  const [x, y] = [asNumber(a), asNumber(b)];
  if (x === undefined || y === undefined) return undefined;
  const result = ARITHMETIC[operator]!(x, y);
  return Number.isFinite(result) ? result : undefined;
}

const isEqual = (left: Value, right: Value): boolean => compared(left, right) === 0;

const ORDERS: Record<string, (order: number) => boolean> = {
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

const ARITHMETIC: Record<string, (left: number, right: number) => number> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "%": (left, right) => left % right,
  "^": (left, right) => left ** right,
};
