/**
 * Generates the OpenAPI document from the routes, the operations and their schemas (`npm run openapi`). The function serves
 * the file; the API's component makes routes, models and validators of it. Not part of the bundle.
 */

import { STATUS_CODES } from "node:http";
import type { Operation } from "./operation.ts";
import type { Routes } from "./routes.ts";
import { type SchemaName, schemas } from "./schemas.ts";

type Json = Record<string, unknown>;

const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const problem = (status: number): Json => ({
  description: STATUS_CODES[status] ?? "Problem",
  content: { "application/problem+json": { schema: reference("ProblemDetails") } },
});

export async function openapi(routes: Routes): Promise<Json> {
  const paths: Record<string, Json> = {};
  const used = new Set<SchemaName>(["ProblemDetails"]);
  for (const [key, load] of Object.entries(routes)) {
    const [method, path] = key.split(" ") as [string, string];
    const operation = await load();
    for (const { schema } of Object.values(operation.responses)) if (schema) used.add(schema);
    if (operation.body) used.add(operation.body);
    paths[path] ??= {};
    paths[path][method.toLowerCase()] = describeOperation(path, operation);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Terrace photo library",
      version: "1.0.0",
      description: "A photo library per tenant. Errors are RFC 9457 problem details.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    security: [{ idToken: [] }],
    paths,
    components: {
      securitySchemes: {
        idToken: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "A Cognito ID token of the tenant",
        },
      },
      schemas: Object.fromEntries([...used].sort().map((name) => [name, JSON.parse(JSON.stringify(schemas[name]))])),
    },
  };
}

function describeOperation(path: string, operation: Operation): Json {
  const parameters = [...pathParameters(path), ...queryParameters(operation), ...headerParameters(operation)];
  const problems = operation.public ? [] : [...(operation.problems ?? []), 401, 403, 429, 500, 503].sort();
  return {
    operationId: operation.id,
    summary: operation.summary,
    ...(operation.description && { description: operation.description }),
    ...(operation.public && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(operation.body && {
      requestBody: { required: true, content: { "application/json": { schema: reference(operation.body) } } },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(operation.responses).map(([status, { description, schema }]) => [
          status,
          { description, ...(schema && { content: { "application/json": { schema: reference(schema) } } }) },
        ]),
      ),
      ...Object.fromEntries(problems.map((status) => [status, problem(status)])),
    },
  };
}

const pathParameters = (path: string): Json[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string", format: "uuid" },
  }));

function queryParameters({ query }: Operation): Json[] {
  if (!query) return [];
  const { properties, required = [] } = schemas[query] as unknown as {
    properties: Record<string, object>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema: JSON.parse(JSON.stringify(schema)),
  }));
}

const headerParameters = ({ idempotent }: Operation): Json[] =>
  idempotent
    ? [
        {
          name: "Idempotency-Key",
          in: "header",
          required: false,
          description: "Sending the request again with the same key has no second effect, for 24 hours",
          schema: { type: "string", minLength: 1, maxLength: 255 },
        },
      ]
    : [];
