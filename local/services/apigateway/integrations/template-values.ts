/** What expressions of templates are about: texts, numbers, lists and maps, and what may be asked of them. */

export type Value = unknown;

/** Names that a template's own `#set` may change, and those that API Gateway gives. */
export type Scope = Map<string, Value>;

/** What is looked up by its own rules: `$context`, `$input`. */
export interface Host {
  get(name: string): Value;
  set?(name: string, value: Value): void;
  call?(name: string, args: Value[]): Value;
}

export const isHost = (value: Value): value is Host & { isHost: true } =>
  typeof value === "object" && value !== null && (value as { isHost?: unknown }).isHost === true;

/** Objects of a body are maps here: a name that every object has is no value of theirs. */
export function propertyOf(holder: Value, name: string): Value {
  if (isHost(holder)) return holder.get(name);
  if (holder instanceof Map) return holder.get(name);
  if (Array.isArray(holder)) return /^-?\d+$/.test(name) ? holder.at(Number(name)) : undefined;
  return undefined;
}

export function callOn(holder: Value, name: string, args: Value[]): Value {
  if (isHost(holder)) return holder.call?.(name, args);
  const [first, second] = args;
  if (holder instanceof Map) {
    if (name === "get") return holder.get(String(first));
    if (name === "put") return void holder.set(String(first), second);
    if (name === "containsKey") return holder.has(String(first));
    if (name === "keySet") return [...holder.keys()];
    if (name === "values") return [...holder.values()];
    if (name === "entrySet")
      return [...holder].map(
        ([key, value]) =>
          new Map([
            ["key", key],
            ["value", value],
          ]),
      );
    if (name === "size") return holder.size;
    if (name === "isEmpty") return holder.size === 0;
    if (name === "remove") return holder.delete(String(first));
  }
  if (Array.isArray(holder)) {
    if (name === "get") return holder[Number(first)];
    if (name === "size") return holder.length;
    if (name === "isEmpty") return holder.length === 0;
    if (name === "contains") return holder.includes(first);
    if (name === "add") return holder.push(first) > 0;
  }
  if (typeof holder === "string") return callOnText(holder, name, args.map(String));
  if (name === "toString") return textOf(holder);
  return undefined;
}

type TextMethod = (text: string, ...args: (string | undefined)[]) => Value;

const TEXT_METHODS: Record<string, TextMethod> = {
  contains: (text, part = "") => text.includes(part),
  startsWith: (text, part = "") => text.startsWith(part),
  endsWith: (text, part = "") => text.endsWith(part),
  equals: (text, other) => text === other,
  equalsIgnoreCase: (text, other = "") => text.toLowerCase() === other.toLowerCase(),
  indexOf: (text, part = "") => text.indexOf(part),
  length: (text) => text.length,
  isEmpty: (text) => text === "",
  concat: (text, other = "") => text + other,
  trim: (text) => text.trim(),
  toLowerCase: (text) => text.toLowerCase(),
  toUpperCase: (text) => text.toUpperCase(),
  toString: (text: string) => text,
  substring: (text, start, end) => text.substring(Number(start), end === undefined ? undefined : Number(end)),
  replace: (text, part = "", by = "") => text.replaceAll(part, by),
  replaceAll: (text, pattern = "", by = "") => text.replace(new RegExp(pattern, "g"), by),
  split: (text, pattern = "") => text.split(new RegExp(pattern)),
  matches: (text, pattern = "") => new RegExp(`^(?:${pattern})$`).test(text),
};

function callOnText(text: string, name: string, args: string[]): Value {
  return Object.hasOwn(TEXT_METHODS, name) ? TEXT_METHODS[name]!(text, ...args) : undefined;
}

export function isTrue(value: Value): boolean {
  return value !== undefined && value !== null && value !== false;
}

export const isSame = (one: Value, other: Value): boolean =>
  one === other || (one ?? null) === (other ?? null) || textOf(one) === textOf(other);

/** Values in a text; what a body holds is its JSON. */
export function textOf(value: Value): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "object") return String(value);
  return isHost(value) ? "" : JSON.stringify(plain(value));
}

export function plain(value: Value): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

/** JSON as templates see it: objects are maps. */
export function asValue(value: unknown): Value {
  if (Array.isArray(value)) return value.map(asValue);
  if (value === null || typeof value !== "object") return value ?? undefined;
  return new Map(Object.entries(value).map(([key, item]) => [key, asValue(item)]));
}
