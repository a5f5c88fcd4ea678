/** Events of executions in the machine's log group, as much as its level and its care for data say. */
import type { Cloud } from "../../service.ts";
import type { Execution, HistoryEvent } from "./execution-store.ts";

export interface LogDelivery {
  add(execution: Execution, event: HistoryEvent): void;
}

/** Fields that hold what people entrusted to the workflow. */
const DATA = [
  "input",
  "inputDetails",
  "output",
  "outputDetails",
  "parameters",
  "assignedVariables",
  "assignedVariablesDetails",
];

const BATCH = 1000;

export function logDelivery(cloud: Cloud): LogDelivery {
  const waiting = new Map<string, { timestamp: number; message: string }[]>();
  const streams = new Map<string, string>();

  function isWanted({ logging: { level, group } }: Execution, type: string): boolean {
    if (!group || level === "OFF") return false;
    if (level === "ALL") return true;
    const isBad = /(Failed|TimedOut|Aborted)$/.test(type);
    return level === "ERROR" ? isBad : isBad && type.startsWith("Execution");
  }

  async function flush(key: string, group: string): Promise<void> {
    const logEvents = waiting.get(key)!;
    waiting.delete(key);
    try {
      let logStreamName = streams.get(key);
      if (!logStreamName) {
        const day = new Date(cloud.clock.now()).toISOString().slice(0, 16).replace(/[T:]/g, "-");
        logStreamName = `states/${key.slice(key.lastIndexOf(":") + 1)}/${day}/${crypto.randomUUID().slice(0, 8)}`;
        streams.set(key, logStreamName);
        await cloud.call("logs", "CreateLogStream", { logGroupName: group, logStreamName });
      }
      await cloud.call("logs", "PutLogEvents", { logGroupName: group, logStreamName, logEvents });
    } catch (error) {
      streams.delete(key);
      cloud.log({ level: "warn", source: key, message: `no logs in ${group}: ${(error as Error).message}` });
    }
  }

  return {
    add(execution, { id, previousEventId, at, type, details }) {
      if (!isWanted(execution, type)) return;
      const { machineArn: key, logging } = execution;
      const shown = Object.assign({}, ...Object.values(details)) as Record<string, unknown>;
      if (!logging.includeExecutionData) for (const field of DATA) delete shown[field];
      const line = {
        id: String(id),
        type,
        details: shown,
        previous_event_id: String(previousEventId),
        event_timestamp: String(at),
        execution_arn: execution.arn,
      };
      const lines = waiting.get(key) ?? [];
      if (lines.length >= BATCH) return;
      lines.push({ timestamp: at, message: JSON.stringify(line) });
      if (waiting.has(key)) return;
      waiting.set(key, lines);
      setImmediate(() => void flush(key, logging.group!));
    },
  };
}
