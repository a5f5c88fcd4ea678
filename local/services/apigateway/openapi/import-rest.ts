/** An OpenAPI document as the documents of a REST API: what `PutRestApi` and a declared `body` make of it. */
import { checkIntegration } from "../control/integration-rules.ts";
import type { Document } from "../model/documents.ts";
import { segment } from "../model/documents.ts";
import { newKeyId } from "../model/keys.ts";
import { operationsOf, reading, readOpenApi, resolved, securityOf } from "./document.ts";

export interface ImportTarget {
  /** The API's. */
  id: string;
  rootResourceId: string;
  /** Path → the id of a resource that is there already. */
  resourceIds?: Map<string, string>;
}

/** By the rest of its path below the API, which itself is at `""`. */
export function importRest(text: string, target: ImportTarget): [string, Document][] {
  return reading(() => documentsOf(text, target));
}

function documentsOf(text: string, { id, rootResourceId, resourceIds }: ImportTarget): [string, Document][] {
  const document = readOpenApi(text);
  const parts: [string, Document][] = [["", head(document)]];
  const models: Document = document.components?.schemas ?? document.definitions ?? {};
  for (const [name, schema] of Object.entries(models)) {
    const text = JSON.stringify(withModelReferences(schema, id));
    parts.push([
      `/models/${name}`,
      { id: newKeyId().slice(0, 6), name, contentType: "application/json", schema: text },
    ]);
  }
  const authorizers = readAuthorizers(document, parts);
  const validators = readValidators(document, parts);
  readGatewayResponses(document, parts);

  const ids = new Map([["/", rootResourceId], ...(resourceIds ?? [])]);
  const resourceOf = (path: string): string => {
    const known = ids.get(path);
    if (known !== undefined) return known;
    const slash = path.lastIndexOf("/");
    const parentId = resourceOf(path.slice(0, slash) || "/");
    const own = newKeyId().slice(0, 6);
    ids.set(path, own);
    parts.push([`/resources/${own}`, { id: own, parentId, pathPart: path.slice(slash + 1), path }]);
    return own;
  };

  for (const { path, method, operation, shared } of operationsOf(document)) {
    const clean = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
    const place = `/resources/${resourceOf(clean)}/methods/${method}`;
    parts.push([place, readMethod(document, operation, shared, method, { authorizers, validators })]);
    for (const [statusCode, response] of Object.entries<Document>(operation.responses ?? {})) {
      if (!/^\d{3}$/.test(statusCode)) continue;
      const headers = Object.keys(resolved(document, response).headers ?? {});
      const responseParameters = Object.fromEntries(headers.map((name) => [`method.response.header.${name}`, false]));
      parts.push([`${place}/responses/${statusCode}`, { statusCode, responseParameters }]);
    }
    const integration = operation["x-amazon-apigateway-integration"] ?? shared["x-amazon-apigateway-integration"];
    if (integration) readIntegration(integration, place, parts);
  }
  return parts;
}

function head(document: Document): Document {
  const { title, description, version } = document.info ?? {};
  const policy = document["x-amazon-apigateway-policy"];
  const given = {
    ...{ name: title ?? "Untitled", description, version },
    apiKeySource: document["x-amazon-apigateway-api-key-source"],
    binaryMediaTypes: document["x-amazon-apigateway-binary-media-types"],
    minimumCompressionSize: document["x-amazon-apigateway-minimum-compression-size"],
    policy: policy && JSON.stringify(policy),
    ...endpoint(document),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function endpoint(document: Document): Document {
  const configuration = document["x-amazon-apigateway-endpoint-configuration"];
  const isOff = configuration?.disableExecuteApiEndpoint;
  return isOff === undefined ? {} : { disableExecuteApiEndpoint: isOff === true };
}

/** A model refers to another by its address. */
function withModelReferences(value: unknown, api: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withModelReferences(item, api));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const name = key === "$ref" && typeof item === "string" ? /^#\/.+\/([^/]+)$/.exec(item)?.[1] : undefined;
      const address = `https://apigateway.amazonaws.com/restapis/${api}/models/${name}`;
      return [key, name ? address : withModelReferences(item, api)];
    }),
  );
}

function readAuthorizers(document: Document, parts: [string, Document][]): Map<string, Document> {
  const authorizers = new Map<string, Document>();
  const schemes: Document = document.components?.securitySchemes ?? document.securityDefinitions ?? {};
  for (const [name, scheme] of Object.entries<Document>(schemes)) {
    const own = scheme["x-amazon-apigateway-authorizer"];
    if (!own) continue;
    const id = newKeyId().slice(0, 6);
    const type = String(own.type).toUpperCase();
    const source = scheme.in === "header" && scheme.name ? `method.request.header.${scheme.name}` : undefined;
    const authorizer = {
      ...{ id, name, type, providerARNs: own.providerARNs, authorizerUri: own.authorizerUri },
      ...{
        authorizerCredentials: own.authorizerCredentials,
        authType: scheme["x-amazon-apigateway-authtype"] ?? "custom",
      },
      identityValidationExpression: own.identityValidationExpression,
      identitySource: own.identitySource ?? (scheme.name === "Unused" ? undefined : source),
      authorizerResultTtlInSeconds: own.authorizerResultTtlInSeconds,
    };
    authorizers.set(name, authorizer);
    parts.push([`/authorizers/${id}`, authorizer]);
  }
  return authorizers;
}

