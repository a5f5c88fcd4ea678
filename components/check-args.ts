/**
 * Arguments against their own interfaces, when the program runs: what comes out of an Output, from JavaScript or from a
 * configuration file was seen by no compiler. Values' ranges and relations are each component's to check, after this.
 */
import * as pulumi from "@pulumi/pulumi";
import { SHAPES } from "./args-shapes.ts";
import { InvalidArgumentError } from "./invalid-argument.ts";
import { nearest } from "./nearest.ts";
import { checkTags } from "./tags.ts";

/** What a value may be. A field's name ends in `?` where it may be left out; `input`: it may come later. */
export type Shape =
  | "string"
  | "number"
  | "boolean"
  | "null"
  | "function"
  | "object"
  | "any"
  | { oneOf: (string | number | boolean)[] }
  | { list: Shape }
  | { record: Shape }
  | { fields: Record<string, Shape> }
  | { ref: string }
  /** A component, by its name. */
  | { resource: string }
  | { any: Shape[] }
  | { input: Shape };

interface Place {
  component: string;
  of?: string;
  path: string;
  /** The value may be a secret: an error does not repeat it. */
  hidden: boolean;
  remedies: Record<string, string>;
}

/**
 * Refuses arguments that are not what their interface says, known or resolved later.
 *
 * @param kind the component's name: `"Queue"` is held to `QueueArgs`
 * @param remedies for arguments that are missing, by path, where there is more to say than the type
 * @throws InvalidArgumentError in one line
 */
export function checkArgs(kind: string, name: string, args: unknown, remedies: Record<string, string> = {}): void {
  const shape = SHAPES[`${kind}Args`]!;
  const place = { component: `${kind} "${name}"`, path: "", hidden: false, remedies };
  check(shape, args, place);
  if (typeof shape === "string" || !("fields" in shape)) return;
  // What stands inside may be somebody's wider object; the arguments themselves are written down for this component.
  const known = Object.keys(shape.fields).map((key) => key.replace("?", ""));
  const other = Object.entries(args as object).find(([key, value]) => value !== undefined && !known.includes(key));
  if (other) {
    const near = nearest(other[0], known);
    refuse(
      inside(place, other[0]),
      "given",
      `there is none; ${near ? `did you mean ${near}? There` : "there"} are ${list(known)}`,
    );
  }
  if ("tags?" in shape.fields) checkTags(place.component, (args as { tags?: Record<string, string> }).tags);
}

/** The arguments of a method, such as `ConsumerArgs`. @param of whose they are, before their names: `rule "paid" ` */
export function checkMethodArgs(component: string, type: string, args: unknown, of = ""): void {
  check(SHAPES[type]!, args, { component, of, path: "", hidden: false, remedies: {} });
}

function check(shape: Shape, value: unknown, place: Place): void {
  if (typeof shape === "object" && "input" in shape) checkInput(shape.input, value, place);
  else if (typeof shape === "object" && "ref" in shape) checkOnce(shape.ref, value, place);
  else if (shape === "any") return;
  else if (isLater(value)) refuse(place, "an Output", `it has to be ${wordsOf(shape)}, known when the program runs`);
  else if (typeof shape === "object" && "any" in shape) checkAny(shape.any, value, place);
  else if (!isOf(shape, value)) refuse(place, value, `it has to be ${wordsOf(shape)}`);
  else if (typeof shape === "object") checkParts(shape, value as object, place);
}

/** By interface: what was frozen and passed once passes again. A stack's settings are handed to each of its cells. */
const passed = new Map<string, WeakSet<object>>();

function checkOnce(ref: string, value: unknown, place: Place): void {
  const frozen = typeof value === "object" && value !== null && Object.isFrozen(value) ? value : undefined;
  if (frozen && passed.get(ref)?.has(frozen)) return;
  check(SHAPES[ref]!, value, place);
  if (!frozen) return;
  const known = passed.get(ref) ?? new WeakSet();
  passed.set(ref, known.add(frozen));
}

