import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";

type Args = Partial<terrace.ApiArgs> & { isolated?: boolean };
const api =
  ({ isolated, ...args }: Args = {}) =>
  () => {
    const handler = new terrace.Function("handler", { entry, tenantIsolation: isolated });
    const authorizer =
      "authorizer" in args || args.userPool || args.jwt ? undefined : new terrace.Function("authorizer", { entry });
    return new terrace.Api("shop", { openapi: "functions/api/openapi.json", handler, authorizer, ...args });
  };
const jwt = { issuer: "https://login.example.com/", audiences: ["shop"] };
const secured = (inputs: Record<string, unknown>) =>
  inputs.authorizationType !== "NONE" && inputs.authorization !== "NONE";

describe("Api", () => {
  it("takes a user pool's tokens in place of a Lambda authorizer, as REST and as HTTP", async () => {
    const rest = await deploy(() => api({ userPool: new terrace.UserPool("users") })());
    const pool = rest.resource("aws:cognito/userPool:UserPool").outputs;
    expect(rest.resource("aws:apigateway/authorizer:Authorizer").inputs).toMatchObject({
      type: "COGNITO_USER_POOLS",
      providerArns: [pool.arn],
    });
    for (const { inputs } of rest.all("aws:apigateway/method:Method").filter(({ inputs }) => secured(inputs))) {
      expect(inputs.authorization).toBe("COGNITO_USER_POOLS");
    }
    const http = await deploy(() => api({ type: "http", userPool: new terrace.UserPool("users") })());
    expect(http.resource("aws:apigatewayv2/authorizer:Authorizer").inputs).toMatchObject({
      authorizerType: "JWT",
      jwtConfiguration: {
        issuer: `https://${pool.endpoint}`,
        audiences: [http.resource("UserPoolClient").id],
      },
    });
    for (const { inputs } of http.all("aws:apigatewayv2/route:Route").filter(({ inputs }) => secured(inputs))) {
      expect(inputs.authorizationType).toBe("JWT");
    }
  });

  it("takes anybody's tokens that are for it, as HTTP", async () => {
    const stack = await deploy(api({ type: "http", jwt }));
    expect(stack.resource("aws:apigatewayv2/authorizer:Authorizer").inputs.jwtConfiguration).toEqual(jwt);
    expect(stack.all("aws:lambda/permission:Permission")).toHaveLength(1);
  });

  it("limits single routes, beside the stage", async () => {
    const routeLimits = { "POST /albums/{albumId}/photos": { rate: 10, burst: 20 } };
    const rest = await deploy(api({ routeLimits }));
    const limits = Object.fromEntries(
      rest.all("MethodSettings").map(({ inputs }) => [inputs.methodPath, inputs.settings as Record<string, unknown>]),
    );
    expect(limits["*/*"]).toMatchObject({ throttlingRateLimit: 500, throttlingBurstLimit: 1000 });
    expect(limits["albums/{albumId}/photos/POST"]).toMatchObject({
      ...{ throttlingRateLimit: 10, throttlingBurstLimit: 20, dataTraceEnabled: false },
    });
    const http = await deploy(api({ type: "http", routeLimits }));
    expect(http.resource("aws:apigatewayv2/stage:Stage").inputs.routeSettings).toEqual([
      { routeKey: "POST /albums/{albumId}/photos", throttlingRateLimit: 10, throttlingBurstLimit: 20 },
    ]);
  });

  it("does not answer at AWS's own host where what stands before it is not to be gone round", async () => {
    const rest = await deploy(api({ defaultEndpoint: "off" }));
    expect(rest.resource("aws:apigateway/restApi:RestApi").inputs.disableExecuteApiEndpoint).toBe(true);
    const http = await deploy(api({ type: "http", defaultEndpoint: "off" }));
    expect(http.resource("aws:apigatewayv2/api:Api").inputs.disableExecuteApiEndpoint).toBe(true);
  });

  it("answers browsers' preflight of every path, to the origins named and no other", async () => {
    const stack = await deploy(api({ allowedOrigins: ["https://app.example.com"] }));
    const paths = new Set(stack.all("aws:apigateway/method:Method").map(({ inputs }) => `${inputs.resourceId}`));
    const preflights = stack
      .all("aws:apigateway/method:Method")
      .filter(({ inputs }) => inputs.httpMethod === "OPTIONS");
    expect(new Set(preflights.map(({ inputs }) => inputs.resourceId))).toEqual(paths);
    for (const { inputs } of stack.all("IntegrationResponse")) {
      const template = (inputs.responseTemplates as Record<string, string>)["application/json"]!;
      expect(template).toContain('#if(["https://app.example.com"].contains($origin))');
      expect(template).not.toContain("*");
      expect(inputs.responseParameters).toEqual({ "method.response.header.Vary": "'Origin'" });
    }
    expect((await deploy(api())).all("IntegrationResponse")).toEqual([]);
  });

  it("is deployed anew when its preflights change", async () => {
    const trigger = async (args: Args) => (await deploy(api(args))).resource("Deployment").inputs.triggers;
    const before = await trigger({ allowedOrigins: ["https://a.example.com"] });
    expect(await trigger({ allowedOrigins: ["https://b.example.com"] })).not.toEqual(before);
  });

  it.each(
    byMessage<Args>([
      [{ authorizer: undefined }, "authorizer is []; give one of authorizer, userPool and jwt"],
      [{ jwt }, 'jwt is "given"; REST APIs do not verify tokens by themselves; use type "http"'],
      [{ type: "http", jwt: { ...jwt, audiences: [] } }, "jwt.audiences is []"],
      [{ type: "http", jwt: { ...jwt, issuer: "login" } }, 'jwt.issuer is "login"'],
      [
        { routeLimits: { "GET /nowhere": { rate: 1, burst: 1 } } },
        'routeLimits is "GET /nowhere"; the document has no',
      ],
      [{ routeLimits: { "GET /albums": { rate: -1, burst: 1 } } }, "routeLimits.GET /albums.rate is -1"],
      [{ defaultEndpoint: "maybe" as never }, 'defaultEndpoint is "maybe"; it has to be on or off'],
      [{ allowedOrigins: ["app.example.com"] }, 'allowedOrigins[0] is "app.example.com"; it has to be an origin'],
      [{ stage: "v 1" }, 'stage is "v 1"'],
      [{ authorizerTtlSeconds: 61 }, "authorizerTtlSeconds is 61"],
      [{ rate: 0 }, "rate is 0"],
      [{ burst: 5001 }, "burst is 5001"],
    ]),
  )("refuses: %s", async (message, args) => {
    expect(await refused(api(args))).toContain(`Api "shop": ${message}`);
  });

  it("refuses plans and isolation without the Lambda authorizer that they need", async () => {
    const of = (args: Args) => refused(() => api({ ...args, userPool: new terrace.UserPool("users") })());
    expect(await of({ usagePlans: { basic: { rate: 1, burst: 1 } } })).toContain("usagePlans is");
    expect(await of({ isolated: true })).toContain("an isolated function is told its tenant by a Lambda authorizer");
  });

  it("tells what CloudWatch calls it, and its stage's ARN", async () => {
    let outputs: unknown[] = [];
    const stack = await deploy(() => {
      const made = api()();
      pulumi.all([made.metricDimensions, made.stageArn]).apply((values) => {
        outputs = values;
      });
    });
    expect(outputs).toEqual([
      { ApiName: stack.resource("aws:apigateway/restApi:RestApi").outputs.name, Stage: "v1" },
      stack.resource("aws:apigateway/stage:Stage").outputs.arn,
    ]);
  });
});

