/** What the API can do for one route: its contract, which the OpenAPI document is generated from, and what carries it out. */

import type { Static } from "typebox";
import type { HttpRequest, HttpResponse } from "./http.ts";
import type { Ports } from "./ports.ts";
import type { SchemaName, schemas } from "./schemas.ts";

/** An operation's request after validation. */
export interface OperationRequest<Body = unknown, Query = unknown> {
  parameters: Record<string, string>;
  body: Body;
  query: Query;
  http: HttpRequest;
}

export interface ResponseContract {
  description: string;
  /** Absent for an empty response. */
  schema?: SchemaName;
}

export interface Operation {
  /** OpenAPI `operationId`. */
  id: string;
  summary: string;
  description?: string;
  /** Needs no token. */
  public?: true;
  /** Takes an `Idempotency-Key` header. */
  idempotent?: true;
  body?: SchemaName;
  query?: SchemaName;
  responses: Record<number, ResponseContract>;
  /** Status codes of the problems it can answer with, beyond 401, 403 and 500. */
  problems?: number[];
  // biome-ignore lint/suspicious/noExplicitAny: `operation` below ties the types to the schemas
  run(request: OperationRequest<any, any>, ports: Ports): HttpResponse | Promise<HttpResponse>;
}

type Typed<Name> = Name extends SchemaName ? Static<(typeof schemas)[Name]> : unknown;

/** Declares an operation; `run` gets the types of the schemas it names. */
export function operation<const Body extends SchemaName | undefined, const Query extends SchemaName | undefined>(
  contract: Omit<Operation, "run" | "body" | "query"> & {
    body?: Body;
    query?: Query;
    run(request: OperationRequest<Typed<Body>, Typed<Query>>, ports: Ports): HttpResponse | Promise<HttpResponse>;
  },
): Operation {
  return contract;
}
