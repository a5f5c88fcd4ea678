/** Reads the documents of a REST API into what requests are served from. */
import { readAccessLog } from "./access-log.ts";
import type { RestApi, RestAuthorizer, RestIntegration, RestMethod, RestResource, Stage } from "./apis.ts";
import type { Document } from "./documents.ts";
import { readThrottle, type Throttle } from "./throttle.ts";

/** @param parts What stands below `/restapis/<id>`, by the rest of its path. */
export function compileRest(document: Document, parts: Iterable<[path: string, Document]>, deploymentId = ""): RestApi {
  const api: RestApi = {
    kind: "rest",
    id: document.id,
    name: document.name,
    rootResourceId: document.rootResourceId,
    apiKeySource: document.apiKeySource ?? "HEADER",
    binaryMediaTypes: document.binaryMediaTypes ?? [],
    isDefaultEndpointOff: document.disableExecuteApiEndpoint === true,
    resources: new Map(),
    authorizers: new Map(),
    models: new Map<string, object>([["Empty", {}]]),
    validators: new Map(),
    responses: new Map(),
    deploymentId,
  };
  const resource = (id: string): RestResource => {
    let found = api.resources.get(id);
    if (!found) {
      found = { id, pathPart: "", methods: new Map() };
      api.resources.set(id, found);
    }
    return found;
  };
  // Integrations may come before their methods, and responses before both.
  const integrations = new Map<RestMethod | string, Document>();
  const responses: [method: string, Document][] = [];
  for (const [path, part] of parts) {
    const [, collection, id = "", , httpMethod = "", below, isResponse] = path.split("/");
    if (collection === "resources") {
      if (httpMethod === "") Object.assign(resource(id), { parentId: part.parentId, pathPart: part.pathPart ?? "" });
      else if (below === undefined) resource(id).methods.set(httpMethod, readMethod(httpMethod, part));
      else if (below === "integration" && isResponse === undefined) integrations.set(`${id}/${httpMethod}`, part);
      else if (below === "integration") responses.push([`${id}/${httpMethod}`, part]);
    } else if (collection === "authorizers") api.authorizers.set(id, readAuthorizer(part));
    else if (collection === "models") api.models.set(part.name, readSchema(part.schema));
    else if (collection === "requestvalidators") {
      const { validateRequestBody, validateRequestParameters } = part;
      api.validators.set(id, { body: validateRequestBody === true, parameters: validateRequestParameters === true });
    } else if (collection === "gatewayresponses") {
      const { statusCode, responseParameters, responseTemplates } = part;
      api.responses.set(part.responseType, {
        ...{ statusCode, parameters: responseParameters ?? {}, templates: responseTemplates ?? {} },
      });
    }
  }
  for (const { id, methods } of api.resources.values()) {
    for (const method of methods.values()) {
      const part = integrations.get(`${id}/${method.httpMethod}`);
      if (part) method.integration = readIntegration(part);
    }
  }
  for (const [place, part] of responses) {
    const [id = "", httpMethod = ""] = place.split("/");
    api.resources
      .get(id)
      ?.methods.get(httpMethod)
      ?.integration?.responses.set(part.statusCode, {
        statusCode: part.statusCode,
        selectionPattern: part.selectionPattern,
        parameters: part.responseParameters ?? {},
        templates: part.responseTemplates ?? {},
      });
  }
  return api;
}

function readMethod(httpMethod: string, part: Document): RestMethod {
  return {
    httpMethod,
    authorization: part.authorizationType ?? "NONE",
    authorizerId: part.authorizerId,
    authorizationScopes: part.authorizationScopes ?? [],
    apiKeyRequired: part.apiKeyRequired === true,
    requestModels: lowerKeys(part.requestModels),
    requestParameters: part.requestParameters ?? {},
    validatorId: part.requestValidatorId,
  };
}

function readIntegration(part: Document): RestIntegration {
  return {
    type: part.type,
    uri: part.uri ?? "",
    isVariable: part.uri?.includes("${stageVariables.") === true,
    httpMethod: part.httpMethod,
    credentials: part.credentials,
    timeoutMs: part.timeoutInMillis ?? 29_000,
    requestParameters: part.requestParameters ?? {},
    requestTemplates: lowerKeys(part.requestTemplates),
    passthrough: part.passthroughBehavior ?? "WHEN_NO_MATCH",
    isStreamed: part.responseTransferMode === "STREAM",
    responses: new Map(),
  };
}

function readAuthorizer(part: Document): RestAuthorizer {
  const type = part.type ?? "TOKEN";
  const source = part.identitySource ?? (type === "REQUEST" ? "" : "method.request.header.Authorization");
  const expression = part.identityValidationExpression;
  return {
    id: part.id,
    type,
    uri: part.authorizerUri ?? "",
    credentials: part.authorizerCredentials,
    identitySource: source
      .split(",")
      .map((each: string) => each.trim())
      .filter(Boolean),
    validationExpression: expression === undefined ? undefined : new RegExp(`^(?:${expression})$`),
    ttlSeconds: part.authorizerResultTtlInSeconds ?? 300,
    providerArns: part.providerARNs ?? [],
  };
}

export function compileRestStage(part: Document): Stage {
  return {
    name: part.stageName,
    variables: part.variables,
    accessLog: readAccessLog(part.accessLogSettings?.destinationArn, part.accessLogSettings?.format),
    isTraced: part.tracingEnabled === true,
    throttles: readThrottles(part),
    authorizersFlushedAt: part.authorizersFlushedAt,
  };
}

/** `{path}/{METHOD}`, with or without its slashes escaped, and `*` for any of both. */
function readThrottles({ methodSettings, isLimitLifted }: Document): Map<string, Throttle> | undefined {
  const throttles = new Map<string, Throttle>();
  for (const [key, settings] of Object.entries<Document>(methodSettings ?? {})) {
    if (key === "*/*" && isLimitLifted) continue;
    const throttle = readThrottle(settings.throttlingRateLimit, settings.throttlingBurstLimit);
    const slash = key.lastIndexOf("/");
    const path = key.slice(0, slash).replaceAll("~1", "/");
    const isRooted = path === "*" || path.startsWith("/");
    if (throttle) throttles.set(`${key.slice(slash + 1)} ${isRooted ? path : `/${path}`}`, throttle);
  }
  return throttles.size > 0 ? throttles : undefined;
}

/** What is no JSON schema holds a body to nothing; the control plane takes none. */
function readSchema(schema: string | undefined): object {
  return schema ? JSON.parse(schema) : {};
}

function lowerKeys(values: Record<string, string> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(values ?? {}).map(([key, value]) => [key.toLowerCase(), value]));
}
