/** `aws.apigateway.*` as the program declares it, in the words of the API. What is declared is what its stages show. */
import type { Resource } from "../../../../engine/graph.ts";
import { AwsError, type Provision } from "../../../service.ts";
import type { Apis } from "../model/apis.ts";
import { type Document, pathOf, segment } from "../model/documents.ts";

type Inputs = Document & Resource["inputs"];

export function restResources(apis: Apis, now: () => number): Record<string, Provision> {
  const { documents } = apis;
  const declare = (path: string, document: Document) => documents.put(path, withoutNothing(document), true);

  /** @throws where the resource that this one belongs to is not declared */
  function apiPath(id: unknown): string {
    const path = `/restapis/${id}`;
    if (!documents.get(path)) throw new AwsError("NotFoundException", `Invalid API identifier specified: ${id}`, 404);
    return path;
  }

  function methodPath({ restApi, resourceId, httpMethod }: Inputs): string {
    return `${apiPath(restApi)}/resources/${resourceId}/methods/${httpMethod}`;
  }

  async function restApi({ id, inputs, outputs }: Resource): Promise<void> {
    const path = `/restapis/${id}`;
    const rootResourceId = String(outputs.rootResourceId);
    const { endpointConfiguration, ...rest } = inputs as Inputs;
    const types = endpointConfiguration?.types && [endpointConfiguration.types].flat();
    declare(path, {
      ...pick(rest, "description", "binaryMediaTypes", "policy", "disableExecuteApiEndpoint", "tags"),
      ...{ id, name: String(outputs.name ?? inputs.name), rootResourceId },
      minimumCompressionSize: inputs.minimumCompressionSize && Number(inputs.minimumCompressionSize),
      apiKeySource: inputs.apiKeySource ?? "HEADER",
      endpointConfiguration: { types: types ?? ["EDGE"] },
      createdDate: documents.get(path)?.createdDate ?? now(),
    });
    declare(`${path}/resources/${rootResourceId}`, { id: rootResourceId, path: "/" });
    if (inputs.body === undefined) return;
    const { importRest } = await import("../openapi/import-rest.ts");
    documents.removeDeclared(`${path}/resources`);
    for (const [below, document] of importRest(String(inputs.body), { id: id!, rootResourceId })) {
      declare(`${path}${below}`, below === "" ? { ...documents.get(path), ...document } : document);
    }
  }

  function resource({ id, inputs }: Resource): void {
    const path = `${apiPath(inputs.restApi)}/resources`;
    const above = documents.get(`${path}/${inputs.parentId}`)?.path ?? "/";
    const { parentId, pathPart } = inputs;
    declare(`${path}/${id}`, { id, parentId, pathPart, path: `${above === "/" ? "" : above}/${pathPart}` });
  }

  function method({ inputs }: Resource): void {
    const { authorization, requestValidatorId, ...rest } = inputs as Inputs;
    if (!documents.get(`${apiPath(inputs.restApi)}/resources/${inputs.resourceId}`)) {
      throw new AwsError("NotFoundException", "Invalid Resource identifier specified", 404);
    }
    declare(methodPath(inputs as Inputs), {
      ...pick(rest, "httpMethod", "authorizerId", "authorizationScopes", "operationName"),
      ...pick(rest, "requestModels", "requestParameters"),
      ...{ authorizationType: authorization, requestValidatorId, apiKeyRequired: rest.apiKeyRequired === true },
    });
  }

  function integration({ inputs }: Resource): void {
    const path = methodPath(inputs as Inputs);
    if (!documents.get(path)) throw new AwsError("NotFoundException", "Invalid Method identifier specified", 404);
    declare(`${path}/integration`, {
      ...pick(inputs, "type", "uri", "credentials", "requestParameters", "requestTemplates", "passthroughBehavior"),
      ...pick(inputs, "contentHandling", "connectionType", "connectionId", "responseTransferMode"),
      ...{ httpMethod: inputs.integrationHttpMethod, timeoutInMillis: inputs.timeoutMilliseconds ?? 29_000 },
    });
  }

  function responseOf(below: string, ...names: string[]): Provision {
    return ({ inputs }) => {
      const path = `${methodPath(inputs as Inputs)}${below}`;
      const statusCode = String(inputs.statusCode);
      declare(`${path}/${statusCode}`, { statusCode, ...pick(inputs, ...names) });
    };
  }

  function authorizer({ id, inputs }: Resource): void {
    const { providerArns, ...rest } = inputs as Inputs;
    const type = rest.type ?? "TOKEN";
    declare(`${apiPath(inputs.restApi)}/authorizers/${id}`, {
      ...pick(rest, "name", "authorizerUri", "authorizerCredentials", "identityValidationExpression"),
      ...pick(rest, "identitySource", "authorizerResultTtlInSeconds"),
      ...{
        id,
        type,
        providerARNs: providerArns,
        authType: type === "COGNITO_USER_POOLS" ? "cognito_user_pools" : "custom",
      },
    });
  }

  function stage({ inputs }: Resource): void {
    const path = `${apiPath(inputs.restApi)}/stages/${segment(inputs.stageName)}`;
    const known = documents.get(path);
    declare(path, {
      ...pick(inputs, "stageName", "description", "variables", "accessLogSettings", "tags"),
      ...{ deploymentId: inputs.deployment, tracingEnabled: inputs.xrayTracingEnabled === true },
      ...{ methodSettings: known?.methodSettings, createdDate: known?.createdDate ?? now() },
      // What stands for the share of an account's capacity: this machine has none to divide.
      isLimitLifted: true,
    });
  }

  function methodSettings({ inputs }: Resource): void {
    const path = `${apiPath(inputs.restApi)}/stages/${segment(inputs.stageName)}`;
    const known = documents.get(path);
    const settings = { ...known?.methodSettings, [String(inputs.methodPath)]: inputs.settings };
    if (known) declare(path, { ...known, methodSettings: settings });
  }

  function usagePlan({ id, inputs, outputs }: Resource): void {
    const { apiStages, throttleSettings, quotaSettings } = inputs as Inputs;
    declare(`/usageplans/${id}`, {
      ...pick(inputs, "description", "tags"),
      ...{ id, name: String(outputs.name), throttle: throttleSettings, quota: quotaSettings },
      apiStages: (apiStages ?? []).map(({ apiId, stage, throttles }: Document) => ({
        ...{ apiId, stage },
        ...(throttles && {
          throttle: Object.fromEntries(throttles.map(({ path, ...limits }: Document) => [path, limits])),
        }),
      })),
    });
  }

  return {
    "aws:apigateway/restApi:RestApi": restApi,
    "aws:apigateway/resource:Resource": resource,
    "aws:apigateway/method:Method": method,
    "aws:apigateway/integration:Integration": integration,
    "aws:apigateway/methodResponse:MethodResponse": responseOf("/responses", "responseModels", "responseParameters"),
    "aws:apigateway/integrationResponse:IntegrationResponse": responseOf(
      "/integration/responses",
      ...["selectionPattern", "responseParameters", "responseTemplates", "contentHandling"],
    ),
    "aws:apigateway/response:Response": ({ inputs }) => {
      const path = `${apiPath(inputs.restApiId)}/gatewayresponses/${inputs.responseType}`;
      declare(path, pick(inputs, "responseType", "statusCode", "responseParameters", "responseTemplates"));
    },
    "aws:apigateway/authorizer:Authorizer": authorizer,
    "aws:apigateway/model:Model": ({ id, inputs, outputs }) => {
      const name = String(outputs.name);
      const schema = inputs.schema === undefined ? "{}" : String(inputs.schema);
      JSON.parse(schema);
      declare(`${apiPath(inputs.restApi)}/models/${name}`, { id, name, schema, contentType: inputs.contentType });
    },
    "aws:apigateway/requestValidator:RequestValidator": ({ id, inputs, outputs }) => {
      const { validateRequestBody, validateRequestParameters } = inputs;
      const validates = { validateRequestBody, validateRequestParameters };
      declare(`${apiPath(inputs.restApi)}/requestvalidators/${id}`, { id, name: outputs.name, ...validates });
    },
    "aws:apigateway/deployment:Deployment": ({ id, inputs }) => {
      const path = `${apiPath(inputs.restApi)}/deployments/${id}`;
      declare(path, { id, description: inputs.description, createdDate: documents.get(path)?.createdDate ?? now() });
    },
    "aws:apigateway/stage:Stage": stage,
    "aws:apigateway/methodSettings:MethodSettings": methodSettings,
    "aws:apigateway/usagePlan:UsagePlan": usagePlan,
    "aws:apigateway/apiKey:ApiKey": ({ id, inputs, outputs }) => {
      const known = apis.keys.get(id!);
      apis.keys.put({
        id: id!,
        name: String(outputs.name),
        value: String(inputs.value ?? known?.value ?? outputs.value ?? id!.repeat(3)),
        enabled: inputs.enabled !== false,
        description: inputs.description as string | undefined,
        tags: (inputs.tags ?? {}) as Record<string, string>,
        createdAt: known?.createdAt ?? now(),
        updatedAt: now(),
      });
    },
    "aws:apigateway/usagePlanKey:UsagePlanKey": ({ inputs }) => {
      apis.keys.attach(String(inputs.usagePlanId), String(inputs.keyId));
    },
    "aws:apigateway/domainName:DomainName": ({ inputs, outputs }) => {
      const { domainName, regionalCertificateArn, certificateArn, securityPolicy } = inputs as Inputs;
      const { regionalDomainName, regionalZoneId: regionalHostedZoneId } = outputs;
      declare(pathOf("/domainnames/{domainName}", { domainName }), {
        ...{ domainName, regionalCertificateArn: regionalCertificateArn ?? certificateArn, securityPolicy },
        ...{ regionalDomainName, regionalHostedZoneId, endpointConfiguration: { types: ["REGIONAL"] } },
      });
    },
    "aws:apigateway/basePathMapping:BasePathMapping": ({ inputs }) => {
      const { domainName, restApi: apiId, stageName: stage, basePath = "" } = inputs as Inputs;
      const path = `/domainnames/${segment(domainName)}/apimappings/${segment(basePath || "(none)")}`;
      declare(path, { id: basePath || "(none)", apiId, stage, basePath });
    },
  };
}

export function pick(source: object, ...names: string[]): Document {
  return Object.fromEntries(names.map((name) => [name, (source as Document)[name]]));
}

/** What is not given is not there. */
export function withoutNothing(document: Document): Document {
  return Object.fromEntries(Object.entries(document).filter(([, value]) => value !== undefined && value !== null));
}