function readValidators(document: Document, parts: [string, Document][]): Map<string, string> {
  const validators = new Map<string, string>();
  const own: Document = document["x-amazon-apigateway-request-validators"] ?? {};
  for (const [name, { validateRequestBody, validateRequestParameters }] of Object.entries<Document>(own)) {
    const id = newKeyId().slice(0, 6);
    validators.set(name, id);
    parts.push([`/requestvalidators/${id}`, { id, name, validateRequestBody, validateRequestParameters }]);
  }
  return validators;
}

function readGatewayResponses(document: Document, parts: [string, Document][]): void {
  const own: Document = document["x-amazon-apigateway-gateway-responses"] ?? {};
  for (const [responseType, { statusCode, responseParameters, responseTemplates }] of Object.entries<Document>(own)) {
    const status = statusCode === undefined ? {} : { statusCode: String(statusCode) };
    const response = {
      responseType,
      ...status,
      responseParameters: responseParameters ?? {},
      responseTemplates: responseTemplates ?? {},
    };
    parts.push([`/gatewayresponses/${responseType}`, { ...response, defaultResponse: false }]);
  }
}

interface Known {
  authorizers: Map<string, Document>;
  validators: Map<string, string>;
}

function readMethod(
  document: Document,
  operation: Document,
  shared: Document,
  httpMethod: string,
  known: Known,
): Document {
  const parameters: Document[] = [...(shared.parameters ?? []), ...(operation.parameters ?? [])].map((each) =>
    resolved(document, each),
  );
  const places: Record<string, string> = { path: "path", query: "querystring", header: "header" };
  const requestParameters = parameters.flatMap(({ in: place, name, required }) =>
    Object.hasOwn(places, place) ? [[`method.request.${places[place]}.${name}`, required === true]] : [],
  );
  const security = securityOf(document, operation);
  const secured = security.find(({ name }) => known.authorizers.has(name));
  const isSigned = security.some(({ scheme }) => scheme["x-amazon-apigateway-authtype"] === "awsSigv4");
  const authorizer = secured && known.authorizers.get(secured.name);
  const validator =
    operation["x-amazon-apigateway-request-validator"] ?? document["x-amazon-apigateway-request-validator"];
  return {
    httpMethod,
    authorizationType: authorizer
      ? authorizer.type === "COGNITO_USER_POOLS"
        ? "COGNITO_USER_POOLS"
        : "CUSTOM"
      : isSigned || operation["x-amazon-apigateway-auth"]?.type === "AWS_IAM"
        ? "AWS_IAM"
        : "NONE",
    authorizerId: authorizer?.id,
    ...(secured && secured.scopes.length > 0 && { authorizationScopes: secured.scopes }),
    apiKeyRequired: security.some(
      ({ scheme }) =>
        scheme.type === "apiKey" &&
        scheme.name?.toLowerCase() === "x-api-key" &&
        !scheme["x-amazon-apigateway-authorizer"],
    ),
    operationName: operation.operationId,
    requestParameters: Object.fromEntries(requestParameters),
    requestModels: requestModels(operation, parameters),
    requestValidatorId: known.validators.get(validator),
  };
}

/** OpenAPI 3 has them by media type, Swagger 2.0 as a parameter of the body. Only what has a name is a model. */
function requestModels(operation: Document, parameters: Document[]): Document {
  const nameOf = (schema: Document | undefined) => /\/([^/]+)$/.exec(schema?.$ref ?? "")?.[1];
  const content = Object.entries<Document>(operation.requestBody?.content ?? {});
  const body = parameters.find((each) => each.in === "body");
  const entries = body
    ? [["application/json", nameOf(body.schema)]]
    : content.map(([type, { schema }]) => [type, nameOf(schema)]);
  return Object.fromEntries(entries.filter(([, name]) => name !== undefined));
}

function readIntegration(integration: Document, place: string, parts: [string, Document][]): void {
  const { responses, requestParameters, requestTemplates, ...rest } = integration;
  const read = {
    type: String(rest.type).toUpperCase(),
    ...{
      uri: rest.uri,
      httpMethod: rest.httpMethod,
      credentials: rest.credentials,
      requestParameters,
      requestTemplates,
    },
    passthroughBehavior: rest.passthroughBehavior?.toUpperCase() ?? "WHEN_NO_MATCH",
    ...{ contentHandling: rest.contentHandling, connectionType: rest.connectionType, connectionId: rest.connectionId },
    ...{ timeoutInMillis: rest.timeoutInMillis ?? 29_000, responseTransferMode: rest.responseTransferMode },
    ...{ cacheNamespace: rest.cacheNamespace, cacheKeyParameters: rest.cacheKeyParameters ?? [] },
  };
  if (read.type === "HTTP_PROXY" || read.type === "HTTP") read.uri = String(read.uri ?? "");
  checkIntegration(read);
  parts.push([`${place}/integration`, read]);
  for (const [pattern, response] of Object.entries<Document>(responses ?? {})) {
    const statusCode = String(response.statusCode);
    const { responseParameters, responseTemplates, contentHandling } = response;
    const selection = pattern === "default" ? {} : { selectionPattern: pattern };
    const own = { statusCode, ...selection, responseParameters, responseTemplates, contentHandling };
    parts.push([`${place}/integration/responses/${segment(statusCode)}`, own]);
  }
}
