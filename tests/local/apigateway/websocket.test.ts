import {
  CreateAuthorizerCommand,
  CreateIntegrationCommand,
  CreateIntegrationResponseCommand,
} from "@aws-sdk/client-apigatewayv2";
import { invokeArn } from "../lambda/resources.ts";
import { mayInvoke } from "./resources.ts";
import {
  apiId,
  aWebSocketApi,
  cloud,
  connect,
  control,
  refusal,
  reports,
  route,
  routeTo,
} from "./websocket-fixture.ts";

aWebSocketApi();

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
