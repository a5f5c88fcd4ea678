import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import {
  CreateApiCommand,
  CreateApiMappingCommand,
  CreateDomainNameCommand,
  CreateStageCommand,
  UpdateStageCommand,
} from "@aws-sdk/client-apigatewayv2";
import { buildSync } from "esbuild";
import WebSocket from "ws";
import { takeMeasured } from "../../../local/metrics.ts";
import { eventually } from "../lambda/fixture.ts";
import { functionArn, invokeArn, resource, role } from "../lambda/resources.ts";
import { mayInvoke } from "./resources.ts";
import {
  apiId,
  aWebSocketApi,
  cloud,
  connect,
  control,
  host,
  management,
  refusal,
  reports,
  route,
} from "./websocket-fixture.ts";

aWebSocketApi();

describe("@connections", () => {
  it("posts to a client, tells of it, and closes it: then it is gone", async () => {
    await route("$connect");
    await route("$disconnect");
    const client = await connect("/v1", { headers: { "User-Agent": "jest" } });
    const { connectionId: ConnectionId } = (await reports.next()).requestContext;
    const api = management();
    await cloud.clock.advance(1000);
    await api.send(new PostToConnectionCommand({ ConnectionId, Data: "hello \u{1f44b}" }));
    expect(await client.next()).toBe("hello \u{1f44b}");
    const told = await api.send(new GetConnectionCommand({ ConnectionId }));
    expect(told.Identity).toEqual({ SourceIp: "127.0.0.1", UserAgent: "jest" });
    expect(told.LastActiveAt!.getTime() - told.ConnectedAt!.getTime()).toBe(1000);
    await api.send(new DeleteConnectionCommand({ ConnectionId }));
    expect((await client.closed)[0]).toBe(1000);
    expect((await reports.next()).requestContext).toMatchObject({
      ...{ disconnectStatusCode: 1000, disconnectReason: "Connection Closed Normally" },
    });
    const gone = api.send(new PostToConnectionCommand({ ConnectionId, Data: "?" }));
    await expect(gone).rejects.toMatchObject({ name: "GoneException", $metadata: { httpStatusCode: 410 } });
    api.destroy();
  });

  it("refuses payloads over 128 KB: PayloadTooLargeException", async () => {
    await route("$connect");
    await connect();
    const { connectionId: ConnectionId } = (await reports.next()).requestContext;
    const api = management();
    const post = (bytes: number) => api.send(new PostToConnectionCommand({ ConnectionId, Data: "x".repeat(bytes) }));
    await expect(post(128 * 1024 + 1)).rejects.toMatchObject({
      ...{ name: "PayloadTooLargeException", $metadata: { httpStatusCode: 413 } },
    });
    await post(128 * 1024);
    api.destroy();
  });

  it("is for roles that may execute-api:ManageConnections on this API and stage", async () => {
    await route("$connect");
    await connect();
    const { connectionId: ConnectionId } = (await reports.next()).requestContext;
    const arn = "arn:aws:iam::000000000000:role/poster";
    const Resource = `arn:aws:execute-api:eu-west-1:000000000000:${apiId}/v1/POST/@connections/*`;
    await cloud.provision(role(arn, [{ Effect: "Allow", Action: "execute-api:ManageConnections", Resource }]));
    const api = management(arn);
    await api.send(new PostToConnectionCommand({ ConnectionId, Data: "hello" }));
    const denied = api.send(new DeleteConnectionCommand({ ConnectionId }));
    await expect(denied).rejects.toThrow(
      /not authorized to perform: execute-api:ManageConnections on resource: .*\/DELETE\//,
    );
    api.destroy();
  });

  it("answers 403 to whom has not signed, and to what is no call of it", async () => {
    const get = (path: string) => cloud.fetch(path, { host: host() });
    expect(await get("/v1/@connections/abc")).toMatchObject({
      ...{ status: 403, json: { message: "Missing Authentication Token" } },
    });
    expect(await get("/v1")).toMatchObject({ status: 403, json: { message: "Forbidden" } });
  });

  it("does not reach a client through another API's address", async () => {
    await route("$connect");
    await connect();
    const { connectionId: ConnectionId } = (await reports.next()).requestContext;
    const other = await control.send(
      new CreateApiCommand({ Name: "other", ProtocolType: "WEBSOCKET", RouteSelectionExpression: "$request.body.x" }),
    );
    await control.send(new CreateStageCommand({ ApiId: other.ApiId, StageName: "v1", AutoDeploy: true }));
    const endpoint = `http://127.0.0.1:${cloud.gateway.port}/_apis/${other.ApiId}/v1`;
    const api = new ApiGatewayManagementApiClient({ ...cloud.running.client(), endpoint, maxAttempts: 1 });
    const post = api.send(new PostToConnectionCommand({ ConnectionId, Data: "hello" }));
    await expect(post).rejects.toMatchObject({ name: "GoneException" });
    api.destroy();
  });
});

