/**
 * API Gateway on one machine: what a program declares of REST, HTTP and WebSocket APIs. Their requests are served by
 * `gateway.ts`, which also says what is not emulated; the APIs that make and change them, and `@connections`, are services of
 * their own (`control/`, `control-v2/`, `websocket/`), loaded when they are first asked.
 */
import type { Cloud, Service } from "../../service.ts";
import { httpResources } from "./declared/http-resources.ts";
import { restResources } from "./declared/rest-resources.ts";
import { apisOf } from "./model/store.ts";

export function declaredApis(cloud: Cloud): Service {
  const apis = apisOf(cloud);
  const now = () => cloud.clock.now();
  return { name: "apis", resources: { ...restResources(apis, now), ...httpResources(apis, now) }, operations: {} };
}
