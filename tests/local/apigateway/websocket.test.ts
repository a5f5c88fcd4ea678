import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import {
  ApiGatewayV2Client,
  CreateApiCommand,
  CreateApiMappingCommand,
  CreateAuthorizerCommand,
  CreateDomainNameCommand,
  CreateIntegrationCommand,
  CreateIntegrationResponseCommand,
  CreateRouteCommand,
  type CreateRouteCommandInput,
  CreateRouteResponseCommand,
  CreateStageCommand,
  UpdateStageCommand,
} from "@aws-sdk/client-apigatewayv2";
import { buildSync } from "esbuild";
import WebSocket, { type ClientOptions } from "ws";
import { takeMeasured } from "../../../local/metrics.ts";
import { eventually } from "../lambda/fixture.ts";
import { functionArn, invokeArn, resource, role } from "../lambda/resources.ts";
import { type GatewayCloud, startApi } from "./fixture.ts";
import { mayInvoke } from "./resources.ts";

let cloud: GatewayCloud;
let control: ApiGatewayV2Client;
let apiId: string;
let reports: Reports;
const sockets: WebSocket[] = [];

/** Tells what it got, where the test listens, and answers with it. */
const ECHO = `export const handler = async (event) => {
  await fetch(process.env.REPORTS, { method: "POST", body: JSON.stringify(event) });
  return { statusCode: 200, body: JSON.stringify(event) };
};`;

// biome-ignore lint/suspicious/noExplicitAny: events as functions get them
type Event = any;

interface Reports {
  url: string;
  next(): Promise<Event>;
  stop(): void;
}

