/**
 * What is repeated: a call that can not have taken effect (the cluster was resuming, the request was throttled or never
 * reached the server), and a call that may take effect twice without harm (a read). Nothing else, ever: a write that timed
 * out may have been done.
 */

import {
  DataApiAccessError,
  DataApiConnectionError,
  DataApiError,
  DatabaseError,
  DatabaseResumingError,
  ParameterError,
  RequestTooLargeError,
  StatementTimeoutError,
  TransactionLostError,
  UnsupportedResultError,
} from "./errors.ts";

export interface RetryOptions {
  /** The call changes nothing: it may run twice. */
  isRead: boolean;
  resumeTimeoutMs: number;
  onResume: (waitedMs: number) => void;
  delayMs: (attempt: number) => number;
  signal?: AbortSignal;
}

const READ_ATTEMPTS = 3;
const THROTTLED_ATTEMPTS = 8;
const NEVER_CONNECTED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH"]);

export async function withRetries<T>(call: () => Promise<T>, options: RetryOptions): Promise<T> {
  const started = performance.now();
  let resuming = false;
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await call();
      if (resuming) options.onResume(Math.round(performance.now() - started));
      return result;
    } catch (error) {
      const pause = options.delayMs(attempt);
      if (error instanceof DatabaseResumingError) {
        resuming = true;
        if (performance.now() - started + pause > options.resumeTimeoutMs) throw error;
      } else if (!mayRepeat(error, attempt, options.isRead)) throw error;
      await delay(pause, options);
    }
  }
}

function mayRepeat(error: unknown, attempt: number, isRead: boolean): boolean {
  if (!(error instanceof DataApiError)) return false;
  if (isThrottled(error)) return attempt < THROTTLED_ATTEMPTS;
  if (wasNeverSent(error)) return attempt < READ_ATTEMPTS;
  // Not what took its 45 seconds, or what was answered.
  return isRead && attempt < READ_ATTEMPTS && (error.statusCode >= 500 || error.statusCode < 400);
}

function isThrottled(error: DataApiError): boolean {
  return error.statusCode === 429 || /^Throttl|TooManyRequests/.test(error.code);
}

function wasNeverSent(error: DataApiError): boolean {
  return error instanceof DataApiConnectionError && NEVER_CONNECTED.has(error.code);
}

/** SQLStates of a session that ended under its statement; `40003` says itself that it does not know. */
const SESSION_ENDED = /^(08...|57P01|57P02|40003)$/;

/** Whether a call that failed may have been carried out all the same. */
export function mayHaveRun(error: unknown): boolean {
  if (error instanceof ParameterError) return false;
  // Whatever a transport throws besides: an abort, for one.
  if (!(error instanceof DataApiError)) return true;
  if (error instanceof DatabaseError) return SESSION_ENDED.test(error.sqlState);
  if (error instanceof UnsupportedResultError || error instanceof StatementTimeoutError) return true;
  const wasRefused = [DatabaseResumingError, DataApiAccessError, RequestTooLargeError, TransactionLostError];
  if (wasRefused.some((refusal) => error instanceof refusal)) return false;
  if (isThrottled(error) || wasNeverSent(error)) return false;
  return error.statusCode < 400 || error.statusCode >= 500;
}

/** 100 ms doubling up to 2 s, with jitter, so that many functions do not come back as one. */
export function backoffMs(attempt: number): number {
  return Math.min(2_000, 100 * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
}

/** @param isBehind the process may end meanwhile */
export function delay(
  ms: number,
  { signal, isBehind = false }: { signal?: AbortSignal; isBehind?: boolean } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    if (isBehind) timer.unref();
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}
