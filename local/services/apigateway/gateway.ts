/**
 * The data plane of API Gateway: HTTP requests of tenants and their browsers, and WebSockets, routed to the APIs that a program
 * declares or the API made.
 *
 * Not emulated: AWS services as backends (functions are, and endpoints on this machine), caching, canaries, client certificates,
 * VPC links, WAF, resource policies, and what VTL has beyond `integrations/template.ts`. A limit that a program sets for all of
 * a stage's methods guards an account's capacity, and this machine has none to share: those of single methods, usage plans'
 * and whatever the API sets are enforced.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex, Readable } from "node:stream";
import type { CoreCloud } from "../../cloud.ts";
import { type Edge, edgeOf, edgesOf, recallEdges } from "../../edges.ts";
import { createServer } from "../../node-http.ts";
import { keepPolling } from "../../polling.ts";
import { httpAuthorizer } from "./authorizers/http-authorizer.ts";
import type { CheckSigned } from "./authorizers/iam-authorizer.ts";
import { jwtVerifier } from "./authorizers/jwt.ts";
import { restAuthorizer } from "./authorizers/rest-authorizer.ts";
import { functionInvoker } from "./integrations/invoke-function.ts";
import type { HttpApi, RestApi } from "./model/apis.ts";
import { apisOf } from "./model/store.ts";
import { type Exchange, type GatewayAnswer, newExchange } from "./serve/exchange.ts";
import { gatewayResponse } from "./serve/gateway-responses.ts";
import { problem, serveHttp } from "./serve/http-api.ts";
import { type Hosts, hostName, isLocal, placesOf } from "./serve/places.ts";
import { readBody } from "./serve/request-body.ts";
import { serveRest } from "./serve/rest-api.ts";
import { accessLogs } from "./stages/access-log.ts";
import { stageMetrics } from "./stages/stage-metrics.ts";
import { stageThrottles } from "./stages/stage-throttles.ts";
import { stageTraces } from "./stages/stage-trace.ts";
import { usage as createUsage } from "./stages/usage.ts";
import type { webSockets } from "./websocket/serve.ts";

export type { Hosts } from "./serve/places.ts";

export interface GatewayOptions {
  cloud: CoreCloud;
  /** 0 takes any free one. */
  port: number;
  hosts: Hosts;
  /** HTML for a browser at the gateway's own address. @default none: 403 as for any unknown host */
  home?: () => Promise<string>;
}

export interface Gateway {
  port: number;
  setHosts(hosts: Hosts): void;
  stop(): Promise<void>;
}

