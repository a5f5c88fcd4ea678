/** Expressions `{% … %}` of JSONata states, with the functions that Step Functions adds. */
import { randomUUID } from "node:crypto";
import type { Expression } from "jsonata";
import type { Json } from "./definition.ts";
import { hash, partition, range, seeded } from "./intrinsics.ts";
import type { Scope } from "./reference.ts";
import { StatesError } from "./states-error.ts";

/** What `$states` has beyond input and context, where the state has come to it. */
export interface Outcome {
  result?: Json;
  errorOutput?: Json;
}

type Jsonata = typeof import("jsonata");

const expressions = new Map<string, Expression>();
const CACHED = 2000;

/** The library comes with the first machine that uses the language. */
let library: Promise<Jsonata> | undefined;

export function loadJsonata(): Promise<Jsonata> {
  library ??= import("jsonata").then((module) => module.default as unknown as Jsonata);
  return library;
}

/** @returns the expression within `{% %}`, or undefined where the text is none */
export function expressionIn(text: string): string | undefined {
  return /^\{%(.*)%\}$/s.exec(text)?.[1]?.trim();
}

async function compile(source: string): Promise<Expression> {
  const jsonata = await loadJsonata();
  const known = expressions.get(source);
  if (known) return known;
  if (expressions.size >= CACHED) expressions.clear();
  const expression = jsonata(source);
  expressions.set(source, expression);
  return expression;
}

/** Fills every expression within a value. @param field for errors: `Arguments/Payload` */
export async function fillJsonata(template: Json, scope: Scope, outcome: Outcome, field: string): Promise<Json> {
  if (typeof template === "string") {
    const source = expressionIn(template);
    return source === undefined ? template : evaluate(source, scope, outcome, field);
  }
  if (Array.isArray(template)) {
    return Promise.all(template.map((item, index) => fillJsonata(item, scope, outcome, `${field}[${index}]`)));
  }
  if (typeof template !== "object" || template === null) return template;
  const entries = Object.entries(template).map(
    async ([key, value]) => [key, await fillJsonata(value, scope, outcome, `${field}/${key}`)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

export async function evaluate(source: string, scope: Scope, outcome: Outcome, field: string): Promise<Json> {
  const fail = (what: string): never => {
    const cause = `The JSONata expression '${source}' specified for the field '${field}' ${what}`;
    throw new StatesError("States.QueryEvaluationError", cause, true);
  };
  const states = { input: scope.input, context: scope.context, ...outcome };
  let value: unknown;
  try {
    const expression = await compile(source);
    value = await expression.evaluate(undefined, { ...scope.variables, states, ...functionsAt(scope.now) });
  } catch (error) {
    return fail(`threw an error during evaluation. ${(error as { code?: string }).code ?? ""}: ${messageOf(error)}`);
  }
  if (value === undefined) return fail("returned nothing (undefined).");
  if (typeof value === "function" || (value as { _jsonata_lambda?: true } | null)?._jsonata_lambda)
    return fail("returned an unsupported result type.");
  // Lists of JSONata carry marks of their own.
  return JSON.parse(JSON.stringify(value)) as Json;
}

const messageOf = (error: unknown): string => (error as { message?: string }).message ?? String(error);

/** What AWS adds, and the functions of time on the cloud's clock. `$eval` is taken away. */
function functionsAt(now: number): Record<string, unknown> {
  return {
    partition: (items: Json[], size: number) => partition(items, size),
    range: (from: number, to: number, by: number) => range(from, to, by),
    hash: (value: Json, algorithm = "SHA-256") =>
      hash(typeof value === "string" ? value : JSON.stringify(value), algorithm),
    random: (seed?: number) => (seed === undefined ? Math.random() : seeded(seed)),
    uuid: () => randomUUID(),
    parse: (text: string) => JSON.parse(text),
    millis: () => now,
    now: async (picture?: string, timezone?: string) =>
      (await compile("$fromMillis($at, $picture, $zone)")).evaluate(undefined, { at: now, picture, zone: timezone }),
    eval: () => {
      throw new Error("$eval is not supported; use $parse");
    },
  };
}
