import {
  ApiGatewayV2Client,
  CreateApiCommand,
  CreateApiMappingCommand,
  CreateAuthorizerCommand,
  CreateDeploymentCommand,
  CreateDomainNameCommand,
  CreateIntegrationCommand,
  CreateRouteCommand,
  CreateStageCommand,
  DeleteApiCommand,
  DeleteApiMappingCommand,
  DeleteCorsConfigurationCommand,
  DeleteIntegrationCommand,
  DeleteRouteSettingsCommand,
  GetApiCommand,
  GetApiMappingsCommand,
  GetApisCommand,
  GetDomainNameCommand,
  GetIntegrationsCommand,
  GetRouteCommand,
  GetRoutesCommand,
  GetStageCommand,
  ImportApiCommand,
  ReimportApiCommand,
  UpdateApiCommand,
  UpdateRouteCommand,
  UpdateStageCommand,
} from "@aws-sdk/client-apigatewayv2";
import { functionArn, role } from "../lambda/resources.ts";
import { type GatewayCloud, startApi } from "./fixture.ts";
import { ECHO_V2, httpApi, mayInvoke } from "./resources.ts";

let cloud: GatewayCloud;
let client: ApiGatewayV2Client;

beforeEach(async () => {
  cloud = await startApi();
  await cloud.define("echo", ECHO_V2);
  client = new ApiGatewayV2Client({ ...cloud.running.client(), maxAttempts: 1 });
});

afterEach(async () => {
  client.destroy();
  await cloud.stop();
});

const call = (apiId: string, path: string, options = {}) =>
  cloud.fetch(path, { host: `${apiId}.execute-api.localhost`, ...options });

/** An API with a target for its routes. */
async function create(Name = "shop") {
  const { ApiId } = await client.send(new CreateApiCommand({ Name, ProtocolType: "HTTP" }));
  await cloud.provision(mayInvoke("echo", ApiId!));
  const integration = { IntegrationType: "AWS_PROXY" as const, IntegrationUri: functionArn("echo") };
  const { IntegrationId } = await client.send(
    new CreateIntegrationCommand({ ApiId, ...integration, PayloadFormatVersion: "2.0" }),
  );
  const addRoute = async (RouteKey: string) =>
    (await client.send(new CreateRouteCommand({ ApiId, RouteKey, Target: `integrations/${IntegrationId}` }))).RouteId!;
  return { apiId: ApiId!, integrationId: IntegrationId!, addRoute };
}