export async function startGateway({ cloud, port, hosts, home }: GatewayOptions): Promise<Gateway> {
  const apis = apisOf(cloud);
  const invoke = functionInvoker(cloud);
  const jwt = jwtVerifier(cloud);
  const usage = createUsage(cloud, apis);
  const logs = accessLogs(cloud);
  const measure = stageMetrics(cloud);
  const trace = stageTraces(cloud);
  const signed: CheckSigned = async (exchange, methodArn) =>
    (await import("./authorizers/iam-authorizer.ts")).checkSigned(cloud, exchange, methodArn);
  const throttled = stageThrottles(cloud.clock);
  const rest = { cloud, apis, invoke, usage, throttled, authorize: restAuthorizer(cloud, invoke, jwt, signed) };
  const http = { cloud, invoke, throttled, authorize: httpAuthorizer(cloud, invoke, jwt, signed) };
  const edges = edgesOf(cloud);
  const places = placesOf(cloud);
  places.setHosts(hosts);

  const server: Server = createServer({ keepAliveTimeout: 65_000 }, (incoming, outgoing) => {
    serve(incoming, outgoing).catch((error) => {
      cloud.log({ level: "error", source: "apigateway", message: (error as Error).stack ?? String(error) });
      if (!outgoing.headersSent) plain(outgoing, 500, "Internal server error");
      else outgoing.destroy();
    });
  });

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const asked = incoming.headers.host ?? "";
    const name = hostName(asked);
    const target = incoming.url ?? "/";
    const question = target.indexOf("?");
    const path = question < 0 ? target : target.slice(0, question);
    const edge = edges.hosts.size === 0 ? undefined : edgeFor(name, incoming);
    if (edge) return edge(incoming, outgoing, asked);
    const place = places.find(name, path);
    if (!place) {
      if (home && isLocal(name) && path === "/") return page(outgoing, await home());
      return plain(outgoing, 403, "Forbidden");
    }
    if (place.api.kind === "websocket")
      return (await import("./websocket/plain-request.ts")).answer(cloud, incoming, outgoing);
    const exchange = newExchange(cloud, incoming, {
      apiId: place.api.id,
      stage: place.stage,
      path: place.path,
      fullPath: place.fullPath,
      eventPath: place.eventPath,
      rawQuery: question < 0 ? "" : target.slice(question + 1),
      host: place.host,
      forwardedHost: asked,
    });
    if (place.stage.isTraced && place.api.kind === "rest") exchange.trace = trace(place.api, exchange);
    const answer = await answerTo(place.api, exchange);
    reply(outgoing, exchange, answer, place.api.kind);
    measure(place.api, exchange, answer.status);
    exchange.trace?.end(answer.status);
  }

  /** A host that a distribution has; what comes from a distribution is for the API behind it. */
  function edgeFor(name: string, { headers }: IncomingMessage): Edge | undefined {
    return headers.via?.includes("(CloudFront)") ? undefined : edgeOf(edges, places.standsFor(name) ?? name);
  }

  async function answerTo(api: RestApi | HttpApi, exchange: Exchange): Promise<GatewayAnswer> {
    if (exchange.incoming.headers["content-length"] !== undefined || exchange.incoming.headers["transfer-encoding"]) {
      const body = await readBody(exchange.incoming);
      if (body === "too large") {
        return api.kind === "rest"
          ? gatewayResponse(cloud, api, exchange, "REQUEST_TOO_LARGE")
          : problem(exchange, 413);
      }
      if (body.length > 0) exchange.body = body;
    }
    try {
      return api.kind === "rest" ? await serveRest(rest, api, exchange) : await serveHttp(http, api, exchange);
    } catch (error) {
      cloud.log({ level: "error", source: "apigateway", message: (error as Error).stack ?? String(error) });
      return api.kind === "rest"
        ? gatewayResponse(cloud, api, exchange, "API_CONFIGURATION_ERROR")
        : problem(exchange, 500);
    }
  }

  function reply(outgoing: ServerResponse, exchange: Exchange, answer: GatewayAnswer, kind: "rest" | "http"): void {
    const { status, headers, body } = answer;
    const isWhole = typeof body === "string" || Buffer.isBuffer(body);
    const bytes = typeof body === "string" ? Buffer.byteLength(body) : isWhole ? body.length : 0;
    if (isWhole) headers.push("Content-Length", String(bytes));
    if (kind === "rest")
      headers.push("x-amzn-RequestId", exchange.requestId, "x-amz-apigw-id", exchange.extendedRequestId);
    else headers.push("apigw-requestid", exchange.extendedRequestId);
    if (!exchange.incoming.complete) headers.push("Connection", "close");
    if (!isWhole) {
      stream(outgoing, exchange, status, headers, body);
      return;
    }
    if (!outgoing.destroyed) {
      outgoing.writeHead(status, headers);
      outgoing.end(exchange.method === "HEAD" ? undefined : body);
      keepPolling();
    }
    logs.write(exchange, status, bytes);
  }

  /** An answer that breaks off in the middle can not be taken back: the connection ends with it. */
  function stream(outgoing: ServerResponse, exchange: Exchange, status: number, headers: string[], body: Readable) {
    let bytes = 0;
    body.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    body.on("error", () => outgoing.destroy());
    body.on("close", () => logs.write(exchange, status, bytes));
    outgoing.on("close", () => body.destroy());
    outgoing.writeHead(status, headers);
    body.pipe(outgoing);
  }

  /** Loaded with the first client that connects. */
  let sockets: ReturnType<typeof webSockets> | undefined;

  async function upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const [asked, target] = [incoming.headers.host ?? "", incoming.url ?? "/"];
    const [path = "", rawQuery = ""] = target.split(/\?(.*)/s, 2);
    const place = places.find(hostName(asked), path);
    if (place?.api.kind !== "websocket")
      return (await import("./websocket/refuse.ts")).refuse(socket, 403, { message: "Forbidden" });
    sockets ??= (await import("./websocket/serve.ts")).webSockets({
      cloud,
      apis,
      invoke,
      usage,
      throttled,
      logs,
      signed,
    });
    await sockets.connect({ ...place, api: place.api, rawQuery, forwardedHost: asked }, incoming, socket, head);
  }

  server.on("upgrade", (incoming, socket, head) => {
    // Who hangs up is told nothing.
    socket.on("error", () => socket.destroy());
    upgrade(incoming, socket, head).catch((error) => {
      cloud.log({ level: "error", source: "apigateway", message: (error as Error).stack ?? String(error) });
      socket.destroy();
    });
  });

  function addressPort(): number {
    return (server.address() as { port: number }).port;
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  const serves = (host: string) => places.find(host, "/") !== undefined;
  await recallEdges(cloud);
  edges.gateway = { port: addressPort(), standsFor: places.standsFor, serves };
  return {
    port: addressPort(),
    setHosts: places.setHosts,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      sockets?.stop();
      server.closeAllConnections();
      await closed;
      usage.flush();
      await logs.stop();
    },
  };
}

function plain(outgoing: ServerResponse, status: number, message: string): void {
  const body = JSON.stringify({ message });
  outgoing.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  outgoing.end(body);
}

function page(outgoing: ServerResponse, html: string): void {
  outgoing.writeHead(200, {
    "content-type": "text/html; charset=utf-8",
    "content-length": Buffer.byteLength(html),
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
  });
  outgoing.end(html);
}
