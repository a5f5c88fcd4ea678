/** `aws.apigateway.*` as the graph declares it. A deployment is no snapshot here: what is declared is served. */
import type { Resource } from "../../../../engine/graph.ts";
import { AwsError, type Provision } from "../../../service.ts";
import type { Apis, MockResponse, RestApi, RestMethod } from "../model/apis.ts";
import { readAccessLog } from "./stage-settings.ts";

type Inputs = Record<string, never> & Resource["inputs"];

export function restResources(apis: Apis, now: () => number): Record<string, Provision> {
  function api(id: unknown): RestApi {
    const found = apis.rest.get(String(id));
    if (!found) throw new AwsError("NotFoundException", `Invalid API identifier specified: ${id}`, 404);
    found.routes = undefined;
    return found;
  }

  function method({ restApi, resourceId, httpMethod }: Resource["inputs"]): RestMethod {
    const found = api(restApi).resources.get(String(resourceId))?.methods.get(String(httpMethod));
    if (!found) throw new AwsError("NotFoundException", "Invalid Method identifier specified", 404);
    return found;
  }

  function integrationResponse({ inputs }: Resource): void {
    const { integration } = method(inputs);
    if (!integration) throw new AwsError("NotFoundException", "Invalid Integration identifier specified", 404);
    const response: MockResponse = {
      statusCode: String(inputs.statusCode),
      selectionPattern: inputs.selectionPattern as string | undefined,
      parameters: (inputs.responseParameters ?? {}) as Record<string, string>,
      templates: (inputs.responseTemplates ?? {}) as Record<string, string>,
    };
    integration.responses.set(response.statusCode, response);
  }

  function gatewayResponse({ inputs }: Resource): void {
    api(inputs.restApiId).responses.set(String(inputs.responseType), {
      statusCode: inputs.statusCode as string | undefined,
      parameters: (inputs.responseParameters ?? {}) as Record<string, string>,
      templates: (inputs.responseTemplates ?? {}) as Record<string, string>,
    });
  }

  return {
    "aws:apigateway/restApi:RestApi": ({ id, inputs, outputs }) => {
      if (inputs.body)
        throw new AwsError(
          "BadRequestException",
          "an OpenAPI body is not read on this machine: declare resources and methods",
        );
      const rootResourceId = String(outputs.rootResourceId);
      const root = { id: rootResourceId, pathPart: "", methods: new Map<string, RestMethod>() };
      apis.rest.set(id!, {
        kind: "rest",
        id: id!,
        name: String(outputs.name ?? inputs.name),
        rootResourceId,
        apiKeySource: String(inputs.apiKeySource ?? "HEADER"),
        binaryMediaTypes: (inputs.binaryMediaTypes ?? []) as string[],
        resources: new Map([[rootResourceId, root]]),
        authorizers: new Map(),
        models: new Map<string, object>([["Empty", {}]]),
        validators: new Map(),
        responses: new Map(),
        stages: new Map(),
        deploymentId: "",
      });
    },
    "aws:apigateway/resource:Resource": ({ id, inputs }) => {
      const pathPart = String(inputs.pathPart);
      const methods = new Map<string, RestMethod>();
      api(inputs.restApi).resources.set(id!, { id: id!, parentId: String(inputs.parentId), pathPart, methods });
    },
    "aws:apigateway/method:Method": ({ inputs }) => {
      const resource = api(inputs.restApi).resources.get(String(inputs.resourceId));
      if (!resource) throw new AwsError("NotFoundException", "Invalid Resource identifier specified", 404);
      const httpMethod = String(inputs.httpMethod);
      if (inputs.authorization === "AWS_IAM")
        throw new AwsError("BadRequestException", "AWS_IAM authorization is not emulated");
      resource.methods.set(httpMethod, {
        httpMethod,
        authorization: String(inputs.authorization),
        authorizerId: inputs.authorizerId as string | undefined,
        authorizationScopes: (inputs.authorizationScopes ?? []) as string[],
        apiKeyRequired: inputs.apiKeyRequired === true,
        requestModels: lowerKeys(inputs.requestModels as Record<string, string> | undefined),
        requestParameters: (inputs.requestParameters ?? {}) as Record<string, boolean>,
        validatorId: inputs.requestValidatorId as string | undefined,
      });
    },
    "aws:apigateway/integration:Integration": ({ inputs }) => {
      const type = String(inputs.type);
      if (type !== "AWS_PROXY" && type !== "MOCK") {
        throw new AwsError("BadRequestException", `${type} integrations are not emulated: use AWS_PROXY`);
      }
      method(inputs).integration = {
        type,
        uri: String(inputs.uri ?? ""),
        credentials: inputs.credentials as string | undefined,
        timeoutMs: Number(inputs.timeoutMilliseconds ?? 29_000),
        requestParameters: (inputs.requestParameters ?? {}) as Record<string, string>,
        requestTemplates: (inputs.requestTemplates ?? {}) as Record<string, string>,
        responses: new Map(),
      };
    },
    "aws:apigateway/methodResponse:MethodResponse": () => {},
    "aws:apigateway/integrationResponse:IntegrationResponse": integrationResponse,
    "aws:apigateway/response:Response": gatewayResponse,
    "aws:apigateway/authorizer:Authorizer": ({ id, inputs }) => {
      const type = String(inputs.type ?? "TOKEN");
      const expression = inputs.identityValidationExpression as string | undefined;
      const source = String(inputs.identitySource ?? (type === "REQUEST" ? "" : "method.request.header.Authorization"));
      api(inputs.restApi).authorizers.set(id!, {
        id: id!,
        type,
        uri: String(inputs.authorizerUri ?? ""),
        credentials: inputs.authorizerCredentials as string | undefined,
        identitySource: source
          .split(",")
          .map((part) => part.trim())
          .filter(Boolean),
        validationExpression: expression === undefined ? undefined : new RegExp(`^(?:${expression})$`),
        ttlSeconds: Number(inputs.authorizerResultTtlInSeconds ?? 300),
        providerArns: (inputs.providerArns ?? []) as string[],
      });
    },
    "aws:apigateway/model:Model": ({ inputs, outputs }) => {
      api(inputs.restApi).models.set(String(outputs.name), JSON.parse(String(inputs.schema ?? "{}")));
    },
    "aws:apigateway/requestValidator:RequestValidator": ({ id, inputs }) => {
      const body = inputs.validateRequestBody === true;
      api(inputs.restApi).validators.set(id!, { body, parameters: inputs.validateRequestParameters === true });
    },
    "aws:apigateway/deployment:Deployment": ({ id, inputs }) => {
      api(inputs.restApi).deploymentId = id!;
    },
    "aws:apigateway/stage:Stage": ({ inputs }) => {
      const name = String(inputs.stageName);
      const variables = inputs.variables as Record<string, string> | undefined;
      api(inputs.restApi).stages.set(name, {
        ...{ name, variables, accessLog: readAccessLog(inputs as Inputs) },
        isTraced: inputs.xrayTracingEnabled === true,
      });
    },
    "aws:apigateway/methodSettings:MethodSettings": () => {},
    "aws:apigateway/usagePlan:UsagePlan": ({ id, inputs, outputs }) => {
      const throttle = inputs.throttleSettings as { rateLimit?: number; burstLimit?: number } | undefined;
      apis.plans.set(id!, {
        id: id!,
        name: String(outputs.name),
        description: inputs.description as string | undefined,
        stages: (inputs.apiStages ?? []) as { apiId: string; stage: string }[],
        rate: throttle?.rateLimit,
        burst: throttle?.burstLimit,
        quota: inputs.quotaSettings as never,
      });
    },
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
  };
}

function lowerKeys(values: Record<string, string> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(values ?? {}).map(([key, value]) => [key.toLowerCase(), value]));
}