describe("an HTTP API that was made through its API", () => {
  it("answers at its stage, is listed, changed and deleted", async () => {
    const { apiId, addRoute } = await create();
    await addRoute("GET /pets");
    await client.send(new CreateStageCommand({ ApiId: apiId, StageName: "$default", AutoDeploy: true }));
    expect((await call(apiId, "/pets")).json).toMatchObject({ routeKey: "GET /pets" });
    const { Items } = await client.send(new GetApisCommand({}));
    expect(Items).toEqual([
      expect.objectContaining({
        ...{ ApiId: apiId, Name: "shop", ProtocolType: "HTTP", CreatedDate: expect.any(Date) },
        ...{ RouteSelectionExpression: "$request.method $request.path", DisableExecuteApiEndpoint: false },
        ApiEndpoint: `https://${apiId}.execute-api.eu-west-1.amazonaws.com`,
      }),
    ]);
    const CorsConfiguration = { AllowOrigins: ["https://a.example"] };
    await client.send(new UpdateApiCommand({ ApiId: apiId, Name: "store", CorsConfiguration }));
    const asked = { headers: { origin: "https://a.example" } };
    expect((await call(apiId, "/pets", asked)).headers["access-control-allow-origin"]).toBe("https://a.example");
    await client.send(new DeleteCorsConfigurationCommand({ ApiId: apiId }));
    expect((await call(apiId, "/pets", asked)).headers["access-control-allow-origin"]).toBeUndefined();
    expect((await client.send(new GetApiCommand({ ApiId: apiId }))).Name).toBe("store");
    await client.send(new DeleteApiCommand({ ApiId: apiId }));
    expect((await call(apiId, "/pets")).status).toBe(403);
    await expect(client.send(new GetApiCommand({ ApiId: apiId }))).rejects.toMatchObject({
      ...{ name: "NotFoundException", message: `Invalid API identifier specified 000000000000:${apiId}` },
    });
  });

  it("is made at once with a target: a $default route, and a stage that deploys by itself", async () => {
    const { ApiId } = await client.send(
      new CreateApiCommand({ Name: "quick", ProtocolType: "HTTP", Target: functionArn("echo") }),
    );
    await cloud.provision(mayInvoke("echo", ApiId!));
    expect((await call(ApiId!, "/anything")).json).toMatchObject({ routeKey: "$default", version: "2.0" });
    const { Items } = await client.send(new GetRoutesCommand({ ApiId }));
    expect(Items).toEqual([expect.objectContaining({ RouteKey: "$default", ApiGatewayManaged: true })]);
  });

  it("shows what was deployed where a stage does not deploy by itself", async () => {
    const { apiId, addRoute } = await create();
    await client.send(new CreateStageCommand({ ApiId: apiId, StageName: "v1" }));
    const early = client.send(new CreateDeploymentCommand({ ApiId: apiId, StageName: "v1" }));
    await expect(early).rejects.toThrow("At least one route is required before deploying the Api.");
    await addRoute("GET /pets");
    expect((await call(apiId, "/v1/pets")).status).toBe(403);
    await client.send(new CreateDeploymentCommand({ ApiId: apiId, StageName: "v1" }));
    expect((await call(apiId, "/v1/pets")).status).toBe(200);
    await addRoute("GET /birds");
    expect((await call(apiId, "/v1/birds")).status).toBe(404);
    await client.send(new UpdateStageCommand({ ApiId: apiId, StageName: "v1", AutoDeploy: true }));
    expect((await call(apiId, "/v1/birds")).status).toBe(200);
  });

  it("refuses routes that are malformed, taken, or lead nowhere", async () => {
    const { apiId, integrationId, addRoute } = await create();
    const routeId = await addRoute("GET /pets");
    await expect(addRoute("GET /pets")).rejects.toMatchObject({
      ...{ name: "ConflictException", message: "Route with key GET /pets already exists for this API" },
    });
    await expect(addRoute("pets")).rejects.toThrow(
      "The provided route key is not formatted properly for HTTP protocol",
    );
    const change = (input: object) => client.send(new UpdateRouteCommand({ ApiId: apiId, RouteId: routeId, ...input }));
    await expect(change({ Target: "integrations/none" })).rejects.toMatchObject({ name: "BadRequestException" });
    await expect(change({ AuthorizationType: "JWT" })).rejects.toThrow("the authorizer is not one of this API");
    const inUse = client.send(new DeleteIntegrationCommand({ ApiId: apiId, IntegrationId: integrationId }));
    await expect(inUse).rejects.toThrow(/due to being referenced by route: GET \/pets/);
    const unknown = client.send(new GetRouteCommand({ ApiId: apiId, RouteId: "none" }));
    await expect(unknown).rejects.toMatchObject({ name: "NotFoundException" });
  });

  it("limits routes: 429 Too Many Requests until the bucket has filled up again", async () => {
    const { apiId, addRoute } = await create();
    await addRoute("GET /pets");
    await addRoute("GET /birds");
    const limit = { ThrottlingBurstLimit: 1, ThrottlingRateLimit: 1 };
    const stage = { ApiId: apiId, StageName: "$default", AutoDeploy: true, RouteSettings: { "GET /pets": limit } };
    await client.send(new CreateStageCommand(stage));
    const status = async (path: string) => (await call(apiId, path)).status;
    expect([await status("/pets"), await status("/birds"), await status("/birds")]).toEqual([200, 200, 200]);
    expect(await call(apiId, "/pets")).toMatchObject({ status: 429, json: { message: "Too Many Requests" } });
    await cloud.clock.advance(1000);
    expect(await status("/pets")).toBe(200);
    const settings = { ApiId: apiId, StageName: "$default", RouteKey: "GET /pets" };
    await client.send(new DeleteRouteSettingsCommand(settings));
    expect([await status("/pets"), await status("/pets")]).toEqual([200, 200]);
    const { RouteSettings } = await client.send(new GetStageCommand({ ApiId: apiId, StageName: "$default" }));
    expect(RouteSettings).toEqual({});
  });

  it("checks what its authorizers are made of", async () => {
    const { apiId } = await create();
    const authorizer = (input: object) =>
      client.send(new CreateAuthorizerCommand({ ApiId: apiId, Name: "a", AuthorizerType: "JWT", ...input } as never));
    const IdentitySource = ["$request.header.Authorization"];
    await expect(authorizer({ IdentitySource, JwtConfiguration: { Issuer: "x" } })).rejects.toThrow("Invalid issuer");
    const made = await authorizer({
      IdentitySource,
      JwtConfiguration: { Issuer: "https://x.example", Audience: ["y"] },
    });
    expect(made).toMatchObject({ JwtConfiguration: { Issuer: "https://x.example", Audience: ["y"] } });
  });
});

it("what a program declares of an HTTP API is listed and changed through its API", async () => {
  await cloud.provision(...httpApi({ id: "declared01", routes: { "GET /pets": { function: "echo" } } }));
  const ApiId = "declared01";
  const routes = await client.send(new GetRoutesCommand({ ApiId }));
  expect(routes.Items).toEqual([expect.objectContaining({ RouteKey: "GET /pets", AuthorizationType: "NONE" })]);
  const integrations = await client.send(new GetIntegrationsCommand({ ApiId }));
  expect(integrations.Items).toEqual([
    expect.objectContaining({ IntegrationUri: functionArn("echo"), PayloadFormatVersion: "2.0" }),
  ]);
  const { RouteId } = routes.Items![0]!;
  await client.send(new UpdateRouteCommand({ ApiId, RouteId, RouteKey: "GET /birds" }));
  expect((await call(ApiId, "/birds")).status).toBe(200);
  expect((await call(ApiId, "/pets")).status).toBe(404);
});

