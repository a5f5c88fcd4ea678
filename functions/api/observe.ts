/** One line of metrics for each request of a tenant, and a trace of those that are sampled. */

import { MetricUnit, measure } from "../shared/metrics.ts";
import { traced } from "../shared/trace.ts";
import type { ObservedRequest } from "./api.ts";
import type { HttpResponse } from "./http.ts";

export async function observe(request: ObservedRequest, run: () => Promise<HttpResponse>): Promise<HttpResponse> {
  const { tenantId } = request.tenant;
  const started = performance.now();
  const response = await traced(request.operationId, tenantId, run);
  const latency = { name: "Latency", value: performance.now() - started, unit: MetricUnit.Milliseconds };
  const errors = { name: "ServerErrors", value: response.status >= 500 ? 1 : 0 };
  const { operationId: operation, requestId } = request;
  measure(tenantId, [latency, errors], { operation, requestId, status: String(response.status) });
  return response;
}
