/**
 * The API of HTTP and WebSocket APIs. What it makes is served like what a program declares.
 *
 * Not emulated: VPC links, portals, routing rules, exports, and AWS services as integrations of HTTP APIs.
 */
import type { Cloud, Service } from "../../../service.ts";
import { apisOf } from "../model/store.ts";
import { apiOperations } from "./apis.ts";
import { domainV2Operations } from "./domains.ts";
import { kindsV2 } from "./kinds.ts";
import { routeOperations } from "./routes.ts";
import { stageV2Operations } from "./stages.ts";

export function apigatewayv2(cloud: Cloud): Service {
  const apis = apisOf(cloud);
  const kinds = kindsV2(cloud, apis);
  const now = () => cloud.clock.now();
  return {
    name: "apigatewayv2",
    client: () => import("@aws-sdk/client-apigatewayv2"),
    requiresMembers: "BadRequestException",
    resources: {},
    operations: {
      ...apiOperations(cloud, apis, kinds, now),
      ...routeOperations(apis, kinds),
      ...stageV2Operations(apis, kinds, now),
      ...domainV2Operations(cloud, apis, kinds),
    },
  };
}
