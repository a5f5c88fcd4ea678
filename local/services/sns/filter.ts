/** Does a message pass a subscription's filter policy: over its attributes, or over its body as JSON. */
import { matchesPattern } from "../../event-pattern.ts";
import type { Published } from "./delivery.ts";
import type { Subscription } from "./topic.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Pattern = { [key: string]: Json };

export function matchesFilter({ filterPolicy, filterScope }: Subscription, message: Published): boolean {
  if (!filterPolicy) return true;
  if (filterScope === "MessageAttributes") return matchesPattern(filterPolicy as Pattern, attributesOf(message));
  try {
    return matchesPattern(filterPolicy as Pattern, JSON.parse(message.message));
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
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
