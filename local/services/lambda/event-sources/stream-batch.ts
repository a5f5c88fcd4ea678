/** One batch of a stream until it is done: handled, taken up again where it failed, halved, or given up to its destination. */
import { randomUUID } from "node:crypto";
import { AwsError, type Cloud } from "../../../service.ts";
import { deliverAs } from "../asynchronous/destinations.ts";
import { type Functions, KEEP_WARM_IN_BACKGROUND_MS } from "../functions.ts";
import { failureRecord, resumeAt, type StreamRecord } from "./stream-records.ts";
import type { StreamMapping } from "./stream-settings.ts";

export interface BatchContext {
  cloud: Cloud;
  functions: Functions;
  /**
   * As it is now: a mapping can be changed while a batch of it is tried again and again. Undefined, or not `enabled`: it is
   * given up where it stands, and comes again once the mapping reads again.
   */
  current(): StreamMapping | undefined;
  /** These are done with, one way or the other. */
  done(records: StreamRecord[]): void;
  /** What the event has beside its records. */
  members?(): object;
  /** The function succeeded with some of the records. */
  answered?(payload: Buffer): void;
  shard: string;
  /** ms after which a record is gone from the stream anyway. */
  retentionMs: number;
  stopping: AbortSignal;
  /** Resolves after so many milliseconds on the cloud's clock, or when everything stops. */
  pause(ms: number): Promise<void>;
  warn(message: string): void;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** Attempts of one batch; its halves inherit them. */
interface Attempts {
  /** That failed, after the first one. */
  retries: number;
  invocations: number;
  /** Pauses grow with them. */
  pauses: number;
}

/** Resolves once every record is done with, or early when its mapping or everything stops: what is left then comes again. */
export async function handleBatch(
  context: BatchContext,
  records: StreamRecord[],
  attempts: Attempts = { retries: 0, invocations: 0, pauses: 0 },
): Promise<void> {
  const { functions, stopping, pause, warn } = context;
  let left = records;
  const own = { ...attempts };
  while (!stopping.aborted) {
    const mapping = context.current();
    if (!mapping?.enabled) return;
    left = await withoutAged(context, mapping, left, own);
    if (left.length === 0) return;
    const requestId = randomUUID();
    let result: Awaited<ReturnType<Functions["invoke"]>>;
    try {
      const target = functions.find(mapping.functionName, mapping.qualifier);
      const { qualifier } = mapping;
      functions.metrics.readStream(mapping.functionName, context.cloud.clock.now() - left.at(-1)!.arrivedAt);
      const payload = payloadOf(left, context.members?.());
      result = await functions.invoke(target, {
        payload,
        qualifier,
        requestId,
        keepWarmMs: KEEP_WARM_IN_BACKGROUND_MS,
      });
    } catch (error) {
      // Not invoked at all (throttled): it costs no retry, only time.
      if (stopping.aborted) return;
      if (!(error instanceof AwsError && error.code === "TooManyRequestsException")) warn((error as Error).message);
      await pause(pauseAfter(own.pauses++));
      continue;
    }
    if (stopping.aborted) return;
    own.invocations++;
    const from = result.functionError
      ? 0
      : mapping.reportsFailures
        ? resumeAt(answerOf(result.payload), left)
        : left.length;
    if (from > 0) context.answered?.(result.payload);
    context.done(left.slice(0, from));
    if (from >= left.length) return;
    if (result.functionError) warn(result.payload.toString());
    if (from > 0) {
      // What came before it is done with, and the rest is another, smaller batch.
      left = left.slice(from);
      if (mapping.bisects) continue;
    } else if (mapping.bisects && left.length > 1) {
      const middle = Math.ceil(left.length / 2);
      await handleBatch(context, left.slice(0, middle), own);
      return handleBatch(context, left.slice(middle), own);
    }
    if (mapping.maximumRetries >= 0 && own.retries >= mapping.maximumRetries) {
      const { functionError } = result;
      await giveUp(context, mapping, left, {
        ...{ condition: "RetryAttemptsExhausted", invocations: own.invocations, requestId, functionError },
      });
      return;
    }
    own.retries++;
    await pause(pauseAfter(own.pauses++));
  }
}

function payloadOf(records: StreamRecord[], members?: object): string {
  return JSON.stringify({ Records: records.map(({ event }) => event), ...members });
}

export function pauseAfter(pauses: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** pauses, LONGEST_PAUSE_MS);
}

export function answerOf(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    return "no JSON";
  }
}

/** Gives up those that are too old, and answers the others. */
async function withoutAged(
  context: BatchContext,
  mapping: StreamMapping,
  records: StreamRecord[],
  { invocations }: Attempts,
): Promise<StreamRecord[]> {
  const { cloud, retentionMs } = context;
  const limit = mapping.maximumAgeSeconds >= 0 ? mapping.maximumAgeSeconds * 1000 : retentionMs;
  const isAged = ({ arrivedAt }: StreamRecord) => cloud.clock.now() - arrivedAt > limit;
  const aged = records.filter(isAged);
  if (aged.length === 0) return records;
  await giveUp(context, mapping, aged, { condition: "RecordAgeExceeded", invocations, requestId: randomUUID() });
  return records.filter((record) => !isAged(record));
}

interface Failure {
  condition: "RetryAttemptsExhausted" | "RecordAgeExceeded";
  invocations: number;
  requestId: string;
  functionError?: string;
}

async function giveUp(
  { cloud, functions, shard, warn, done }: BatchContext,
  mapping: StreamMapping,
  records: StreamRecord[],
  failure: Failure,
): Promise<void> {
  const given = `${records.length} records from ${records[0]!.sequence} on were given up (${failure.condition})`;
  done(records);
  if (!mapping.onFailure) return warn(`${given}; the mapping has no destination for them`);
  const { config } = functions.find(mapping.functionName);
  const body = failureRecord({
    // Who reads a queue fetches the records from the stream again; a bucket has them.
    ...(mapping.onFailure.split(":")[2] === "s3" && { payload: payloadOf(records) }),
    ...{ ...failure, functionArn: config.arn, now: cloud.clock.now() },
    ...{ streamArn: mapping.sourceArn, shard, records },
  });
  try {
    await deliverAs(cloud, config, mapping.onFailure, body, { folder: `aws/lambda/${mapping.uuid}/${shard}` });
    warn(`${given}; their place is told to ${mapping.onFailure}`);
  } catch (error) {
    warn(`${given}, and ${mapping.onFailure} could not be told: ${(error as Error).message}`);
  }
}