describe("limits of a WebSocket API", () => {
  it("frames have 32 KB at most: larger ones end the connection with 1009", async () => {
    await route("$default", "echo", { answers: false });
    const client = await connect();
    client.socket.send("x".repeat(32 * 1024));
    expect((await reports.next()).body).toHaveLength(32 * 1024);
    client.socket.send("x".repeat(32 * 1024 + 1));
    expect((await client.closed)[0]).toBe(1009);
  });

  it("messages have 128 KB at most, in frames: larger ones end the connection with 1009", async () => {
    await route("$default", "echo", { answers: false });
    const client = await connect();
    const send = (frames: number) => {
      for (let i = 1; i <= frames; i++) client.socket.send("x".repeat(32 * 1024), { fin: i === frames });
    };
    send(4);
    expect((await reports.next()).body).toHaveLength(128 * 1024);
    send(5);
    expect((await client.closed)[0]).toBe(1009);
  });

  it("binary frames end the connection with 1003", async () => {
    const client = await connect();
    client.socket.send(Buffer.from([1, 2, 3]));
    expect((await client.closed)[0]).toBe(1003);
  });

  it("ten minutes without a message end the connection with 1001, and a message begins them anew", async () => {
    await route("say");
    const client = await connect();
    await cloud.clock.advance(9 * 60_000);
    await client.ask({ action: "say" });
    await cloud.clock.advance(9 * 60_000);
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
    await cloud.clock.advance(60_000);
    expect(await client.closed).toEqual([1001, "Going away"]);
  });

  it("two hours end the connection, however busy it is", async () => {
    await route("say");
    const client = await connect();
    for (let minutes = 0; minutes < 115; minutes += 5) {
      await cloud.clock.advance(5 * 60_000);
      await client.ask({ action: "say" });
    }
    await cloud.clock.advance(5 * 60_000);
    expect((await client.closed)[0]).toBe(1001);
  });

  it("a stage's throttle refuses connections with 429 and messages with Too Many Requests", async () => {
    await route("$connect");
    await route("say");
    const limit = { ThrottlingBurstLimit: 1, ThrottlingRateLimit: 1 };
    await control.send(new UpdateStageCommand({ ApiId: apiId, StageName: "v1", DefaultRouteSettings: limit }));
    const client = await connect();
    expect((await refusal()).status).toBe(429);
    await client.ask({ action: "say" });
    expect(await client.ask({ action: "say" })).toMatchObject({ message: "Too Many Requests" });
  });
});

it("a custom domain leads to a stage, for clients and for those who post to them", async () => {
  await route("$connect");
  const DomainName = "live.example.com";
  const CertificateArn = "arn:aws:acm:eu-west-1:000000000000:certificate/1";
  await control.send(new CreateDomainNameCommand({ DomainName, DomainNameConfigurations: [{ CertificateArn }] }));
  await control.send(new CreateApiMappingCommand({ DomainName, ApiId: apiId, Stage: "v1", ApiMappingKey: "chat" }));
  const client = await connect("/chat", { headers: { host: DomainName } });
  const { domainName, connectionId: ConnectionId } = (await reports.next()).requestContext;
  expect(domainName).toBe(DomainName);
  const endpoint = `http://127.0.0.1:${cloud.gateway.port}/chat`;
  const api = new ApiGatewayManagementApiClient({ ...cloud.running.client(), endpoint, maxAttempts: 1 });
  // Stands in for DNS, before the request is signed.
  api.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers.host = DomainName;
      return next(args);
    },
    { step: "build", priority: "low" },
  );
  await api.send(new PostToConnectionCommand({ ConnectionId, Data: "hello" }));
  expect(await client.next()).toBe("hello");
  api.destroy();
});

it("a program declares a custom domain for one", async () => {
  await route("say");
  const domainName = "live.example.com";
  const certificateArn = "arn:aws:acm:eu-west-1:000000000000:certificate/1";
  await cloud.provision(
    resource("aws:apigatewayv2/domainName:DomainName", "domain", {
      ...{ domainName, domainNameConfiguration: { certificateArn, endpointType: "REGIONAL" } },
    }),
    resource("aws:apigatewayv2/apiMapping:ApiMapping", "mapping", { domainName, apiId, stage: "v1" }),
  );
  for (const host of [domainName, `${domainName}.localhost`]) {
    const client = await connect("/", { headers: { host } });
    expect((await client.ask({ action: "say" })).requestContext).toMatchObject({ apiId, stage: "v1", domainName });
  }
});

it("connections and messages are counted for CloudWatch", async () => {
  await route("say");
  const client = await connect();
  await client.ask({ action: "say" });
  await client.ask({ action: "sing" });
  const sums = takeMeasured(cloud.running).map(({ metric, aggregate }) => [metric.name, aggregate.sum]);
  expect(Object.fromEntries(sums)).toMatchObject({ ConnectCount: 1, MessageCount: 2, ClientError: 1 });
});