describe("an OpenAPI document", () => {
  const document = (paths: object, more: object = {}) =>
    JSON.stringify({ openapi: "3.0.1", info: { title: "pets", version: "1" }, paths, ...more });
  const integration = () => ({
    "x-amazon-apigateway-integration": {
      ...{ type: "aws_proxy", httpMethod: "POST", uri: functionArn("echo"), payloadFormatVersion: "2.0" },
    },
  });

  it("becomes an HTTP API with its routes, CORS and authorizers, and another one takes its place", async () => {
    const Body = document(
      {
        "/pets": { get: integration() },
        "/$default": { "x-amazon-apigateway-any-method": { ...integration(), isDefaultRoute: true } },
      },
      {
        "x-amazon-apigateway-cors": { allowOrigins: ["https://a.example"], allowMethods: ["GET"] },
        components: {
          securitySchemes: {
            jwt: {
              type: "oauth2",
              "x-amazon-apigateway-authorizer": {
                ...{ type: "jwt", identitySource: "$request.header.Authorization" },
                jwtConfiguration: { issuer: "https://x.example", audience: ["pets"] },
              },
            },
          },
        },
      },
    );
    const { ApiId, Name } = await client.send(new ImportApiCommand({ Body }));
    expect(Name).toBe("pets");
    await cloud.provision(mayInvoke("echo", ApiId!));
    await client.send(new CreateStageCommand({ ApiId, StageName: "$default", AutoDeploy: true }));
    expect((await call(ApiId!, "/pets")).json).toMatchObject({ routeKey: "GET /pets" });
    const other = await call(ApiId!, "/other", { headers: { origin: "https://a.example" } });
    expect(other.json).toMatchObject({ routeKey: "$default" });
    expect(other.headers["access-control-allow-origin"]).toBe("https://a.example");
    await client.send(new ReimportApiCommand({ ApiId, Body: document({ "/birds": { get: integration() } }) }));
    expect((await call(ApiId!, "/birds")).status).toBe(200);
    expect((await call(ApiId!, "/pets")).status).toBe(404);
  });

  it("that can not be read makes no API: BadRequestException", async () => {
    const importing = (Body: string) => client.send(new ImportApiCommand({ Body }));
    for (const body of ["{", "- a\n- b", '{"swagger":"2.0","paths":{}}', document({})]) {
      await expect(importing(body)).rejects.toMatchObject({ name: "BadRequestException" });
    }
    expect((await client.send(new GetApisCommand({}))).Items).toEqual([]);
  });
});

it("custom domains have base paths of several segments, the longest first", async () => {
  const { apiId, addRoute } = await create();
  await addRoute("GET /pets");
  await client.send(new CreateStageCommand({ ApiId: apiId, StageName: "v1", AutoDeploy: true }));
  const DomainName = "api.example.com";
  const CertificateArn = "arn:aws:acm:eu-west-1:000000000000:certificate/1";
  await client.send(new CreateDomainNameCommand({ DomainName, DomainNameConfigurations: [{ CertificateArn }] }));
  const { DomainNameConfigurations } = await client.send(new GetDomainNameCommand({ DomainName }));
  expect(DomainNameConfigurations?.[0]).toMatchObject({ CertificateArn, EndpointType: "REGIONAL" });
  const map = (ApiMappingKey: string) =>
    client.send(new CreateApiMappingCommand({ DomainName, ApiId: apiId, Stage: "v1", ApiMappingKey }));
  const { ApiMappingId } = await map("shop/v1");
  await expect(map("shop/v1")).rejects.toMatchObject({ name: "ConflictException" });
  await expect(map("/shop")).rejects.toThrow("Invalid API mapping key specified");
  const { status, json } = await cloud.fetch("/shop/v1/pets", { host: DomainName });
  expect([status, json.routeKey, json.rawPath]).toEqual([200, "GET /pets", "/shop/v1/pets"]);
  expect(json.requestContext).toMatchObject({ domainName: DomainName, http: { path: "/shop/v1/pets" } });
  expect((await client.send(new GetApiMappingsCommand({ DomainName }))).Items).toHaveLength(1);
  await client.send(new DeleteApiMappingCommand({ DomainName, ApiMappingId }));
  expect((await cloud.fetch("/shop/v1/pets", { host: DomainName })).status).toBe(403);
});

it("IAM judges by verb and path: a role that may read APIs may not make one", async () => {
  const arn = "arn:aws:iam::000000000000:role/reader";
  const Resource = "arn:aws:apigateway:eu-west-1::/apis";
  await cloud.provision(role(arn, [{ Effect: "Allow", Action: "apigateway:GET", Resource }]));
  const reader = new ApiGatewayV2Client(cloud.running.client(arn));
  expect((await reader.send(new GetApisCommand({}))).Items).toEqual([]);
  const made = reader.send(new CreateApiCommand({ Name: "x", ProtocolType: "HTTP" }));
  await expect(made).rejects.toThrow(/not authorized to perform: apigateway:POST on resource: .*::\/apis/);
  reader.destroy();
});
