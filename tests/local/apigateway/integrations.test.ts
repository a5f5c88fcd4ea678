import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { answerTemplate } from "../../../components/edge/preflight.ts";
import type { Value } from "../../../engine/graph.ts";
import { invokeArn, resource } from "../lambda/resources.ts";
import { type GatewayCloud, startApi } from "./fixture.ts";
import { httpApi, restApi } from "./resources.ts";

let cloud: GatewayCloud;
let backend: Server;
let origin: string;

beforeEach(async () => {
  cloud = await startApi();
  backend = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method, url, headers } = incoming;
    const status = Number(new URL(url!, "http://x").searchParams.get("status") ?? 200);
    outgoing.writeHead(status, {
      "content-type": "application/json",
      "x-backend": "yes",
      "set-cookie": ["a=1", "b=2"],
    });
    outgoing.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }));
  });
  await new Promise<void>((done) => backend.listen(0, "127.0.0.1", done));
  origin = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`;
});

afterEach(async () => {
  await cloud.stop();
  backend.close();
  backend.closeAllConnections();
});

type Inputs = Record<string, Value>;

/** One method of a REST API with this integration, and what it answers by status. */
async function method(
  route: string,
  integration: Inputs,
  responses: Record<string, Inputs> = {},
  stageInputs: Inputs = {},
) {
  const resources = restApi({ id: "api0000001", methods: { [route]: { integration } }, stageInputs });
  const place = resources.find(({ type }) => type === "aws:apigateway/integration:Integration")!.inputs;
  const { restApi: id, resourceId, httpMethod } = place;
  const answers = Object.entries(responses).map(([statusCode, inputs]) =>
    resource("aws:apigateway/integrationResponse:IntegrationResponse", `${route} ${statusCode}`, {
      ...{ restApi: id!, resourceId: resourceId!, httpMethod: httpMethod!, statusCode },
      ...inputs,
    }),
  );
  await cloud.provision(...resources, ...answers);
}

const call = (path: string, options = {}) =>
  cloud.fetch(`/v1${path}`, { host: "api0000001.execute-api.localhost", ...options });

describe("an HTTP proxy integration", () => {
  it("hands the request on and its answer back, with parameters in its address", async () => {
    await method(
      "ANY /files/{proxy+}",
      {
        ...{ type: "HTTP_PROXY", integrationHttpMethod: "ANY", uri: `${origin}/\${stageVariables.area}/{proxy}` },
        requestParameters: {
          "integration.request.path.proxy": "method.request.path.proxy",
          "integration.request.header.X-Caller": "'gateway'",
        },
      },
      {},
      { variables: { area: "public" } },
    );
    const { status, json, headers } = await call("/files/a/b%20c?x=1&x=2", {
      ...{ method: "PUT", body: '{"a":1}', headers: { "content-type": "application/json", "x-own": "mine" } },
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({ method: "PUT", url: "/public/a/b%20c?x=1&x=2", body: '{"a":1}' });
    expect(json.headers).toMatchObject({ "x-own": "mine", "x-caller": "gateway", "content-type": "application/json" });
    expect(headers).toMatchObject({ "x-backend": "yes", "set-cookie": ["a=1", "b=2"] });
    expect((await call("/files/a?status=404")).status).toBe(404);
  });

  it("of an HTTP API maps headers and the query", async () => {
    const integration = {
      ...{ integrationType: "HTTP_PROXY", integrationMethod: "ANY", integrationUri: `${origin}/{id}` },
      requestParameters: { "overwrite:header.x-stage": "$context.stage", "append:querystring.via": "gateway" },
    };
    await cloud.define("unused", "export const handler = () => {};");
    await cloud.provision(
      ...httpApi({ id: "http000001", integration, routes: { "GET /pets/{id}": { function: "unused" } } }),
    );
    const { json } = await cloud.fetch("/pets/7?a=b", { host: "http000001.execute-api.localhost" });
    expect(json.url).toBe("/7?a=b&via=gateway");
    expect(json.headers["x-stage"]).toBe("$default");
  });

  it("reaches this machine only: another endpoint is an integration failure, and the log says why", async () => {
    await method("GET /", { type: "HTTP_PROXY", integrationHttpMethod: "GET", uri: "https://example.com/" });
    expect(await call("/")).toMatchObject({ status: 502, json: { message: "Internal server error" } });
    expect(cloud.lines.map(({ message }) => message)).toContain(
      "https://example.com is not on this machine: HTTP integrations reach localhost and 127.0.0.1 only.",
    );
  });

  it("whose endpoint does not answer is an integration failure", async () => {
    await method("GET /", { type: "HTTP_PROXY", integrationHttpMethod: "GET", uri: "http://127.0.0.1:9/" });
    expect((await call("/")).status).toBe(502);
  });
});

describe("an HTTP integration with templates", () => {
  it("writes the request by a template, and the answer by the response whose pattern the status has", async () => {
    await method(
      "POST /",
      {
        ...{ type: "HTTP", integrationHttpMethod: "POST", uri: `${origin}/?status=404` },
        requestTemplates: { "application/json": '{"title": $input.json("$.album.title")}' },
      },
      {
        "200": { responseTemplates: { "application/json": '{"fine":true}' } },
        "410": {
          selectionPattern: "4\\d\\d",
          responseParameters: { "method.response.header.X-Was": "integration.response.header.x-backend" },
          responseTemplates: { "application/json": '{"sent": $input.path("$.body")}' },
        },
      },
    );
    const { status, json, headers } = await call("/", { method: "POST", body: '{"album":{"title":"One \\"two\\""}}' });
    expect([status, headers["x-was"]]).toEqual([410, "yes"]);
    expect(json).toEqual({ sent: { title: 'One "two"' } });
  });

  it("refuses a media type that no template takes, where none may be left out: 415", async () => {
    await method("POST /", {
      ...{ type: "HTTP", integrationHttpMethod: "POST", uri: origin, passthroughBehavior: "NEVER" },
      requestTemplates: { "application/json": "{}" },
    });
    expect(await call("/", { method: "POST", body: "<a/>", headers: { "content-type": "text/xml" } })).toMatchObject({
      ...{ status: 415, json: { message: "Unsupported Media Type" } },
    });
  });
});

describe("a function behind templates", () => {
  beforeEach(() =>
    cloud.define(
      "adder",
      "export const handler = async ({ a, b }) => { if (b === undefined) throw new Error('No b'); return a + b; };",
    ),
  );
  const integration = () => ({
    ...{ type: "AWS", uri: invokeArn("adder") },
    requestTemplates: {
      "application/json": '{"a": $input.params("a")#if($input.params("b") != ""), "b": $input.params("b")#end}',
    },
  });
  const responses = {
    "200": { responseTemplates: { "application/json": '{"sum": $input.json("$")}' } },
    "400": {
      selectionPattern: "No .*",
      responseTemplates: { "application/json": '{"error": $input.json("$.errorMessage")}' },
    },
  };

  it("gets what the template says, and its error chooses the answer", async () => {
    const [first, ...rest] = restApi({ id: "api0000001", methods: { "GET /": { function: "adder" } } });
    await cloud.provision(first!, ...rest);
    await method("GET /", integration(), responses);
    expect(await call("/?a=2&b=3")).toMatchObject({ status: 200, json: { sum: 5 } });
    expect(await call("/?a=2")).toMatchObject({ status: 400, json: { error: "No b" } });
  });
});

describe("templates", () => {
  const answer = async (template: string, options = {}) => {
    await method(
      "ANY /{id}",
      { type: "MOCK", requestTemplates: { "application/json": '{"statusCode": 200}' } },
      {
        "200": { responseTemplates: { "application/json": template } },
      },
      { variables: { color: "red" } },
    );
    return (await call("/7?q=x", options)).text;
  };

  it.each([
    ["#set($x = 2 + 3 * 4)$x ${x} $!nothing $nothing", "14 14  $nothing"],
    ["#if($stageVariables.color == 'red' && !false)yes#elseif(true)maybe#{else}no#end", "yes"],
    ["#foreach($n in [1, 2, 3])$n#if($foreach.hasNext),#end#end", "1,2,3"],
    ['#set($m = {"a": "b"})$m.a $m.get("a") $m.keySet() $m.size()', 'b b ["a"] 1'],
    [
      "$context.stage $context.httpMethod $context.identity.sourceIp $context.nothing",
      "v1 GET 127.0.0.1 $context.nothing",
    ],
    ["$input.params('id') $input.params().path.id $input.params().querystring.get('q')", "7 7 x"],
    ["$util.escapeJavaScript('a\"b') $util.base64Encode('hi') $util.urlEncode('a b')", 'a\\"b aGk= a%20b'],
    ["#set($s = 'Hello')$s.toUpperCase() $s.substring(1, 3) $s.contains('ell') $s.length()", "HELLO el true 5"],
    ["## a comment\n#* another *#\\$kept $1.50", "$kept $1.50"],
    ["$s.constructor $input.__proto__ $context.constructor", "$s.constructor $input.__proto__ $context.constructor"],
  ])("%s", async (template, expected) => {
    const text = await answer(template);
    // A reference below a known name that leads nowhere is empty.
    expect(text.replace(/\s+$/, "")).toBe(
      expected.replace(/\$(s\.constructor|input\.__proto__|context\.\w+)/g, "").replace(/\s+$/, ""),
    );
  });

  it("say the status and the headers of the answer", async () => {
    await method(
      "GET /",
      { type: "MOCK", requestTemplates: { "application/json": '{"statusCode": 200}' } },
      {
        "200": {
          responseTemplates: {
            "application/json":
              '#set($context.responseOverride.status = 418)#set($context.responseOverride.header.X-Tea = "Earl")tea',
          },
        },
      },
    );
    expect(await call("/")).toMatchObject({ status: 418, headers: { "x-tea": "Earl" }, text: "tea" });
  });

  it("that can not be read are a configuration error", async () => {
    await method("GET /", { type: "MOCK" }, { "200": { responseTemplates: { "application/json": "#if($x" } } });
    expect((await call("/")).status).toBe(500);
  });

  it("answer a browser's preflight for the origins that an Api names, and no other", async () => {
    const template = answerTemplate(["https://app.example.com"], ["GET", "POST"]);
    await method(
      "OPTIONS /",
      { type: "MOCK", requestTemplates: { "application/json": '{"statusCode": 204}' } },
      {
        "204": {
          responseTemplates: { "application/json": template },
          responseParameters: { "method.response.header.Vary": "'Origin'" },
        },
      },
    );
    const preflight = (Origin: string) => call("/", { method: "OPTIONS", headers: { Origin } });
    const allowed = await preflight("https://app.example.com");
    expect(allowed).toMatchObject({
      status: 204,
      headers: {
        "access-control-allow-origin": "https://app.example.com",
        "access-control-allow-methods": "GET,POST",
        vary: "Origin",
      },
    });
    const other = await preflight("https://evil.example.com");
    expect(other.headers).not.toHaveProperty("access-control-allow-origin");
  });
});
