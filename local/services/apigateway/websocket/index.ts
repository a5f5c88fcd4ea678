/** The API that backends call: `@connections` of WebSocket APIs. */
import type { Cloud, Service } from "../../../service.ts";
import { hostName, placesOf } from "../serve/places.ts";
import { connectionOperations, readPlace } from "./management.ts";

export function executeApi(cloud: Cloud): Service {
  const places = placesOf(cloud);
  return {
    name: "execute-api",
    client: () => import("@aws-sdk/client-apigatewaymanagementapi"),
    requiresMembers: "BadRequestException",
    resources: {},
    operations: connectionOperations(cloud),
    async handle(request) {
      readPlace(request, (host, path) => {
        const place = places.find(hostName(host), path || "/");
        return place?.api.kind === "websocket" ? { apiId: place.api.id, stage: place.stage.name } : undefined;
      });
      return undefined;
    },
  };
}
