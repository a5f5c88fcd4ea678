import { APIGatewayClient, CreateApiKeyCommand, CreateUsagePlanKeyCommand } from "@aws-sdk/client-api-gateway";
import type { Value } from "../../../engine/graph.ts";
import { eventually } from "../lambda/fixture.ts";
import { invokeArn, resource } from "../lambda/resources.ts";
import { type GatewayCloud, startApi } from "./fixture.ts";
import { ECHO, mayInvoke, restApi } from "./resources.ts";

let cloud: GatewayCloud;
const HOSTS = {
  acme: { host: "acme.dev.example", apiId: "restapi001", stage: "v1" },
  globex: { host: "globex.dev.example", apiId: "restapi001", stage: "v1" },
};

beforeEach(async () => {
  cloud = await startApi(HOSTS);
  await cloud.define("echo", ECHO);
});

afterEach(() => cloud.stop());

/** Allows tokens that start with `good`, counting its calls in the context. */
const AUTHORIZER = `let calls = 0; export const handler = async (event) => {
  const token = event.authorizationToken ?? event.headers.Authorization;
  if (token === "nobody") throw new Error("Unauthorized");
  if (token === "broken") throw new Error("database gone");
  if (token === "malformed") return { principalId: "x" };
  const effect = token.startsWith("good") ? "Allow" : "Deny";
  const Resource = token === "good-albums-only" ? event.methodArn.split("/").slice(0, 2).join("/") + "/GET/albums" : event.methodArn.split("/").slice(0, 2).join("/") + "/*";
  return { principalId: "user", policyDocument: { Version: "2012-10-17", Statement: [{ Action: "execute-api:Invoke", Effect: effect, Resource }] },
    context: { tenantId: "acme", calls: ++calls, flag: true, host: event.headers?.Host ?? "" }, usageIdentifierKey: "key-of-acme-0123456789" };
};`;

async function protect(
  authorizer: Record<string, Value> = {},
  method: Record<string, Value> = {},
  more = {},
): Promise<void> {
  await cloud.define("authorizer", AUTHORIZER);
  const inputs = { authorization: "CUSTOM", authorizerId: "auth01", ...method };
  const integration = {
    requestParameters: { "integration.request.header.X-Amz-Tenant-Id": "context.authorizer.tenantId" },
  };
  const methods = {
    "GET /albums": { function: "echo", inputs, integration },
    "GET /photos": { function: "echo", inputs, integration },
  };
  await cloud.provision(
    ...restApi({ methods, ...more }),
    resource("aws:apigateway/authorizer:Authorizer", "auth01", {
      restApi: "restapi001",
      type: "REQUEST",
      authorizerUri: invokeArn("authorizer"),
      identitySource: "method.request.header.Authorization,method.request.header.Host",
      authorizerResultTtlInSeconds: 60,
      ...authorizer,
    }),
    mayInvoke("authorizer", "restapi001"),
  );
}

const get = (path: string, token?: string, host = "acme.localhost", headers = {}) =>
  cloud.fetch(path, { host, headers: { ...(token && { Authorization: token }), ...headers } });

