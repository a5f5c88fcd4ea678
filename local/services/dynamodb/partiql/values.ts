/** Values in a statement, and the parameters that stand for some. */
import type { AttributeValue, Item } from "../attribute-values.ts";
import { malformed, type Tokens } from "./tokens.ts";

/** The next parameter. @throws AwsError where there are too few */
export type NextParameter = () => AttributeValue;

/** Undefined where no value stands there. */
export function takeValue(tokens: Tokens, parameter: NextParameter): AttributeValue | undefined {
  const { kind, text } = tokens.peek();
  if (tokens.take("?")) return parameter();
  if (kind === "text") {
    tokens.next();
    return { S: text };
  }
  if (kind === "number" || (tokens.at("-") && tokens.peek(1).kind === "number")) {
    const sign = tokens.take("-") ? "-" : "";
    return { N: sign + tokens.next().text };
  }
  if (tokens.take("TRUE")) return { BOOL: true };
  if (tokens.take("FALSE")) return { BOOL: false };
  if (tokens.take("NULL")) return { NULL: true };
  if (tokens.at("{")) return { M: takeMap(tokens, parameter) };
  if (tokens.take("[")) return { L: takeList(tokens, parameter, "]") };
  if (tokens.take("<<")) return setOf(takeList(tokens, parameter, ">>"));
  return undefined;
}

export function valueAt(tokens: Tokens, parameter: NextParameter): AttributeValue {
  const value = takeValue(tokens, parameter);
  if (value === undefined) throw tokens.unexpected();
  return value;
}

/** Names stand in single or double quotes. */
function takeMap(tokens: Tokens, parameter: NextParameter): Item {
  const map: Item = {};
  tokens.expect("{");
  while (!tokens.take("}")) {
    const { kind, text } = tokens.peek();
    if (kind !== "text" && kind !== "name") throw tokens.unexpected();
    tokens.next();
    tokens.expect(":");
    Object.defineProperty(map, text, {
      ...{ value: valueAt(tokens, parameter), enumerable: true, writable: true, configurable: true },
    });
    if (!tokens.at("}")) tokens.expect(",");
  }
  return map;
}

export function takeList(tokens: Tokens, parameter: NextParameter, end: string): AttributeValue[] {
  const list: AttributeValue[] = [];
  while (!tokens.take(end)) {
    list.push(valueAt(tokens, parameter));
    if (!tokens.at(end)) tokens.expect(",");
  }
  return list;
}

function setOf(members: AttributeValue[]): AttributeValue {
  if (members.length === 0) throw malformed("A set has at least one member");
  const kinds = new Set(members.flatMap((member) => Object.keys(member)));
  const [kind = ""] = kinds;
  if (kinds.size > 1 || !["S", "N", "B"].includes(kind)) throw malformed("A set is of strings, numbers or binaries");
  return { [`${kind}S`]: members.map((member) => (member as unknown as Record<string, unknown>)[kind]) } as never;
}
