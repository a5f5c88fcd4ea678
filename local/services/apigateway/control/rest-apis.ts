/** REST APIs as a whole: made one by one, or from an OpenAPI document. */
import type { Operation } from "../../../service.ts";
import type { Apis } from "../model/apis.ts";
import type { Document } from "../model/documents.ts";
import { newKeyId } from "../model/keys.ts";
import { badRequest, type Kinds, shown } from "./kinds.ts";

const API = "/restapis/{restApiId}";
/** A definition's size on AWS. */
const MAX_BODY_BYTES = 6 * 1024 * 1024;

export function restApiOperations({ documents }: Apis, kinds: Kinds, now: () => number): Record<string, Operation> {
  function create(input: Document): Document {
    const { name, cloneFrom, endpointConfiguration, ...settings } = input;
    if (!name?.trim()) throw badRequest("API name cannot be empty");
    check(settings);
    const [id, rootResourceId] = [newKeyId(), newKeyId()];
    const document = {
      apiKeySource: "HEADER",
      disableExecuteApiEndpoint: false,
      endpointConfiguration: { types: ["EDGE"], ipAddressType: "ipv4", ...endpointConfiguration },
      ...settings,
      ...{ id, name, rootResourceId, createdDate: now() },
    };
    documents.put(`/restapis/${id}`, document);
    if (cloneFrom === undefined)
      documents.put(`/restapis/${id}/resources/${rootResourceId}`, { id: rootResourceId, path: "/" });
    else clone(kinds.find(API, { restApiId: cloneFrom }), document);
    return document;
  }

  function clone(source: Document, { id, rootResourceId }: Document): void {
    for (const [path, part] of documents.below(`/restapis/${source.id}`)) {
      if (path.startsWith("/stages/") || path.startsWith("/deployments/")) continue;
      const isBelowRoot = part.parentId === source.rootResourceId;
      const own: Document = { ...part, ...(isBelowRoot && { parentId: rootResourceId }) };
      if (part.id === source.rootResourceId) own.id = rootResourceId;
      documents.put(`/restapis/${id}${path.replace(source.rootResourceId, rootResourceId)}`, own);
    }
  }

  /** @param isMerged What the document does not name stays. */
  async function put(id: string, body: Uint8Array | undefined, isMerged: boolean): Promise<Document> {
    const { importRest } = await import("../openapi/import-rest.ts");
    const path = `/restapis/${id}`;
    const document = documents.get(path)!;
    const { rootResourceId } = document;
    const known = new Map(documents.children(`${path}/resources`).map((each) => [each.path, each.id]));
    const parts = importRest(text(body), { id, rootResourceId, resourceIds: isMerged ? known : new Map() });
    if (!isMerged) {
      for (const each of ["resources", "models", "authorizers", "requestvalidators", "gatewayresponses"]) {
        documents.remove(`${path}/${each}`);
      }
      documents.put(`${path}/resources/${rootResourceId}`, { id: rootResourceId, path: "/" });
    }
    for (const [below, part] of parts) {
      documents.put(`${path}${below}`, below === "" ? { ...document, ...part } : part);
    }
    return documents.get(path)!;
  }

  return {
    CreateRestApi: { authorize: () => kinds.on("POST", "/restapis"), run: (input) => shown(create(input)) },
    ImportRestApi: {
      authorize: () => kinds.on("POST", "/restapis"),
      async run({ body }) {
        const { importRest } = await import("../openapi/import-rest.ts");
        // What can not be read makes no API.
        const [, head] = importRest(text(body), { id: "", rootResourceId: "" }).find(([path]) => path === "") ?? [];
        const { id } = create({ name: head?.name });
        return shown(await put(id, body, false));
      },
    },
    PutRestApi: {
      ...kinds.may("PUT", API),
      async run(input) {
        kinds.find(API, input);
        return shown(await put(input.restApiId, input.body, input.mode !== "overwrite"));
      },
    },
    GetRestApi: kinds.get(API),
    GetRestApis: kinds.list("/restapis"),
    UpdateRestApi: kinds.update(
      API,
      {
        ...{ name: "text", description: "text", apiKeySource: "text", policy: "text", version: "text" },
        ...{ minimumCompressionSize: "number", disableExecuteApiEndpoint: "boolean", binaryMediaTypes: "list" },
        ...{ "endpointConfiguration/ipAddressType": "text", securityPolicy: "text" },
      },
      check,
    ),
    DeleteRestApi: kinds.remove(API, ({ restApiId }) => {
      const isMapped = documents
        .children("/domainnames")
        .some(({ domainName }) =>
          documents.children(`/domainnames/${domainName}/apimappings`).some(({ apiId }) => apiId === restApiId),
        );
      if (isMapped) throw badRequest("Please remove all base path mappings related to the API in your AWS Account.");
    }),
  };
}

function check({ description, minimumCompressionSize: size, apiKeySource, policy }: Document): void {
  if (description === "") throw badRequest("Description cannot be an empty string");
  if (size !== undefined && !(size >= 0 && size <= 10_485_760)) {
    throw badRequest("Invalid minimum compression size, must be between 0 and 10485760");
  }
  if (apiKeySource !== undefined && !["HEADER", "AUTHORIZER"].includes(apiKeySource)) {
    throw badRequest(
      `1 validation error detected: Value '${apiKeySource}' at 'createRestApiInput.apiKeySource' failed to satisfy constraint: Member must satisfy enum value set: [AUTHORIZER, HEADER]`,
    );
  }
  if (policy) {
    try {
      JSON.parse(policy);
    } catch {
      throw badRequest("Invalid policy document. Please check the policy syntax and ensure that Principals are valid.");
    }
  }
}

function text(body: Uint8Array | undefined): string {
  if (!body || body.length === 0) throw badRequest("Body cannot be empty");
  if (body.length > MAX_BODY_BYTES) throw badRequest("The API definition exceeds the maximum size of 6 MB");
  return Buffer.from(body).toString();
}
