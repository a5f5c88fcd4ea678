import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import type { Value } from "../../../engine/graph.ts";
import type { Service } from "../../../local/service.ts";
import { functionArn, permission, resource } from "../lambda/resources.ts";
import { type GatewayCloud, startApi } from "./fixture.ts";
import { ECHO_V2, httpApi, mayInvoke } from "./resources.ts";

let cloud: GatewayCloud;
let keys: JWK[] = [];

/** Stands where Cognito's key set does. */
const cognito = (): Service => ({
  name: "cognito-idp",
  resources: {},
  operations: {},
  handle: async () => ({
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ keys }),
  }),
});

beforeEach(async () => {
  cloud = await startApi(
    { acme: { host: "acme.dev.example", apiId: "httpapi001", stage: "$default" } },
    { "cognito-idp": cognito },
  );
  await cloud.define("echo", ECHO_V2);
});

afterEach(() => cloud.stop());

const get = (path: string, headers: Record<string, string | string[]> = {}) =>
  cloud.fetch(path, { host: "acme.localhost", headers });

describe("an HTTP API's event (version 2.0, case 11)", () => {
  it("has lower-case headers with duplicates joined, cookies apart, and leaves absent fields out", async () => {
    await cloud.provision(...httpApi({ routes: { "GET /albums/{albumId}": { function: "echo" } } }));
    const { status, json } = await get("/albums/a%20b?tag=x&tag=y", {
      "X-Custom": ["one", "two"],
      Cookie: "a=1; b=2",
      "x-amz-tenant-id": "globex",
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      version: "2.0",
      routeKey: "GET /albums/{albumId}",
      rawPath: "/albums/a%20b",
      rawQueryString: "tag=x&tag=y",
      queryStringParameters: { tag: "x,y" },
      pathParameters: { albumId: "a b" },
      cookies: ["a=1", "b=2"],
      isBase64Encoded: false,
    });
    expect(json.headers).toMatchObject({ "x-custom": "one,two", host: "acme.dev.example" });
    expect(json.headers).not.toHaveProperty("cookie");
    expect(json.headers).not.toHaveProperty("x-amz-tenant-id");
    expect(json.requestContext).toMatchObject({
      apiId: "httpapi001",
      domainName: "acme.dev.example",
      domainPrefix: "acme",
      stage: "$default",
      routeKey: "GET /albums/{albumId}",
      http: { method: "GET", path: "/albums/a%20b", protocol: "HTTP/1.1", sourceIp: "127.0.0.1" },
      timeEpoch: cloud.clock.now(),
    });
    for (const absent of ["body", "stageVariables"]) expect(json).not.toHaveProperty(absent);
    expect(json.requestContext).not.toHaveProperty("authorizer");
  });

  it("carries text as text and anything else in base64", async () => {
    await cloud.provision(...httpApi({ routes: { $default: { function: "echo" } } }));
    const post = (type: string, body: Buffer) =>
      cloud.fetch("/any", { method: "POST", host: "acme.localhost", body, headers: { "content-type": type } });
    expect((await post("application/problem+json; charset=utf-8", Buffer.from("{}"))).json).toMatchObject({
      body: "{}",
    });
    expect((await post("image/png", Buffer.from([1, 2, 3]))).json).toMatchObject({
      body: "AQID",
      isBase64Encoded: true,
    });
  });

  it("is sent by the most specific route; ANY and $default take the rest", async () => {
    const routes = { "GET /a/{id}": {}, "GET /a/b": {}, "ANY /a/{rest+}": {}, $default: {} };
    const declared = Object.fromEntries(Object.keys(routes).map((key) => [key, { function: "echo" }]));
    await cloud.provision(...httpApi({ routes: declared }));
    const routeOf = async (method: string, path: string) =>
      (await cloud.fetch(path, { method, host: "acme.localhost" })).json.routeKey;
    expect(await routeOf("GET", "/a/b")).toBe("GET /a/b");
    expect(await routeOf("GET", "/a/c")).toBe("GET /a/{id}");
    expect(await routeOf("POST", "/a/c")).toBe("ANY /a/{rest+}");
    expect(await routeOf("GET", "/elsewhere")).toBe("$default");
  });

  it("has the stage in its path when the address has it", async () => {
    await cloud.provision(...httpApi({ stage: "v1", routes: { "GET /a": { function: "echo" } } }));
    const { json } = await cloud.fetch("/v1/a", { host: "httpapi001.execute-api.localhost" });
    expect([json.rawPath, json.routeKey, json.requestContext.stage]).toEqual(["/v1/a", "GET /a", "v1"]);
  });

  it("is not made for an unknown path: 404 Not Found", async () => {
    await cloud.provision(...httpApi({ routes: { "GET /a": { function: "echo" } } }));
    expect(await get("/b")).toMatchObject({ status: 404, json: { message: "Not Found" } });
  });
});

