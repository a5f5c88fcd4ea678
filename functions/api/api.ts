/**
 * From an event to a result: finds the operation, requires a tenant unless it is public, validates, runs, and turns what is
 * thrown into a problem. What touches AWS is handed in.
 */

import type { TenantAccess } from "../shared/tenant-access.ts";
import {
  type GatewayEvent,
  type GatewayResult,
  type HttpRequest,
  type HttpResponse,
  readRequest,
  renderResponse,
} from "./http.ts";
import type { Ports } from "./ports.ts";
import { InternalError, Problem, Unauthorized } from "./problem.ts";
import { matchRoute } from "./router.ts";
import type { Routes } from "./routes.ts";

export interface ApiOptions {
  routes: Routes;
  /** Called with the first request of a tenant that needs more than its token. */
  connect(tenant: TenantAccess): Ports | Promise<Ports>;
  /** Runs around every request of a tenant: log keys, metrics, a trace. */
  observe?(request: ObservedRequest, run: () => Promise<HttpResponse>): Promise<HttpResponse>;
  /** Makes a problem of an error the API knows a better answer to than `internal`. */
  explain?(error: unknown): Problem | undefined | Promise<Problem | undefined>;
  /** Gets what was thrown and is not a problem. */
  report?(error: unknown, request: HttpRequest): void | Promise<void>;
}

export interface ObservedRequest {
  tenant: TenantAccess;
  operationId: string;
  requestId: string;
}

export function createApi(options: ApiOptions): (event: GatewayEvent) => Promise<GatewayResult> {
  return async (event) => {
    const request = readRequest(event);
    return renderResponse(await settled(request, options, () => respond(request, options)));
  };
}

async function respond(request: HttpRequest, options: ApiOptions): Promise<HttpResponse> {
  const { target, parameters } = matchRoute(options.routes, request);
  const operation = await target();
  const { tenant } = request;
  if (operation.public)
    return operation.run({ parameters, body: undefined, query: undefined, http: request }, undefined as never);
  if (!tenant) throw new Unauthorized();
  const run = async () => {
    const { validate } = await import("./validation.ts");
    const { body, query } = validate(operation, request);
    return operation.run({ parameters, body, query, http: request }, await options.connect(tenant));
  };
  if (!options.observe) return run();
  const observed = { tenant, operationId: operation.id, requestId: request.requestId };
  return options.observe(observed, () => settled(request, options, run));
}

/** What `run` answers, or the problem that it threw. */
async function settled(
  request: HttpRequest,
  { explain, report }: ApiOptions,
  run: () => Promise<HttpResponse>,
): Promise<HttpResponse> {
  try {
    return await run();
  } catch (error) {
    const problem = error instanceof Problem ? error : await explain?.(error);
    if (!problem) await report?.(error, request);
    return (problem ?? new InternalError()).render(request.requestId);
  }
}
