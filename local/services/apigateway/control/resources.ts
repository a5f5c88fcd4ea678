/** Resources, methods, integrations, and what both answer. */
import type { Operation } from "../../../service.ts";
import type { Apis } from "../model/apis.ts";
import { type Document, pathOf } from "../model/documents.ts";
import { newKeyId } from "../model/keys.ts";
import { checkIntegration } from "./integration-rules.ts";
import { badRequest, conflict, type Kinds, notFound, page } from "./kinds.ts";
import type { Fields } from "./patch.ts";

const RESOURCE = "/restapis/{restApiId}/resources/{resourceId}";
const METHOD = `${RESOURCE}/methods/{httpMethod}`;
const METHOD_RESPONSE = `${METHOD}/responses/{statusCode}`;
const INTEGRATION = `${METHOD}/integration`;
const INTEGRATION_RESPONSE = `${INTEGRATION}/responses/{statusCode}`;

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY"];

export function resourceOperations({ documents }: Apis, kinds: Kinds): Record<string, Operation> {
  const resourcesOf = (restApiId: string) => documents.children(`/restapis/${restApiId}/resources`);

  function checkPart(restApiId: string, parentId: string, pathPart: string, own?: string): void {
    if (!/^(?:[A-Za-z0-9._\-:$]+|\{[A-Za-z0-9._\-:]+\+?\})$/.test(pathPart)) {
      throw badRequest(
        "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
      );
    }
    for (const sibling of resourcesOf(restApiId)) {
      if (sibling.parentId !== parentId || sibling.id === own) continue;
      if (sibling.pathPart === pathPart) {
        throw conflict(`Another resource with the same parent already has this name: ${pathPart}`);
      }
      if (pathPart.startsWith("{") && sibling.pathPart.startsWith("{")) {
        throw badRequest(
          `A sibling (${sibling.pathPart}) of this resource already has a variable path part -- only one is allowed`,
        );
      }
    }
  }

  /** As GetResource tells of it; its methods are embedded where they are asked for. */
  function describe(restApiId: string, resource: Document, embed: string[] = []): Document {
    const path = `/restapis/${restApiId}/resources/${resource.id}/methods`;
    const methods = documents.children(path);
    if (methods.length === 0) return resource;
    const whole = embed.includes("methods");
    const entries = methods.map((each) => [each.httpMethod, whole ? describeMethod(path, each) : {}]);
    return { ...resource, resourceMethods: Object.fromEntries(entries) };
  }

  function describeMethod(methods: string, method: Document): Document {
    const path = `${methods}/${method.httpMethod}`;
    const integration = documents.get(`${path}/integration`);
    return {
      ...method,
      ...responses(`${path}/responses`, "methodResponses"),
      ...(integration && { methodIntegration: describeIntegration(path, integration) }),
    };
  }

  const describeIntegration = (method: string, integration: Document): Document => ({
    ...integration,
    ...responses(`${method}/integration/responses`, "integrationResponses"),
  });

  function responses(path: string, name: string): Document {
    const found = documents.children(path).map((each) => [each.statusCode, each]);
    return found.length > 0 ? { [name]: Object.fromEntries(found) } : {};
  }

  function checkMethod(
    { authorizationType, authorizerId, requestModels, requestValidatorId }: Document,
    input: Document,
  ) {
    const api = `/restapis/${input.restApiId}`;
    const isCustom = authorizationType === "CUSTOM" || authorizationType === "COGNITO_USER_POOLS";
    if (!isCustom && !["NONE", "AWS_IAM"].includes(authorizationType)) {
      throw badRequest("Invalid authorization type specified");
    }
    if (isCustom && !documents.get(`${api}/authorizers/${authorizerId}`)) {
      throw badRequest(
        "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.",
      );
    }
    for (const model of Object.values(requestModels ?? {})) {
      if (!documents.get(`${api}/models/${model}`) && !["Empty", "Error"].includes(String(model))) {
        throw badRequest(`Invalid model identifier specified: ${model}`);
      }
    }
    if (requestValidatorId && !documents.get(`${api}/requestvalidators/${requestValidatorId}`)) {
      throw badRequest("Invalid Request Validator identifier specified");
    }
  }

  /** Puts a document that there must not be before, or must. */
  function put(template: string, make: (input: Document) => Document, taken?: string): Operation {
    return {
      ...kinds.may("PUT", template),
      run(input) {
        const path = kinds.at(template, input);
        if (taken && documents.get(path)) throw conflict(taken);
        const document = make(input);
        documents.put(path, document);
        return document;
      },
    };
  }

  const responseFields: Fields = { responseParameters: "map", responseTemplates: "map", responseModels: "map" };

  return {
    CreateResource: {
      authorize: ({ restApiId, parentId }) => kinds.on("POST", `/restapis/${restApiId}/resources/${parentId}`),
      run({ restApiId, parentId, pathPart }) {
        const parent = kinds.find(RESOURCE, { restApiId, resourceId: parentId });
        checkPart(restApiId, parentId, pathPart);
        if (/\+\}$/.test(parent.pathPart ?? ""))
          throw badRequest("Cannot create a child of a resource with a greedy path variable.");
        const id = newKeyId().slice(0, 6);
        const path = `${parent.path === "/" ? "" : parent.path}/${pathPart}`;
        const document = { id, parentId, pathPart, path };
        documents.put(`/restapis/${restApiId}/resources/${id}`, document);
        return document;
      },
    },
    GetResource: {
      ...kinds.may("GET", RESOURCE),
      run: (input) => describe(input.restApiId, kinds.find(RESOURCE, input), input.embed),
    },
    GetResources: {
      ...kinds.may("GET", "/restapis/{restApiId}/resources"),
      run(input) {
        kinds.find("/restapis/{restApiId}", input);
        return page(resourcesOf(input.restApiId), input, (each) => describe(input.restApiId, each, input.embed));
      },
    },
    UpdateResource: {
      ...kinds.may("PATCH", RESOURCE),
      run(input) {
        const { restApiId, resourceId } = input;
        const update = kinds.update(RESOURCE, { pathPart: "text", parentId: "text" }, (next) => {
          if (next.parentId === undefined) throw badRequest("Root resource cannot update its path part or parent ID");
          const parent = kinds.find(RESOURCE, { restApiId, resourceId: next.parentId });
          checkPart(restApiId, next.parentId, next.pathPart, resourceId);
          next.path = `${parent.path === "/" ? "" : parent.path}/${next.pathPart}`;
        });
        const next = update.run(input, {} as never);
        for (const each of resourcesOf(restApiId)) {
          const parent = documents.get(pathOf(RESOURCE, { restApiId, resourceId: each.parentId }));
          if (!parent) continue;
          const path = `${parent.path === "/" ? "" : parent.path}/${each.pathPart}`;
          if (path !== each.path)
            documents.put(pathOf(RESOURCE, { restApiId, resourceId: each.id }), { ...each, path });
        }
        return next;
      },
    },
    DeleteResource: {
      ...kinds.may("DELETE", RESOURCE),
      run(input) {
        const { restApiId } = input;
        const { id, parentId } = kinds.find(RESOURCE, input);
        if (parentId === undefined) throw badRequest("Root resource cannot be deleted");
        const gone = [id];
        for (const each of gone) {
          gone.push(...resourcesOf(restApiId).flatMap((child) => (child.parentId === each ? [child.id] : [])));
          documents.remove(pathOf(RESOURCE, { restApiId, resourceId: each }));
        }
        return {};
      },
    },
    PutMethod: put(
      METHOD,
      (input) => {
        const { restApiId: _, resourceId: _resource, apiKeyRequired, ...method } = input;
        if (!METHODS.includes(method.httpMethod)) throw badRequest("Invalid HTTP method specified");
        checkMethod(method, input);
        return { ...method, apiKeyRequired: apiKeyRequired === true };
      },
      "Method already exists for this resource",
    ),
    GetMethod: {
      ...kinds.may("GET", METHOD),
      run: (input) => describeMethod(pathOf(`${RESOURCE}/methods`, input), kinds.find(METHOD, input)),
    },
    UpdateMethod: kinds.update(
      METHOD,
      {
        ...{ authorizationType: "text", authorizerId: "text", operationName: "text", requestValidatorId: "text" },
        ...{
          apiKeyRequired: "boolean",
          authorizationScopes: "list",
          requestModels: "map",
          requestParameters: "booleans",
        },
      },
      checkMethod,
    ),
    DeleteMethod: kinds.remove(METHOD),
    PutMethodResponse: put(
      METHOD_RESPONSE,
      ({ statusCode, responseParameters, responseModels }) => ({ statusCode, responseParameters, responseModels }),
      "Response already exists for this resource",
    ),
    GetMethodResponse: kinds.get(METHOD_RESPONSE),
    UpdateMethodResponse: kinds.update(METHOD_RESPONSE, { ...responseFields, responseParameters: "booleans" }),
    DeleteMethodResponse: kinds.remove(METHOD_RESPONSE),
    PutIntegration: put(INTEGRATION, (input) => {
      const { restApiId: _, resourceId, httpMethod: _method, integrationHttpMethod: httpMethod, ...settings } = input;
      const timeoutInMillis = settings.timeoutInMillis ?? 29_000;
      const defaults = { passthroughBehavior: "WHEN_NO_MATCH", cacheNamespace: resourceId, cacheKeyParameters: [] };
      const integration = { ...defaults, ...settings, httpMethod, timeoutInMillis };
      checkIntegration(integration);
      return integration;
    }),
    GetIntegration: {
      ...kinds.may("GET", INTEGRATION),
      run: (input) => describeIntegration(pathOf(METHOD, input), kinds.find(INTEGRATION, input)),
    },
    UpdateIntegration: kinds.update(
      INTEGRATION,
      {
        ...{ type: "text", uri: "text", httpMethod: "text", credentials: "text", passthroughBehavior: "text" },
        ...{ contentHandling: "text", timeoutInMillis: "number", connectionType: "text", connectionId: "text" },
        ...{ requestParameters: "map", requestTemplates: "map", cacheNamespace: "text", cacheKeyParameters: "list" },
        ...{ responseTransferMode: "text" },
      },
      checkIntegration,
    ),
    DeleteIntegration: kinds.remove(INTEGRATION),
    PutIntegrationResponse: put(INTEGRATION_RESPONSE, (input) => {
      const { statusCode, selectionPattern, responseParameters, responseTemplates, contentHandling } = input;
      if (!documents.get(pathOf(METHOD_RESPONSE, input))) throw notFound("Invalid Response status code specified");
      return { statusCode, selectionPattern, responseParameters, responseTemplates, contentHandling };
    }),
    GetIntegrationResponse: kinds.get(INTEGRATION_RESPONSE),
    UpdateIntegrationResponse: kinds.update(INTEGRATION_RESPONSE, {
      ...{ ...responseFields, selectionPattern: "text", contentHandling: "text" },
    }),
    DeleteIntegrationResponse: kinds.remove(INTEGRATION_RESPONSE),
  };
}
