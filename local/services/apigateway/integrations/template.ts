/**
 * Mapping templates (Velocity), as far as integrations commonly need them: references, `#set`, `#if`, `#foreach`, `$input`,
 * `$context`, `$stageVariables` and `$util`. Not emulated: macros, ranges, and filters in JSON paths.
 */
import type { Cloud } from "../../../service.ts";
import { contextVariable, type Exchange } from "../serve/exchange.ts";
import { type Expression, expression, Reader, reference } from "./template-expression.ts";
import { asValue, type Host, isTrue, plain, type Scope, textOf, type Value } from "./template-values.ts";

/** What a template may set of the answer. */
export interface Overrides {
  status?: number;
  headers: Map<string, string>;
}

type Node = (scope: Scope, out: string[]) => void;

const compiled = new Map<string, Node[]>();
const MAX_COMPILED = 1_000;

/** @throws SyntaxError where the template is none */
export function render(
  cloud: Cloud,
  exchange: Exchange,
  template: string,
  body: string,
  overrides?: Overrides,
): string {
  let nodes = compiled.get(template);
  if (!nodes) {
    const reader = new Reader(template);
    nodes = parse(reader, false);
    if (compiled.size >= MAX_COMPILED) compiled.clear();
    compiled.set(template, nodes);
  }
  const scope: Scope = new Map<string, Value>([
    ["input", inputOf(exchange, body)],
    ["context", contextOf(cloud, exchange, "", overrides)],
    ["stageVariables", new Map(Object.entries(exchange.stage.variables ?? {}))],
    ["util", UTIL],
  ]);
  const out: string[] = [];
  for (const node of nodes) node(scope, out);
  return out.join("");
}

