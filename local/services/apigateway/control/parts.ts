/** What an API's methods refer to: models, validators, authorizers; and what the gateway itself answers. */
import type { Operation } from "../../../service.ts";
import type { Apis } from "../model/apis.ts";
import { type Document, pathOf } from "../model/documents.ts";
import { newKeyId } from "../model/keys.ts";
import { RESPONSE_TYPES } from "../serve/gateway-responses.ts";
import { badRequest, conflict, type Kinds, notFound } from "./kinds.ts";
import { patch } from "./patch.ts";

const API = "/restapis/{restApiId}";
const MODEL = `${API}/models/{modelName}`;
const VALIDATOR = `${API}/requestvalidators/{requestValidatorId}`;
const AUTHORIZER = `${API}/authorizers/{authorizerId}`;
const RESPONSE = `${API}/gatewayresponses/{responseType}`;

export function partOperations({ documents }: Apis, kinds: Kinds): Record<string, Operation> {
  function create(template: string, id: string, input: Document, make: (id: string) => Document): Operation["run"] {
    const path = kinds.at(template, { ...input, [/\{(\w+)\}$/.exec(template)![1]!]: id });
    const document = make(id);
    documents.put(path, document);
    return document as never;
  }
  const newId = () => newKeyId().slice(0, 6);
  const methodsOf = (restApiId: string) =>
    documents.below(`/restapis/${restApiId}/resources`).filter(([path]) => /\/methods\/[^/]+$/.test(path));

  /** What the API has of its own, or what it says by default. */
  function gatewayResponse(input: Document): Document {
    const { responseType } = input;
    const statusCode = Object.hasOwn(RESPONSE_TYPES, responseType) ? RESPONSE_TYPES[responseType] : undefined;
    if (statusCode === undefined) throw notFound(`Invalid Gateway Response Type: ${responseType}`);
    const defaults = { "application/json": '{"message":$context.error.messageString}' };
    return (
      documents.get(pathOf(RESPONSE, input)) ?? {
        ...{ responseType, responseParameters: {}, responseTemplates: defaults, defaultResponse: true },
        ...(statusCode && { statusCode }),
      }
    );
  }

  return {
    CreateModel: {
      ...kinds.may("POST", `${API}/models`),
      run(input) {
        const { restApiId: _, name, schema, ...rest } = input;
        if (!/^[A-Za-z0-9]+$/.test(name)) throw badRequest(`Model name must be alphanumeric: ${name}`);
        kinds.find(API, input);
        if (documents.get(pathOf(MODEL, { ...input, modelName: name }))) {
          throw conflict("Model name already exists for this REST API");
        }
        checkSchema(schema);
        return create(MODEL, name, input, () => ({ id: newId(), name, schema, ...rest }));
      },
    },
    GetModel: kinds.get(MODEL),
    GetModels: kinds.list(`${API}/models`),
    UpdateModel: kinds.update(MODEL, { description: "text", schema: "text" }, ({ schema }) => checkSchema(schema)),
    DeleteModel: kinds.remove(MODEL, ({ restApiId, modelName }) => {
      const isUsed = methodsOf(restApiId).some(([, each]) =>
        Object.values(each.requestModels ?? {}).includes(modelName),
      );
      if (isUsed) throw conflict(`Cannot delete model '${modelName}', is referenced in method request: ${modelName}`);
    }),
    CreateRequestValidator: {
      ...kinds.may("POST", `${API}/requestvalidators`),
      run(input) {
        const { name, validateRequestBody = false, validateRequestParameters = false } = input;
        return create(VALIDATOR, newId(), input, (id) => ({
          id,
          name,
          validateRequestBody,
          validateRequestParameters,
        }));
      },
    },
    GetRequestValidator: kinds.get(VALIDATOR),
    GetRequestValidators: kinds.list(`${API}/requestvalidators`),
    UpdateRequestValidator: kinds.update(VALIDATOR, {
      ...{ name: "text", validateRequestBody: "boolean", validateRequestParameters: "boolean" },
    }),
    DeleteRequestValidator: kinds.remove(VALIDATOR, ({ restApiId, requestValidatorId }) => {
      if (methodsOf(restApiId).some(([, each]) => each.requestValidatorId === requestValidatorId)) {
        throw badRequest("Request Validator is used by a method of this API");
      }
    }),
    CreateAuthorizer: {
      ...kinds.may("POST", `${API}/authorizers`),
      run(input) {
        const { restApiId: _, ...settings } = input;
        kinds.find(API, input);
        const isPool = settings.type === "COGNITO_USER_POOLS";
        const made = { authType: isPool ? "cognito_user_pools" : "custom", ...settings };
        checkAuthorizer(made);
        const taken = documents.children(pathOf(`${API}/authorizers`, input)).some(({ name }) => name === made.name);
        if (taken)
          throw badRequest(`Authorizer name must be unique. Authorizer ${made.name} already exists in this RestApi.`);
        return create(AUTHORIZER, newId(), input, (id) => ({ id, ...made }));
      },
    },
    GetAuthorizer: kinds.get(AUTHORIZER),
    GetAuthorizers: kinds.list(`${API}/authorizers`),
    UpdateAuthorizer: kinds.update(
      AUTHORIZER,
      {
        ...{ name: "text", type: "text", authorizerUri: "text", authorizerCredentials: "text", identitySource: "text" },
        ...{ identityValidationExpression: "text", authorizerResultTtlInSeconds: "number", providerARNs: "list" },
        authType: "text",
      },
      checkAuthorizer,
    ),
    DeleteAuthorizer: kinds.remove(AUTHORIZER, ({ restApiId, authorizerId }) => {
      if (methodsOf(restApiId).some(([, each]) => each.authorizerId === authorizerId)) {
        throw conflict("Cannot delete authorizer, is referenced in method: remove it there first");
      }
    }),
    PutGatewayResponse: {
      ...kinds.may("PUT", RESPONSE),
      run(input) {
        kinds.find(API, input);
        gatewayResponse(input);
        const { restApiId: _, responseParameters = {}, responseTemplates = {}, ...rest } = input;
        const document = { ...rest, responseParameters, responseTemplates, defaultResponse: false };
        documents.put(pathOf(RESPONSE, input), document);
        return document;
      },
    },
    GetGatewayResponse: {
      ...kinds.may("GET", RESPONSE),
      run(input) {
        kinds.find(API, input);
        return gatewayResponse(input);
      },
    },
    GetGatewayResponses: {
      ...kinds.may("GET", `${API}/gatewayresponses`),
      run(input) {
        kinds.find(API, input);
        const types = Object.keys(RESPONSE_TYPES);
        return { items: types.map((responseType) => gatewayResponse({ ...input, responseType })) };
      },
    },
    UpdateGatewayResponse: {
      ...kinds.may("PATCH", RESPONSE),
      run(input) {
        kinds.find(API, input);
        const fields = { statusCode: "text", responseParameters: "map", responseTemplates: "map" } as const;
        const document = patch(
          { ...gatewayResponse(input), defaultResponse: false },
          input.patchOperations ?? [],
          fields,
        );
        documents.put(pathOf(RESPONSE, input), document);
        return document;
      },
    },
    DeleteGatewayResponse: {
      ...kinds.may("DELETE", RESPONSE),
      run(input) {
        kinds.find(API, input);
        if (!documents.get(pathOf(RESPONSE, input))) {
          throw notFound("Gateway response type not defined on api");
        }
        documents.remove(pathOf(RESPONSE, input));
        return {};
      },
    },
  };
}