describe("functions of single routes", () => {
  const api = (args: object = {}) => {
    const [handler, reports, authorizer] = ["handler", "reports", "authorizer"].map(
      (name) => new terrace.Function(name, { entry: "tests/fixtures/functions/hello" }),
    ) as [terrace.Function, terrace.Function, terrace.Function];
    const handlers = { "GET /albums/{albumId}": reports };
    return new terrace.Api("api", { openapi: "functions/api/openapi.json", handler, handlers, authorizer, ...args });
  };
  const of =
    (type: string, end: string) =>
    async (args: object = {}) =>
      (await deploy(() => api(args))).all(type).find(({ name }) => name.endsWith(end))!.inputs;

  it("answer them, and only they may be invoked by them", async () => {
    const stack = await deploy(() => api());
    const reports = stack.resource("aws:lambda/function:Function", "reports").outputs;
    const uris = stack
      .all("aws:apigateway/integration:Integration")
      .filter(({ inputs }) => inputs.uri === reports.invokeArn);
    expect(uris.map(({ name }) => name)).toEqual(["api-get-albums-albumId-integration"]);
    const permission = stack
      .all("aws:lambda/permission:Permission")
      .find(({ inputs }) => inputs.function === reports.name)!;
    expect(permission.inputs.sourceArn).toMatch(/\/v1\/GET\/albums\/\*$/);
  });

  it("answer the same routes of an HTTP API", async () => {
    const stack = await deploy(() => api({ type: "http" }));
    const own = stack.all("aws:apigatewayv2/integration:Integration");
    expect(own.map(({ name }) => name).sort()).toEqual(["api-get-albums-albumId-integration", "api-integration"]);
    const route = stack.resource("aws:apigatewayv2/route:Route", "api-get-albums-albumId");
    const integration = own.find(({ name }) => name !== "api-integration")!;
    expect(route.inputs.target).toBe(`integrations/${integration.id}`);
  });

  it("send answers while they make them where they are asked to", async () => {
    const get = of("aws:apigateway/integration:Integration", "get-albums-albumId-integration");
    expect(await get({ streamed: ["GET /albums/{albumId}"] })).toMatchObject({
      responseTransferMode: "STREAM",
      uri: expect.stringMatching(/2021-11-15\/functions\/.+\/response-streaming-invocations$/),
    });
    expect(await get()).not.toHaveProperty("responseTransferMode");
  });

  it.each([
    [
      { streamed: ["GET /album"] },
      'streamed is "GET /album"; the document has no such route; did you mean GET /albums?',
    ],
    [{ type: "http", streamed: ["GET /albums"] }, "HTTP APIs send an answer when it is whole"],
  ])("are routes of the document: %j", async (args, message) => {
    expect(await refused(() => api(args))).toContain(message);
  });
});
