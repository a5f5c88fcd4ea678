/** The route table of an API, read from its OpenAPI document: the same file that the handler was written from. Pure. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Function } from "../compute/function.ts";
import { InvalidArgumentError } from "../invalid-argument.ts";

export interface Route {
  method: string;
  /** `/albums/{albumId}` */
  path: string;
  /** Answers without a token. */
  isPublic: boolean;
  /** JSON schema of the body, references resolved, and the name it has in the document. */
  body?: { name: string; schema: JsonSchema };
}

export type JsonSchema = Record<string, unknown>;

interface OpenApi {
  security?: unknown[];
  paths?: Record<string, Record<string, OpenApiOperation>>;
  components?: { schemas?: Record<string, JsonSchema> };
}

interface OpenApiOperation {
  security?: unknown[];
  requestBody?: { content?: Record<string, { schema?: JsonSchema }> };
}

const METHODS = ["get", "put", "post", "delete", "patch", "head", "options"];

/** @throws InvalidArgumentError when the file is missing, unreadable or declares no route. */
export function readRoutes(component: string, file: string): Route[] {
  let document: OpenApi;
  try {
    document = JSON.parse(readFileSync(resolve(file), "utf8"));
  } catch (error) {
    throw new InvalidArgumentError(
      component,
      "openapi",
      file,
      `it has to be an OpenAPI document (${(error as Error).message})`,
    );
  }
  const routes = Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, operation]) => toRoute(document, method, path, operation)),
  );
  if (routes.length === 0) throw new InvalidArgumentError(component, "openapi", file, "it declares no path");
  return routes;
}

function toRoute(document: OpenApi, method: string, path: string, operation: OpenApiOperation): Route {
  const schema = operation.requestBody?.content?.["application/json"]?.schema;
  const security = operation.security ?? document.security ?? [];
  const reference = typeof schema?.["$ref"] === "string" ? schema["$ref"] : undefined;
  const name = reference?.split("/").at(-1) ?? `${method}${path}`.replace(/[^A-Za-z0-9]/g, "");
  return {
    method: method.toUpperCase(),
    path,
    isPublic: security.length === 0,
    ...(schema ? { body: { name, schema: inline(schema, document) as JsonSchema } } : {}),
  };
}

/** API Gateway knows nothing of the document's other schemas: what is referred to is put in its place. */
function inline(value: unknown, document: OpenApi): unknown {
  if (Array.isArray(value)) return value.map((item) => inline(item, document));
  if (value === null || typeof value !== "object") return value;
  const { $ref: reference } = value as { $ref?: unknown };
  if (typeof reference === "string") {
    return inline(document.components?.schemas?.[reference.split("/").at(-1)!] ?? {}, document);
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inline(item, document)]));
}

/** The function of a route: its own, or the one that answers all others. */
export const handlerOf = (
  { handler, handlers }: { handler: Function; handlers?: Record<string, Function> },
  { method, path }: Pick<Route, "method" | "path">,
): Function => handlers?.[`${method} ${path}`] ?? handler;

/** `/albums/{albumId}` → `-albums-albumId` */
export const slug = (path: string): string =>
  path
    .replace(/[{}+]/g, "")
    .replace(/\/+/g, "-")
    .replace(/[^\w-]/g, "-");
export const slugOf = ({ method, path }: Pick<Route, "method" | "path">): string =>
  `${method.toLowerCase()}${slug(path)}`;
