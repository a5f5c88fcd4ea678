/** Request validation against models (JSON schema draft 4). The validator loads with the first request that needs it. */
import type { RestApi, RestMethod } from "../model/apis.ts";
import type { Exchange } from "./exchange.ts";

export interface Invalid {
  responseType: "BAD_REQUEST_BODY" | "BAD_REQUEST_PARAMETERS";
  message?: string;
  validation?: string;
}

interface Compiled {
  Check(value: unknown): boolean;
  Errors(value: unknown): [boolean, { instancePath: string; message: string }[]];
}

const compiled = new WeakMap<object, Compiled>();

/** @returns what is wrong with the request; undefined for a good one. */
export async function validateRequest(
  api: RestApi,
  method: RestMethod,
  exchange: Exchange,
): Promise<Invalid | undefined> {
  const validator = method.validatorId === undefined ? undefined : api.validators.get(method.validatorId);
  if (!validator) return undefined;
  if (validator.parameters) {
    const missing = missingParameters(method, exchange);
    if (missing.length > 0) {
      const message = `Missing required request parameters: [${missing.join(", ")}]`;
      return { responseType: "BAD_REQUEST_PARAMETERS", message };
    }
  }
  return validator.body ? validateBody(api, method, exchange) : undefined;
}

function missingParameters({ requestParameters }: RestMethod, { incoming, rawQuery, parameters }: Exchange): string[] {
  const query = new URLSearchParams(rawQuery);
  return Object.entries(requestParameters)
    .filter(([, required]) => required)
    .map(([name]) => /^method\.request\.(header|querystring|path)\.(.+)$/.exec(name))
    .filter((match) => match !== null)
    .filter(([, kind, name]) => {
      if (kind === "header") return !incoming.headers[name!.toLowerCase()];
      if (kind === "querystring") return !query.get(name!);
      return !parameters?.[name!];
    })
    .map(([, , name]) => name!);
}

async function validateBody(api: RestApi, method: RestMethod, exchange: Exchange): Promise<Invalid | undefined> {
  const contentType = (exchange.incoming.headers["content-type"] ?? "application/json")
    .split(";")[0]!
    .trim()
    .toLowerCase();
  const name = method.requestModels[contentType] ?? method.requestModels["$default"];
  const schema = name === undefined ? undefined : api.models.get(name);
  if (!schema) return undefined;
  let body: unknown;
  try {
    body = JSON.parse(exchange.body?.toString() ?? "");
  } catch {
    return { responseType: "BAD_REQUEST_BODY", validation: "Unable to parse the request body as JSON" };
  }
  const check = await compile(api, schema);
  if (check.Check(body)) return undefined;
  const [, errors] = check.Errors(body);
  const validation = `[${errors.map(({ instancePath, message }) => `${instancePath || "body"}: ${message}`).join(", ")}]`;
  return { responseType: "BAD_REQUEST_BODY", validation };
}

async function compile(api: RestApi, schema: object): Promise<Compiled> {
  let check = compiled.get(schema);
  if (!check) {
    const { Compile } = await import("typebox/schema");
    check = Compile(resolveModels(api, schema, []) as never) as unknown as Compiled;
    compiled.set(schema, check);
  }
  return check;
}

/** A model refers to another by its address: `https://apigateway.amazonaws.com/restapis/<id>/models/<name>`. */
function resolveModels(api: RestApi, value: unknown, within: string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => resolveModels(api, item, within));
  if (value === null || typeof value !== "object") return value;
  const { $ref } = value as { $ref?: unknown };
  const name = typeof $ref === "string" ? /\/models\/([^/]+)$/.exec($ref)?.[1] : undefined;
  if (name && !within.includes(name)) return resolveModels(api, api.models.get(name) ?? {}, [...within, name]);
  return withNumericBounds(
    Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolveModels(api, item, within)])),
  );
}

/** Draft 4 says that a bound is exclusive by a flag beside it, later drafts by the bound itself. */
function withNumericBounds({ ...schema }: Record<string, unknown>): Record<string, unknown> {
  for (const [flag, bound] of [
    ["exclusiveMinimum", "minimum"],
    ["exclusiveMaximum", "maximum"],
  ] as const) {
    if (typeof schema[flag] !== "boolean") continue;
    if (schema[flag]) {
      schema[flag] = schema[bound];
      delete schema[bound];
    } else delete schema[flag];
  }
  return schema;
}
