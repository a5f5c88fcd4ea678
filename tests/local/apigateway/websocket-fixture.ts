/** A WebSocket API whose routes a function answers, and clients of it. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ApiGatewayManagementApiClient } from "@aws-sdk/client-apigatewaymanagementapi";
import {
  ApiGatewayV2Client,
  CreateApiCommand,
  CreateIntegrationCommand,
  CreateRouteCommand,
  type CreateRouteCommandInput,
  CreateRouteResponseCommand,
  CreateStageCommand,
} from "@aws-sdk/client-apigatewayv2";
import WebSocket, { type ClientOptions } from "ws";
import { invokeArn } from "../lambda/resources.ts";
import { type GatewayCloud, startApi } from "./fixture.ts";
import { mayInvoke } from "./resources.ts";

export let cloud: GatewayCloud;
export let control: ApiGatewayV2Client;
export let apiId: string;
export let reports: Reports;
const sockets: WebSocket[] = [];

/** Tells what it got, where the test listens, and answers with it. */
const ECHO = `export const handler = async (event) => {
  await fetch(process.env.REPORTS, { method: "POST", body: JSON.stringify(event) });
  return { statusCode: 200, body: JSON.stringify(event) };
};`;

// biome-ignore lint/suspicious/noExplicitAny: events as functions get them
export type Event = any;

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

/** Before each test an API with the stage `v1` and the function `echo`; after it nothing is left. */
export function aWebSocketApi(): void {
  beforeEach(async () => {
    cloud = await startApi();
    reports = await listen();
    await cloud.define("echo", ECHO, { environment: { variables: { REPORTS: reports.url } } });
    control = new ApiGatewayV2Client({ ...cloud.running.client(), maxAttempts: 1 });
    const api = await control.send(
      new CreateApiCommand({
        Name: "chat",
        ProtocolType: "WEBSOCKET",
        RouteSelectionExpression: "$request.body.action",
      }),
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
}

/** A route that a function answers; with a route response its answer goes to the client. */
export async function route(
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

export async function routeTo(
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

export const host = () => `${apiId}.execute-api.localhost`;

export function open(path = "/v1", options: ClientOptions = {}, protocols: string[] = []): WebSocket {
  const headers = { host: host(), ...options.headers };
  const socket = new WebSocket(`ws://127.0.0.1:${cloud.gateway.port}${path}`, protocols, { ...options, headers });
  sockets.push(socket);
  return socket;
}

/** Connected; its messages are queued until they are asked for. */
export async function connect(path?: string, options?: ClientOptions, protocols?: string[]) {
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
export function refusal(path?: string, options?: ClientOptions): Promise<{ status: number; body: Event }> {
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

export function management(roleArn?: string): ApiGatewayManagementApiClient {
  const endpoint = `http://127.0.0.1:${cloud.gateway.port}/_apis/${apiId}/v1`;
  return new ApiGatewayManagementApiClient({ ...cloud.running.client(roleArn), endpoint, maxAttempts: 1 });
}
