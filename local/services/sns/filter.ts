/** Does a message pass a subscription's filter policy: over its attributes, or over its body as JSON. */
import { type Json, matchesPattern, type Pattern, validatePattern } from "../../event-pattern.ts";
import { AwsError } from "../../service.ts";
import type { Published } from "./delivery.ts";
import type { Subscription } from "./topic.ts";

const MAX_KEYS = 5;
const MAX_COMBINATIONS = 150;

export function matchesFilter({ filterPolicy, filterScope }: Subscription, message: Published): boolean {
  if (!filterPolicy) return true;
  if (filterScope === "MessageAttributes") return matchesPattern(filterPolicy, attributesOf(message));
  try {
    return matchesPattern(filterPolicy, JSON.parse(message.message));
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** @throws AwsError InvalidParameterException, before a message is published to it */
export function checkFilter({ filterPolicy, filterScope }: Subscription): void {
  if (!filterPolicy) return;
  validatePattern(filterPolicy, "InvalidParameterException");
  const lists = leavesOf(filterPolicy);
  if (lists.length > MAX_KEYS) throw refused(`Filter policy can not have more than ${MAX_KEYS} keys`);
  const combinations = lists.reduce((product, values) => product * values.length, 1);
  if (combinations > MAX_COMBINATIONS) throw refused("Filter policy is too complex");
  const isNested = Object.entries(filterPolicy).some(([key, value]) => key !== "$or" && !Array.isArray(value));
  if (filterScope === "MessageAttributes" && isNested) {
    throw refused("Filter policy scope MessageAttributes does not support nested filter policy");
  }
}

function leavesOf(pattern: Pattern): Json[][] {
  return Object.values(pattern).flatMap((value) => {
    if (!Array.isArray(value)) return leavesOf(value as Pattern);
    return [value];
  });
}

function refused(problem: string): AwsError {
  return new AwsError("InvalidParameterException", `Invalid parameter: Attributes Reason: FilterPolicy: ${problem}`);
}

/** Attribute values by their type: text, number, or the elements of a `String.Array`. Binary ones cannot be filtered. */
function attributesOf({ attributes }: Published): Pattern {
  const values: Pattern = {};
  for (const [name, { dataType, stringValue = "" }] of Object.entries(attributes)) {
    if (dataType === "String.Array") values[name] = parseArray(stringValue);
    else if (dataType.startsWith("Number")) values[name] = Number(stringValue);
    else if (dataType.startsWith("String")) values[name] = stringValue;
  }
  return values;
}

function parseArray(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
