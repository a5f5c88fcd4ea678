import { eventually } from "../lambda/fixture.ts";
import { resource } from "../lambda/resources.ts";
import { type GatewayCloud, startApi } from "./fixture.ts";
import { ECHO, restApi } from "./resources.ts";

let cloud: GatewayCloud;
const HOSTS = { acme: { host: "acme.dev.terrace.example", apiId: "restapi001", stage: "v1" } };

beforeEach(async () => {
  cloud = await startApi(HOSTS);
});

afterEach(() => cloud.stop());

const get = (path: string, headers = {}) => cloud.fetch(path, { host: "acme.localhost:4510", headers });

describe("a REST API's proxy event (version 1.0, case 12)", () => {
  beforeEach(async () => {
    await cloud.define("echo", ECHO);
    await cloud.provision(
      ...restApi({
        methods: {
          "GET /albums/{albumId}": { function: "echo" },
          "POST /albums": { function: "echo" },
          "GET /albums/recent": { function: "echo" },
          "ANY /files/{path+}": { function: "echo" },
          "GET /": { function: "echo" },
        },
        stageInputs: { variables: { colour: "blue" } },
      }),
    );
  });

  it("tells the request: resource, path, parameters, single and multiple headers and query values", async () => {
    const { status, json } = await get("/albums/a%20b?tag=x&tag=y&q=1+2", { "X-Custom": ["one", "two"] });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      resource: "/albums/{albumId}",
      path: "/albums/a%20b",
      httpMethod: "GET",
      pathParameters: { albumId: "a b" },
      queryStringParameters: { tag: "y", q: "1 2" },
      multiValueQueryStringParameters: { tag: ["x", "y"], q: ["1 2"] },
      stageVariables: { colour: "blue" },
      body: null,
      isBase64Encoded: false,
    });
    expect(json.headers["X-Custom"]).toBe("two");
    expect(json.multiValueHeaders["X-Custom"]).toEqual(["one", "two"]);
    expect(json.requestContext).toMatchObject({
      resourcePath: "/albums/{albumId}",
      httpMethod: "GET",
      path: "/albums/a%20b",
      stage: "v1",
      apiId: "restapi001",
      accountId: "000000000000",
      protocol: "HTTP/1.1",
      domainName: "acme.dev.terrace.example",
      domainPrefix: "acme",
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      requestTime: expect.stringMatching(/^\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
      requestTimeEpoch: cloud.clock.now(),
    });
    expect(json.requestContext.identity).toMatchObject({ sourceIp: "127.0.0.1", userArn: null, userAgent: null });
  });

  it("has null for what the request does not have", async () => {
    expect((await get("/")).json).toMatchObject({
      path: "/",
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      pathParameters: null,
    });
  });

  it("names the tenant's declared host, and keeps the address really asked for", async () => {
    const { json } = await get("/albums/1", { "X-Forwarded-Host": "forged.example", "X-Forwarded-For": "9.9.9.9" });
    expect(json.headers).toMatchObject({
      Host: "acme.dev.terrace.example",
      "X-Forwarded-Host": "acme.localhost:4510",
      "X-Forwarded-For": "127.0.0.1",
      "X-Forwarded-Proto": "http",
    });
  });

  it("carries a text body as it is", async () => {
    const { json } = await cloud.fetch("/albums", { method: "POST", host: "acme.localhost", body: '{"title":"ü"}' });
    expect(json.body).toBe('{"title":"ü"}');
  });

  it("prefers a literal segment to a parameter, and fills a greedy one with the rest", async () => {
    expect((await get("/albums/recent")).json.resource).toBe("/albums/recent");
    const { json } = await get("/files/a/b/c.txt");
    expect([json.resource, json.pathParameters]).toEqual(["/files/{path+}", { path: "a/b/c.txt" }]);
  });

  it("never carries a client's X-Amz-Tenant-Id", async () => {
    const { json } = await get("/albums/1", { "x-amz-tenant-id": "globex", "X-AMZ-TENANT-ID": "globex" });
    const names = Object.keys({ ...json.headers, ...json.multiValueHeaders }).map((name) => name.toLowerCase());
    expect(names).not.toContain("x-amz-tenant-id");
  });

  it.each([
    ["another method", "POST", "/albums/1"],
    ["an unknown path", "GET", "/nowhere"],
  ])("is not made for %s: 403 Missing Authentication Token", async (_what, method, path) => {
    const answer = await cloud.fetch(path, { method, host: "acme.localhost" });
    expect([answer.status, answer.json]).toEqual([403, { message: "Missing Authentication Token" }]);
    expect(answer.headers["x-amzn-errortype"]).toBe("MissingAuthenticationTokenException");
  });

  it("reaches an API by execute-api host or by path as well, the stage first", async () => {
    const byHost = await cloud.fetch("/v1/albums/1", { host: "restapi001.execute-api.localhost:4510" });
    const byPath = await cloud.fetch("/_apis/restapi001/v1/albums/1");
    for (const { json } of [byHost, byPath]) {
      expect(json).toMatchObject({ path: "/albums/1", requestContext: { path: "/v1/albums/1" } });
    }
  });

  it("is refused for hosts and stages that nobody declared", async () => {
    expect((await cloud.fetch("/albums/1", { host: "evil.example" })).status).toBe(403);
    expect((await cloud.fetch("/_apis/restapi001/v2/albums/1")).status).toBe(403);
  });

  it("is refused with more than 10 MB: 413", async () => {
    const body = Buffer.alloc(10 * 1024 * 1024 + 1, "x");
    const answer = await cloud.fetch("/albums", { method: "POST", host: "acme.localhost", body });
    expect([answer.status, answer.json]).toEqual([413, { message: "Request Too Long" }]);
  });
});

