/**
 * The data plane of API Gateway: HTTP requests of tenants and their browsers, routed to the APIs that the graph declares.
 *
 * Not emulated: WebSocket APIs, non-proxy and HTTP integrations (a method with one is refused when declared), VTL beyond
 * `$context` variables, caching, canaries, client certificates, WAF, and the throttles of stages and methods: they guard an
 * account's capacity, and this machine has none to share. Usage plans are enforced.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { type Edge, edgeOf, edgesOf } from "../../edges.ts";
import { createServer } from "../../node-http.ts";
import { keepPolling } from "../../polling.ts";
import type { Cloud } from "../../service.ts";
import { httpAuthorizer } from "./authorizers/http-authorizer.ts";
import { jwtVerifier } from "./authorizers/jwt.ts";
import { restAuthorizer } from "./authorizers/rest-authorizer.ts";
import { functionInvoker } from "./integrations/invoke-function.ts";
import { type AnyApi, apisOf, type HttpApi, type RestApi, type Stage } from "./model/apis.ts";
import { type Exchange, type GatewayAnswer, newExchange } from "./serve/exchange.ts";
import { gatewayResponse } from "./serve/gateway-responses.ts";
import { problem, serveHttp } from "./serve/http-api.ts";
import { indexPage } from "./serve/index-page.ts";
import { readBody } from "./serve/request-body.ts";
import { serveRest } from "./serve/rest-api.ts";
import { accessLogs } from "./stages/access-log.ts";
import { stageMetrics } from "./stages/stage-metrics.ts";
import { stageThrottles } from "./stages/stage-throttles.ts";
import { stageTraces } from "./stages/stage-trace.ts";
import { usage as createUsage } from "./stages/usage.ts";

/** Label of `http://<label>.localhost` → what stands behind it. */
export type Hosts = Record<string, { host: string; apiId: string; stage: string }>;

export interface GatewayOptions {
  cloud: Cloud;
  /** 0 takes any free one. */
  port: number;
  hosts: Hosts;
}

export interface Gateway {
  port: number;
  setHosts(hosts: Hosts): void;
  stop(): Promise<void>;
}

interface Place {
  api: AnyApi;
  stage: Stage;
  path: string;
  fullPath: string;
  eventPath?: string;
  host: string;
}

