/** API Gateway's own segment of a sampled request, where a stage is traced. */
import type { Cloud } from "../../../service.ts";
import { emit, newSegmentId, traceHeader, traceOf, tracingOf, unsampledHeader } from "../../../tracing.ts";
import type { RestApi } from "../model/apis.ts";
import type { Exchange } from "../serve/exchange.ts";

export interface RequestTrace {
  /** For what the request goes on to. */
  header: string;
  end(status: number): void;
}

export function stageTraces(cloud: Cloud): (api: RestApi, exchange: Exchange) => RequestTrace | undefined {
  const tracing = tracingOf(cloud);
  return (api, exchange) => {
    const given = exchange.incoming.headers["x-amzn-trace-id"] as string | undefined;
    if (given === undefined && !tracing.sample) return undefined;
    const { stage, startedAt, host, method, fullPath } = exchange;
    const name = `${api.name}/${stage.name}`;
    const request = () => ({ serviceName: name, serviceType: "AWS::ApiGateway::Stage", host, method, path: fullPath });
    const trace = traceOf(tracing, given, request, startedAt);
    if (!trace) return { header: unsampledHeader(given, startedAt), end: () => undefined };
    const id = newSegmentId();
    return {
      header: traceHeader({ root: trace.root, parent: id }),
      end(status) {
        const failed = status >= 500 ? { fault: true } : status >= 400 ? { error: true } : {};
        const user_agent = exchange.incoming.headers["user-agent"];
        const client = { client_ip: exchange.sourceIp, user_agent };
        const { requestId: request_id } = exchange;
        const document = {
          ...{ id, trace_id: trace.root, parent_id: trace.parent, name, origin: "AWS::ApiGateway::Stage" },
          ...{ start_time: startedAt / 1000, end_time: cloud.clock.now() / 1000, ...failed },
          ...(status === 429 && { throttle: true }),
          resource_arn: `arn:aws:apigateway:${cloud.region}::/restapis/${api.id}/stages/${stage.name}`,
          http: { request: { method, url: `https://${host}${fullPath}`, ...client }, response: { status } },
          aws: { api_gateway: { account_id: cloud.account, rest_api_id: api.id, stage: stage.name, request_id } },
        };
        emit(tracing, JSON.stringify(document));
      },
    };
  };
}
