/** An OpenAPI document as the documents of an HTTP API: what `ImportApi` and a declared `body` make of it. */
import { badRequest } from "../control/kinds.ts";
import type { Document } from "../model/documents.ts";
import { newKeyId } from "../model/keys.ts";
import { operationsOf, reading, readOpenApi, resolved, securityOf } from "./document.ts";

/** By the rest of its path below the API, which itself is at `""`. */
export function importHttp(text: string): [string, Document][] {
  return reading(() => documentsOf(text));
}

function documentsOf(text: string): [string, Document][] {
  const document = readOpenApi(text);
  if (document.openapi === undefined) throw badRequest("HTTP APIs are imported from OpenAPI 3 documents only");
  const { title, description, version } = document.info ?? {};
  const cors = document["x-amazon-apigateway-cors"];
  const parts: [string, Document][] = [
    [
      "",
      present({
        Name: title ?? "Untitled",
        Description: description,
        Version: version,
        CorsConfiguration: cors && readCors(cors),
      }),
    ],
  ];
  const authorizers = readAuthorizers(document, parts);
  const operations = operationsOf(document);
  if (operations.length === 0) throw badRequest("The OpenAPI document declares no route");
  for (const { path, method, operation, shared } of operations) {
    const own = operation["x-amazon-apigateway-integration"] ?? shared["x-amazon-apigateway-integration"];
    const integration: Document | undefined = own && resolved(document, own);
    const IntegrationId = newKeyId().slice(0, 7);
    if (integration) parts.push([`/integrations/${IntegrationId}`, readIntegration(integration, IntegrationId)]);
    const RouteId = newKeyId().slice(0, 7);
    const isDefault = path === "/$default" || operation.isDefaultRoute === true;
    const secured = securityOf(document, operation).find(({ name }) => authorizers.has(name));
    const authorizer = secured && authorizers.get(secured.name);
    parts.push([
      `/routes/${RouteId}`,
      present({
        ...{ RouteId, RouteKey: isDefault ? "$default" : `${method} ${path}`, OperationName: operation.operationId },
        Target: integration && `integrations/${IntegrationId}`,
        ApiKeyRequired: false,
        AuthorizationType: authorizer ? (authorizer.AuthorizerType === "JWT" ? "JWT" : "CUSTOM") : "NONE",
        AuthorizerId: authorizer?.AuthorizerId,
        AuthorizationScopes: secured?.scopes,
      }),
    ]);
  }
  return parts;
}

function readIntegration(integration: Document, IntegrationId: string): Document {
  const type = String(integration.type).toUpperCase();
  if (type !== "AWS_PROXY" && type !== "HTTP_PROXY") throw badRequest(`Invalid integration type ${type}`);
  if (integration.connectionType === "VPC_LINK") throw badRequest("VPC links are not emulated on this machine");
  if (integration.subtype)
    throw badRequest("AWS services as integrations of HTTP APIs are not emulated on this machine");
  return present({
    ...{ IntegrationId, IntegrationType: type, IntegrationUri: integration.uri, ConnectionType: "INTERNET" },
    IntegrationMethod: integration.httpMethod,
    PayloadFormatVersion: String(integration.payloadFormatVersion ?? "1.0"),
    TimeoutInMillis: integration.timeoutInMillis ?? 30_000,
    ...{ CredentialsArn: integration.credentials, RequestParameters: integration.requestParameters },
  });
}

function readAuthorizers(document: Document, parts: [string, Document][]): Map<string, Document> {
  const authorizers = new Map<string, Document>();
  for (const [Name, scheme] of Object.entries<Document>(document.components?.securitySchemes ?? {})) {
    const own = scheme["x-amazon-apigateway-authorizer"];
    if (!own) continue;
    const sources = own.identitySource;
    const authorizer = present({
      ...{ AuthorizerId: newKeyId().slice(0, 6), Name, AuthorizerType: String(own.type).toUpperCase() },
      IdentitySource: typeof sources === "string" ? sources.split(",").map((each: string) => each.trim()) : sources,
      JwtConfiguration: own.jwtConfiguration && {
        Issuer: own.jwtConfiguration.issuer,
        Audience: own.jwtConfiguration.audience,
      },
      ...{ AuthorizerUri: own.authorizerUri, AuthorizerCredentialsArn: own.authorizerCredentialsArn },
      AuthorizerPayloadFormatVersion: own.authorizerPayloadFormatVersion,
      AuthorizerResultTtlInSeconds: own.authorizerResultTtlInSeconds,
      EnableSimpleResponses: own.enableSimpleResponses,
    });
    authorizers.set(Name, authorizer);
    parts.push([`/authorizers/${authorizer.AuthorizerId}`, authorizer]);
  }
  return authorizers;
}

function readCors(cors: Document): Document {
  const { allowOrigins, allowMethods, allowHeaders, exposeHeaders, maxAge, allowCredentials } = cors;
  return present({
    ...{ AllowOrigins: allowOrigins, AllowMethods: allowMethods, AllowHeaders: allowHeaders },
    ...{ ExposeHeaders: exposeHeaders, MaxAge: maxAge, AllowCredentials: allowCredentials },
  });
}

/** What is not given is not there. */
function present(document: Document): Document {
  return Object.fromEntries(Object.entries(document).filter(([, value]) => value !== undefined));
}
