/** Who hears of an execution besides its caller: EventBridge, and the dead-letter queue when nobody waits for it. */
import type { Cloud } from "../../../service.ts";
import { deliverAs } from "../asynchronous/destinations.ts";
import type { Functions } from "../functions.ts";
import type { DurableExecution } from "./execution.ts";

export function announcements(cloud: Cloud, functions: Functions, isStopped: () => boolean) {
  return {
    /** A bus that refuses is logged, as on AWS nobody hears of it. */
    tellEventBridge({ arn, name, functionArn, status, startedAt, endedAt }: DurableExecution): void {
      const time = (ms: number) => new Date(ms).toISOString();
      const detail = {
        ...{ durableExecutionArn: arn, durableExecutionName: name, functionArn, status },
        ...{ startTimestamp: time(startedAt), ...(endedAt !== undefined && { endTimestamp: time(endedAt) }) },
      };
      const body = JSON.stringify({ "detail-type": "Durable Execution Status Change", resources: [], detail });
      const bus = `arn:aws:events:${cloud.region}:${cloud.account}:event-bus/default`;
      const event = { service: "lambda.amazonaws.com", sourceArn: functionArn, body };
      cloud.deliver(bus, event).catch(({ code, message }) => {
        if (isStopped() || code === "UnknownService") return;
        cloud.log({ level: "warn", source: "lambda", message: `${arn} could not tell EventBridge: ${message}` });
      });
    },
    async deadLetter({ id, functionName, version, input, status, error }: DurableExecution): Promise<void> {
      try {
        const { config } = functions.find(functionName, version);
        if (!config.deadLetterArn) return;
        const ErrorMessage = (error?.ErrorMessage ?? status).slice(0, 1024);
        const attributes = { RequestID: id, ErrorCode: "200", ErrorMessage };
        await deliverAs(cloud, config, config.deadLetterArn, input, { attributes });
      } catch (failure) {
        if (isStopped()) return;
        const message = `could not send a failed event to the dead-letter queue: ${(failure as Error).message}`;
        cloud.log({ level: "error", source: functionName, message });
      }
    },
  };
}
