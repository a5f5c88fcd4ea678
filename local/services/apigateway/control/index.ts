/**
 * The API of REST APIs, keys, plans and custom domains. What it makes is served like what a program declares.
 *
 * Not emulated: VPC links, client certificates, documentation parts, SDKs and exports, canaries, private domains.
 */
import type { Cloud, Service } from "../../../service.ts";
import { apisOf } from "../model/store.ts";
import { domainOperations } from "./domains.ts";
import { kinds as createKinds } from "./kinds.ts";
import { partOperations } from "./parts.ts";
import { resourceOperations } from "./resources.ts";
import { restApiOperations } from "./rest-apis.ts";
import { stageOperations } from "./stages.ts";
import { tagOperations } from "./tags.ts";
import { usagePlanOperations } from "./usage-plans.ts";

export function apigateway(cloud: Cloud): Service {
  const apis = apisOf(cloud);
  const kinds = createKinds(cloud, apis);
  const now = () => cloud.clock.now();
  return {
    name: "apigateway",
    client: () => import("@aws-sdk/client-api-gateway"),
    requiresMembers: "BadRequestException",
    resources: {},
    operations: {
      ...restApiOperations(apis, kinds, now),
      ...resourceOperations(apis, kinds),
      ...partOperations(apis, kinds),
      ...stageOperations(apis, kinds, now),
      ...usagePlanOperations(cloud, apis, kinds),
      ...domainOperations(cloud, apis, kinds),
      ...tagOperations(apis, kinds),
    },
  };
}
