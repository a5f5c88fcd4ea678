import * as terrace from "../../components/index.ts";
import { deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";

type Args = Partial<Omit<terrace.WebSocketApiArgs, "routes">> & { keys?: string[] };

const live =
  ({ keys = ["$connect", "$disconnect", "say"], ...args }: Args = {}) =>
  () => {
    const chat = new terrace.Function("chat", { entry });
    const authorizer = new terrace.Function("authorizer", { entry });
    const routes = Object.fromEntries(keys.map((key) => [key, chat]));
    const api = new terrace.WebSocketApi("live", { authorizer, routes, ...args });
    return { api, chat };
  };

describe("WebSocketApi", () => {
  it("has a route for each key, all to the one function, and the authorizer before $connect alone", async () => {
    const stack = await deploy(live());
    expect(stack.resource("aws:apigatewayv2/api:Api").inputs).toMatchObject({
      ...{ protocolType: "WEBSOCKET", routeSelectionExpression: "$request.body.action" },
    });
    const integration = stack.resource("aws:apigatewayv2/integration:Integration");
    const authorizer = stack.resource("aws:apigatewayv2/authorizer:Authorizer");
    expect(authorizer.inputs).toMatchObject({
      ...{ authorizerType: "REQUEST", identitySources: ["route.request.querystring.token"] },
    });
    const routes = Object.fromEntries(
      stack.all("aws:apigatewayv2/route:Route").map(({ inputs }) => [inputs.routeKey, inputs]),
    );
    expect(Object.keys(routes).sort()).toEqual(["$connect", "$disconnect", "say"]);
    for (const { target } of Object.values(routes) as Record<string, unknown>[])
      expect(target).toBe(`integrations/${integration.id}`);
    expect(routes.$connect).toMatchObject({ authorizationType: "CUSTOM", authorizerId: authorizer.id });
    expect(routes.say).not.toHaveProperty("authorizationType");
  });

  it("lets API Gateway call its functions for its own stage, and the authorizer for itself", async () => {
    const stack = await deploy(live());
    const { executionArn } = stack.resource("aws:apigatewayv2/api:Api").outputs;
    const { id } = stack.resource("aws:apigatewayv2/authorizer:Authorizer");
    const sources = stack.all("aws:lambda/permission:Permission").map(({ inputs }) => inputs.sourceArn);
    expect(sources.sort()).toEqual([`${executionArn}/authorizers/${id}`, `${executionArn}/v1/*`].sort());
  });

  it("answers clients only on the routes that are said to", async () => {
    expect((await deploy(live())).all("RouteResponse")).toEqual([]);
    const stack = await deploy(live({ answering: ["say"] }));
    const answering = stack
      .all("aws:apigatewayv2/route:Route")
      .filter(({ inputs }) => inputs.routeResponseSelectionExpression);
    expect(answering.map(({ inputs }) => inputs.routeKey)).toEqual(["say"]);
    expect(stack.resource("RouteResponse").inputs).toMatchObject({
      routeId: answering[0]!.id,
      routeResponseKey: "$default",
    });
  });

  it("logs every event as JSON, and limits its stage and single routes", async () => {
    const stack = await deploy(live({ routeLimits: { say: { rate: 5, burst: 10 } } }));
    const { inputs } = stack.resource("aws:apigatewayv2/stage:Stage");
    expect(inputs.defaultRouteSettings).toMatchObject({ throttlingRateLimit: 500, throttlingBurstLimit: 1000 });
    expect(inputs.routeSettings).toEqual([
      expect.objectContaining({
        routeKey: "say",
        throttlingRateLimit: 5,
        throttlingBurstLimit: 10,
        dataTraceEnabled: false,
      }),
    ]);
    const { format } = inputs.accessLogSettings as { format: string };
    expect(JSON.parse(format)).toMatchObject({ connectionId: "$context.connectionId", route: "$context.routeKey" });
  });

  it("lets those functions post to its connections that it is told of, on its own stage", async () => {
    const stack = await deploy(() => {
      const { api, chat } = live()();
      api.allowPost("chat-posts", chat);
      new terrace.Function("news", { entry, link: { live: api.post() } });
    });
    const { executionArn, apiEndpoint } = stack.resource("aws:apigatewayv2/api:Api").outputs;
    const policies = stack.all("aws:iam/rolePolicy:RolePolicy").map(({ inputs }) => String(inputs.policy));
    const posting = policies.filter((policy) => policy.includes("execute-api:ManageConnections"));
    expect(posting).toHaveLength(2);
    for (const policy of posting) expect(policy).toContain(`"${executionArn}/v1/*/@connections/*"`);
    const news = stack.all("aws:lambda/function:Function").find(({ name }) => name.startsWith("news"))!;
    const { variables } = news.inputs.environment as { variables: Record<string, string> };
    expect(JSON.parse(variables.TERRACE_LINK!)).toEqual({
      live: { callbackUrl: `${String(apiEndpoint).replace("wss:", "https:")}/v1` },
    });
  });

  it.each(
    byMessage<Args>([
      [
        { keys: ["say"] },
        "routes.$connect is missing; the authorizer stands before it, and without it everybody could",
      ],
      [{ keys: ["$connect", "$other"] }, 'routes is "$other"; it has to be $connect, $disconnect, $default or a name'],
      [{ answering: ["sing"] }, 'answering is "sing"; there is no such route; there are $connect, $disconnect, say'],
      [{ answering: ["$connect"] }, 'answering is ["$connect"]; only messages are answered'],
      [{ routeLimits: { sing: { rate: 1, burst: 1 } } }, 'routeLimits is "sing"; there is no such route'],
      [{ routeLimits: { say: { rate: -1, burst: 1 } } }, "routeLimits.say.rate is -1"],
      [{ identitySource: "token" }, 'identitySource is "token"; it has to be route.request.querystring.<name>'],
      [{ routeSelection: "action" }, 'routeSelection is "action"; it has to be a member of the message'],
      [{ stage: "v 1" }, 'stage is "v 1"'],
      [{ rate: 0 }, "rate is 0"],
      [{ burst: 5001 }, "burst is 5001"],
    ]),
  )("refuses: %s", async (message, args) => {
    expect(await refused(live(args))).toContain(`WebSocketApi "live": ${message}`);
  });
});
