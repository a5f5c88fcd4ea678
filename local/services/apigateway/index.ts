/**
 * API Gateway on one machine: REST and HTTP APIs as the graph declares them, API keys and usage plans. Requests are served by
 * `gateway.ts`, which also says what is not emulated.
 */
import type { Cloud, Service } from "../../service.ts";
import { controlPlane } from "./control/control-plane.ts";
import { httpResources } from "./declared/http-resources.ts";
import { restResources } from "./declared/rest-resources.ts";
import { apisOf } from "./model/apis.ts";

export function apigateway(cloud: Cloud): Service {
  const apis = apisOf(cloud);
  return {
    name: "apigateway",
    client: () => import("@aws-sdk/client-api-gateway"),
    requiresMembers: "BadRequestException",
    resources: { ...restResources(apis, () => cloud.clock.now()), ...httpResources(apis) },
    operations: controlPlane(cloud, apis),
  };
}
