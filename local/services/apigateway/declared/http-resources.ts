/** `aws.apigatewayv2.*` as the program declares it, in the words of the API: HTTP and WebSocket APIs. */
import type { Resource } from "../../../../engine/graph.ts";
import { AwsError, type Provision } from "../../../service.ts";
import type { Apis } from "../model/apis.ts";
import { type Document, segment } from "../model/documents.ts";
import { pick, withoutNothing } from "./rest-resources.ts";

export function httpResources(apis: Apis, now: () => number): Record<string, Provision> {
  const { documents } = apis;
  const declare = (path: string, document: Document) => documents.put(path, withoutNothing(document), true);

  function apiPath(id: unknown): string {
    const path = `/apis/${id}`;
    if (!documents.get(path)) throw new AwsError("NotFoundException", `Invalid API identifier specified: ${id}`, 404);
    return path;
  }

  async function api({ id, inputs, outputs, name }: Resource): Promise<void> {
    const path = `/apis/${id}`;
    const { corsConfiguration, body, failOnWarnings: _, ...rest } = inputs as Document;
    declare(path, {
      ...pascal(rest),
      ...{ ApiId: id, Name: String(outputs.name ?? inputs.name ?? name), ApiEndpoint: outputs.apiEndpoint },
      RouteSelectionExpression: inputs.routeSelectionExpression ?? "$request.method $request.path",
      CorsConfiguration: corsConfiguration && pascal(corsConfiguration),
      Tags: inputs.tags,
      CreatedDate: documents.get(path)?.CreatedDate ?? now(),
    });
    if (body === undefined) return;
    const { importHttp } = await import("../openapi/import-http.ts");
    for (const [below, document] of importHttp(String(body))) {
      declare(`${path}${below}`, below === "" ? { ...documents.get(path), ...document } : document);
    }
  }

  function integration({ id, inputs }: Resource): void {
    const {
      credentialsArn,
      timeoutMilliseconds,
      apiId,
      tlsConfig: _,
      responseParameters,
      ...rest
    } = inputs as Document;
    declare(`${apiPath(apiId)}/integrations/${segment(id)}`, {
      ...pascal(rest),
      ...{ IntegrationId: id, CredentialsArn: credentialsArn, TimeoutInMillis: timeoutMilliseconds },
      RequestParameters: rest.requestParameters,
      RequestTemplates: rest.requestTemplates,
      ResponseParameters:
        responseParameters &&
        Object.fromEntries(responseParameters.map(({ statusCode, mappings }: Document) => [statusCode, mappings])),
    });
  }

  function authorizer({ id, inputs }: Resource): void {
    const { identitySources, jwtConfiguration: jwt, apiId, ...rest } = inputs as Document;
    declare(`${apiPath(apiId)}/authorizers/${segment(id)}`, {
      ...pascal(rest),
      ...{ AuthorizerId: id, IdentitySource: identitySources },
      JwtConfiguration: jwt && { Issuer: jwt.issuer, Audience: jwt.audiences },
    });
  }

  function stage({ inputs }: Resource): void {
    const { apiId, name, accessLogSettings, defaultRouteSettings, routeSettings, ...rest } = inputs as Document;
    const path = `${apiPath(apiId)}/stages/${segment(name)}`;
    const routes = (routeSettings ?? []).map(({ routeKey, ...settings }: Document) => [routeKey, pascal(settings)]);
    declare(path, {
      ...pick(pascal(rest), "AutoDeploy", "DeploymentId", "Description"),
      ...{ StageName: name, StageVariables: rest.stageVariables, Tags: rest.tags },
      AccessLogSettings: accessLogSettings && pascal(accessLogSettings),
      DefaultRouteSettings: defaultRouteSettings && pascal(defaultRouteSettings),
      RouteSettings: Object.fromEntries(routes),
      CreatedDate: documents.get(path)?.CreatedDate ?? now(),
      // What stands for the share of an account's capacity: this machine has none to divide.
      isLimitLifted: true,
    });
  }

  return {
    "aws:apigatewayv2/api:Api": api,
    "aws:apigatewayv2/route:Route": ({ id, inputs }) => {
      const { requestModels: RequestModels, requestParameters: _, apiId, ...rest } = inputs as Document;
      declare(`${apiPath(apiId)}/routes/${segment(id)}`, {
        AuthorizationType: "NONE",
        ...pascal(rest),
        RouteId: id,
        RequestModels,
      });
    },
    "aws:apigatewayv2/routeResponse:RouteResponse": ({ id, inputs }) => {
      const { apiId, routeId, routeResponseKey } = inputs as Document;
      const path = `${apiPath(apiId)}/routes/${routeId}/routeresponses/${segment(id)}`;
      declare(path, { RouteResponseId: id, RouteResponseKey: routeResponseKey });
    },
    "aws:apigatewayv2/integration:Integration": integration,
    "aws:apigatewayv2/integrationResponse:IntegrationResponse": ({ id, inputs }) => {
      const { apiId, integrationId, responseTemplates, ...rest } = inputs as Document;
      const path = `${apiPath(apiId)}/integrations/${integrationId}/integrationresponses/${segment(id)}`;
      declare(path, { ...pascal(rest), IntegrationResponseId: id, ResponseTemplates: responseTemplates });
    },
    "aws:apigatewayv2/authorizer:Authorizer": authorizer,
    "aws:apigatewayv2/model:Model": ({ id, inputs }) => {
      const { apiId, ...rest } = inputs as Document;
      declare(`${apiPath(apiId)}/models/${segment(id)}`, { ...pascal(rest), ModelId: id });
    },
    "aws:apigatewayv2/stage:Stage": stage,
    "aws:apigatewayv2/deployment:Deployment": ({ id, inputs }) => {
      const path = `${apiPath(inputs.apiId)}/deployments/${segment(id)}`;
      const made = { CreatedDate: documents.get(path)?.CreatedDate ?? now(), DeploymentStatus: "DEPLOYED" };
      declare(path, { DeploymentId: id, Description: inputs.description, ...made });
    },
    "aws:apigatewayv2/domainName:DomainName": ({ inputs, outputs }) => {
      const { certificateArn, securityPolicy } = (inputs.domainNameConfiguration ?? {}) as Document;
      const { targetDomainName, hostedZoneId } = (outputs.domainNameConfiguration ?? {}) as Document;
      declare(`/domainnames/${segment(inputs.domainName)}`, {
        ...{ domainName: inputs.domainName, regionalCertificateArn: certificateArn, securityPolicy },
        ...{ regionalDomainName: targetDomainName, regionalHostedZoneId: hostedZoneId, tags: inputs.tags },
        endpointConfiguration: { types: ["REGIONAL"] },
      });
    },
    "aws:apigatewayv2/apiMapping:ApiMapping": ({ id, inputs }) => {
      const { domainName, apiId, stage, apiMappingKey: basePath = "" } = inputs as Document;
      declare(`/domainnames/${segment(domainName)}/apimappings/${id}`, { id, apiId, stage, basePath });
    },
  };
}

/** `routeKey` → `RouteKey`: the names of one level. */
function pascal(values: Document): Document {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name[0]!.toUpperCase() + name.slice(1), value]),
  );
}
