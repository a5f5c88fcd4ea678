/**
 * X-Ray's filter expressions: `service("api") { fault } AND annotation.tenantId = "acme" AND responsetime > 1`.
 *
 * Not understood: id(…), group names, root causes, and keywords of availability zones. Pure.
 */
import { type Analysis, healthOf, type Visit } from "./analysis.ts";

/** Whether a trace has it; of `visits` only where a part of the trace is meant. */
export type Filter = (trace: Analysis, visits: Visit[]) => boolean;

type Value = string | number | boolean;

const TOKEN =
  /\s*(?:"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?)|(annotation\[[\w.-]+\]|annotation\.[\w-]+|[A-Za-z][\w.]*)|(!=|<=|>=|[=<>!(){},]))/y;

const FLAGS: Record<string, (visit: Visit) => boolean> = {
  fault: ({ segment }) => healthOf(segment).isFault,
  error: ({ segment }) => healthOf(segment).isError,
  throttle: ({ segment }) => healthOf(segment).isThrottle,
  ok: ({ segment }) => !healthOf(segment).isFault && !healthOf(segment).isError,
  inferred: ({ isInferred }) => isInferred,
  root: ({ caller, isInferred }) => !caller && !isInferred,
  partial: ({ segment }) => segment.in_progress === true,
};

const PARTS: Record<string, (visit: Visit) => Value | undefined> = {
  "http.status": ({ segment }) => segment.http?.response?.status,
  "http.url": ({ segment }) => segment.http?.request?.url,
  "http.method": ({ segment }) => segment.http?.request?.method,
  "http.useragent": ({ segment }) => segment.http?.request?.user_agent,
  "http.clientip": ({ segment }) => segment.http?.request?.client_ip,
  "resource.arn": ({ segment }) => segment.resource_arn,
  user: ({ segment }) => segment.user,
  name: ({ name }) => name,
  type: ({ type }) => type,
};

const COMPARISONS: Record<string, (value: Value, wanted: Value) => boolean> = {
  "=": (value, wanted) => String(value) === String(wanted),
  "!=": (value, wanted) => String(value) !== String(wanted),
  "<": (value, wanted) => Number(value) < Number(wanted),
  "<=": (value, wanted) => Number(value) <= Number(wanted),
  ">": (value, wanted) => Number(value) > Number(wanted),
  ">=": (value, wanted) => Number(value) >= Number(wanted),
  CONTAINS: (value, wanted) => String(value).includes(String(wanted)),
  BEGINSWITH: (value, wanted) => String(value).startsWith(String(wanted)),
  ENDSWITH: (value, wanted) => String(value).endsWith(String(wanted)),
};

/** @throws Error that says what is wrong with it */
export function parseFilter(text: string): Filter {
  const tokens = tokensOf(text);
  let at = 0;
  const isNext = (...values: string[]) =>
    tokens[at]?.quoted === false && values.includes(tokens[at]!.value.toUpperCase());
  const take = (...values: string[]) => isNext(...values) && ++at > 0;
  const expect = (value: string) => {
    if (!take(value)) throw new Error(`"${value}" is missing`);
  };

  function or(): Filter {
    let left = and();
    while (take("OR")) {
      const [one, other] = [left, and()];
      left = (trace, visits) => one(trace, visits) || other(trace, visits);
    }
    return left;
  }

  function and(): Filter {
    let left = unary();
    while (take("AND")) {
      const [one, other] = [left, unary()];
      left = (trace, visits) => one(trace, visits) && other(trace, visits);
    }
    return left;
  }

  function unary(): Filter {
    if (take("NOT", "!")) {
      const inner = unary();
      return (trace, visits) => !inner(trace, visits);
    }
    if (!take("(")) return term();
    const inner = or();
    expect(")");
    return inner;
  }

  function texts(): string[] {
    const found: string[] = [];
    expect("(");
    while (!take(")")) {
      if (found.length > 0) expect(",");
      found.push(tokens[at++]?.value ?? "");
      if (at > tokens.length) throw new Error('")" is missing');
    }
    return found;
  }

  function block(): Filter | undefined {
    if (!take("{")) return undefined;
    const inner = or();
    expect("}");
    return inner;
  }

  function term(): Filter {
    const token = tokens[at++];
    if (!token || token.quoted) throw new Error(token ? `"${token.value}" has no place there` : "it ends too early");
    const word = token.value;
    if (word === "service" || word === "edge") return part(word, texts(), block());
    if (Object.hasOwn(FLAGS, word)) {
      const wanted = comparison();
      return (_, visits) => visits.some((visit) => (wanted ? wanted(FLAGS[word]!(visit)) : FLAGS[word]!(visit)));
    }
    const compare = comparison();
    if (word === "responsetime" || word === "duration") {
      if (!compare) throw new Error(`${word} has to be compared`);
      return (trace, visits) =>
        visits === trace.visits
          ? compare(word === "duration" ? trace.end - trace.start : (trace.root?.duration ?? 0))
          : visits.some(({ duration }) => compare(duration));
    }
    const key = /^annotation(?:\.([\w-]+)|\[([\w.-]+)\])$/.exec(word);
    if (key) {
      const name = key[1] ?? key[2];
      return (trace, visits) =>
        trace.annotations.some(
          (each) => each.key === name && visits.includes(each.visit) && (compare?.(each.value) ?? true),
        );
    }
    const read = Object.hasOwn(PARTS, word) ? PARTS[word]! : undefined;
    if (!read) throw new Error(`"${word}" is not understood on this machine`);
    return (_, visits) =>
      visits.some((visit) => {
        const value = read(visit);
        return value !== undefined && (compare?.(value) ?? true);
      });
  }

  function part(word: string, names: string[], inner: Filter | undefined): Filter {
    if (word === "service") {
      const [name, type] = names;
      return (trace) => {
        const visits = trace.visits.filter(
          (each) => (name ?? each.name) === each.name && (type ?? each.type) === each.type,
        );
        return visits.length > 0 && (inner?.(trace, visits) ?? true);
      };
    }
    const [from, to] = names;
    return (trace) => {
      const visits = trace.visits.filter(({ name, caller }) => caller?.name === from && name === to);
      return visits.length > 0 && (inner?.(trace, visits) ?? true);
    };
  }

  function comparison(): ((value: Value) => boolean) | undefined {
    if (!isNext(...Object.keys(COMPARISONS))) return undefined;
    const compare = COMPARISONS[tokens[at++]!.value.toUpperCase()]!;
    const wanted = tokens[at++];
    if (!wanted) throw new Error("it ends too early");
    return (value) => compare(value, wanted.value);
  }

  const filter = or();
  if (at < tokens.length) throw new Error(`"${tokens[at]!.value}" has no place there`);
  return filter;
}

function tokensOf(text: string): { value: string; quoted: boolean }[] {
  const tokens: { value: string; quoted: boolean }[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const from = TOKEN.lastIndex;
    const parts = TOKEN.exec(text);
    if (!parts) throw new Error(`"${text.slice(from, from + 10).trim()}" is not understood`);
    const quoted = parts[1] !== undefined;
    tokens.push({ value: (parts[1] ?? parts[2] ?? parts[3] ?? parts[4])!, quoted });
  }
  return tokens;
}
