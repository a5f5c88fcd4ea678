/** Routes, integrations, authorizers and models of HTTP and WebSocket APIs, and what routes and integrations answer. */
import type { Operation } from "../../../service.ts";
import { badRequest, conflict } from "../control/kinds.ts";
import type { Apis } from "../model/apis.ts";
import type { Document } from "../model/documents.ts";
import type { KindsV2 } from "./kinds.ts";

const API = "/apis/{ApiId}";

export function routeOperations({ documents }: Apis, kinds: KindsV2): Record<string, Operation> {
  const isHttp = (ApiId: string) => documents.get(`/apis/${ApiId}`)?.ProtocolType === "HTTP";

  function checkRoute(route: Document, { ApiId }: Document): void {
    const { RouteKey, Target, AuthorizationType, AuthorizerId } = route;
    const http = isHttp(ApiId);
    if (http && !/^(?:\$default|(?:ANY|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \/\S*)$/.test(RouteKey)) {
      throw badRequest(
        'The provided route key is not formatted properly for HTTP protocol. Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default"',
      );
    }
    const taken = documents
      .children(`/apis/${ApiId}/routes`)
      .some((each) => each.RouteKey === RouteKey && each.RouteId !== route.RouteId);
    if (taken) throw conflict(`Route with key ${RouteKey} already exists for this API`);
    const integration = /^integrations\/([^/]+)$/.exec(Target ?? "")?.[1];
    if (Target !== undefined && !documents.get(`/apis/${ApiId}/integrations/${integration}`)) {
      throw badRequest(`Unable to create or update route: the target ${Target} is no integration of this API`);
    }
    const types = http ? ["NONE", "AWS_IAM", "CUSTOM", "JWT"] : ["NONE", "AWS_IAM", "CUSTOM"];
    if (!types.includes(AuthorizationType))
      throw badRequest(`Authorization type ${AuthorizationType} is not supported by this API`);
    if (!http && AuthorizationType !== "NONE" && RouteKey !== "$connect") {
      throw badRequest("Currently, authorization is restricted to the $connect route only");
    }
    const isOurs = AuthorizationType === "CUSTOM" || AuthorizationType === "JWT";
    if (isOurs && !documents.get(`/apis/${ApiId}/authorizers/${AuthorizerId}`)) {
      throw badRequest("Unable to create or update route: the authorizer is not one of this API");
    }
  }

  function checkIntegration(integration: Document, { ApiId }: Document): void {
    const {
      IntegrationType: type,
      IntegrationUri: uri,
      PayloadFormatVersion: format,
      TimeoutInMillis: timeout,
    } = integration;
    const http = isHttp(ApiId);
    const types = http ? ["AWS_PROXY", "HTTP_PROXY"] : ["AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK"];
    if (!types.includes(type)) throw badRequest(`Invalid integration type ${type}: this API takes ${types.join(", ")}`);
    if (integration.ConnectionType === "VPC_LINK") throw badRequest("VPC links are not emulated on this machine");
    if (integration.IntegrationSubtype) {
      throw badRequest("AWS services as integrations of HTTP APIs are not emulated on this machine: use a function");
    }
    if (http && !["1.0", "2.0"].includes(format)) {
      throw badRequest("PayloadFormatVersion is a required parameter for integration");
    }
    if (type.startsWith("HTTP") && !/^https?:\/\//.test(uri ?? ""))
      throw badRequest("Invalid HTTP endpoint specified for URI");
    if (type.startsWith("HTTP") && !integration.IntegrationMethod)
      throw badRequest("HttpMethod must be specified for HTTP integrations");
    if (type.startsWith("AWS") && !uri) throw badRequest("IntegrationUri must be specified for AWS integrations");
    const most = http ? 30_000 : 29_000;
    if (timeout !== undefined && !(timeout >= 50 && timeout <= most)) {
      throw badRequest(`TimeoutInMillis should be between 50 ms and ${most} ms`);
    }
  }

  function checkAuthorizer(authorizer: Document, { ApiId }: Document): void {
    const {
      AuthorizerType: type,
      AuthorizerUri: uri,
      IdentitySource: sources = [],
      JwtConfiguration: jwt,
    } = authorizer;
    const http = isHttp(ApiId);
    if (type === "JWT") {
      if (!http) throw badRequest("JWT authorizers are supported for HTTP APIs only");
      if (!jwt?.Issuer || !/^https:\/\//.test(jwt.Issuer))
        throw badRequest("Invalid issuer: it has to be an https address");
      if (sources.length !== 1) throw badRequest("JWT authorizers take one identity source");
      return;
    }
    if (type !== "REQUEST") throw badRequest(`Invalid authorizer type ${type}`);
    if (!/\/functions\/arn:[^/]+\/invocations$/.test(uri ?? "")) throw badRequest("Invalid Authorizer URI");
    if (http && !authorizer.AuthorizerPayloadFormatVersion) {
      throw badRequest("AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizers of HTTP APIs");
    }
    const pattern = http ? /^\$(request|context|stageVariables)\./ : /^(route\.request|context|stageVariables)\./;
    if (!sources.every((source: string) => pattern.test(source))) throw badRequest("Invalid identity source specified");
  }

  return {
    ...kinds.crud({
      name: "Route",
      path: `${API}/routes/{RouteId}`,
      defaults: () => ({ AuthorizationType: "NONE", ApiKeyRequired: false }),
      check: checkRoute,
    }),
    ...kinds.crud({
      name: "RouteResponse",
      path: `${API}/routes/{RouteId}/routeresponses/{RouteResponseId}`,
      check({ RouteResponseKey }) {
        if (RouteResponseKey !== "$default") throw badRequest("The provided route response key is not $default");
      },
    }),
    ...kinds.crud({
      name: "Integration",
      path: `${API}/integrations/{IntegrationId}`,
      defaults: ({ ApiId, PassthroughBehavior }) => ({
        ...{ ConnectionType: "INTERNET", TimeoutInMillis: isHttp(ApiId) ? 30_000 : 29_000 },
        ...(isHttp(ApiId)
          ? {}
          : { PassthroughBehavior: PassthroughBehavior ?? "WHEN_NO_MATCH", PayloadFormatVersion: "1.0" }),
      }),
      check: checkIntegration,
      mayDelete({ ApiId, IntegrationId }) {
        const used = documents
          .children(`/apis/${ApiId}/routes`)
          .find(({ Target }) => Target === `integrations/${IntegrationId}`);
        if (used) {
          throw conflict(
            `Cannot delete Integration with id = ${IntegrationId} due to being referenced by route: ${used.RouteKey}`,
          );
        }
      },
    }),
    ...kinds.crud({
      name: "IntegrationResponse",
      path: `${API}/integrations/{IntegrationId}/integrationresponses/{IntegrationResponseId}`,
      check({ IntegrationResponseKey: key }, { ApiId }) {
        if (isHttp(ApiId)) throw badRequest("Integration responses are not supported for HTTP APIs");
        if (key !== "$default" && !/^\/.+\/$/.test(key)) throw badRequest(`Invalid integration response key ${key}`);
      },
    }),
    ...kinds.crud({
      name: "Authorizer",
      path: `${API}/authorizers/{AuthorizerId}`,
      defaults: ({ AuthorizerType }) => (AuthorizerType === "REQUEST" ? { AuthorizerResultTtlInSeconds: 0 } : {}),
      check: checkAuthorizer,
      mayDelete({ ApiId, AuthorizerId }) {
        const used = documents.children(`/apis/${ApiId}/routes`).find((each) => each.AuthorizerId === AuthorizerId);
        if (used) throw conflict(`Cannot delete Authorizer ${AuthorizerId}, is referenced by route: ${used.RouteKey}`);
      },
    }),
    ...kinds.crud({
      name: "Model",
      path: `${API}/models/{ModelId}`,
      defaults: () => ({ ContentType: "application/json" }),
      check({ Name, Schema }) {
        if (!/^[A-Za-z0-9]+$/.test(Name)) throw badRequest(`Model name must be alphanumeric: ${Name}`);
        try {
          JSON.parse(Schema);
        } catch (error) {
          throw badRequest(`Invalid model schema specified: ${(error as Error).message}`);
        }
      },
    }),
  };
}
