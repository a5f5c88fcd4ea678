import {
  APIGatewayClient,
  CreateApiKeyCommand,
  CreateAuthorizerCommand,
  CreateBasePathMappingCommand,
  CreateDeploymentCommand,
  CreateDomainNameCommand,
  CreateModelCommand,
  CreateRequestValidatorCommand,
  CreateResourceCommand,
  CreateRestApiCommand,
  CreateStageCommand,
  CreateUsagePlanCommand,
  CreateUsagePlanKeyCommand,
  DeleteBasePathMappingCommand,
  DeleteDeploymentCommand,
  DeleteDomainNameCommand,
  DeleteResourceCommand,
  DeleteRestApiCommand,
  DeleteStageCommand,
  FlushStageAuthorizersCacheCommand,
  GetBasePathMappingsCommand,
  GetGatewayResponseCommand,
  GetGatewayResponsesCommand,
  GetIntegrationCommand,
  GetMethodCommand,
  GetResourcesCommand,
  GetRestApiCommand,
  GetRestApisCommand,
  GetStageCommand,
  GetStagesCommand,
  GetTagsCommand,
  type PatchOperation,
  PutGatewayResponseCommand,
  PutIntegrationCommand,
  PutIntegrationResponseCommand,
  PutMethodCommand,
  PutMethodResponseCommand,
  TagResourceCommand,
  UpdateBasePathMappingCommand,
  UpdateIntegrationCommand,
  UpdateMethodCommand,
  UpdateResourceCommand,
  UpdateRestApiCommand,
  UpdateStageCommand,
  UpdateUsagePlanCommand,
} from "@aws-sdk/client-api-gateway";
import { invokeArn } from "../lambda/resources.ts";
import { type GatewayCloud, startApi } from "./fixture.ts";
import { ECHO, mayInvoke, restApi } from "./resources.ts";

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

interface Made {
  restApiId: string;
  rootId: string;
}

async function create(name = "shop"): Promise<Made> {
  const { id, rootResourceId } = await client.send(new CreateRestApiCommand({ name }));
  await cloud.provision(mayInvoke("echo", id!));
  return { restApiId: id!, rootId: rootResourceId! };
}

/** A resource below the root, with a method that the function answers. */
async function addMethod({ restApiId, rootId }: Made, pathPart: string, httpMethod = "GET"): Promise<string> {
  const { id } = await client.send(new CreateResourceCommand({ restApiId, parentId: rootId, pathPart }));
  const place = { restApiId, resourceId: id!, httpMethod };
  await client.send(new PutMethodCommand({ ...place, authorizationType: "NONE" }));
  const uri = invokeArn("echo");
  await client.send(new PutIntegrationCommand({ ...place, type: "AWS_PROXY", integrationHttpMethod: "POST", uri }));
  return id!;
}

const deploy = (restApiId: string, stageName = "v1") =>
  client.send(new CreateDeploymentCommand({ restApiId, stageName }));
const call = (restApiId: string, path: string, stage = "v1") =>
  cloud.fetch(`/${stage}${path}`, { host: `${restApiId}.execute-api.localhost` });
const patches = (...operations: [op: string, path: string, value?: string][]) =>
  operations.map(([op, path, value]) => ({ op, path, value }) as PatchOperation);

/** An API with a method that asks a function's authorizer, deployed. */
async function gated(name: string, source: string): Promise<string> {
  const made = await create();
  const { restApiId } = made;
  await cloud.define(name, source);
  await cloud.provision(mayInvoke(name, restApiId));
  const authorizer = { restApiId, name: "gate", type: "TOKEN" as const, authorizerUri: invokeArn(name) };
  const { id: authorizerId } = await client.send(
    new CreateAuthorizerCommand({ ...authorizer, identitySource: "method.request.header.Authorization" }),
  );
  const resourceId = await addMethod(made, "pets");
  const operations = patches(["replace", "/authorizationType", "CUSTOM"], ["replace", "/authorizerId", authorizerId]);
  const place = { restApiId, resourceId, httpMethod: "GET" };
  await client.send(new UpdateMethodCommand({ ...place, patchOperations: operations }));
  await deploy(restApiId);
  return restApiId;
}

