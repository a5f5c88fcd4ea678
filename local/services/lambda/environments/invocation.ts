/** One invocation on its way through an environment, and what may become of it. */
import { randomUUID } from "node:crypto";
import type { Delivery } from "./runtime-api/runtime-client.ts";
import type { ResponseStream } from "./streamed-response.ts";

export const RESPONSE_LIMIT_BYTES = 6_291_556;

export interface Invocation {
  requestId: string;
  payload: string | Uint8Array;
  invokedArn: string;
  clientContext?: string;
  tenantId?: string;
  /** X-Ray's. @default a new trace, not sampled */
  traceHeader?: string;
  /** How long the environment may wait for more work afterwards. */
  keepWarmMs: number;
  /** Collects the invocation's log for `LogType: Tail`. */
  tail?: string[];
  /** Gets the response while it is made. Absent: it is collected. A function that does not stream never calls it. */
  onStream?(stream: ResponseStream): void;
  done(result: InvocationResult): void;
}

export interface InvocationResult {
  /** Empty where the response went to `onStream`, unless it ended in an error. */
  payload: Buffer;
  /** Of the handler; absent where it did not run. */
  durationMs?: number;
  functionError?: "Unhandled";
  /** Of a durable function. */
  durableExecutionArn?: string;
}

/** As the environment's process gets it now. */
export function delivery(invocation: Invocation, timeoutMs: number): Delivery {
  const { requestId, payload, invokedArn, clientContext, tenantId, traceHeader } = invocation;
  const deadlineMs = Date.now() + timeoutMs;
  return { requestId, payload, invokedArn, deadlineMs, traceId: traceHeader ?? traceId(), clientContext, tenantId };
}

export function failure(errorType: string, errorMessage: string): Buffer {
  return Buffer.from(JSON.stringify({ errorType, errorMessage }));
}

export function tooLarge(bytes: number, limit: number): Buffer {
  return failure(
    "Function.ResponseSizeTooLarge",
    `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${limit} bytes).`,
  );
}

/** Of an invocation that is not sampled. */
export function traceId(): string {
  const hex = randomUUID().replaceAll("-", "");
  return `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${hex.slice(0, 24)};Parent=${hex.slice(16)};Sampled=0`;
}
