/** What composite alarms depend on: `ALARM(errors) AND NOT (OK("other") OR INSUFFICIENT_DATA(third))`. Pure. */
export type AlarmRule =
  | { type: "constant"; value: boolean }
  | { type: "state"; state: "ALARM" | "OK" | "INSUFFICIENT_DATA"; alarm: string }
  | { type: "not"; of: AlarmRule }
  | { type: "and" | "or"; left: AlarmRule; right: AlarmRule };

const TOKEN =
  /\s*(?:(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]+)"|'([^']+)'|([^\s()"']+))\s*\)|(AND|OR|NOT|TRUE|FALSE|\(|\)))/iy;

/** @throws Error that says what is wrong with it */
export function parseAlarmRule(text: string): AlarmRule {
  const tokens: (string | AlarmRule)[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const from = TOKEN.lastIndex;
    const parts = TOKEN.exec(text);
    if (!parts) throw new Error(`"${text.slice(from, from + 20).trim()}" is not understood`);
    const [, state, double, single, bare, word] = parts;
    if (word) tokens.push(word.toUpperCase());
    else tokens.push({ type: "state", state: state!.toUpperCase() as "OK", alarm: (double ?? single ?? bare)! });
  }
  let at = 0;

  function or(): AlarmRule {
    let left = and();
    while (tokens[at] === "OR") {
      at++;
      left = { type: "or", left, right: and() };
    }
    return left;
  }

  function and(): AlarmRule {
    let left = unary();
    while (tokens[at] === "AND") {
      at++;
      left = { type: "and", left, right: unary() };
    }
    return left;
  }

  function unary(): AlarmRule {
    const token = tokens[at++];
    if (token === undefined) throw new Error("it ends too early");
    if (typeof token !== "string") return token;
    if (token === "NOT") return { type: "not", of: unary() };
    if (token === "TRUE" || token === "FALSE") return { type: "constant", value: token === "TRUE" };
    if (token !== "(") throw new Error(`"${token}" has no place there`);
    const inner = or();
    if (tokens[at++] !== ")") throw new Error('")" is missing');
    return inner;
  }

  const rule = or();
  if (at < tokens.length) throw new Error("something stands after its end");
  return rule;
}

/** @param stateOf by name or ARN; undefined where there is no such alarm */
export function holds(rule: AlarmRule, stateOf: (alarm: string) => string | undefined): boolean {
  switch (rule.type) {
    case "constant":
      return rule.value;
    case "state":
      return stateOf(rule.alarm) === rule.state;
    case "not":
      return !holds(rule.of, stateOf);
    case "and":
      return holds(rule.left, stateOf) && holds(rule.right, stateOf);
    default:
      return holds(rule.left, stateOf) || holds(rule.right, stateOf);
  }
}

/** Names or ARNs. */
export function alarmsIn(rule: AlarmRule): string[] {
  if (rule.type === "state") return [rule.alarm];
  if (rule.type === "not") return alarmsIn(rule.of);
  return rule.type === "constant" ? [] : [...alarmsIn(rule.left), ...alarmsIn(rule.right)];
}