describe("a REST API that was made through its API", () => {
  it("answers once it is deployed, and is listed with its resources and methods", async () => {
    const made = await create();
    const { restApiId } = made;
    const resourceId = await addMethod(made, "pets");
    expect((await call(restApiId, "/pets")).status).toBe(403);
    await deploy(restApiId);
    const { status, json } = await call(restApiId, "/pets");
    expect([status, json.resource, json.requestContext.apiId]).toEqual([200, "/pets", restApiId]);

    const { items } = await client.send(new GetRestApisCommand({}));
    expect(items).toEqual([
      expect.objectContaining({ id: restApiId, name: "shop", apiKeySource: "HEADER", createdDate: expect.any(Date) }),
    ]);
    const resources = await client.send(new GetResourcesCommand({ restApiId, embed: ["methods"] }));
    expect(resources.items?.map(({ path }) => path)).toEqual(["/", "/pets"]);
    expect(resources.items?.[1]?.resourceMethods?.GET?.methodIntegration).toMatchObject({
      ...{ type: "AWS_PROXY", uri: invokeArn("echo"), httpMethod: "POST", timeoutInMillis: 29_000 },
      passthroughBehavior: "WHEN_NO_MATCH",
    });
    const stage = await client.send(new GetStageCommand({ restApiId, stageName: "v1" }));
    expect(stage).toMatchObject({ stageName: "v1", deploymentId: expect.any(String), tracingEnabled: false });
    expect(resourceId).toMatch(/^[a-z0-9]{6}$/);
  });

  it("shows a change in a stage only when it is deployed there", async () => {
    const made = await create();
    const { restApiId } = made;
    await addMethod(made, "pets");
    await deploy(restApiId);
    const birds = await addMethod(made, "birds");
    expect((await call(restApiId, "/birds")).status).toBe(403);
    const { id: deploymentId } = await client.send(new CreateDeploymentCommand({ restApiId }));
    expect((await call(restApiId, "/birds")).status).toBe(403);
    const move = patches(["replace", "/deploymentId", deploymentId]);
    await client.send(new UpdateStageCommand({ restApiId, stageName: "v1", patchOperations: move }));
    expect((await call(restApiId, "/birds")).status).toBe(200);
    await client.send(new DeleteResourceCommand({ restApiId, resourceId: birds }));
    expect((await call(restApiId, "/birds")).status).toBe(200);
  });

  it("is there after a restart, and gone once it is deleted", async () => {
    const made = await create();
    const { restApiId } = made;
    await addMethod(made, "pets");
    await deploy(restApiId);
    await cloud.gateway.stop();
    await cloud.restart();
    const { startGateway } = await import("../../../local/services/apigateway/gateway.ts");
    cloud.gateway = await startGateway({ cloud: cloud.running, port: 0, hosts: {} });
    client = new APIGatewayClient({ ...cloud.running.client(), maxAttempts: 1 });
    await cloud.define("echo", ECHO);
    await cloud.provision(mayInvoke("echo", restApiId));
    const port = cloud.gateway.port;
    const answer = await fetch(`http://127.0.0.1:${port}/_apis/${restApiId}/v1/pets`);
    expect(answer.status).toBe(200);
    await client.send(new DeleteRestApiCommand({ restApiId }));
    expect((await fetch(`http://127.0.0.1:${port}/_apis/${restApiId}/v1/pets`)).status).toBe(403);
    const gone = client.send(new GetRestApiCommand({ restApiId }));
    await expect(gone).rejects.toThrow(`Invalid API identifier specified 000000000000:${restApiId}`);
  });

  it("is not deployed without a method, nor with one that has no integration", async () => {
    const { restApiId, rootId } = await create();
    await expect(deploy(restApiId)).rejects.toThrow("The REST API doesn't contain any methods");
    const place = { restApiId, resourceId: rootId, httpMethod: "GET" };
    await client.send(new PutMethodCommand({ ...place, authorizationType: "NONE" }));
    await expect(deploy(restApiId)).rejects.toMatchObject({
      ...{ name: "BadRequestException", message: "No integration defined for method" },
    });
  });

  it("holds methods to its own models, validators and authorizers", async () => {
    const made = await create();
    const { restApiId } = made;
    const resourceId = await addMethod(made, "pets", "POST");
    const place = { restApiId, resourceId, httpMethod: "POST" };
    const change = (...operations: Parameters<typeof patches>) =>
      client.send(new UpdateMethodCommand({ ...place, patchOperations: patches(...operations) }));
    await expect(change(["replace", "/requestValidatorId", "nothing"])).rejects.toThrow("Invalid Request Validator");
    await expect(change(["add", "/requestModels/application~1json", "Pet"])).rejects.toThrow(
      "Invalid model identifier specified: Pet",
    );
    await expect(change(["replace", "/authorizationType", "CUSTOM"])).rejects.toThrow(
      "Invalid authorizer ID specified",
    );

    const schema = JSON.stringify({ type: "object", required: ["name"], properties: { name: { type: "string" } } });
    const model = { restApiId, name: "Pet", contentType: "application/json", schema };
    await client.send(new CreateModelCommand(model));
    await expect(client.send(new CreateModelCommand(model))).rejects.toMatchObject({ name: "ConflictException" });
    const validator = await client.send(
      new CreateRequestValidatorCommand({ restApiId, name: "body", validateRequestBody: true }),
    );
    await change(["replace", "/requestValidatorId", validator.id], ["add", "/requestModels/application~1json", "Pet"]);
    await deploy(restApiId);
    const post = (body: string) =>
      cloud.fetch("/v1/pets", { method: "POST", host: `${restApiId}.execute-api.localhost`, body });
    expect(await post("{}")).toMatchObject({ status: 400, json: { message: "Invalid request body" } });
    expect((await post('{"name":"Rex"}')).status).toBe(200);
  });

  it("is made of another one, which it is like and no part of", async () => {
    const made = await create();
    await addMethod(made, "pets");
    const { id: restApiId } = await client.send(new CreateRestApiCommand({ name: "copy", cloneFrom: made.restApiId }));
    await cloud.provision(mayInvoke("echo", restApiId!));
    await addMethod(made, "birds");
    await deploy(restApiId!);
    expect((await call(restApiId!, "/pets")).json).toMatchObject({ resource: "/pets" });
    expect((await call(restApiId!, "/birds")).status).toBe(403);
    const missing = client.send(new CreateRestApiCommand({ name: "copy", cloneFrom: "nothing" }));
    await expect(missing).rejects.toMatchObject({ name: "NotFoundException" });
  });

  it("asks its authorizer again when the answers that were kept are flushed", async () => {
    const restApiId = await gated(
      "counter",
      `let asked = 0;
      export const handler = async ({ methodArn }) => ({ principalId: "p", context: { asked: ++asked }, policyDocument: { Version: "2012-10-17",
        Statement: [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: methodArn }] } });`,
    );
    const asked = async () => {
      const headers = { authorization: "token" };
      const { json } = await cloud.fetch("/v1/pets", { host: `${restApiId}.execute-api.localhost`, headers });
      return json.requestContext.authorizer.asked;
    };
    expect([await asked(), await asked()]).toEqual(["1", "1"]);
    await cloud.clock.advance(1);
    await client.send(new FlushStageAuthorizersCacheCommand({ restApiId, stageName: "v1" }));
    expect(await asked()).toBe("2");
  });

  it("asks the authorizer that it was given", async () => {
    const restApiId = await gated(
      "gatekeeper",
      `export const handler = async ({ methodArn, authorizationToken }) => ({ principalId: "p", policyDocument: { Version: "2012-10-17",
        Statement: [{ Action: "execute-api:Invoke", Effect: authorizationToken === "yes" ? "Allow" : "Deny", Resource: methodArn }] } });`,
    );
    const status = async (authorization?: string) => {
      const headers: Record<string, string> = authorization ? { authorization } : {};
      return (await cloud.fetch("/v1/pets", { host: `${restApiId}.execute-api.localhost`, headers })).status;
    };
    expect([await status(), await status("no"), await status("yes")]).toEqual([401, 403, 200]);
  });
});

