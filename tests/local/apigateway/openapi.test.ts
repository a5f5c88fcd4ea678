import {
  APIGatewayClient,
  CreateDeploymentCommand,
  GetAuthorizersCommand,
  GetMethodCommand,
  GetModelsCommand,
  GetResourcesCommand,
  GetRestApiCommand,
  GetRestApisCommand,
  ImportRestApiCommand,
  PutRestApiCommand,
} from "@aws-sdk/client-api-gateway";
import fc from "fast-check";
import { importHttp } from "../../../local/services/apigateway/openapi/import-http.ts";
import { importRest } from "../../../local/services/apigateway/openapi/import-rest.ts";
import { SEED } from "../../seed.ts";
import { invokeArn, resource } from "../lambda/resources.ts";
import { type GatewayCloud, startApi } from "./fixture.ts";
import { ECHO, mayInvoke } from "./resources.ts";

let cloud: GatewayCloud;
let client: APIGatewayClient;

beforeEach(async () => {
  cloud = await startApi();
  await cloud.define("echo", ECHO);
  client = new APIGatewayClient({ ...cloud.running.client(), maxAttempts: 1 });
});

afterEach(async () => {
  client.destroy();
  await cloud.stop();
});

const integration = () => ({
  "x-amazon-apigateway-integration": { type: "aws_proxy", httpMethod: "POST", uri: invokeArn("echo") },
});

/** An API of pets in OpenAPI 3, with whatever is said of its paths. */
const document = (paths: object, more: object = {}) => ({
  ...{ openapi: "3.0.1", info: { title: "pets", version: "1", description: "all of them" }, paths },
  ...more,
});

const PETS = document(
  {
    "/pets": {
      get: {
        ...integration(),
        parameters: [{ name: "kind", in: "query", required: true, schema: { type: "string" } }],
      },
      post: {
        ...integration(),
        "x-amazon-apigateway-request-validator": "body",
        requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Pet" } } } },
      },
    },
    "/pets/{petId}": { "x-amazon-apigateway-any-method": { ...integration(), security: [{ gate: [] }] } },
    "/keyed": { get: { ...integration(), security: [{ key: [] }] } },
  },
  {
    "x-amazon-apigateway-request-validators": {
      body: { validateRequestBody: true, validateRequestParameters: false },
      query: { validateRequestBody: false, validateRequestParameters: true },
    },
    "x-amazon-apigateway-gateway-responses": {
      BAD_REQUEST_BODY: { statusCode: 422, responseTemplates: { "application/json": '{"problem":"body"}' } },
    },
    "x-amazon-apigateway-binary-media-types": ["image/png"],
    components: {
      schemas: {
        Name: { type: "string", minLength: 1 },
        Pet: { type: "object", required: ["name"], properties: { name: { $ref: "#/components/schemas/Name" } } },
      },
      securitySchemes: {
        key: { type: "apiKey", name: "x-api-key", in: "header" },
        gate: {
          ...{ type: "apiKey", name: "Authorization", in: "header", "x-amazon-apigateway-authtype": "custom" },
          "x-amazon-apigateway-authorizer": {
            ...{ type: "token", authorizerUri: invokeArn("gate"), authorizerResultTtlInSeconds: 0 },
          },
        },
      },
    },
  },
);

const bytes = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

async function importing(value: unknown): Promise<string> {
  const { id } = await client.send(new ImportRestApiCommand({ body: bytes(value) }));
  await cloud.provision(mayInvoke("echo", id!));
  return id!;
}

const deploy = (restApiId: string) => client.send(new CreateDeploymentCommand({ restApiId, stageName: "v1" }));
const call = (restApiId: string, path: string, options = {}) =>
  cloud.fetch(`/v1${path}`, { host: `${restApiId}.execute-api.localhost`, ...options });