/** Up to the end of the text, or of the block: what ends it is left to be read. */
function parse(reader: Reader, isBlock: boolean): Node[] {
  const nodes: Node[] = [];
  while (reader.at < reader.text.length) {
    const text = reader.takes(/[^#$\\]+/);
    if (text !== undefined) nodes.push((_scope, out) => void out.push(text));
    else if (reader.takes(/##[^\n]*\n?/) !== undefined || reader.takes(/#\*[\s\S]*?\*#/) !== undefined) continue;
    else if (isBlock && /^#\{?(?:end|else|elseif)\b/.test(reader.text.slice(reader.at, reader.at + 9))) return nodes;
    else nodes.push(directive(reader) ?? output(reader));
  }
  if (isBlock) throw new SyntaxError("#end is missing in the template");
  return nodes;
}

function directive(reader: Reader): Node | undefined {
  if (reader.takes(/#set\s*\(/) !== undefined) {
    reader.space();
    const target = reference(reader);
    if (!target) throw new SyntaxError("#set names no reference");
    reader.expects("=");
    const value = expression(reader);
    reader.expects(")");
    return (scope) => target.set(scope, value(scope));
  }
  if (reader.takes(/#if\s*\(/) !== undefined) return condition(reader);
  if (reader.takes(/#foreach\s*\(/) !== undefined) return loop(reader);
  return undefined;
}

function condition(reader: Reader): Node {
  const branches: [Expression, Node[]][] = [];
  for (;;) {
    const test = expression(reader);
    reader.expects(")");
    branches.push([test, parse(reader, true)]);
    if (reader.takes(/#elseif\s*\(/) !== undefined) continue;
    if (reader.takes(/#(?:else|\{else\})/) !== undefined) branches.push([() => true, parse(reader, true)]);
    reader.takes(/#(?:end|\{end\})/);
    return (scope, out) => {
      const taken = branches.find(([each]) => isTrue(each(scope)));
      for (const node of taken?.[1] ?? []) node(scope, out);
    };
  }
}

function loop(reader: Reader): Node {
  reader.space();
  const item = reference(reader);
  reader.space();
  if (!item || reader.takes(/in\b/) === undefined) throw new SyntaxError("#foreach names no reference");
  const list = expression(reader);
  reader.expects(")");
  const inner = parse(reader, true);
  reader.takes(/#(?:end|\{end\})/);
  return (scope, out) => {
    const found = list(scope);
    const items = found instanceof Map ? [...found.values()] : Array.isArray(found) ? found : [];
    for (const [index, each] of items.entries()) {
      item.set(scope, each);
      const state = {
        index,
        count: index + 1,
        hasNext: index < items.length - 1,
        first: index === 0,
        last: index === items.length - 1,
      };
      scope.set("foreach", asValue(state)).set("velocityCount", index + 1);
      for (const node of inner) node(scope, out);
    }
  };
}

/** A reference, or what only looks like one. An unknown name stays as it is written, unless it is quiet: `$!name`. */
function output(reader: Reader): Node {
  const escaped = reader.takes(/\\[$#]/)?.slice(1);
  const found = escaped === undefined ? reference(reader) : undefined;
  if (!found) {
    const text = escaped ?? reader.takes(/[\s\S]/) ?? "";
    return (_scope, out) => void out.push(text);
  }
  const isPlain = /^\$\{?[A-Za-z_][\w-]*\}?$/.test(found.source);
  return (scope, out) => {
    const value = found.get(scope);
    out.push(value === undefined && isPlain ? found.source : textOf(value));
  };
}

const host = (own: Host): Host & { isHost: true } => ({ isHost: true, ...own });

function inputOf(exchange: Exchange, body: string): Host {
  let read: Value;
  let isRead = false;
  const document = () => {
    if (!isRead) {
      try {
        read = asValue(JSON.parse(body === "" ? "{}" : body));
      } catch {
        read = undefined;
      }
      isRead = true;
    }
    return read;
  };
  const at = (path: Value) => select(document(), String(path ?? "$"));
  const params = parametersOf(exchange);
  return host({
    get: (name) => (name === "body" ? body : undefined),
    call(name, [first]) {
      if (name === "json") return JSON.stringify(plain(at(first)) ?? "");
      if (name === "path") return at(first) ?? "";
      if (name !== "params") return undefined;
      if (first === undefined) return params;
      for (const kind of ["path", "querystring", "header"]) {
        const value = (params.get(kind) as Map<string, Value>).get(String(first));
        if (value !== undefined) return value;
      }
      return "";
    },
  });
}

function parametersOf({ parameters, rawQuery, incoming }: Exchange): Map<string, Value> {
  const headers = new Map<string, Value>();
  for (let i = 0; i < incoming.rawHeaders.length; i += 2)
    headers.set(incoming.rawHeaders[i]!, incoming.rawHeaders[i + 1]);
  return new Map<string, Value>([
    ["path", new Map(Object.entries(parameters ?? {}))],
    ["querystring", new Map(new URLSearchParams(rawQuery))],
    ["header", headers],
  ]);
}

/** `$.albums[0].title`, `$['a b']`; undefined where there is nothing. */
function select(value: Value, path: string): Value {
  const steps = path.replace(/^\$/, "").match(/\.?[A-Za-z_$][\w$-]*|\[\d+\]|\['[^']*'\]|\["[^"]*"\]/g) ?? [];
  return steps.reduce<Value>((at, step) => {
    const name = step.replace(/^\.|^\[["']?|["']?\]$/g, "");
    if (at instanceof Map) return at.get(name);
    return Array.isArray(at) ? at[Number(name)] : undefined;
  }, value);
}

/** `$context.identity.sourceIp`; `responseOverride` below it is where a template says what the answer shall be. */
function contextOf(cloud: Cloud, exchange: Exchange, path: string, overrides: Overrides | undefined): Host {
  return host({
    get(name) {
      const full = path === "" ? name : `${path}.${name}`;
      return (
        contextVariable(cloud, exchange, full) ??
        (isBranch(full) ? contextOf(cloud, exchange, full, overrides) : undefined)
      );
    },
    set(name, value) {
      if (path === "responseOverride" && name === "status" && overrides) overrides.status = Number(value);
      if (path === "responseOverride.header") overrides?.headers.set(name, textOf(value));
    },
  });
}

const isBranch = (path: string): boolean =>
  /^(identity|authorizer(\.claims)?|error|integration|authorize|responseOverride(\.header)?|requestOverride(\.\w+)?)$/.test(
    path,
  );

const UTIL: Host = host({
  get: () => undefined,
  call(name, [first]) {
    const text = textOf(first);
    if (name === "escapeJavaScript") return JSON.stringify(text).slice(1, -1).replaceAll("'", "\\'");
    if (name === "urlEncode") return encodeURIComponent(text);
    if (name === "urlDecode") return decodeURIComponent(text);
    if (name === "base64Encode") return Buffer.from(text).toString("base64");
    if (name === "base64Decode") return Buffer.from(text, "base64").toString();
    return name === "parseJson" ? asValue(JSON.parse(text)) : undefined;
  },
});
