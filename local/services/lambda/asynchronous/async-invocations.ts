/**
 * Asynchronous invocations (`InvocationType: Event`): accepted at once, kept until they succeed, retried on the clock, and
 * sent to a destination or dead-letter queue when they fail for good. They survive a killed process.
 */
import { randomUUID } from "node:crypto";
import type { AwsError, Cloud } from "../../../service.ts";
import { type Functions, KEEP_WARM_IN_BACKGROUND_MS, type LambdaFunction, unqualified } from "../functions.ts";
import { deliverAs } from "./destinations.ts";
import { type EventInvokeConfigs, eventInvokeConfigs } from "./event-invoke-config.ts";
import { type KeptEvent, keptEvents } from "./kept-events.ts";

/** Before the first and the second retry. */
const RETRY_DELAYS_MS = [60_000, 120_000];
const THROTTLED_DELAY_MS = 1_000;
const THROTTLED_DELAY_LIMIT_MS = 300_000;

/** What an accepted invocation is made of. */
type Accepted = Pick<KeptEvent, "payload" | "qualifier" | "tenantId" | "traceHeader">;

export interface AsyncInvocations {
  configs: EventInvokeConfigs;
  /** @returns the request id. */
  accept(target: LambdaFunction, request: Accepted): string;
  /** Takes up what an earlier run left, once its function is declared. */
  resume(target: LambdaFunction): void;
  stop(): void;
}

export function asyncInvocations(cloud: Cloud, functions: Functions): AsyncInvocations {
  const { database, clock } = cloud;
  const kept = keptEvents(database);
  const configs = eventInvokeConfigs(clock);
  const scheduled = new Set<string>();
  let stopped = false;

  const configOf = (event: KeptEvent) => configs.effective(event.function, event.qualifier);

  function schedule(event: KeptEvent): void {
    scheduled.add(event.id);
    const delay = event.dueAt - clock.now();
    // A turn later even when due: the caller gets its 202 first.
    if (delay <= 0) setImmediate(() => void attempt(event));
    else clock.after(delay, () => void attempt(event));
  }

  async function attempt(event: KeptEvent): Promise<void> {
    if (stopped) return;
    const { qualifier, tenantId, payload, id, traceHeader } = event;
    const target = targetOf(event);
    if (!target) return finish(event);
    let result: Awaited<ReturnType<Functions["invoke"]>>;
    try {
      const keepWarmMs = KEEP_WARM_IN_BACKGROUND_MS;
      result = await functions.invoke(target, {
        ...{ payload, qualifier, tenantId, requestId: id, keepWarmMs, traceHeader },
      });
    } catch (error) {
      if (stopped) return;
      const { code, message } = error as AwsError;
      if (code === "TooManyRequestsException") return throttled(event, target);
      // It is not run again: that is what the loop would want.
      if (code === "RecursiveInvocationException") {
        cloud.log({ level: "warn", source: event.function, message });
        return giveUp(event, target, "RetriesExhausted");
      }
      result = { payload: Buffer.from(JSON.stringify({ errorMessage: String(error) })), functionError: "Unhandled" };
    }
    if (stopped) return;
    if (!result.functionError) {
      const { onSuccess } = configOf(event);
      if (onSuccess) await conclude(event, target, onSuccess, "Success", result.payload);
      return finish(event);
    }
    event.failures++;
    if (event.failures > configOf(event).maximumRetryAttempts) {
      return giveUp(event, target, "RetriesExhausted", result.payload);
    }
    later(event, target, RETRY_DELAYS_MS[event.failures - 1] ?? 120_000);
  }

  /** Of an alias with weights, maybe another version each time. */
  function targetOf({ function: name, qualifier }: KeptEvent): LambdaFunction | undefined {
    try {
      return functions.find(name, qualifier);
    } catch {
      return undefined; // deleted meanwhile
    }
  }

  function throttled(event: KeptEvent, target: LambdaFunction): Promise<void> | void {
    if (target.config.reservedConcurrency === 0) return giveUp(event, target, "EventAgeExceeded");
    event.throttles++;
    return later(event, target, Math.min(THROTTLED_DELAY_MS * 2 ** (event.throttles - 1), THROTTLED_DELAY_LIMIT_MS));
  }

  function later(event: KeptEvent, target: LambdaFunction, delayMs: number): Promise<void> | void {
    event.dueAt = clock.now() + delayMs;
    if (event.dueAt - event.acceptedAt > configOf(event).maximumEventAgeSeconds * 1000) {
      return giveUp(event, target, "EventAgeExceeded");
    }
    kept.update(event);
    schedule(event);
  }

  async function giveUp(event: KeptEvent, target: LambdaFunction, condition: string, payload?: Buffer): Promise<void> {
    const { onFailure } = configOf(event);
    const { deadLetterArn } = target.config;
    if (onFailure) await conclude(event, target, onFailure, condition, payload);
    if (deadLetterArn) {
      const error = payload && JSON.parse(payload.toString());
      await send(target, deadLetterArn, event.payload, {
        RequestID: event.id,
        ErrorCode: "200",
        ErrorMessage: String(error?.errorMessage ?? condition).slice(0, 1024),
      });
    }
    cloud.log({
      level: "error",
      source: event.function,
      message: `asynchronous invocation ${event.id} failed: ${condition}`,
    });
    finish(event);
  }

  function conclude(
    event: KeptEvent,
    target: LambdaFunction,
    arn: string,
    condition: string,
    payload?: Buffer,
  ): Promise<void> {
    const version = event.qualifier ?? "$LATEST";
    const record = {
      version: "1.0",
      timestamp: new Date(clock.now()).toISOString(),
      requestContext: {
        requestId: event.id,
        functionArn: `${unqualified(target.config.arn)}:${version}`,
        condition,
        approximateInvokeCount: event.failures + (condition === "Success" ? 1 : 0),
      },
      requestPayload: JSON.parse(event.payload),
      ...(payload && {
        responseContext: {
          statusCode: 200,
          executedVersion: target.config.version,
          ...(condition !== "Success" && { functionError: "Unhandled" }),
        },
        responsePayload: answerOf(payload.toString()),
      }),
    };
    return send(target, arn, JSON.stringify(record));
  }

  async function send(
    target: LambdaFunction,
    arn: string,
    body: string,
    attributes?: Record<string, string>,
  ): Promise<void> {
    try {
      await deliverAs(cloud, target.config, arn, body, {
        attributes,
        folder: `aws/lambda/async/${target.config.name}`,
      });
    } catch (error) {
      const message = `could not send a failed event to ${arn}: ${(error as Error).message}`;
      cloud.log({ level: "error", source: target.config.name, message });
    }
  }

  function finish(event: KeptEvent): void {
    kept.remove(event.id);
    scheduled.delete(event.id);
  }

  return {
    configs,
    accept({ config }, { payload, qualifier, tenantId, traceHeader }) {
      const now = clock.now();
      const event: KeptEvent = {
        id: randomUUID(),
        function: config.name,
        payload,
        failures: 0,
        throttles: 0,
        acceptedAt: now,
        dueAt: now,
        qualifier,
        tenantId,
        traceHeader,
      };
      kept.add(event);
      schedule(event);
      return event.id;
    },
    resume({ config }) {
      for (const event of kept.of(config.name)) if (!scheduled.has(event.id)) schedule(event);
    },
    stop() {
      stopped = true;
    },
  };
}

/** What a function streams need not be JSON. */
function answerOf(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return payload;
  }
}
