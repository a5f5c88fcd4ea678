/** What requests are served from: APIs, stages, plans and domains, read from the documents when they are first asked for. */
import type { Cloud } from "../../../service.ts";
import { compileHttp, compileV2Stage, compileWebSocket } from "./compile-http.ts";
import { compileRest, compileRestStage } from "./compile-rest.ts";
import { type Document, type Documents, documentStore } from "./documents.ts";
import { type KeyStore, keyStore } from "./keys.ts";
import { type PathNode, pathNode } from "./paths.ts";
import { readThrottle, type Throttle } from "./throttle.ts";

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

const known = new WeakMap<Cloud, Apis>();

/** One set for each cloud: the control plane fills it, the data plane serves it. */
export function apisOf(cloud: Cloud): Apis {
  let apis = known.get(cloud);
  if (!apis) {
    apis = makeApis(cloud);
    known.set(cloud, apis);
  }
  return apis;
}

function makeApis(cloud: Cloud): Apis {
  const documents = documentStore(cloud);
  const stages = new Map<string, Map<string, Served>>();
  const plans = new Map<string, UsagePlan>();
  let domains: Map<string, Mapping[]> | undefined;

  documents.onChange((root) => {
    const [, collection, id = ""] = root.split("/");
    if (collection === "usageplans") plans.delete(id);
    else if (collection === "domainnames") domains = undefined;
    else stages.delete(id);
  });

  return {
    documents,
    keys: keyStore(cloud),
    served(apiId, stage) {
      let served = stages.get(apiId);
      if (!served) {
        served = compile(documents, apiId);
        // Whatever ids clients try are not kept.
        if (served.size > 0) stages.set(apiId, served);
      }
      return served.get(stage);
    },
    plan(id) {
      let plan = plans.get(id);
      if (plan) return plan;
      const document = documents.get(`/usageplans/${id}`);
      plan = document && compilePlan(document);
      if (plan) plans.set(id, plan);
      return plan;
    },
    mappings(host) {
      domains ??= compileDomains(documents);
      return domains.get(host);
    },
  };
}

/** What does not say which deployment it shows, or one of the program's, shows what is declared now. */
function compile(documents: Documents, apiId: string): Map<string, Served> {
  const served = new Map<string, Served>();
  const isRest = documents.get(`/restapis/${apiId}`) !== undefined;
  const root = isRest ? `/restapis/${apiId}` : `/apis/${apiId}`;
  const now = documents.get(root);
  if (!now) return served;
  const compiled = new Map<string, AnyApi>();
  for (const part of documents.children(`${root}/stages`)) {
    const stage = isRest ? compileRestStage(part) : compileV2Stage(part);
    const deploymentId: string = part.deploymentId ?? part.DeploymentId ?? "";
    let api = compiled.get(deploymentId);
    if (!api) {
      const snapshot = documents.get(`${root}/deployments/${deploymentId}`)?.snapshot as
        | [string, Document][]
        | undefined;
      const parts = snapshot ?? documents.below(root);
      const document = { ...now, ...parts.find(([path]) => path === "")?.[1] };
      if (isRest) api = compileRest(document, parts, deploymentId);
      else
        api = document.ProtocolType === "WEBSOCKET" ? compileWebSocket(document, parts) : compileHttp(document, parts);
      compiled.set(deploymentId, api);
    }
    // A stage that nothing was deployed to answers nothing.
    if (part.isEmpty !== true) served.set(stage.name, { api, stage });
  }
  return served;
}

function compilePlan({ id, name, apiStages, throttle, quota }: Document): UsagePlan {
  return {
    id,
    name,
    stages: (apiStages ?? []).map(({ apiId, stage, throttle: methods }: Document) => ({
      apiId,
      stage,
      // `/albums/GET`
      methods: new Map(
        Object.entries<Document>(methods ?? {}).flatMap(([key, { rateLimit, burstLimit }]) => {
          const limit = readThrottle(rateLimit, burstLimit);
          const slash = key.lastIndexOf("/");
          return limit ? [[`${key.slice(slash + 1)} ${key.slice(0, slash) || "/"}`, limit] as const] : [];
        }),
      ),
    })),
    throttle: throttle && readThrottle(throttle.rateLimit, throttle.burstLimit ?? throttle.rateLimit),
    quota,
  };
}

function compileDomains(documents: Documents): Map<string, Mapping[]> {
  const domains = new Map<string, Mapping[]>();
  for (const { domainName } of documents.children("/domainnames")) {
    const mappings: Mapping[] = documents
      .children(`/domainnames/${domainName}/apimappings`)
      .map(({ apiId, stage, basePath }) => ({ apiId, stage, basePath }));
    domains.set(
      domainName,
      mappings.sort((one, other) => other.basePath.length - one.basePath.length),
    );
  }
  return domains;
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