describe("a function's answer", () => {
  const answering = async (source: string, inputs = {}) => {
    await cloud.define("answer", source, inputs);
    await cloud.provision(...httpApi({ routes: { $default: { function: "answer" } } }));
  };

  it("without a statusCode is the body of a 200, as JSON (case 11)", async () => {
    await answering("export const handler = async () => ({ hello: 'you' });");
    const { status, headers, json } = await get("/");
    expect([status, headers["content-type"], json]).toEqual([200, "application/json", { hello: "you" }]);
  });

  it("sets status, headers, cookies and a decoded body", async () => {
    await answering(`export const handler = async () => ({ statusCode: 202, headers: { a: "b" }, cookies: ["x=1", "y=2"],
      body: Buffer.from([0, 255]).toString("base64"), isBase64Encoded: true });`);
    const { status, headers, bytes } = await get("/");
    expect([status, headers.a, headers["set-cookie"], [...bytes]]).toEqual([202, "b", ["x=1", "y=2"], [0, 255]]);
  });

  it.each([
    ["that is an error", "export const handler = async () => { throw new Error('secret'); };", 500],
    ["with an impossible status", "export const handler = async () => ({ statusCode: 'many' });", 500],
  ])("%s is Internal Server Error", async (_what, source, status) => {
    await answering(source);
    expect(await get("/")).toMatchObject({ status, json: { message: "Internal Server Error" } });
  });

  it("refused for want of concurrency is 503 Service Unavailable", async () => {
    await answering("export const handler = async () => 1;", { reservedConcurrentExecutions: 0 });
    expect(await get("/")).toMatchObject({ status: 503, json: { message: "Service Unavailable" } });
  });
});

describe("a JWT authorizer (case 13)", () => {
  const POOL = "eu-west-1_Abcdefghi";
  const ISSUER = `https://cognito-idp.eu-west-1.amazonaws.com/${POOL}`;
  let sign: (claims: Record<string, unknown>, kid?: string) => Promise<string>;

  beforeEach(async () => {
    const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
    keys = [{ ...(await exportJWK(publicKey)), kid: "one", alg: "RS256", use: "sig" }];
    sign = (claims, kid = "one") =>
      new SignJWT({ iss: ISSUER, aud: "client", exp: Math.floor(cloud.clock.now() / 1000) + 600, ...claims })
        .setProtectedHeader({ alg: "RS256", kid })
        .sign(privateKey);
    const inputs = { authorizationType: "JWT", authorizerId: "jwt" };
    await cloud.provision(
      ...httpApi({
        routes: {
          "GET /": { function: "echo", inputs },
          "GET /scoped": {
            function: "echo",
            inputs: { ...inputs, authorizationScopes: ["photos/read", "photos/write"] },
          },
        },
      }),
      resource("aws:apigatewayv2/authorizer:Authorizer", "jwt", {
        apiId: "httpapi001",
        authorizerType: "JWT",
        identitySources: ["$request.header.Authorization"],
        jwtConfiguration: { issuer: ISSUER, audiences: ["client"] },
      }),
    );
  });

  const withToken = (token: string, path = "/") => get(path, { authorization: `Bearer ${token}` });

  it("hands the claims of a good token to the function", async () => {
    const { status, json } = await withToken(await sign({ sub: "me", "cognito:groups": ["a", "b"] }));
    expect(status).toBe(200);
    expect(json.requestContext.authorizer.jwt).toMatchObject({
      claims: { sub: "me", "cognito:groups": "[a b]" },
      scopes: null,
    });
  });

  it.each([
    ["no token", () => undefined],
    ["something that is no token", () => "nonsense"],
    ["an expired token", () => sign({ exp: Math.floor(Date.now() / 1000) - 60 })],
    ["another issuer", () => sign({ iss: "https://elsewhere.example" })],
    ["another audience", () => sign({ aud: "someone-else" })],
    ["a kid that is not in the key set", () => sign({}, "two")],
  ])("answers 401 to %s", async (_what, token) => {
    const value = await token();
    const { status, json, headers } = value === undefined ? await get("/") : await withToken(value);
    expect([status, json, headers["www-authenticate"]]).toEqual([401, { message: "Unauthorized" }, "Bearer"]);
  });

  it("answers 403 when none of the route's scopes was granted, and names those that were", async () => {
    expect(await withToken(await sign({ scope: "other" }), "/scoped")).toMatchObject({
      status: 403,
      json: { message: "Forbidden" },
    });
    const { json } = await withToken(await sign({ scope: "other photos/read" }), "/scoped");
    expect(json.requestContext.authorizer.jwt.scopes).toEqual(["photos/read"]);
  });

  it("stops taking a token when it expires, though it was checked before", async () => {
    const token = await sign({});
    expect((await withToken(token)).status).toBe(200);
    await cloud.clock.advance(601_000);
    expect((await withToken(token)).status).toBe(401);
  });
});

