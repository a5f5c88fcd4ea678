/** API Gateway's metrics of a stage: each request adds to them. */
import { type Meter, meter } from "../../../metrics.ts";
import type { Cloud } from "../../../service.ts";
import type { HttpApi, RestApi, Stage } from "../model/apis.ts";
import type { Exchange } from "../serve/exchange.ts";

interface Meters {
  count: Meter;
  clientErrors: Meter;
  serverErrors: Meter;
  latency: Meter;
  integrationLatency: Meter;
}

export type RecordRequest = (api: RestApi | HttpApi, exchange: Exchange, status: number) => void;

export function stageMetrics(cloud: Cloud): RecordRequest {
  const byStage = new WeakMap<Stage, Meters>();

  function metersOf(api: RestApi | HttpApi, stage: Stage): Meters {
    let meters = byStage.get(stage);
    if (!meters) {
      const own: Record<string, string> = api.kind === "rest" ? { ApiName: api.name } : { ApiId: api.id };
      const of = (rest: string, http: string, unit: string) =>
        meter(cloud, "AWS/ApiGateway", api.kind === "rest" ? rest : http, unit, { ...own, Stage: stage.name }, own);
      meters = {
        count: of("Count", "Count", "Count"),
        clientErrors: of("4XXError", "4xx", "Count"),
        serverErrors: of("5XXError", "5xx", "Count"),
        latency: of("Latency", "Latency", "Milliseconds"),
        integrationLatency: of("IntegrationLatency", "IntegrationLatency", "Milliseconds"),
      };
      byStage.set(stage, meters);
    }
    return meters;
  }

  return (api, { stage, startedAt, integrationMs }, status) => {
    const meters = metersOf(api, stage);
    const now = cloud.clock.now();
    meters.count.add(1, now);
    // The average of 0 and 1 is the share of the requests.
    meters.clientErrors.add(status >= 400 && status < 500 ? 1 : 0, now);
    meters.serverErrors.add(status >= 500 ? 1 : 0, now);
    meters.latency.add(now - startedAt, now);
    if (integrationMs !== undefined) meters.integrationLatency.add(integrationMs, now);
  };
}