describe("resources of a REST API", () => {
  it("have one name each below their parent, and one variable at most", async () => {
    const { restApiId, rootId } = await create();
    const add = (pathPart: string, parentId = rootId) =>
      client.send(new CreateResourceCommand({ restApiId, parentId, pathPart }));
    const { id, path } = await add("{petId}");
    expect(path).toBe("/{petId}");
    await expect(add("{petId}")).rejects.toMatchObject({
      ...{ name: "ConflictException", message: "Another resource with the same parent already has this name: {petId}" },
    });
    await expect(add("{other}")).rejects.toThrow("already has a variable path part -- only one is allowed");
    await expect(add("a/b")).rejects.toThrow("Resource's path part only allow a-zA-Z0-9._-:");
    await expect(add("x", "nothing")).rejects.toThrow("Invalid Resource identifier specified");
    const { id: below } = await add("toys", id);
    const rename = patches(["replace", "/pathPart", "pets"]);
    await client.send(new UpdateResourceCommand({ restApiId, resourceId: id, patchOperations: rename }));
    const { items } = await client.send(new GetResourcesCommand({ restApiId }));
    expect(items?.map((each) => each.path).sort()).toEqual(["/", "/pets", "/pets/toys"]);
    await client.send(new DeleteResourceCommand({ restApiId, resourceId: id }));
    expect((await client.send(new GetResourcesCommand({ restApiId }))).items).toHaveLength(1);
    expect(below).toBeDefined();
  });

  it("refuse integrations that API Gateway would refuse", async () => {
    const made = await create();
    const resourceId = await addMethod(made, "pets");
    const put = (input: object) => {
      const place = { restApiId: made.restApiId, resourceId, httpMethod: "GET" };
      return client.send(new PutIntegrationCommand({ ...place, integrationHttpMethod: "POST", ...input } as never));
    };
    await expect(put({ type: "AWS_PROXY", uri: "nowhere" })).rejects.toThrow("Invalid ARN specified in the request");
    await expect(put({ type: "HTTP_PROXY", uri: "ftp://x" })).rejects.toThrow(
      "Invalid HTTP endpoint specified for URI",
    );
    await expect(put({ type: "HTTP_PROXY", uri: "http://x", integrationHttpMethod: undefined })).rejects.toThrow(
      "Enumeration value for HttpMethod must be non-empty",
    );
    await expect(put({ type: "MOCK", timeoutInMillis: 10 })).rejects.toThrow("Timeout should be between");
    await expect(put({ type: "SOAP" })).rejects.toThrow("failed to satisfy constraint");
  });

  it("answer with mocks and their integration responses", async () => {
    const { restApiId, rootId } = await create();
    const place = { restApiId, resourceId: rootId, httpMethod: "GET" };
    await client.send(new PutMethodCommand({ ...place, authorizationType: "NONE" }));
    const requestTemplates = { "application/json": '{"statusCode": 418}' };
    await client.send(new PutIntegrationCommand({ ...place, type: "MOCK", requestTemplates }));
    const response = { ...place, statusCode: "418" };
    const early = client.send(new PutIntegrationResponseCommand(response));
    await expect(early).rejects.toThrow("Invalid Response status code specified");
    await client.send(new PutMethodResponseCommand(response));
    const responseTemplates = { "application/json": '{"teapot": true}' };
    await client.send(new PutIntegrationResponseCommand({ ...response, responseTemplates }));
    await deploy(restApiId);
    expect(await call(restApiId, "/")).toMatchObject({ status: 418, json: { teapot: true } });
    const { methodIntegration } = await client.send(new GetMethodCommand(place));
    expect(methodIntegration?.integrationResponses?.["418"]).toMatchObject({ responseTemplates });
  });
});