export async function startGateway({ cloud, port, hosts }: GatewayOptions): Promise<Gateway> {
  const apis = apisOf(cloud);
  const invoke = functionInvoker(cloud);
  const jwt = jwtVerifier(cloud);
  const usage = createUsage(cloud, apis);
  const logs = accessLogs(cloud);
  const measure = stageMetrics(cloud);
  const trace = stageTraces(cloud);
  const throttled = stageThrottles(cloud.clock);
  const rest = { cloud, apis, invoke, usage, throttled, authorize: restAuthorizer(cloud, invoke, jwt) };
  const http = { cloud, invoke, throttled, authorize: httpAuthorizer(cloud, invoke, jwt) };
  const edges = edgesOf(cloud);
  let labels = new Map<string, Hosts[string]>();
  setHosts(hosts);

  function setHosts(next: Hosts): void {
    labels = new Map();
    for (const [label, target] of Object.entries(next)) {
      labels.set(`${label.toLowerCase()}.localhost`, target);
      labels.set(target.host.toLowerCase(), target);
    }
    hosts = next;
  }

  const server: Server = createServer({ keepAliveTimeout: 65_000 }, (incoming, outgoing) => {
    serve(incoming, outgoing).catch((error) => {
      cloud.log({ level: "error", source: "apigateway", message: (error as Error).stack ?? String(error) });
      if (!outgoing.headersSent) plain(outgoing, 500, "Internal server error");
      else outgoing.destroy();
    });
  });

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const asked = incoming.headers.host ?? "";
    const colon = asked.lastIndexOf(":");
    const name = (colon > asked.lastIndexOf("]") ? asked.slice(0, colon) : asked).toLowerCase();
    const target = incoming.url ?? "/";
    const question = target.indexOf("?");
    const path = question < 0 ? target : target.slice(0, question);
    const edge = edges.hosts.size === 0 ? undefined : edgeFor(name, incoming);
    if (edge) return edge(incoming, outgoing, asked);
    const place = placeOf(name, path);
    if (!place) {
      if (isLocal(name) && path === "/") return page(outgoing, indexPage(hosts, addressPort()));
      return plain(outgoing, 403, "Forbidden");
    }
    if (place.api.kind === "websocket") return plain(outgoing, 426, "Upgrade Required");
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
    return headers.via?.includes("(CloudFront)") ? undefined : edgeOf(edges, labels.get(name)?.host ?? name);
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
    const bytes = typeof body === "string" ? Buffer.byteLength(body) : body.length;
    headers.push("Content-Length", String(bytes));
    if (kind === "rest")
      headers.push("x-amzn-RequestId", exchange.requestId, "x-amz-apigw-id", exchange.extendedRequestId);
    else headers.push("apigw-requestid", exchange.extendedRequestId);
    if (!exchange.incoming.complete) headers.push("Connection", "close");
    if (!outgoing.destroyed) {
      outgoing.writeHead(status, headers);
      outgoing.end(exchange.method === "HEAD" ? undefined : body);
      keepPolling();
    }
    logs.write(exchange, status, bytes);
  }

  function placeOf(name: string, path: string): Place | undefined {
    const known = labels.get(name);
    if (known) return place(known.apiId, known.stage, path, path, known.host);
    const execute = /^([a-z0-9]+)\.execute-api\.(?:localhost|[a-z0-9-]+\.amazonaws\.com)$/.exec(name);
    if (execute) return byDefault(staged(execute[1]!, path));
    if (isLocal(name)) {
      if (!path.startsWith("/_apis/")) return undefined;
      const [, , apiId = "", stage = "", ...rest] = path.split("/");
      return byDefault(place(apiId, stage, `/${rest.join("/")}`, `/${stage}/${rest.join("/")}`, executeHost(apiId)));
    }
    return onDomain(name, path) ?? (name.endsWith(".localhost") ? onDomain(name.slice(0, -10), path) : undefined);
  }

  /** The longest base path that the path begins with; HTTP APIs' own paths keep it. */
  function onDomain(host: string, path: string): Place | undefined {
    for (const { apiId, stage, basePath } of apis.mappings(host) ?? []) {
      if (basePath === "") {
        const found = place(apiId, stage, path, path, host) ?? unstaged(apiId, stage, path, host);
        if (found) return found;
      } else if (path === `/${basePath}` || path.startsWith(`/${basePath}/`)) {
        const found = place(apiId, stage, path.slice(basePath.length + 1) || "/", path, host);
        return found && { ...found, eventPath: path };
      }
    }
    return undefined;
  }

  /** A REST mapping without a stage: the path begins with it. */
  function unstaged(apiId: string, stage: string | undefined, path: string, host: string): Place | undefined {
    if (stage) return undefined;
    const [, first = "", ...rest] = path.split("/");
    return place(apiId, first, `/${rest.join("/")}`, path, host);
  }

  /** AWS's own host, which an API may turn off. */
  function byDefault(found: Place | undefined): Place | undefined {
    return found?.api.isDefaultEndpointOff ? undefined : found;
  }

  /** The first segment is the stage, but for an HTTP API's default one. */
  function staged(apiId: string, path: string): Place | undefined {
    const [, first = "", ...rest] = path.split("/");
    return (
      place(apiId, first, `/${rest.join("/")}`, path, executeHost(apiId)) ??
      place(apiId, "$default", path, path, executeHost(apiId))
    );
  }

  function place(apiId: string, stageName: string, path: string, fullPath: string, host: string): Place | undefined {
    const served = apis.served(apiId, stageName);
    return served && { api: served.api, stage: served.stage, path, fullPath, host };
  }

  function executeHost(apiId: string): string {
    return `${apiId}.execute-api.${cloud.region}.amazonaws.com`;
  }

  function addressPort(): number {
    return (server.address() as { port: number }).port;
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  const standsFor = (name: string) => labels.get(name)?.host;
  edges.gateway = { port: addressPort(), standsFor, serves: (host) => placeOf(host, "/") !== undefined };
  return {
    port: addressPort(),
    setHosts,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      usage.flush();
      await logs.stop();
    },
  };
}

function isLocal(name: string): boolean {
  return name === "localhost" || name === "127.0.0.1";
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
