/**
 * Checks a request against an operation's schemas. API Gateway has done so before where its validators are on; the function
 * does not rely on it, and says in full what is wrong.
 */

import type { TSchema } from "typebox";
import { Compile, type Validator } from "typebox/compile";
import type { HttpRequest } from "./http.ts";
import type { Operation } from "./operation.ts";
import { type InputError, InvalidRequest, MalformedJson, UnsupportedMediaType } from "./problem.ts";
import { type SchemaName, schemas } from "./schemas.ts";

const compiled = new Map<SchemaName, Validator>();

function validator(name: SchemaName): Validator {
  let known = compiled.get(name);
  if (!known) {
    known = Compile(schemas[name] as TSchema);
    compiled.set(name, known);
  }
  return known;
}

/** @throws InvalidRequest, MalformedJson, UnsupportedMediaType */
export function validate(operation: Operation, request: HttpRequest): { body: unknown; query: unknown } {
  return {
    body: operation.body === undefined ? undefined : check(operation.body, readJson(request), "#"),
    query:
      operation.query === undefined ? undefined : check(operation.query, numbersIn(operation.query, request.query), ""),
  };
}

function readJson({ headers, body }: HttpRequest): unknown {
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type !== undefined && type !== "application/json" && !type.endsWith("+json"))
    throw new UnsupportedMediaType(type);
  if (!body) throw new MalformedJson("The body is empty.");
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new MalformedJson((error as Error).message);
  }
}

/** Query strings are text; an integer's digits become a number, anything else is left for the schema to refuse. */
function numbersIn(name: SchemaName, query: Record<string, string>): Record<string, unknown> {
  const { properties } = schemas[name] as unknown as {
    properties: Record<string, { type: string }>;
  };
  return Object.fromEntries(
    Object.entries(query).map(([key, value]) => [
      key,
      properties[key]?.type === "integer" && /^-?\d{1,15}$/.test(value) ? Number(value) : value,
    ]),
  );
}

function check(name: SchemaName, value: unknown, root: string): unknown {
  const schema = validator(name);
  if (schema.Check(value)) return value;
  const errors: InputError[] = [];
  for (const { keyword, instancePath, message, params } of schema.Errors(value)) {
    // `additionalProperties: false` is reported twice: per property as a "false schema", and with their names.
    if (keyword === "boolean") continue;
    const names =
      keyword === "additionalProperties" && "additionalProperties" in params ? params.additionalProperties : [];
    const detail = names.length > 0 ? `${message}: ${names.join(", ")}` : message;
    errors.push({ pointer: root === "" ? instancePath.slice(1) || "query" : `${root}${instancePath}`, detail });
  }
  throw new InvalidRequest(errors);
}
