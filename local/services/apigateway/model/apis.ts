/** What the graph declares of API Gateway, by id: read by the data plane, written by provisioning. */
import type { Cloud } from "../../../service.ts";
import { type KeyStore, keyStore } from "./keys.ts";
import { type PathNode, pathNode } from "./paths.ts";

export interface AccessLog {
  logGroup: string;
  format: string;
}

export interface Stage {
  name: string;
  isTraced?: boolean;
  variables?: Record<string, string>;
  accessLog?: AccessLog;
}

export interface RestMethod {
  httpMethod: string;
  authorization: string;
  authorizerId?: string;
  authorizationScopes: string[];
  apiKeyRequired: boolean;
  requestModels: Record<string, string>;
  requestParameters: Record<string, boolean>;
  validatorId?: string;
  integration?: RestIntegration;
}

export interface RestIntegration {
  type: string;
  uri: string;
  /** Role that API Gateway invokes as, instead of by the function's resource policy. */
  credentials?: string;
  timeoutMs: number;
  requestParameters: Record<string, string>;
  requestTemplates: Record<string, string>;
  /** Of a mock: status → what it answers. */
  responses: Map<string, MockResponse>;
}

export interface MockResponse {
  statusCode: string;
  selectionPattern?: string;
  parameters: Record<string, string>;
  templates: Record<string, string>;
}

export interface RestResource {
  id: string;
  parentId?: string;
  pathPart: string;
  methods: Map<string, RestMethod>;
}

export interface RestAuthorizer {
  id: string;
  type: string;
  uri: string;
  credentials?: string;
  identitySource: string[];
  validationExpression?: RegExp;
  ttlSeconds: number;
  /** User pools of a COGNITO_USER_POOLS authorizer. */
  providerArns: string[];
}

export interface GatewayResponse {
  statusCode?: string;
  parameters: Record<string, string>;
  templates: Record<string, string>;
}

export interface RestApi {
  kind: "rest";
  id: string;
  name: string;
  rootResourceId: string;
  apiKeySource: string;
  binaryMediaTypes: string[];
  resources: Map<string, RestResource>;
  authorizers: Map<string, RestAuthorizer>;
  models: Map<string, object>;
  validators: Map<string, { body: boolean; parameters: boolean }>;
  responses: Map<string, GatewayResponse>;
  stages: Map<string, Stage>;
  deploymentId: string;
  /** Made of the resources when first asked for; dropped with each change. */
  routes?: PathNode<RestRoute>;
}

export interface RestRoute {
  resource: RestResource;
  path: string;
  method: RestMethod;
}

export interface HttpRoute {
  key: string;
  target: string;
  authorizationType: string;
  authorizerId?: string;
  scopes: string[];
}

export interface HttpIntegration {
  type: string;
  uri: string;
  payloadFormatVersion: string;
  timeoutMs: number;
  requestParameters: Record<string, string>;
  credentials?: string;
}

export interface HttpAuthorizer {
  id: string;
  type: string;
  uri: string;
  credentials?: string;
  identitySources: string[];
  payloadFormatVersion: string;
  simpleResponses: boolean;
  ttlSeconds: number;
  issuer?: string;
  audiences: string[];
}

export interface Cors {
  allowOrigins: string[];
  allowMethods: string[];
  allowHeaders: string[];
  exposeHeaders: string[];
  allowCredentials: boolean;
  maxAgeSeconds?: number;
}

export interface HttpApi {
  kind: "http";
  id: string;
  cors?: Cors;
  routes: Map<string, HttpRoute>;
  integrations: Map<string, HttpIntegration>;
  authorizers: Map<string, HttpAuthorizer>;
  stages: Map<string, Stage>;
  paths?: PathNode<HttpRoute>;
}

export interface UsagePlan {
  id: string;
  name: string;
  description?: string;
  stages: { apiId: string; stage: string }[];
  rate?: number;
  burst?: number;
  quota?: { limit: number; period: "DAY" | "WEEK" | "MONTH" };
}

export interface Apis {
  rest: Map<string, RestApi>;
  http: Map<string, HttpApi>;
  plans: Map<string, UsagePlan>;
  keys: KeyStore;
}

const known = new WeakMap<Cloud, Apis>();

/** One set for each cloud: the service fills it, the data plane serves it. */
export function apisOf(cloud: Cloud): Apis {
  let apis = known.get(cloud);
  if (!apis) {
    apis = { rest: new Map(), http: new Map(), plans: new Map(), keys: keyStore(cloud) };
    known.set(cloud, apis);
  }
  return apis;
}

export function restRoutes(api: RestApi): PathNode<RestRoute> {
  if (api.routes) return api.routes;
  const root = pathNode<RestRoute>();
  for (const resource of api.resources.values()) {
    const path = pathOf(api, resource);
    for (const method of resource.methods.values()) root.add(method.httpMethod, path, { resource, path, method });
  }
  api.routes = root;
  return root;
}

function pathOf(api: RestApi, { parentId, pathPart }: RestResource): string {
  if (parentId === undefined) return "/";
  const parent = api.resources.get(parentId);
  const above = parent ? pathOf(api, parent) : "/";
  return above === "/" ? `/${pathPart}` : `${above}/${pathPart}`;
}

export function httpPaths(api: HttpApi): PathNode<HttpRoute> {
  if (api.paths) return api.paths;
  const root = pathNode<HttpRoute>();
  for (const route of api.routes.values()) {
    const [method = "", path] = route.key.split(" ");
    if (path) root.add(method, path, route);
  }
  api.paths = root;
  return root;
}