describe("a REQUEST authorizer (case 13)", () => {
  it("lets the request pass with its context as text, under the declared host (case 12)", async () => {
    await protect();
    const { status, json } = await get("/albums", "good");
    expect(status).toBe(200);
    expect(json.requestContext.authorizer).toEqual({
      principalId: "user",
      tenantId: "acme",
      calls: "1",
      flag: "true",
      host: "acme.dev.example",
    });
  });

  it("maps X-Amz-Tenant-Id from its context, whatever the client sends", async () => {
    await protect();
    const { json } = await get("/albums", "good", "acme.localhost", { "X-Amz-Tenant-Id": "globex" });
    expect(json.headers["X-Amz-Tenant-Id"]).toBe("acme");
    expect(json.multiValueHeaders["X-Amz-Tenant-Id"]).toEqual(["acme"]);
  });

  it("chooses the environment of a tenant-isolated function by that mapping", async () => {
    await cloud.define(
      "echo",
      "export const handler = async (event, { tenantId }) => ({ statusCode: 200, body: JSON.stringify({ tenantId }) });",
      { tenancyConfig: { tenantIsolationMode: "PER_TENANT" } },
    );
    await protect();
    const { json } = await get("/albums", "good", "acme.localhost", { "X-Amz-Tenant-Id": "globex" });
    expect(json).toEqual({ tenantId: "acme" });
  });

  it("is not asked when an identity source is missing: 401", async () => {
    await protect();
    const { status, json, headers } = await get("/albums");
    expect([status, json]).toEqual([401, { message: "Unauthorized" }]);
    expect(headers["x-amzn-errortype"]).toBe("UnauthorizedException");
    expect(await cloud.logOf("authorizer")).toEqual([]);
  });

  it.each([
    ["throws Unauthorized", "nobody", 401, { message: "Unauthorized" }],
    ["denies", "bad", 403, { Message: "User is not authorized to access this resource with an explicit deny" }],
    ["throws anything else", "broken", 500, { message: null }],
    ["answers no policy", "malformed", 500, { message: null }],
  ])("that %s (token %s) is %i", async (_what, token, status, body) => {
    await protect();
    expect(await get("/albums", token)).toMatchObject({ status, json: body });
  });

  it("is judged by method: a policy for one route does not open another", async () => {
    await protect();
    expect((await get("/albums", "good-albums-only")).status).toBe(200);
    expect(await get("/photos", "good-albums-only")).toMatchObject({
      status: 403,
      json: { Message: "User is not authorized to access this resource" },
    });
  });

  it("is asked once for the same token and host within its time to live, and again after it", async () => {
    await protect();
    const calls = async (host?: string) => (await get("/albums", "good", host)).json.requestContext.authorizer.calls;
    expect([await calls(), await calls()]).toEqual(["1", "1"]);
    expect(await calls("globex.localhost")).toBe("2");
    await cloud.clock.advance(60_001);
    expect(await calls()).toBe("3");
  });

  it("is asked every time when its time to live is 0", async () => {
    await protect({ authorizerResultTtlInSeconds: 0 });
    const calls = async () => (await get("/albums", "good")).json.requestContext.authorizer.calls;
    expect([await calls(), await calls()]).toEqual(["1", "2"]);
  });

  it("that failed is not remembered", async () => {
    await protect();
    expect((await get("/albums", "broken")).status).toBe(500);
    await get("/albums", "broken");
    const ran = (lines: string[]) => lines.filter((line) => line.startsWith("START")).length;
    expect(
      ran(
        await eventually(
          () => cloud.logOf("authorizer"),
          (lines) => ran(lines) >= 2,
        ),
      ),
    ).toBe(2);
  });

  it("without a permission for API Gateway is 500", async () => {
    await protect();
    await cloud.define("stranger", AUTHORIZER);
    await protect({ authorizerUri: invokeArn("stranger") });
    expect(await get("/albums", "good")).toMatchObject({ status: 500, json: { message: null } });
  });
});

it("a TOKEN authorizer gets the token alone, and only one of the expected form", async () => {
  await protect({
    type: "TOKEN",
    identitySource: "method.request.header.Authorization",
    identityValidationExpression: "good.*",
  });
  expect((await get("/albums", "good-token")).status).toBe(200);
  expect((await get("/albums", "bad")).status).toBe(401);
});

describe("usage plans", () => {
  const VALUE = "key-of-acme-0123456789";

  async function plan(settings: Record<string, Value>): Promise<void> {
    await protect({}, { apiKeyRequired: true }, { inputs: { apiKeySource: "AUTHORIZER" } });
    await cloud.provision(
      resource("aws:apigateway/usagePlan:UsagePlan", "plan01", {
        name: "basic",
        apiStages: [{ apiId: "restapi001", stage: "v1" }],
        ...settings,
      }),
    );
    const client = new APIGatewayClient(cloud.running.client());
    const { id } = await client.send(new CreateApiKeyCommand({ name: "acme", value: VALUE, enabled: true }));
    await client.send(new CreateUsagePlanKeyCommand({ usagePlanId: "plan01", keyId: id, keyType: "API_KEY" }));
    client.destroy();
  }

  it("take the key that the authorizer names, and refuse a key they do not know: 403 Forbidden", async () => {
    await protect({}, { apiKeyRequired: true }, { inputs: { apiKeySource: "AUTHORIZER" } });
    expect(await get("/albums", "good")).toMatchObject({ status: 403, json: { message: "Forbidden" } });
    await plan({});
    const { status, json } = await get("/albums", "good");
    expect([status, json.requestContext.identity.apiKey]).toEqual([200, VALUE]);
  });

  it("answer 429 Too Many Requests beyond burst and rate, and serve again with time", async () => {
    await plan({ throttleSettings: { rateLimit: 1, burstLimit: 2 } });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await get("/albums", "good")).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect((await get("/albums", "good")).json).toEqual({ message: "Too Many Requests" });
    await cloud.clock.advance(1_000);
    expect((await get("/albums", "good")).status).toBe(200);
  });

  it("answer 429 Limit Exceeded beyond the quota, until the next period", async () => {
    await plan({ quotaSettings: { limit: 2, period: "DAY" } });
    await get("/albums", "good");
    await get("/albums", "good");
    expect(await get("/albums", "good")).toMatchObject({ status: 429, json: { message: "Limit Exceeded" } });
    await cloud.clock.advance(86_400_000);
    expect((await get("/albums", "good")).status).toBe(200);
  });

  it("take the key from X-Api-Key where the API says so", async () => {
    await plan({});
    await protect({}, { apiKeyRequired: true }, { inputs: { apiKeySource: "HEADER" } });
    expect((await get("/albums", "good")).status).toBe(403);
    expect((await get("/albums", "good", undefined, { "x-api-key": VALUE })).status).toBe(200);
  });
});
