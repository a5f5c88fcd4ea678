/** Access logs: one line per request in the stage's own format. */
import type { Cloud } from "../../../service.ts";
import { type LogBatches, logBatches, type StreamLog } from "../../lambda/function-log.ts";
import type { Stage } from "../model/apis.ts";
import { contextVariable, type Exchange } from "../serve/exchange.ts";

export interface AccessLogs {
  write(exchange: Exchange, status: number, bytes: number): void;
  stop(): Promise<void>;
}

type Render = (exchange: Exchange, status: number, bytes: number) => string;

export function accessLogs(cloud: Cloud): AccessLogs {
  const batches: LogBatches = logBatches(cloud);
  const writers = new WeakMap<Stage, { stream: StreamLog; render: Render }>();
  const principal = { type: "administrator" as const, arn: "apigateway.amazonaws.com", account: cloud.account };

  function writerOf(apiId: string, stage: Stage, group: string, format: string) {
    let writer = writers.get(stage);
    if (!writer) {
      const stream = batches.stream(group, `${apiId}/${stage.name.replace("$", "")}`, principal);
      writer = { stream, render: compile(cloud, format) };
      writers.set(stage, writer);
    }
    return writer;
  }

  return {
    write(exchange, status, bytes) {
      const { accessLog } = exchange.stage;
      if (!accessLog) return;
      const { stream, render } = writerOf(exchange.apiId, exchange.stage, accessLog.logGroup, accessLog.format);
      stream.write(render(exchange, status, bytes));
    },
    stop: () => batches.stop(),
  };
}

/** The format is read once; a variable without a value is `-`, as API Gateway writes it. */
function compile(cloud: Cloud, format: string): Render {
  const parts = format.split(/\$context\.([A-Za-z]\w*(?:\.\w+)*)/);
  const quoted = format.trimStart().startsWith("{");
  return (exchange, status, bytes) => {
    let line = "";
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!;
      if (i % 2 === 0) {
        line += part;
        continue;
      }
      const value = valueOf(cloud, exchange, part, status, bytes);
      const text = value === undefined || value === null ? "-" : String(value);
      // Inside JSON a client's path or agent must not end the string that it stands in.
      line +=
        quoted && typeof value === "string" && part !== "error.messageString"
          ? JSON.stringify(text).slice(1, -1)
          : text;
    }
    return line;
  };
}

function valueOf(cloud: Cloud, exchange: Exchange, name: string, status: number, bytes: number): unknown {
  if (name === "status") return status;
  if (name === "responseLength") return bytes;
  if (name === "responseLatency") return cloud.clock.now() - exchange.startedAt;
  return contextVariable(cloud, exchange, name);
}
