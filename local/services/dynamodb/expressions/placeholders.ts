/** `ExpressionAttributeNames` and `ExpressionAttributeValues`: looked up by expressions, and held to be used. */

import { AwsError } from "../../../service.ts";
import { type AttributeValue, type Item, normalize } from "../attribute-values.ts";

export interface Placeholders {
  /** undefined where `#alias` is not defined */
  name(alias: string): string | undefined;
  /** undefined where `:value` is not defined */
  value(reference: string): AttributeValue | undefined;
  /** Throws where something was defined that no expression used. Call it once all expressions are parsed. */
  assertAllUsed(): void;
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

/** @param hasExpressions whether the request carries any expression that could use them */
export function placeholders(
  names: Record<string, string> | undefined,
  values: Item | undefined,
  hasExpressions: boolean,
): Placeholders {
  for (const [kind, given] of [
    ["ExpressionAttributeNames", names],
    ["ExpressionAttributeValues", values],
  ] as const) {
    if (given === undefined) continue;
    if (!hasExpressions) throw invalid(`${kind} can only be specified when using expressions`);
    if (Object.keys(given).length === 0) throw invalid(`${kind} must not be empty`);
    const prefix = kind === "ExpressionAttributeNames" ? "#" : ":";
    for (const key of Object.keys(given))
      if (!new RegExp(`^${prefix}[A-Za-z0-9_]+$`).test(key))
        throw invalid(`${kind} contains invalid key: Syntax error; key: "${key}"`);
  }
  const normalized = new Map<string, AttributeValue>();
  for (const [key, value] of Object.entries(values ?? {})) {
    try {
      normalized.set(key, normalize(value));
    } catch (error) {
      throw invalid(`ExpressionAttributeValues contains invalid value: ${(error as Error).message} for key ${key}`);
    }
  }
  const used = new Set<string>();
  return {
    name(alias) {
      used.add(alias);
      return names !== undefined && Object.hasOwn(names, alias) ? names[alias] : undefined;
    },
    value(reference) {
      used.add(reference);
      return normalized.get(reference);
    },
    assertAllUsed() {
      const unused = (given: object | undefined) => Object.keys(given ?? {}).filter((key) => !used.has(key));
      if (unused(names).length > 0)
        throw invalid(
          `Value provided in ExpressionAttributeNames unused in expressions: keys: {${unused(names).join(", ")}}`,
        );
      if (unused(values).length > 0)
        throw invalid(
          `Value provided in ExpressionAttributeValues unused in expressions: keys: {${unused(values).join(", ")}}`,
        );
    },
  };
}