async function listen(): Promise<Reports> {
  const events: Event[] = [];
  const waiting: ((event: Event) => void)[] = [];
  const server: Server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const event = JSON.parse(Buffer.concat(chunks).toString());
    const taker = waiting.shift();
    if (taker) taker(event);
    else events.push(event);
    outgoing.end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    next: () => (events.length > 0 ? Promise.resolve(events.shift()) : new Promise((done) => waiting.push(done))),
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

beforeEach(async () => {
  cloud = await startApi();
  reports = await listen();
  await cloud.define("echo", ECHO, { environment: { variables: { REPORTS: reports.url } } });
  control = new ApiGatewayV2Client({ ...cloud.running.client(), maxAttempts: 1 });
  const api = await control.send(
    new CreateApiCommand({ Name: "chat", ProtocolType: "WEBSOCKET", RouteSelectionExpression: "$request.body.action" }),
  );
  apiId = api.ApiId!;
  await cloud.provision(mayInvoke("echo", apiId));
  await control.send(new CreateStageCommand({ ApiId: apiId, StageName: "v1", AutoDeploy: true }));
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  control.destroy();
  await cloud.stop();
  reports.stop();
});

/** A route that a function answers; with a route response its answer goes to the client. */
async function route(
  RouteKey: string,
  name = "echo",
  more: Partial<CreateRouteCommandInput> & { answers?: boolean } = {},
) {
  const { answers = true, ...settings } = more;
  const { IntegrationId } = await control.send(
    new CreateIntegrationCommand({ ApiId: apiId, IntegrationType: "AWS_PROXY", IntegrationUri: invokeArn(name) }),
  );
  return routeTo(RouteKey, IntegrationId!, answers, settings);
}

async function routeTo(
  RouteKey: string,
  integrationId: string,
  answers = true,
  more: Partial<CreateRouteCommandInput> = {},
) {
  const Target = `integrations/${integrationId}`;
  const expression = answers ? { RouteResponseSelectionExpression: "$default" } : {};
  const { RouteId } = await control.send(
    new CreateRouteCommand({ ApiId: apiId, RouteKey, Target, ...expression, ...more }),
  );
  if (answers)
    await control.send(new CreateRouteResponseCommand({ ApiId: apiId, RouteId, RouteResponseKey: "$default" }));
}

const host = () => `${apiId}.execute-api.localhost`;

function open(path = "/v1", options: ClientOptions = {}, protocols: string[] = []): WebSocket {
  const headers = { host: host(), ...options.headers };
  const socket = new WebSocket(`ws://127.0.0.1:${cloud.gateway.port}${path}`, protocols, { ...options, headers });
  sockets.push(socket);
  return socket;
}

/** Connected; its messages are queued until they are asked for. */
async function connect(path?: string, options?: ClientOptions, protocols?: string[]) {
  const socket = open(path, options, protocols);
  const messages: string[] = [];
  const waiting: ((text: string) => void)[] = [];
  socket.on("message", (data) => {
    const taker = waiting.shift();
    if (taker) taker(data.toString());
    else messages.push(data.toString());
  });
  const closed = new Promise<[code: number, reason: string]>((done) =>
    socket.on("close", (code, reason) => done([code, reason.toString()])),
  );
  await new Promise((done, failed) => socket.once("open", done).once("error", failed));
  const next = () =>
    messages.length > 0 ? Promise.resolve(messages.shift()!) : new Promise<string>((done) => waiting.push(done));
  return {
    socket,
    closed,
    next,
    async ask(message: string | object): Promise<Event> {
      socket.send(typeof message === "string" ? message : JSON.stringify(message));
      return JSON.parse(await next());
    },
  };
}

/** The answer to an upgrade that did not come about. */
function refusal(path?: string, options?: ClientOptions): Promise<{ status: number; body: Event }> {
  return new Promise((done, failed) => {
    const socket = open(path, options);
    socket.on("error", failed).on("open", () => failed(new Error("connected")));
    socket.on("unexpected-response", (_request, incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("end", () => {
        socket.removeAllListeners("error").on("error", () => {});
        done({ status: incoming.statusCode!, body: JSON.parse(Buffer.concat(chunks).toString()) });
      });
    });
  });
}

function management(roleArn?: string): ApiGatewayManagementApiClient {
  const endpoint = `http://127.0.0.1:${cloud.gateway.port}/_apis/${apiId}/v1`;
  return new ApiGatewayManagementApiClient({ ...cloud.running.client(roleArn), endpoint, maxAttempts: 1 });
}

describe("a WebSocket API's events", () => {
  it("have AWS's shapes at $connect, for a message, and at $disconnect", async () => {
    await route("$connect");
    await route("say");
    await route("$disconnect");
    const client = await connect("/v1?room=a&room=b", { headers: { "User-Agent": "jest", "X-Custom": "one" } });
    const connected = await reports.next();
    const { connectionId } = connected.requestContext;
    expect(connected).toMatchObject({
      headers: { Host: `${apiId}.execute-api.eu-west-1.amazonaws.com`, "X-Custom": "one", "User-Agent": "jest" },
      multiValueHeaders: { "X-Custom": ["one"], "Sec-WebSocket-Version": ["13"] },
      queryStringParameters: { room: "b" },
      multiValueQueryStringParameters: { room: ["a", "b"] },
      isBase64Encoded: false,
    });
    expect(connected.requestContext).toEqual({
      routeKey: "$connect",
      eventType: "CONNECT",
      extendedRequestId: expect.stringMatching(/=$/),
      requestTime: expect.stringMatching(/^\d\d\/\w{3}\/\d{4}:[\d:]{8} \+0000$/),
      messageDirection: "IN",
      stage: "v1",
      connectedAt: cloud.clock.now(),
      requestTimeEpoch: cloud.clock.now(),
      identity: { userAgent: "jest", sourceIp: "127.0.0.1" },
      requestId: connected.requestContext.extendedRequestId,
      domainName: `${apiId}.execute-api.eu-west-1.amazonaws.com`,
      connectionId: expect.stringMatching(/^[\w+/-]{15}=$/),
      apiId,
    });
    expect(connected).not.toHaveProperty("body");

    const message = JSON.stringify({ action: "say", text: "hello" });
    const said = await client.ask(message);
    expect(Object.keys(said).sort()).toEqual(["body", "isBase64Encoded", "requestContext"]);
    expect(said).toMatchObject({ body: message, isBase64Encoded: false });
    expect(said.requestContext).toMatchObject({
      ...{ routeKey: "say", eventType: "MESSAGE", connectionId, messageId: expect.stringMatching(/=$/) },
      ...{ connectedAt: connected.requestContext.connectedAt, identity: { userAgent: "jest", sourceIp: "127.0.0.1" } },
    });
    expect(said.requestContext.requestId).not.toBe(connected.requestContext.requestId);
    await reports.next();

    client.socket.close();
    const ended = await reports.next();
    expect(ended.requestContext).toMatchObject({
      ...{ routeKey: "$disconnect", eventType: "DISCONNECT", connectionId, disconnectStatusCode: 1005 },
      disconnectReason: "Client-side close frame status not set",
    });
    expect(ended.headers).toEqual({
      ...{ Host: expect.stringContaining(apiId), "x-api-key": "", "X-Forwarded-For": "", "x-restapi": "" },
    });
  });

  it("name the code and reason that a client closes with", async () => {
    await route("$disconnect");
    const client = await connect();
    client.socket.close(4001, "bored");
    expect((await reports.next()).requestContext).toMatchObject({
      ...{ disconnectStatusCode: 4001, disconnectReason: "bored" },
    });
  });
});

describe("routes of a WebSocket API", () => {
  it("are chosen by the message; what is no JSON, or names no route, goes to $default", async () => {
    await route("say");
    await route("$default");
    const client = await connect();
    const keyOf = async (message: string | object) => (await client.ask(message)).requestContext.routeKey;
    expect(await keyOf({ action: "say" })).toBe("say");
    expect(await keyOf({ action: "sing" })).toBe("$default");
    expect(await keyOf("no json")).toBe("$default");
    expect(await keyOf({ action: { deep: true } })).toBe("$default");
    expect(await keyOf({ action: "$disconnect" })).toBe("$default");
    expect(await keyOf('{"action":"constructor"}')).toBe("$default");
  });

  it("that there are none of answer Forbidden, with the ids to look for in the log", async () => {
    const client = await connect();
    expect(await client.ask({ action: "say" })).toEqual({
      ...{ message: "Forbidden", connectionId: expect.any(String), requestId: expect.any(String) },
    });
  });

  it("answer only where they have a response, and Internal server error where their function fails", async () => {
    await cloud.define("broken", "export const handler = async () => { throw new Error('no'); };");
    await cloud.provision(mayInvoke("broken", apiId));
    await route("quiet", "echo", { answers: false });
    await route("broken", "broken", { answers: false });
    const client = await connect();
    client.socket.send('{"action":"quiet"}');
    await reports.next();
    expect(await client.ask({ action: "broken" })).toMatchObject({ message: "Internal server error" });
  });

  it("answer with a mock's templates", async () => {
    const integration = await control.send(
      new CreateIntegrationCommand({
        ...{ ApiId: apiId, IntegrationType: "MOCK", TemplateSelectionExpression: "\\$default" },
        RequestTemplates: { $default: '{"statusCode": 200}' },
      }),
    );
    await control.send(
      new CreateIntegrationResponseCommand({
        ...{ ApiId: apiId, IntegrationId: integration.IntegrationId, IntegrationResponseKey: "$default" },
        ...{ TemplateSelectionExpression: "\\$default" },
        ResponseTemplates: { $default: '{"pong":"$context.connectionId"}' },
      }),
    );
    await routeTo("ping", integration.IntegrationId!);
    const client = await connect();
    expect(await client.ask({ action: "ping" })).toEqual({ pong: expect.stringMatching(/=$/) });
  });
});

describe("$connect", () => {
  it("refuses whom its function refuses, with the status that it says", async () => {
    await cloud.define("door", "export const handler = async () => ({ statusCode: 402 });");
    await cloud.provision(mayInvoke("door", apiId));
    await route("$connect", "door");
    expect((await refusal()).status).toBe(402);
  });

  it("is 502 where its function fails or answers nonsense, and 500 where it may not be called", async () => {
    await cloud.define("odd", "export const handler = async () => 'odd';");
    await route("$connect", "odd");
    expect(await refusal()).toMatchObject({ status: 500, body: { message: "Internal server error" } });
    await cloud.provision(mayInvoke("odd", apiId));
    expect((await refusal()).status).toBe(502);
  });

  it("may choose one of the protocols that the client offers", async () => {
    const source = `export const handler = async () => ({ statusCode: 200, headers: { "Sec-WebSocket-Protocol": "chat.v2" } });`;
    await cloud.define("chooser", source);
    await cloud.provision(mayInvoke("chooser", apiId));
    await route("$connect", "chooser");
    const { socket } = await connect("/v1", {}, ["chat.v1", "chat.v2"]);
    expect(socket.protocol).toBe("chat.v2");
  });

  it("asks its authorizer: 401 without identity, 403 for a deny, and its context in every event", async () => {
    await cloud.define(
      "gatekeeper",
      `export const handler = async ({ type, methodArn, queryStringParameters, requestContext }) => ({
        principalId: type + requestContext.eventType,
        policyDocument: { Version: "2012-10-17", Statement: [{ Action: "execute-api:Invoke",
          Effect: queryStringParameters.token === "yes" ? "Allow" : "Deny", Resource: methodArn }] },
        context: { tenant: "acme" } });`,
    );
    await cloud.provision(mayInvoke("gatekeeper", apiId));
    const { AuthorizerId } = await control.send(
      new CreateAuthorizerCommand({
        ...{ ApiId: apiId, Name: "gate", AuthorizerType: "REQUEST", AuthorizerUri: invokeArn("gatekeeper") },
        IdentitySource: ["route.request.querystring.token"],
      }),
    );
    await route("$connect", "echo", { AuthorizationType: "CUSTOM", AuthorizerId, answers: false });
    await route("say");
    expect(await refusal()).toMatchObject({ status: 401, body: { message: "Unauthorized" } });
    expect((await refusal("/v1?token=no")).status).toBe(403);
    const client = await connect("/v1?token=yes");
    expect((await reports.next()).requestContext.authorizer).toMatchObject({ tenant: "acme" });
    expect((await client.ask({ action: "say" })).requestContext.authorizer).toMatchObject({
      ...{ principalId: "REQUESTCONNECT", tenant: "acme" },
    });
  });

  it("is not to be had at another path, another stage, or an API that is no WebSocket's", async () => {
    expect((await refusal("/v1/deeper")).status).toBe(403);
    expect((await refusal("/v2")).status).toBe(403);
    expect((await refusal("/v1", { headers: { host: "nothing.execute-api.localhost" } })).status).toBe(403);
  });
});

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