function checkSchema(schema: string | undefined): void {
  if (schema === undefined) return;
  try {
    const read = JSON.parse(schema);
    if (read === null || typeof read !== "object" || Array.isArray(read)) throw new Error("not an object");
  } catch (error) {
    throw badRequest(
      `Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified. ${(error as Error).message}]`,
    );
  }
}

function checkAuthorizer({
  type,
  authorizerUri,
  providerARNs,
  identitySource,
  authorizerResultTtlInSeconds: ttl,
  ...rest
}: Document) {
  if (!["TOKEN", "REQUEST", "COGNITO_USER_POOLS"].includes(type)) {
    throw badRequest(
      `1 validation error detected: Value '${type}' at 'createAuthorizerInput.type' failed to satisfy constraint: Member must satisfy enum value set: [TOKEN, REQUEST, COGNITO_USER_POOLS]`,
    );
  }
  if (ttl !== undefined && !(ttl >= 0 && ttl <= 3600)) {
    throw badRequest("Authorizer result TTL must be between 0 and 3600 seconds");
  }
  if (type === "COGNITO_USER_POOLS") {
    if (!providerARNs?.length)
      throw badRequest("Authorizer provider ARNs must be specified for COGNITO_USER_POOLS authorizers");
    return;
  }
  if (!/:lambda:path\/2015-03-31\/functions\/arn:[^/]+\/invocations$/.test(authorizerUri ?? "")) {
    throw badRequest("Invalid Authorizer URI: it has to name a function's invocations");
  }
  if (type === "REQUEST" && ttl !== 0 && !identitySource) {
    throw badRequest("Identity source is required for REQUEST authorizers whose answers are cached");
  }
  try {
    new RegExp(rest.identityValidationExpression ?? "");
  } catch {
    throw badRequest("Invalid identity validation expression specified");
  }
}
