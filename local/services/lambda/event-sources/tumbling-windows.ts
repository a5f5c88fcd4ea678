/**
 * Tumbling windows of one shard: each invocation gets the state that the one before it gave, and the last one of a window is told so.
 * A window is kept with the checkpoint: a killed platform goes on in the middle of it. Records count by their arrival.
 * With a parallelization factor the batches of a window still come one by one.
 */
import { AwsError } from "../../../service.ts";
import { KEEP_WARM_IN_BACKGROUND_MS } from "../functions.ts";
import type { KeptWindow } from "./checkpoints.ts";
import { answerOf, type BatchContext, handleBatch, pauseAfter } from "./stream-batch.ts";
import type { StreamRecord } from "./stream-records.ts";
import type { StreamMapping } from "./stream-settings.ts";

/** A larger state ends its window early. */
const STATE_LIMIT_BYTES = 1024 * 1024;

export interface TumblingContext extends BatchContext {
  window(): KeptWindow | undefined;
  keep(window: KeptWindow | undefined): void;
  batchesOf(records: StreamRecord[], size: number): Iterable<StreamRecord[]>;
}

export interface TumblingWindows {
  /** False: not all of them are done with, for it was stopped. */
  handle(records: StreamRecord[], mapping: StreamMapping): Promise<boolean>;
  /** Ends the window whose time is over, or whichever is open. False: it was stopped. */
  close(always: boolean): Promise<boolean>;
}

export function tumblingWindows(context: TumblingContext): TumblingWindows {
  const { functions, shard, stopping, pause, warn, keep } = context;

  /** What an event says of its window. */
  function membersOf({ start, end, state }: KeptWindow, ends: { isFinal?: boolean; isEarly?: boolean } = {}): object {
    const { sourceArn } = context.current()!;
    return {
      window: { start: timeOf(start), end: timeOf(end) },
      ...{ state: JSON.parse(state), shardId: shard, eventSourceARN: sourceArn },
      ...{ isFinalInvokeForWindow: ends.isFinal === true, isWindowTerminatedEarly: ends.isEarly === true },
    };
  }

  async function handle(records: StreamRecord[], mapping: StreamMapping): Promise<boolean> {
    const lengthMs = mapping.tumblingSeconds * 1000;
    const startOf = ({ arrivedAt }: StreamRecord) => arrivedAt - (arrivedAt % lengthMs);
    for (let from = 0; from < records.length; ) {
      const start = startOf(records[from]!);
      let to = from;
      while (to < records.length && startOf(records[to]!) === start) to++;
      const open = context.window();
      if (open && open.start !== start && !(await finish(open))) return false;
      for (const batch of context.batchesOf(records.slice(from, to), mapping.batchSize)) {
        const window = context.window() ?? { start, end: start + lengthMs, state: "{}" };
        if (!(await handleOne(batch, window))) return false;
      }
      from = to;
    }
    return true;
  }

  async function handleOne(batch: StreamRecord[], window: KeptWindow): Promise<boolean> {
    let left = batch.length;
    let now = window;
    await handleBatch(
      {
        ...context,
        members: () => membersOf(now),
        answered(payload) {
          now = { ...window, state: stateOf(payload) };
          keep(now);
        },
        done(records) {
          left -= records.length;
          context.done(records);
        },
      },
      batch,
    );
    if (left > 0) return false;
    return Buffer.byteLength(now.state) <= STATE_LIMIT_BYTES || finish(now, true);
  }

  /** The last invocation: again until it succeeds, as a batch is. */
  async function finish(window: KeptWindow, isEarly = false): Promise<boolean> {
    for (let attempt = 0; !stopping.aborted; attempt++) {
      const mapping = context.current();
      if (!mapping?.enabled) return false;
      const { qualifier, functionName, maximumRetries } = mapping;
      try {
        const event = { Records: [], ...membersOf(window, { isFinal: true, isEarly }) };
        const result = await functions.invoke(functions.find(functionName, qualifier), {
          ...{ payload: JSON.stringify(event), qualifier, keepWarmMs: KEEP_WARM_IN_BACKGROUND_MS },
        });
        if (stopping.aborted) return false;
        if (!result.functionError || (maximumRetries >= 0 && attempt >= maximumRetries)) {
          if (result.functionError) warn(`the window from ${timeOf(window.start)} was given up: ${result.payload}`);
          keep(undefined);
          return true;
        }
        warn(result.payload.toString());
      } catch (error) {
        if (!(error instanceof AwsError && error.code === "TooManyRequestsException")) warn((error as Error).message);
      }
      await pause(pauseAfter(attempt));
    }
    return false;
  }

  return {
    handle,
    async close(always) {
      const open = context.window();
      return !open || !(always || context.cloud.clock.now() >= open.end) || finish(open);
    },
  };
}

function stateOf(payload: Buffer): string {
  const answer = answerOf(payload) as { state?: unknown } | null;
  const state = answer !== null && typeof answer === "object" ? answer.state : undefined;
  return JSON.stringify(state ?? {});
}

/** Without the milliseconds that a window never has. */
const timeOf = (ms: number): string => new Date(ms).toISOString().replace(".000Z", "Z");