it("every event leaves a line in the stage's access log, with its connection and route", async () => {
  await cloud.provision(resource("aws:cloudwatch/logGroup:LogGroup", "access", { name: "access" }));
  const variables = ["eventType", "routeKey", "connectionId", "messageId", "status", "disconnectStatusCode", "apiId"];
  const Format = JSON.stringify(Object.fromEntries(variables.map((name) => [name, `$context.${name}`])));
  const DestinationArn = "arn:aws:logs:eu-west-1:000000000000:log-group:access";
  const settings = { ApiId: apiId, StageName: "v1", AccessLogSettings: { DestinationArn, Format } };
  await control.send(new UpdateStageCommand(settings));
  await route("say");
  await route("$disconnect");
  const client = await connect();
  await client.ask({ action: "say" });
  await reports.next();
  client.socket.close(1000);
  await reports.next();
  const read = async () => {
    const { events } = await cloud.running.call("logs", "FilterLogEvents", { logGroupName: "access" });
    return events as { message: string }[];
  };
  const lines = (await eventually(read, (events) => events.length === 3)).map(({ message }) => JSON.parse(message));
  const connectionId = lines[0].connectionId;
  expect(connectionId).toMatch(/=$/);
  expect(lines).toMatchObject([
    { eventType: "CONNECT", routeKey: "$connect", status: "200", messageId: "-", apiId },
    { eventType: "MESSAGE", routeKey: "say", status: "200", messageId: expect.stringMatching(/=$/), connectionId },
    { eventType: "DISCONNECT", routeKey: "$disconnect", disconnectStatusCode: "1000", connectionId },
  ]);
});

it("a function answers a client through the unmodified management client, at the address that its event names", async () => {
  const source = `import { ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
    export const handler = async ({ requestContext: { domainName, stage, connectionId } }) => {
      const client = new ApiGatewayManagementApiClient({ endpoint: "https://" + domainName + "/" + stage });
      await client.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: "from the function" }));
      return { statusCode: 200 };
    };`;
  await cloud.define("poster", bundled(source));
  await cloud.provision(mayInvoke("poster", apiId));
  await route("post", "poster", { answers: false });
  const client = await connect();
  client.socket.send('{"action":"post"}');
  expect(await client.next()).toBe("from the function");
});

it("a function that loads its HTTPS client late finds that address with its next attempt", async () => {
  const source = `const get = async (url) => {
      const { request } = await import("node:https");
      return new Promise((done) => request(url, (answer) => done(answer.statusCode)).on("error", (error) => done(error.code)).end());
    };
    export const handler = async ({ requestContext: { domainName, stage } }) => {
      const url = "https://" + domainName + "/" + stage + "/@connections/x";
      return { statusCode: 200, body: JSON.stringify([await get(url), await get(url)]) };
    };`;
  await cloud.define("late", source);
  await cloud.provision(mayInvoke("late", apiId));
  await route("ask", "late");
  const client = await connect();
  expect(await client.ask({ action: "ask" })).toEqual(["ECONNRESET", 403]);
});

/** As a deployed function is: its clients inside. */
function bundled(contents: string): string {
  const banner = 'import { createRequire } from "node:module"; const require = createRequire("/");';
  const options = { bundle: true, write: false, platform: "node", format: "esm", banner: { js: banner } } as const;
  return buildSync({ ...options, stdin: { contents, resolveDir: process.cwd() } }).outputFiles[0]!.text;
}

it("a program declares a WebSocket API as the API makes one", async () => {
  const id = "declared01";
  const inputs = { protocolType: "WEBSOCKET", routeSelectionExpression: "$request.body.kind" };
  await cloud.provision(
    resource("aws:apigatewayv2/api:Api", id, inputs),
    resource("aws:apigatewayv2/integration:Integration", "int1", {
      ...{ apiId: id, integrationType: "AWS_PROXY", integrationUri: invokeArn("echo") },
    }),
    resource("aws:apigatewayv2/route:Route", "route1", {
      ...{ apiId: id, routeKey: "say", target: "integrations/int1", routeResponseSelectionExpression: "$default" },
    }),
    resource("aws:apigatewayv2/routeResponse:RouteResponse", "response1", {
      ...{ apiId: id, routeId: "route1", routeResponseKey: "$default" },
    }),
    resource("aws:apigatewayv2/stage:Stage", "stage1", { apiId: id, name: "v1", autoDeploy: true }),
    mayInvoke("echo", id),
  );
  const client = await connect("/v1", { headers: { host: `${id}.execute-api.localhost` } });
  expect((await client.ask({ kind: "say" })).requestContext).toMatchObject({ apiId: id, routeKey: "say" });
  expect(functionArn("echo")).toContain(":function:echo");
});
