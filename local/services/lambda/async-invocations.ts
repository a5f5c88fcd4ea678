/**
 * Asynchronous invocations (`InvocationType: Event`): accepted at once, kept until they succeed, retried on the clock, and
 * sent to a destination or dead-letter queue when they fail for good. They survive a killed process.
 */
import { randomUUID } from "node:crypto";
import type { AwsError, Cloud } from "../../service.ts";
import { deliverAs } from "./destinations.ts";
import { type EventInvokeConfigs, eventInvokeConfigs } from "./event-invoke-config.ts";
import { type Functions, KEEP_WARM_IN_BACKGROUND_MS, type LambdaFunction, unqualified } from "./functions.ts";

/** Before the first and the second retry. */
const RETRY_DELAYS_MS = [60_000, 120_000];
const THROTTLED_DELAY_MS = 1_000;
const THROTTLED_DELAY_LIMIT_MS = 300_000;

interface Queued {
  id: string;
  function: string;
  payload: string;
  /** Invocations so far that the function failed. */
  failures: number;
  /** Attempts that found no free concurrency. */
  throttles: number;
  acceptedAt: number;
  dueAt: number;
  qualifier?: string;
  tenantId?: string;
  traceHeader?: string;
}

/** What an accepted invocation is made of. */
type Accepted = Pick<Queued, "payload" | "qualifier" | "tenantId" | "traceHeader">;

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
  database.exec(`CREATE TABLE IF NOT EXISTS lambda_events (
    id TEXT PRIMARY KEY, function TEXT NOT NULL, payload TEXT NOT NULL, failures INTEGER NOT NULL, throttles INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL, due_at INTEGER NOT NULL, qualifier TEXT, tenant_id TEXT, trace_header TEXT) STRICT`);
  // A state folder of an earlier release has none.
  const columns = database.prepare("SELECT name FROM pragma_table_info('lambda_events')").all();
  if (!columns.some(({ name }) => name === "trace_header")) {
    database.exec("ALTER TABLE lambda_events ADD COLUMN trace_header TEXT");
  }
  const insert = database.prepare("INSERT INTO lambda_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const update = database.prepare("UPDATE lambda_events SET failures = ?, throttles = ?, due_at = ? WHERE id = ?");
  const remove = database.prepare("DELETE FROM lambda_events WHERE id = ?");
  const leftOf = database.prepare("SELECT * FROM lambda_events WHERE function = ?");
  const configs = eventInvokeConfigs(clock);
  const scheduled = new Set<string>();
  let stopped = false;

  const configOf = (event: Queued) => configs.effective(event.function, event.qualifier);

  function schedule(event: Queued): void {
    scheduled.add(event.id);
    const delay = event.dueAt - clock.now();
    // A turn later even when due: the caller gets its 202 first.
    if (delay <= 0) setImmediate(() => void attempt(event));
    else clock.after(delay, () => void attempt(event));
  }

  async function attempt(event: Queued): Promise<void> {
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
  function targetOf({ function: name, qualifier }: Queued): LambdaFunction | undefined {
    try {
      return functions.find(name, qualifier);
    } catch {
      return undefined; // deleted meanwhile
    }
  }

  function throttled(event: Queued, target: LambdaFunction): Promise<void> | void {
    if (target.config.reservedConcurrency === 0) return giveUp(event, target, "EventAgeExceeded");
    event.throttles++;
    return later(event, target, Math.min(THROTTLED_DELAY_MS * 2 ** (event.throttles - 1), THROTTLED_DELAY_LIMIT_MS));
  }

  function later(event: Queued, target: LambdaFunction, delayMs: number): Promise<void> | void {
    event.dueAt = clock.now() + delayMs;
    if (event.dueAt - event.acceptedAt > configOf(event).maximumEventAgeSeconds * 1000) {
      return giveUp(event, target, "EventAgeExceeded");
    }
    update.run(event.failures, event.throttles, event.dueAt, event.id);
    schedule(event);
  }

  async function giveUp(event: Queued, target: LambdaFunction, condition: string, payload?: Buffer): Promise<void> {
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
    event: Queued,
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

  function finish(event: Queued): void {
    remove.run(event.id);
    scheduled.delete(event.id);
  }

  return {
    configs,
    accept({ config }, { payload, qualifier, tenantId, traceHeader }) {
      const now = clock.now();
      const event: Queued = {
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
      const rest = [qualifier, tenantId, traceHeader].map((value) => value ?? null);
      insert.run(event.id, config.name, payload, 0, 0, now, now, ...rest);
      schedule(event);
      return event.id;
    },
    resume({ config }) {
      for (const row of leftOf.all(config.name)) {
        if (scheduled.has(String(row.id))) continue;
        schedule({
          id: String(row.id),
          function: config.name,
          payload: String(row.payload),
          failures: Number(row.failures),
          throttles: Number(row.throttles),
          acceptedAt: Number(row.accepted_at),
          dueAt: Number(row.due_at),
          qualifier: row.qualifier === null ? undefined : String(row.qualifier),
          tenantId: row.tenant_id === null ? undefined : String(row.tenant_id),
          traceHeader: row.trace_header === null ? undefined : String(row.trace_header),
        });
      }
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