describe("ImportRestApi", () => {
  it("makes resources, methods, models, validators, authorizers and gateway responses of a document", async () => {
    const restApiId = await importing(PETS);
    expect(await client.send(new GetRestApiCommand({ restApiId }))).toMatchObject({
      ...{ name: "pets", description: "all of them", version: "1", binaryMediaTypes: ["image/png"] },
    });
    const { items: resources } = await client.send(new GetResourcesCommand({ restApiId }));
    expect(resources?.map(({ path }) => path).sort()).toEqual(["/", "/keyed", "/pets", "/pets/{petId}"]);
    const { items: models } = await client.send(new GetModelsCommand({ restApiId }));
    expect(models?.map(({ name }) => name).sort()).toEqual(["Name", "Pet"]);
    const { items: authorizers } = await client.send(new GetAuthorizersCommand({ restApiId }));
    expect(authorizers).toEqual([
      expect.objectContaining({ name: "gate", type: "TOKEN", identitySource: "method.request.header.Authorization" }),
    ]);
    const pets = resources?.find(({ path }) => path === "/pets");
    const get = await client.send(new GetMethodCommand({ restApiId, resourceId: pets!.id, httpMethod: "GET" }));
    expect(get).toMatchObject({
      requestParameters: { "method.request.querystring.kind": true },
      apiKeyRequired: false,
    });

    await deploy(restApiId);
    const post = (body: object) => call(restApiId, "/pets", { method: "POST", body: JSON.stringify(body) });
    expect((await post({ name: "Rex" })).status).toBe(200);
    expect(await post({ name: "" })).toMatchObject({ status: 422, json: { problem: "body" } });
    expect((await call(restApiId, "/pets/1")).status).toBe(401);
    expect((await call(restApiId, "/keyed")).status).toBe(403);
  });

  it("reads Swagger 2.0 and YAML as well", async () => {
    const restApiId = await importing(`
swagger: "2.0"
info: { title: birds, version: "2" }
paths:
  /birds:
    post:
      parameters:
        - { in: body, name: bird, schema: { $ref: "#/definitions/Bird" } }
      x-amazon-apigateway-request-validator: all
      x-amazon-apigateway-integration:
        type: mock
        requestTemplates: { application/json: '{"statusCode": 201}' }
        responses:
          default: { statusCode: "201", responseTemplates: { application/json: '{"made": true}' } }
x-amazon-apigateway-request-validators:
  all: { validateRequestBody: true, validateRequestParameters: true }
definitions:
  Bird: { type: object, required: [song] }
`);
    await deploy(restApiId);
    const post = (body: string) => call(restApiId, "/birds", { method: "POST", body });
    expect((await post("{}")).status).toBe(400);
    expect(await post('{"song":"la"}')).toMatchObject({ status: 201, json: { made: true } });
  });

  it("makes nothing of what it can not read: BadRequestException", async () => {
    const uri = "nowhere";
    const broken = { get: { "x-amazon-apigateway-integration": { type: "aws_proxy", httpMethod: "POST", uri } } };
    for (const value of [
      "{",
      "a: b: c",
      "[]",
      '{"openapi":"2.0"}',
      document({ "/pets": broken }),
      document({ pets: {} }),
    ]) {
      const refused = client.send(new ImportRestApiCommand({ body: bytes(value) }));
      await expect(refused).rejects.toMatchObject({ name: "BadRequestException" });
    }
    expect((await client.send(new GetRestApisCommand({}))).items).toEqual([]);
  });

  it("takes 6 MB at most", async () => {
    const body = bytes(document({}, { "x-note": "x".repeat(6 * 1024 * 1024) }));
    await expect(client.send(new ImportRestApiCommand({ body }))).rejects.toThrow("exceeds the maximum size of 6 MB");
  });
});

describe("PutRestApi", () => {
  const paths = async (restApiId: string) =>
    (await client.send(new GetResourcesCommand({ restApiId }))).items?.map(({ path }) => path).sort();

  it("overwrites an API, or merges into it", async () => {
    const restApiId = await importing(PETS);
    const put = (mode: "merge" | "overwrite", value: object) =>
      client.send(new PutRestApiCommand({ restApiId, mode, body: bytes(value) }));
    await put("merge", document({ "/pets/{petId}/toys": { get: integration() } }));
    expect(await paths(restApiId)).toEqual(["/", "/keyed", "/pets", "/pets/{petId}", "/pets/{petId}/toys"]);
    await put("overwrite", document({ "/birds": { get: integration() } }));
    expect(await paths(restApiId)).toEqual(["/", "/birds"]);
    await deploy(restApiId);
    expect((await call(restApiId, "/birds")).status).toBe(200);
  });

  it("of an API that is not there: NotFoundException", async () => {
    const put = client.send(new PutRestApiCommand({ restApiId: "nothing", body: bytes(PETS) }));
    await expect(put).rejects.toMatchObject({ name: "NotFoundException" });
  });
});

it("whatever stands in a document, it is imported or refused: nothing of it breaks the platform", () => {
  const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>;
  const operation = fc.record(
    {
      ...{ parameters: json, responses: json, requestBody: json, security: json },
      "x-amazon-apigateway-integration": json,
      "x-amazon-apigateway-request-validator": json,
    },
    { requiredKeys: [] },
  );
  const root = fc.record(
    {
      paths: fc.oneof(json, fc.dictionary(fc.constantFrom("/", "/a", "/a/{b}"), fc.record({ get: operation }))),
      ...{ info: json, security: json, definitions: json },
      components: fc.oneof(json, fc.record({ schemas: json, securitySchemes: json })),
      "x-amazon-apigateway-gateway-responses": json,
      "x-amazon-apigateway-request-validators": json,
      "x-amazon-apigateway-cors": json,
    },
    { requiredKeys: ["paths"] },
  );
  const target = { id: "api", rootResourceId: "root" };
  fc.assert(
    fc.property(root, (value) => {
      const text = JSON.stringify({ openapi: "3.0.1", ...value });
      for (const read of [() => importRest(text, target), () => importHttp(text)]) {
        try {
          expect(read()[0]![0]).toBe("");
        } catch (error) {
          expect(error).toMatchObject({ code: "BadRequestException" });
        }
      }
    }),
    { numRuns: 500, ...SEED },
  );
});

it("a program's RestApi with a body is served as the document says, and changes with it", async () => {
  const api = (paths: object) =>
    resource(
      "aws:apigateway/restApi:RestApi",
      "bodied0001",
      { name: "pets", body: JSON.stringify(document(paths)) },
      {
        rootResourceId: "bodiedroot",
      },
    );
  await cloud.provision(
    api({ "/pets": { get: integration() } }),
    resource("aws:apigateway/deployment:Deployment", "dep001", { restApi: "bodied0001" }),
    resource("aws:apigateway/stage:Stage", "stage", { restApi: "bodied0001", stageName: "v1", deployment: "dep001" }),
    mayInvoke("echo", "bodied0001"),
  );
  expect((await call("bodied0001", "/pets")).json).toMatchObject({ resource: "/pets" });
  await cloud.provision(api({ "/birds": { get: integration() } }));
  expect((await call("bodied0001", "/birds")).status).toBe(200);
  expect((await call("bodied0001", "/pets")).status).toBe(403);
});
