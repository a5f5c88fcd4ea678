/** What CloudWatch is told of a WebSocket API's stage: connections, messages, and what went wrong with them. */
import { type Meter, meter } from "../../../metrics.ts";
import type { Cloud } from "../../../service.ts";
import type { Stage, WebSocketApi } from "../model/apis.ts";
import type { Exchange } from "../serve/exchange.ts";

/** @param status what the client got, or would have */
export type RecordEvent = (api: WebSocketApi, exchange: Exchange, status: number) => void;

type Meters = Record<"connects" | "messages" | "clientErrors" | "failures" | "latency", Meter>;

export function webSocketMetrics(cloud: Cloud): RecordEvent {
  const byStage = new WeakMap<Stage, Meters>();

  function metersOf({ id }: WebSocketApi, stage: Stage): Meters {
    let meters = byStage.get(stage);
    if (!meters) {
      const own = { ApiId: id };
      const of = (name: string, unit = "Count") =>
        meter(cloud, "AWS/ApiGateway", name, unit, { ...own, Stage: stage.name }, own);
      meters = {
        connects: of("ConnectCount"),
        messages: of("MessageCount"),
        clientErrors: of("ClientError"),
        failures: of("ExecutionError"),
        latency: of("IntegrationLatency", "Milliseconds"),
      };
      byStage.set(stage, meters);
    }
    return meters;
  }

  return (api, { stage, happening, integrationMs }, status) => {
    const meters = metersOf(api, stage);
    const now = cloud.clock.now();
    if (happening?.type === "CONNECT") meters.connects.add(1, now);
    else if (happening?.type === "MESSAGE") meters.messages.add(1, now);
    if (status >= 400 && status < 500) meters.clientErrors.add(1, now);
    else if (status >= 500) meters.failures.add(1, now);
    if (integrationMs !== undefined) meters.latency.add(integrationMs, now);
  };
}
