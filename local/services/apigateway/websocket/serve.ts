/**
 * WebSocket APIs: a client's request to connect, its messages, and its end, each through a route of the API.
 *
 * Not emulated: integrations with AWS services other than functions, and models of messages.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { Cloud } from "../../../service.ts";
import type { CheckSigned } from "../authorizers/iam-authorizer.ts";
import type { InvokeFunction } from "../integrations/invoke-function.ts";
import type { Apis, Stage, WebSocketApi } from "../model/apis.ts";
import { type Exchange, extendedId, newExchange } from "../serve/exchange.ts";
import type { AccessLogs } from "../stages/access-log.ts";
import type { StageThrottles } from "../stages/stage-throttles.ts";
import type { Usage } from "../stages/usage.ts";
import { admit, isWithinLimit, routeArn } from "./admit.ts";
import { type Connection, connectionsOf } from "./connections.ts";
import { disconnectEvent, type Happening, messageEvent } from "./events.ts";
import { MAX_MESSAGE_BYTES, watchFrames } from "./frame-limit.ts";
import { type IntegrationAnswer, integrate } from "./integrate.ts";
import { webSocketMetrics } from "./metrics.ts";
import { refuse } from "./refuse.ts";
import { selectedRoute } from "./route-selection.ts";

export interface WebSocketParts {
  cloud: Cloud;
  apis: Apis;
  invoke: InvokeFunction;
  usage: Usage;
  throttled: StageThrottles;
  logs: AccessLogs;
  signed: CheckSigned;
}

export interface WebSocketPlace {
  api: WebSocketApi;
  stage: Stage;
  path: string;
  fullPath: string;
  rawQuery: string;
  host: string;
  forwardedHost: string;
}

export function webSockets(parts: WebSocketParts) {
  const { cloud, apis, logs } = parts;
  const measure = webSocketMetrics(cloud);
  const connections = connectionsOf(cloud);
  let isStopped = false;
  /** The protocol that $connect chose of those that the client offers. */
  const chosen = new WeakMap<IncomingMessage, string>();
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    handleProtocols: (_offered, incoming) => chosen.get(incoming) ?? false,
  });

  function exchangeOf(
    place: WebSocketPlace,
    incoming: IncomingMessage,
    routeKey: string,
    happening: Happening,
  ): Exchange {
    const { api, stage, path, fullPath, rawQuery, host, forwardedHost } = place;
    const exchange = newExchange(cloud, incoming, {
      apiId: api.id,
      stage,
      path,
      fullPath,
      rawQuery,
      host,
      forwardedHost,
    });
    // One and the same here.
    exchange.requestId = exchange.extendedRequestId;
    exchange.routeKey = routeKey;
    exchange.happening = happening;
    return exchange;
  }

  /** The access log and the metrics have it. */
  function told({ api }: WebSocketPlace, exchange: Exchange, status: number, bytes = 0): void {
    logs.write(exchange, status, bytes);
    measure(api, exchange, status);
  }

  /** A request to connect: the upgrade is pending until $connect has answered. */
  async function connect(
    place: WebSocketPlace,
    incoming: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    const connectionId = extendedId();
    const exchange = exchangeOf(place, incoming, "$connect", {
      type: "CONNECT",
      connectionId,
      connectedAt: cloud.clock.now(),
    });
    const admission = await admit(parts, place, exchange);
    told(place, exchange, admission.refused?.[0] ?? 200);
    if (admission.refused) {
      const [status, message] = admission.refused;
      return refuse(socket, status, { message, connectionId, requestId: exchange.requestId });
    }
    if (socket.destroyed) return;
    if (admission.protocol) chosen.set(incoming, admission.protocol);
    server.handleUpgrade(incoming, socket, head, (client) => {
      const connection: Connection = {
        ...{ id: connectionId, apiId: place.api.id, stage: place.stage.name, socket: client },
        ...{ connectedAt: exchange.happening!.connectedAt, lastActiveAt: cloud.clock.now() },
        ...{ sourceIp: exchange.sourceIp, userAgent: incoming.headers["user-agent"] },
      };
      let isOver = false;
      watchFrames(socket, () => {
        isOver = true;
        client.close(1009, "Message too long");
      });
      connections.add(connection);
      client.on("error", () => {}); // A client that breaks the protocol is closed by the library, and its end is told below.
      client.on("message", (data: Buffer, isBinary) => {
        if (isOver) return;
        if (isBinary) return client.close(1003, "Binary frames are not supported");
        connections.touch(connection);
        handled(message(place, connection, exchange, data.toString()));
      });
      client.on("close", (code, reason) => {
        connections.remove(connection);
        // What ends with the platform is told nobody: the functions end as well.
        if (!isStopped) handled(disconnected(place, connection, exchange, code, reason.toString()));
      });
    });
  }

  async function message(place: WebSocketPlace, connection: Connection, opened: Exchange, body: string): Promise<void> {
    // What is deployed meanwhile is what a connection goes on with.
    const served = apis.served(place.api.id, place.stage.name);
    const now = served?.api.kind === "websocket" ? { ...place, api: served.api, stage: served.stage } : place;
    const { key, route } = selectedRoute(now.api, body);
    const exchange = exchangeOf(now, opened.incoming, key, {
      ...{ type: "MESSAGE", connectionId: connection.id, connectedAt: connection.connectedAt, messageId: extendedId() },
    });
    exchange.authorizer = opened.authorizer;
    const fail = (status: number, message: string) => {
      exchange.error = { message };
      told(now, exchange, status);
      const { requestId } = exchange;
      connections.send(connection, JSON.stringify({ message, connectionId: connection.id, requestId }));
    };
    if (!route) return fail(403, "Forbidden");
    if (!isWithinLimit(parts, now, key)) return fail(429, "Too Many Requests");
    const event = messageEvent(exchange, body);
    const answer = await integrate(parts, now, route, exchange, event, body, routeArn(parts, now, key));
    if (answer.outcome === "timeout") return fail(504, "Endpoint request timed out");
    if (answer.outcome !== "answered") return fail(500, "Internal server error");
    told(now, exchange, answer.status, Buffer.byteLength(answer.body));
    if (route.answers && answer.body !== "") connections.send(connection, answer.body);
  }

  async function disconnected(
    place: WebSocketPlace,
    connection: Connection,
    opened: Exchange,
    code: number,
    reason: string,
  ) {
    const route = place.api.routes.get("$disconnect");
    if (!route) return;
    const exchange = exchangeOf(place, opened.incoming, "$disconnect", {
      ...{ type: "DISCONNECT", connectionId: connection.id, connectedAt: connection.connectedAt },
      ...{ disconnectStatusCode: code, disconnectReason: reason || (REASONS[code] ?? "") },
    });
    exchange.authorizer = opened.authorizer;
    const event = disconnectEvent(exchange);
    const answer: IntegrationAnswer = await integrate(
      parts,
      place,
      route,
      exchange,
      event,
      "",
      routeArn(parts, place, "$disconnect"),
    );
    told(place, exchange, answer.outcome === "answered" ? answer.status : 500);
  }

  function handled(work: Promise<void>): void {
    work.catch((error) => {
      cloud.log({ level: "error", source: "apigateway", message: (error as Error).stack ?? String(error) });
    });
  }

  function stop(): void {
    isStopped = true;
    connections.stop();
  }

  return { connect, stop };
}

/** What API Gateway says of an end that came without a reason. */
const REASONS: Record<number, string> = {
  1000: "Connection Closed Normally",
  1001: "Going away",
  1005: "Client-side close frame status not set",
  1006: "Connection closed abnormally",
};