/** Whether the outermost part of a value is of a kind. */
function isOf(shape: Shape, value: unknown): boolean {
  if (shape === "null") return value === null;
  if (shape === "number") return Number.isFinite(value);
  if (typeof shape === "string") return typeof value === shape && value !== null;
  if ("oneOf" in shape) return (shape.oneOf as unknown[]).includes(value);
  if ("list" in shape) return Array.isArray(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  if (!("resource" in shape)) return true;
  // Not instanceof: a program may have the library twice.
  return String((value as { __pulumiType?: string }).__pulumiType).endsWith(`:${shape.resource}`);
}

function checkParts(shape: Shape & object, value: object, place: Place): void {
  if ("list" in shape) {
    // Not `forEach`: it passes over holes.
    for (const [index, item] of Array.from(value as unknown[]).entries()) {
      check(shape.list, item, { ...place, path: `${place.path}[${index}]` });
    }
  } else if ("record" in shape) {
    for (const [key, item] of Object.entries(value)) {
      // Pulumi asks its objects by these names: `toString`, `hasOwnProperty`.
      if (key in Object.prototype) refuse(inside(place, key), "given", "every object has this name; take another");
      if (item !== undefined) check(shape.record, item, inside(place, key));
    }
  } else if ("fields" in shape) checkFields(shape.fields, value as Record<string, unknown>, place);
}

function checkInput(shape: Shape, value: unknown, place: Place): void {
  if (isLater(value)) {
    // An error that nobody waits for ends the program, as Pulumi's own do.
    (pulumi.output(value) as pulumi.Output<unknown>).apply((resolved) =>
      check(shape, resolved, { ...place, hidden: true }),
    );
  } else check(shape, value, place);
}

function checkFields(fields: Record<string, Shape>, value: Record<string, unknown>, place: Place): void {
  const known = new Map(Object.entries(fields).map(([key, shape]) => [key.replace("?", ""), { key, shape }]));
  for (const [name, { key, shape }] of known) {
    const item = value[name];
    if (item !== undefined) check(shape, item, inside(place, name));
    else if (key === name && shape !== "any") missing(shape, inside(place, name));
  }
}

function missing(shape: Shape, place: Place): never {
  refuse(place, undefined, place.remedies[place.path] ?? `it has to be ${wordsOf(shape)}`);
}

/** Of the alternatives that a value may mean, the nearest says what is wrong. */
function checkAny(shapes: Shape[], value: unknown, place: Place): void {
  const errors: InvalidArgumentError[] = [];
  for (const shape of shapes) {
    try {
      check(shape, value, place);
      return;
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      errors.push(error);
    }
  }
  const inner = errors.filter(({ argument }) => argument !== `${place.of ?? ""}${place.path}`);
  if (inner.length === 1) throw inner[0];
  refuse(place, value, `it has to be ${wordsOf({ any: shapes })}`);
}

const inside = (place: Place, key: string): Place => ({
  ...place,
  path: place.path ? `${place.path}.${key}` : key,
  hidden: place.hidden || /secret|password|token|credential|variables|environment/i.test(key),
});

const isLater = (value: unknown): boolean => pulumi.Output.isInstance(value) || value instanceof Promise;

const kindOf = (value: unknown): string =>
  value === null
    ? "null"
    : Array.isArray(value)
      ? "a list"
      : typeof value === "object"
        ? "an object"
        : `a ${typeof value}`;

function refuse({ component, of = "", path, hidden }: Place, value: unknown, remedy: string): never {
  throw new InvalidArgumentError(
    component,
    of + (path || "args"),
    hidden && value !== undefined ? kindOf(value) : value,
    remedy,
  );
}

function wordsOf(shape: Shape): string {
  if (typeof shape === "string") return WORDS[shape];
  if ("input" in shape) return wordsOf(shape.input);
  if ("ref" in shape) return wordsOf(SHAPES[shape.ref]!);
  if ("oneOf" in shape)
    return list(shape.oneOf.map((value) => (/^\d/.test(String(value)) ? JSON.stringify(value) : String(value))));
  if ("resource" in shape) return /^[AEIOU]/.test(shape.resource) ? `an ${shape.resource}` : `a ${shape.resource}`;
  if ("list" in shape) return "a list";
  if ("record" in shape) return "an object, by name";
  if ("any" in shape) {
    // Alternatives that all are objects differ in what they have.
    const [first, ...others] = [...new Set(shape.any.map(wordsOf))];
    const alike = [first, ...others].every((words) => words?.startsWith(OBJECT));
    return list([first ?? "left out", ...(alike ? others.map((words) => words.slice(OBJECT.length)) : others)]);
  }
  const names = Object.keys(shape.fields).filter((key) => !key.endsWith("?"));
  return names.length > 0 ? `${OBJECT}${names.join(", ")}` : "an object";
}

const OBJECT = "an object with ";

const WORDS: Record<Shape & string, string> = {
  ...{ string: "a text", number: "a number", boolean: "true or false", null: "null" },
  ...{ function: "a function, (…) => …", object: "an object", any: "anything" },
};

const list = (words: string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