describe("a Lambda authorizer (case 13)", () => {
  const SIMPLE = `let calls = 0; export const handler = async (event) => {
    if (event.headers.authorization === "broken") throw new Error("x");
    return { isAuthorized: event.headers.authorization === "good", context: { tenantId: "acme", route: event.routeKey, calls: ++calls } }; };`;

  async function protect(inputs: Record<string, Value> = {}, integration: Record<string, Value> = {}): Promise<void> {
    await cloud.define("authorizer", SIMPLE);
    const route = { function: "echo", inputs: { authorizationType: "CUSTOM", authorizerId: "auth" } };
    await cloud.provision(
      ...httpApi({ routes: { "GET /a": route, "GET /b": route }, integration }),
      resource("aws:apigatewayv2/authorizer:Authorizer", "auth", {
        apiId: "httpapi001",
        authorizerType: "REQUEST",
        authorizerUri: functionArn("authorizer"),
        authorizerPayloadFormatVersion: "2.0",
        enableSimpleResponses: true,
        identitySources: ["$request.header.Authorization"],
        authorizerResultTtlInSeconds: 60,
        ...inputs,
      }),
      mayInvoke("authorizer", "httpapi001"),
    );
  }

  it("with simple responses lets pass or answers 403, and keeps answers by token and route", async () => {
    await protect();
    const context = async (path: string) =>
      (await get(path, { authorization: "good" })).json.requestContext.authorizer.lambda;
    expect(await context("/a")).toEqual({ tenantId: "acme", route: "GET /a", calls: 1 });
    expect(await context("/a")).toMatchObject({ calls: 1 });
    expect(await context("/b")).toMatchObject({ route: "GET /b", calls: 2 });
    expect(await get("/a", { authorization: "bad" })).toMatchObject({ status: 403, json: { message: "Forbidden" } });
  });

  it("is not asked without its identity source: 401", async () => {
    await protect();
    expect((await get("/a")).status).toBe(401);
  });

  it("that fails, or that API Gateway may not call, is 500", async () => {
    await protect();
    expect((await get("/a", { authorization: "broken" })).status).toBe(500);
    await cloud.define("stranger", SIMPLE);
    await protect({ authorizerUri: functionArn("stranger") });
    expect((await get("/a", { authorization: "good" })).status).toBe(500);
  });

  it("gives the headers that the integration maps from its context", async () => {
    await protect({}, { requestParameters: { "overwrite:header.x-tenant": "$context.authorizer.tenantId" } });
    const { json } = await get("/a", { authorization: "good", "x-tenant": "forged" });
    expect(json.headers["x-tenant"]).toBe("acme");
  });
});

it("CORS: preflight and answers name the allowed origin, and no other", async () => {
  const corsConfiguration = {
    allowOrigins: ["https://app.example"],
    allowMethods: ["GET"],
    allowHeaders: ["authorization"],
    maxAge: 60,
  };
  await cloud.provision(...httpApi({ routes: { "GET /": { function: "echo" } }, inputs: { corsConfiguration } }));
  const preflight = await cloud.fetch("/", {
    method: "OPTIONS",
    host: "acme.localhost",
    headers: { origin: "https://app.example", "access-control-request-method": "GET" },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers).toMatchObject({
    "access-control-allow-origin": "https://app.example",
    "access-control-allow-methods": "GET",
    "access-control-allow-headers": "authorization",
    "access-control-max-age": "60",
  });
  expect((await get("/", { origin: "https://app.example" })).headers["access-control-allow-origin"]).toBe(
    "https://app.example",
  );
  expect((await get("/", { origin: "https://evil.example" })).headers["access-control-allow-origin"]).toBeUndefined();
});

it("a permission for another API does not let this one call the function: 500", async () => {
  await cloud.define("other", "export const handler = async () => 1;");
  const api = httpApi({ routes: { "GET /": { function: "other" } } }).filter(
    ({ type }) => !type.includes("permission"),
  );
  const sourceArn = "arn:aws:execute-api:eu-west-1:000000000000:someoneelse/*";
  await cloud.provision(...api, permission("other", "apigateway.amazonaws.com", { sourceArn }));
  expect((await get("/")).status).toBe(500);
});