describe("patch operations", () => {
  it("change texts, numbers, switches, lists and maps, and refuse other paths by name", async () => {
    const { restApiId } = await create();
    const update = (...operations: Parameters<typeof patches>) =>
      client.send(new UpdateRestApiCommand({ restApiId, patchOperations: patches(...operations) }));
    const changed = await update(
      ["replace", "/name", "store"],
      ["replace", "/minimumCompressionSize", "10"],
      ["replace", "/disableExecuteApiEndpoint", "true"],
      ["add", "/binaryMediaTypes/image~1png"],
    );
    expect(changed).toMatchObject({
      ...{
        name: "store",
        minimumCompressionSize: 10,
        disableExecuteApiEndpoint: true,
        binaryMediaTypes: ["image/png"],
      },
    });
    expect((await update(["remove", "/binaryMediaTypes/image~1png"])).binaryMediaTypes).toEqual([]);
    await expect(update(["replace", "/rootResourceId", "x"])).rejects.toThrow(
      /^Invalid patch path {2}'\/rootResourceId' specified for op 'replace'\. Must be one of: \[\/apiKeySource, /,
    );
    await expect(update(["replace", "/minimumCompressionSize", "-1"])).rejects.toThrow(
      "Invalid minimum compression size, must be between 0 and 10485760",
    );
    await expect(update(["replace", "/minimumCompressionSize", "many"])).rejects.toThrow("Invalid patch value");
    await expect(update(["replace", "/__proto__/polluted", "x"])).rejects.toThrow("Invalid patch path");
    await expect(update(["move", "/name", "x"])).rejects.toThrow("Invalid patch operation specified");
    expect((await client.send(new GetRestApiCommand({ restApiId }))).name).toBe("store");
  });

  it("change an integration's maps in a program's API too: both doors lead to one place", async () => {
    await cloud.provision(...restApi({ id: "declared01", methods: { "GET /pets": { function: "echo" } } }));
    const { items = [] } = await client.send(new GetResourcesCommand({ restApiId: "declared01" }));
    const { id: resourceId } = items.find(({ path }) => path === "/pets")!;
    const place = { restApiId: "declared01", resourceId, httpMethod: "GET" };
    const patchOperations = patches(["add", "/requestParameters/integration.request.header.X-Plan", "'gold'"]);
    await client.send(new UpdateIntegrationCommand({ ...place, patchOperations }));
    expect((await call("declared01", "/pets")).json.headers).toMatchObject({ "X-Plan": "gold" });
    expect((await client.send(new GetIntegrationCommand(place))).requestParameters).toEqual({
      "integration.request.header.X-Plan": "'gold'",
    });
    const { item } = await client.send(new GetStagesCommand({ restApiId: "declared01" }));
    expect(item).toEqual([expect.objectContaining({ stageName: "v1" })]);
  });
});

describe("stages", () => {
  it("are made for a deployment, with variables that their functions see, and deleted before it", async () => {
    const made = await create();
    const { restApiId } = made;
    await addMethod(made, "pets");
    const { id: deploymentId } = await client.send(new CreateDeploymentCommand({ restApiId }));
    const stage = { restApiId, stageName: "test", deploymentId, variables: { color: "red" } };
    await client.send(new CreateStageCommand(stage));
    await expect(client.send(new CreateStageCommand(stage))).rejects.toMatchObject({
      ...{ name: "ConflictException", message: "Stage already exists" },
    });
    expect((await call(restApiId, "/pets", "test")).json.stageVariables).toEqual({ color: "red" });
    const patchOperations = patches(["replace", "/variables/color", "blue"]);
    await client.send(new UpdateStageCommand({ restApiId, stageName: "test", patchOperations }));
    expect((await call(restApiId, "/pets", "test")).json.stageVariables).toEqual({ color: "blue" });
    await expect(client.send(new DeleteDeploymentCommand({ restApiId, deploymentId }))).rejects.toThrow(
      "Active stages pointing to this deployment must be moved or deleted",
    );
    await client.send(new DeleteStageCommand({ restApiId, stageName: "test" }));
    await client.send(new DeleteDeploymentCommand({ restApiId, deploymentId }));
    const gone = client.send(new GetStageCommand({ restApiId, stageName: "test" }));
    await expect(gone).rejects.toThrow("Invalid stage identifier specified");
    await expect(client.send(new CreateStageCommand(stage))).rejects.toThrow("Deployment id does not exist");
  });

  it("choose functions by their variables, each its own", async () => {
    const made = await create();
    const { restApiId } = made;
    await cloud.define("blue", "export const handler = async () => ({ statusCode: 200, body: 'blue' });");
    await cloud.provision(mayInvoke("blue", restApiId));
    const resourceId = await addMethod(made, "pets");
    const uri = invokeArn("echo").replace(":function:echo", ":function:${stageVariables.fn}");
    const place = { restApiId, resourceId, httpMethod: "GET" };
    await client.send(new UpdateIntegrationCommand({ ...place, patchOperations: patches(["replace", "/uri", uri]) }));
    const { id: deploymentId } = await client.send(new CreateDeploymentCommand({ restApiId }));
    for (const fn of ["blue", "echo"]) {
      await client.send(new CreateStageCommand({ restApiId, deploymentId, stageName: fn, variables: { fn } }));
    }
    expect((await call(restApiId, "/pets", "blue")).text).toBe("blue");
    expect((await call(restApiId, "/pets", "echo")).json).toMatchObject({ resource: "/pets" });
  });

  it("limit each method by itself: 429 Too Many Requests until the bucket has filled up again", async () => {
    const made = await create();
    const { restApiId } = made;
    await addMethod(made, "pets");
    await addMethod(made, "birds");
    await deploy(restApiId);
    const patchOperations = patches(
      ["replace", "/*/*/throttling/rateLimit", "1"],
      ["replace", "/*/*/throttling/burstLimit", "2"],
      ["replace", "/~1birds/GET/throttling/rateLimit", "1"],
      ["replace", "/~1birds/GET/throttling/burstLimit", "1"],
    );
    const { methodSettings } = await client.send(
      new UpdateStageCommand({ restApiId, stageName: "v1", patchOperations }),
    );
    expect(methodSettings?.["*/*"]).toMatchObject({ throttlingRateLimit: 1, throttlingBurstLimit: 2 });
    const status = async (path: string) => (await call(restApiId, path)).status;
    expect([await status("/pets"), await status("/pets"), await status("/birds")]).toEqual([200, 200, 200]);
    expect(await call(restApiId, "/pets")).toMatchObject({
      status: 429,
      json: { message: "Too Many Requests" },
      headers: { "x-amzn-errortype": "TooManyRequestsException" },
    });
    expect(await status("/birds")).toBe(429);
    await cloud.clock.advance(1000);
    expect([await status("/pets"), await status("/pets")]).toEqual([200, 429]);
  });
});

describe("usage plans", () => {
  it("are made for stages, limit single methods, and count a quota", async () => {
    const made = await create();
    const { restApiId } = made;
    const resourceId = await addMethod(made, "pets");
    const place = { restApiId, resourceId, httpMethod: "GET" };
    const patchOperations = patches(["replace", "/apiKeyRequired", "true"]);
    await client.send(new UpdateMethodCommand({ ...place, patchOperations }));
    await deploy(restApiId);
    const missing = new CreateUsagePlanCommand({ name: "x", apiStages: [{ apiId: restApiId, stage: "none" }] });
    await expect(client.send(missing)).rejects.toMatchObject({ name: "NotFoundException" });
    const { id: usagePlanId } = await client.send(
      new CreateUsagePlanCommand({
        name: "basic",
        apiStages: [{ apiId: restApiId, stage: "v1" }],
        throttle: { rateLimit: 100, burstLimit: 100 },
        quota: { limit: 3, period: "DAY" },
      }),
    );
    const { id: keyId, value } = await client.send(new CreateApiKeyCommand({ name: "acme", enabled: true }));
    await client.send(new CreateUsagePlanKeyCommand({ usagePlanId, keyId, keyType: "API_KEY" }));
    const get = () =>
      cloud.fetch("/v1/pets", { host: `${restApiId}.execute-api.localhost`, headers: { "x-api-key": value! } });
    const limit = patches(
      ["replace", `/apiStages/${restApiId}:v1/throttle/~1pets/GET/rateLimit`, "1"],
      ["replace", `/apiStages/${restApiId}:v1/throttle/~1pets/GET/burstLimit`, "1"],
    );
    const { apiStages } = await client.send(new UpdateUsagePlanCommand({ usagePlanId, patchOperations: limit }));
    expect(apiStages?.[0]?.throttle).toEqual({ "/pets/GET": { rateLimit: 1, burstLimit: 1 } });
    expect((await get()).status).toBe(200);
    expect(await get()).toMatchObject({ status: 429, json: { message: "Too Many Requests" } });
    await cloud.clock.advance(1000);
    expect((await get()).status).toBe(200);
    await cloud.clock.advance(1000);
    expect((await get()).status).toBe(200);
    await cloud.clock.advance(1000);
    expect(await get()).toMatchObject({ status: 429, json: { message: "Limit Exceeded" } });
  });
});

describe("custom domains", () => {
  it("serve an API below its base path; functions see the whole path", async () => {
    const made = await create();
    const { restApiId } = made;
    await addMethod(made, "pets");
    await deploy(restApiId);
    const domainName = "api.example.com";
    const certificate = "arn:aws:acm:eu-west-1:000000000000:certificate/1";
    const domain = await client.send(
      new CreateDomainNameCommand({
        domainName,
        regionalCertificateArn: certificate,
        endpointConfiguration: { types: ["REGIONAL"] },
      }),
    );
    expect(domain.regionalDomainName).toMatch(/^d-[a-z0-9]{10}\.execute-api\.eu-west-1\.amazonaws\.com$/);
    const map = (basePath?: string, stage = "v1") =>
      client.send(new CreateBasePathMappingCommand({ domainName, restApiId, basePath, stage }));
    await expect(map("shop", "none")).rejects.toThrow("Invalid stage identifier specified");
    await expect(map("a/b")).rejects.toThrow("API Gateway V1 doesn't support the slash character (/)");
    await map("shop");
    await expect(map("shop")).rejects.toThrow("Base path already exists for this domain name");
    const get = (path: string, host = domainName) => cloud.fetch(path, { host });
    const { status, json } = await get("/shop/pets");
    expect(status).toBe(200);
    expect(json).toMatchObject({ path: "/shop/pets", resource: "/pets" });
    expect(json.requestContext).toMatchObject({ path: "/shop/pets", domainName, domainPrefix: "api" });
    expect((await get("/shop/pets", `${domainName}.localhost`)).status).toBe(200);
    expect((await get("/shopping/pets")).status).toBe(403);
    await map();
    expect((await get("/pets")).json).toMatchObject({ path: "/pets" });
    const patchOperations = patches(["replace", "/basePath", "store"]);
    await client.send(new UpdateBasePathMappingCommand({ domainName, basePath: "shop", patchOperations }));
    expect((await get("/store/pets")).status).toBe(200);
    const { items } = await client.send(new GetBasePathMappingsCommand({ domainName }));
    expect(items?.map(({ basePath }) => basePath)).toEqual(["store", "(none)"]);
    await expect(client.send(new DeleteRestApiCommand({ restApiId }))).rejects.toThrow("base path mappings");
    await client.send(new DeleteBasePathMappingCommand({ domainName, basePath: "(none)" }));
    expect((await get("/pets")).status).toBe(403);
    await client.send(new DeleteDomainNameCommand({ domainName }));
    expect((await get("/store/pets")).status).toBe(403);
  });

  it("are the only way in where the default endpoint is off", async () => {
    const made = await create();
    const { restApiId } = made;
    await addMethod(made, "pets");
    await deploy(restApiId);
    const off = patches(["replace", "/disableExecuteApiEndpoint", "true"]);
    await client.send(new UpdateRestApiCommand({ restApiId, patchOperations: off }));
    await deploy(restApiId);
    expect(await call(restApiId, "/pets")).toMatchObject({ status: 403, json: { message: "Forbidden" } });
  });
});

it("gateway responses are the defaults of API Gateway until they are put, and again when deleted", async () => {
  const made = await create();
  const { restApiId } = made;
  await addMethod(made, "pets");
  const { items } = await client.send(new GetGatewayResponsesCommand({ restApiId }));
  expect(items?.find(({ responseType }) => responseType === "THROTTLED")).toMatchObject({
    ...{ statusCode: "429", defaultResponse: true },
  });
  const response = { restApiId, responseType: "MISSING_AUTHENTICATION_TOKEN" as const };
  const responseTemplates = { "application/json": '{"nothing":"here"}' };
  await client.send(new PutGatewayResponseCommand({ ...response, statusCode: "404", responseTemplates }));
  expect((await client.send(new GetGatewayResponseCommand(response))).defaultResponse).toBe(false);
  await deploy(restApiId);
  expect(await call(restApiId, "/nowhere")).toMatchObject({ status: 404, json: { nothing: "here" } });
});

it("tags are put on APIs by their ARN, and read", async () => {
  const { restApiId } = await create();
  const resourceArn = `arn:aws:apigateway:eu-west-1::/restapis/${restApiId}`;
  await client.send(new TagResourceCommand({ resourceArn, tags: { team: "pets" } }));
  expect((await client.send(new GetTagsCommand({ resourceArn }))).tags).toEqual({ team: "pets" });
  const unknown = client.send(new GetTagsCommand({ resourceArn: "arn:aws:apigateway:eu-west-1::/restapis/none" }));
  await expect(unknown).rejects.toMatchObject({ name: "NotFoundException" });
});
