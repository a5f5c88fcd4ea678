/** `aws.apigatewayv2.*` as the graph declares it: HTTP APIs. */
import { AwsError, type Provision } from "../../../service.ts";
import type { Apis, Cors, HttpApi } from "../model/apis.ts";
import { readAccessLog } from "./stage-settings.ts";

export function httpResources(apis: Apis): Record<string, Provision> {
  function api(id: unknown): HttpApi {
    const found = apis.http.get(String(id));
    if (!found) throw new AwsError("NotFoundException", `Invalid API identifier specified: ${id}`, 404);
    found.paths = undefined;
    return found;
  }

  return {
    "aws:apigatewayv2/api:Api": ({ id, inputs }) => {
      if (inputs.protocolType !== "HTTP") throw new AwsError("BadRequestException", "only HTTP APIs are emulated");
      apis.http.set(id!, {
        kind: "http",
        id: id!,
        cors: readCors(inputs.corsConfiguration as never),
        routes: new Map(),
        integrations: new Map(),
        authorizers: new Map(),
        stages: new Map(),
      });
    },
    "aws:apigatewayv2/route:Route": ({ inputs }) => {
      const key = String(inputs.routeKey);
      const authorizationType = String(inputs.authorizationType ?? "NONE");
      if (authorizationType === "AWS_IAM")
        throw new AwsError("BadRequestException", "AWS_IAM authorization is not emulated");
      api(inputs.apiId).routes.set(key, {
        key,
        target: String(inputs.target ?? ""),
        authorizationType,
        authorizerId: inputs.authorizerId as string | undefined,
        scopes: (inputs.authorizationScopes ?? []) as string[],
      });
    },
    "aws:apigatewayv2/integration:Integration": ({ id, inputs }) => {
      const type = String(inputs.integrationType);
      if (type !== "AWS_PROXY" || inputs.integrationSubtype) {
        throw new AwsError(
          "BadRequestException",
          `${type} integrations are not emulated: use AWS_PROXY with a function`,
        );
      }
      api(inputs.apiId).integrations.set(id!, {
        type,
        uri: String(inputs.integrationUri ?? ""),
        payloadFormatVersion: String(inputs.payloadFormatVersion ?? "1.0"),
        timeoutMs: Number(inputs.timeoutMilliseconds ?? 30_000),
        requestParameters: (inputs.requestParameters ?? {}) as Record<string, string>,
        credentials: inputs.credentialsArn as string | undefined,
      });
    },
    "aws:apigatewayv2/authorizer:Authorizer": ({ id, inputs }) => {
      const jwt = inputs.jwtConfiguration as { issuer?: string; audiences?: string[] } | undefined;
      const identitySources = (inputs.identitySources ?? []) as string[];
      api(inputs.apiId).authorizers.set(id!, {
        id: id!,
        type: String(inputs.authorizerType),
        uri: String(inputs.authorizerUri ?? ""),
        credentials: inputs.authorizerCredentialsArn as string | undefined,
        identitySources,
        payloadFormatVersion: String(inputs.authorizerPayloadFormatVersion ?? "2.0"),
        simpleResponses: inputs.enableSimpleResponses === true,
        // Without identity sources nothing tells callers apart.
        ttlSeconds: identitySources.length === 0 ? 0 : Number(inputs.authorizerResultTtlInSeconds ?? 300),
        issuer: jwt?.issuer,
        audiences: jwt?.audiences ?? [],
      });
    },
    "aws:apigatewayv2/stage:Stage": ({ inputs }) => {
      const name = String(inputs.name);
      const variables = inputs.stageVariables as Record<string, string> | undefined;
      api(inputs.apiId).stages.set(name, { name, variables, accessLog: readAccessLog(inputs) });
    },
    "aws:apigatewayv2/deployment:Deployment": () => {},
  };
}

function readCors(configuration: Record<string, unknown> | undefined): Cors | undefined {
  if (!configuration) return undefined;
  const list = (name: string) => (configuration[name] ?? []) as string[];
  return {
    allowOrigins: list("allowOrigins"),
    allowMethods: list("allowMethods"),
    allowHeaders: list("allowHeaders"),
    exposeHeaders: list("exposeHeaders"),
    allowCredentials: configuration.allowCredentials === true,
    maxAgeSeconds: configuration.maxAge as number | undefined,
  };
}
