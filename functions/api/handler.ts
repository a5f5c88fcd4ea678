/**
 * The photo library's API. Nothing but the routing is loaded until a request needs it: `GET /health` answers from a function
 * that has loaded no SDK, no schema and no logger.
 */

import type { Context } from "aws-lambda";
import { createApi } from "./api.ts";
import type { GatewayEvent, GatewayResult } from "./http.ts";
import { routes } from "./routes.ts";

export async function handler(event: GatewayEvent, context: Context): Promise<GatewayResult> {
  const api = createApi({
    routes,
    connect: async (tenant) => (await import("./connect.ts")).connect(tenant, context),
    observe: async (request, run) => (await import("./observe.ts")).observe(request, run),
    explain: async (error) => (await import("./explain.ts")).explain(error),
    report: async (error, { tenant, requestId }) => {
      const { logger } = await import("../shared/logger.ts");
      logger(tenant?.tenantId, context).error("The request failed", { requestId, error: error as Error });
    },
  });
  return api(event);
}
