/** What requests are served from. */
import type { Documents } from "./documents.ts";
import type { KeyStore } from "./keys.ts";
import type { PathNode } from "./paths.ts";
import type { Throttle } from "./throttle.ts";

export interface AccessLog {
  logGroup: string;
  format: string;
}

export interface Stage {
  name: string;
  isTraced?: boolean;
  variables?: Record<string, string>;
  accessLog?: AccessLog;
  /** `GET /albums`, `GET *`, `* /albums` or `* *`; of HTTP and WebSocket APIs the route's key, or `*`. */
  throttles?: Map<string, Throttle>;
  /** ms since the epoch: answers of authorizers from before are forgotten. */
  authorizersFlushedAt?: number;
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
  /** `${stageVariables.name}` stands in the address. */
  isVariable: boolean;
  /** Of the request to the backend. */
  httpMethod?: string;
  /** Role that API Gateway invokes as, instead of by the function's resource policy. */
  credentials?: string;
  timeoutMs: number;
  requestParameters: Record<string, string>;
  /** By media type, in lower case. */
  requestTemplates: Record<string, string>;
  passthrough: string;
  isStreamed: boolean;
  /** Status → what clients get. */
  responses: Map<string, IntegrationResponse>;
}

export interface IntegrationResponse {
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
  deploymentId: string;
  isDefaultEndpointOff: boolean;
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
  /** `${stageVariables.name}` stands in the address. */
  isVariable: boolean;
  /** Of the request to the backend; undefined takes the client's. */
  httpMethod?: string;
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
  isDefaultEndpointOff: boolean;
  paths?: PathNode<HttpRoute>;
}

export interface WebSocketRoute {
  key: string;
  target: string;
  authorizationType: string;
  authorizerId?: string;
  apiKeyRequired: boolean;
  /** What the integration answers goes to the client. */
  answers: boolean;
}

export interface WebSocketIntegration {
  type: string;
  uri: string;
  httpMethod?: string;
  credentials?: string;
  timeoutMs: number;
  requestTemplates: Record<string, string>;
  /** `${request.body.action}`: which of the templates. */
  templateSelection?: string;
  passthrough: string;
  /** `$default`, or `/2\d\d/` → the templates of what clients get. */
  responses: Map<string, { templates: Record<string, string>; templateSelection?: string }>;
}

export interface WebSocketApi {
  kind: "websocket";
  id: string;
  name: string;
  /** `$request.body.action` */
  routeSelection: string;
  routes: Map<string, WebSocketRoute>;
  integrations: Map<string, WebSocketIntegration>;
  authorizers: Map<string, HttpAuthorizer>;
  isDefaultEndpointOff: boolean;
}

export type AnyApi = RestApi | HttpApi | WebSocketApi;

/** One stage with the API as it was deployed there. */
export interface Served {
  api: AnyApi;
  stage: Stage;
}

export interface Mapping {
  apiId: string;
  stage: string;
  /** `shop/v1`; empty for the whole host. */
  basePath: string;
}

export interface UsagePlan {
  id: string;
  name: string;
  stages: { apiId: string; stage: string; methods: Map<string, Throttle> }[];
  throttle?: Throttle;
  quota?: { limit: number; period: "DAY" | "WEEK" | "MONTH" };
}

export interface Apis {
  documents: Documents;
  keys: KeyStore;
  served(apiId: string, stage: string): Served | undefined;
  plan(id: string): UsagePlan | undefined;
  /** Of a custom domain, the longest base path first; undefined for another host. */
  mappings(host: string): Mapping[] | undefined;
}