describe("what a function answers (case 12)", () => {
  const answering = async (source: string, inputs = {}, api = {}) => {
    await cloud.define("answer", source, inputs);
    await cloud.provision(...restApi({ methods: { "ANY /": { function: "answer" } }, inputs: api }));
  };

  it("sets status, headers and several cookies", async () => {
    await answering(`export const handler = async () => ({ statusCode: 201, headers: { "X-One": 1, "content-type": "text/plain" },
      multiValueHeaders: { "Set-Cookie": ["a=1", "b=2"] }, body: "made" });`);
    const { status, headers, text } = await get("/");
    expect([status, text]).toEqual([201, "made"]);
    expect(headers).toMatchObject({ "x-one": "1", "content-type": "text/plain", "set-cookie": ["a=1", "b=2"] });
    expect(headers["x-amzn-requestid"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    ["null", "null"],
    ["without a statusCode", "({ body: 'x' })"],
    ["with an object as body", "({ statusCode: 200, body: { a: 1 } })"],
    ["with a member it does not know", "({ statusCode: 200, body: '', extra: 1 })"],
    ["with a header that would split the response", "({ statusCode: 200, headers: { a: 'b\\r\\nc: d' } })"],
  ])("%s is malformed: 502 Internal server error", async (_what, value) => {
    await answering(`export const handler = async () => ${value};`);
    const { status, json } = await get("/");
    expect([status, json]).toEqual([502, { message: "Internal server error" }]);
  });

  it("is 502 when it throws, and nothing of the error reaches the client", async () => {
    await answering("export const handler = async () => { throw new Error('secret detail'); };");
    const { status, text } = await get("/");
    expect([status, text]).toEqual([502, '{"message":"Internal server error"}']);
  });

  it("too late is 504 Endpoint request timed out", async () => {
    await answering("export const handler = () => new Promise((done) => setTimeout(done, 100000));", { timeout: 60 });
    const pending = get("/");
    await eventually(
      () => cloud.logOf("answer"),
      (lines) => lines.length > 0,
    );
    await cloud.clock.advance(29_000);
    expect(await pending).toMatchObject({ status: 504, json: { message: "Endpoint request timed out" } });
  });

  it("is not asked for without a permission for API Gateway: 500", async () => {
    await cloud.define("answer", "export const handler = async () => ({ statusCode: 200 });");
    await cloud.provision(...restApi({ methods: { "GET /": { function: "answer" } }, unpermitted: true }));
    expect(await get("/")).toMatchObject({ status: 500, json: { message: "Internal server error" } });
    expect(cloud.lines.map(({ message }) => message).join()).toMatch(
      /apigateway.amazonaws.com is not authorized to perform: lambda:InvokeFunction/,
    );
  });

  it("in base64 is decoded for the binary media types of the API only, both ways", async () => {
    const source = `export const handler = async (event) => ({ statusCode: 200, headers: { "content-type": "image/png", "x-in": String(event.isBase64Encoded) },
      body: Buffer.from([0, 255, 1]).toString("base64"), isBase64Encoded: true });`;
    await answering(source, {}, { binaryMediaTypes: ["image/*"] });
    const options = { method: "POST", host: "acme.localhost", body: "x" };
    const binary = await cloud.fetch("/", {
      ...options,
      headers: { accept: "image/png", "content-type": "image/png" },
    });
    expect([[...binary.bytes], binary.headers["x-in"]]).toEqual([[0, 255, 1], "true"]);
    const text = await cloud.fetch("/", { ...options, headers: { accept: "text/html" } });
    expect([text.text, text.headers["x-in"]]).toEqual(["AP8B", "false"]);
  });
});

it("a MOCK integration answers preflight requests with the declared headers", async () => {
  const place = { restApi: "restapi001", resourceId: "restapi001-1", httpMethod: "OPTIONS" };
  await cloud.provision(
    ...restApi({
      methods: {
        "OPTIONS /albums": {
          integration: { type: "MOCK", requestTemplates: { "application/json": '{"statusCode": 204}' } },
        },
      },
    }),
    resource("aws:apigateway/integrationResponse:IntegrationResponse", "cors", {
      ...place,
      statusCode: "204",
      responseParameters: { "method.response.header.Access-Control-Allow-Origin": "'https://app.example'" },
    }),
  );
  const { status, headers } = await cloud.fetch("/albums", { method: "OPTIONS", host: "acme.localhost" });
  expect([status, headers["access-control-allow-origin"]]).toEqual([204, "https://app.example"]);
});

it("gateway responses of the API replace API Gateway's own words", async () => {
  const body =
    '{"title":"Nothing here","status":404,"requestId":"$context.requestId","why":$context.error.messageString}';
  await cloud.provision(
    ...restApi({ methods: {} }),
    resource("aws:apigateway/response:Response", "missing", {
      restApiId: "restapi001",
      responseType: "MISSING_AUTHENTICATION_TOKEN",
      statusCode: "404",
      responseTemplates: { "application/json": body },
      responseParameters: { "gatewayresponse.header.Content-Type": "'application/problem+json'" },
    }),
  );
  const answer = await get("/nowhere");
  expect(answer.status).toBe(404);
  expect(answer.headers["content-type"]).toBe("application/problem+json");
  expect(answer.json).toEqual({
    title: "Nothing here",
    status: 404,
    requestId: answer.headers["x-amzn-requestid"],
    why: "Missing Authentication Token",
  });
});

it("every request leaves a line in the stage's access log, in its format, unbroken by what clients send", async () => {
  const format =
    '{"id":"$context.requestId","path":"$context.path","status":$context.status,"bytes":$context.responseLength,"key":"$context.identity.apiKeyId"}';
  await cloud.define("echo", "export const handler = async () => ({ statusCode: 200, body: 'four' });");
  await cloud.provision(
    resource("aws:cloudwatch/logGroup:LogGroup", "access", { name: "access" }),
    ...restApi({
      methods: { "GET /{any+}": { function: "echo" } },
      stageInputs: {
        accessLogSettings: { destinationArn: "arn:aws:logs:eu-west-1:000000000000:log-group:access", format },
      },
    }),
  );
  await get('/a","status":200,"x":"');
  const read = async () => {
    const { events } = await cloud.running.call("logs", "FilterLogEvents", { logGroupName: "access" });
    return events as { message: string }[];
  };
  const [line] = await eventually(read, (events) => events.length > 0);
  expect(JSON.parse(line!.message)).toMatchObject({ path: '/a","status":200,"x":"', status: 200, bytes: 4, key: "-" });
});

it("the gateway's own address is no API's: without a page of its own it says nothing", async () => {
  expect((await cloud.fetch("/")).status).toBe(403);
  cloud.gateway.setHosts({ globex: { host: "globex.example", apiId: "restapi001", stage: "v1" } });
  expect((await cloud.fetch("/")).status).toBe(403);
});
