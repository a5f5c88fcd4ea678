/** Reads one shard for one mapping, from its checkpoint to wherever the shard ends. */
import { createHash } from "node:crypto";
import type { Checkpoint, Checkpoints } from "./checkpoints.ts";
import { type BatchContext, handleBatch } from "./stream-batch.ts";
import type { StreamRecord } from "./stream-records.ts";
import type { StreamMapping } from "./stream-settings.ts";
import type { Start, StreamSource } from "./stream-source.ts";
import type { TumblingWindows } from "./tumbling-windows.ts";

/** Of an invocation's payload: what is around the records fits into the rest of 6 MiB. */
const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024 - 1024;

export interface Consumption extends Omit<BatchContext, "done"> {
  source: StreamSource;
  checkpoints: Checkpoints;
  /** Where to begin without a checkpoint. */
  start: Start;
}

/** Resolves when the shard has ended (true), or the mapping or everything has stopped (false). */
export async function consumeShard(consumption: Consumption): Promise<boolean> {
  const { source, checkpoints, shard, stopping, cloud, pause } = consumption;
  const { uuid } = consumption.current()!;
  const sequence = checkpoints.of(uuid, shard)?.sequence;
  const save = (part: Checkpoint) => checkpoints.set(uuid, shard, { ...checkpoints.of(uuid, shard), ...part });
  let windows: TumblingWindows | undefined;
  let read = sequence;
  let iterator = await source.iterator(
    shard,
    sequence ? { type: "AFTER_SEQUENCE_NUMBER", sequence } : consumption.start,
  );

  while (!stopping.aborted) {
    const mapping = consumption.current();
    if (!mapping?.enabled) return false;
    const wanted = mapping.batchSize * mapping.parallelization;
    const records: StreamRecord[] = [];
    let next: string | undefined = iterator;
    const began = read;
    let until = Number.POSITIVE_INFINITY;
    // A whole batch, or as much as came within the window, counted from the first record.
    while (next && !stopping.aborted) {
      const page = await readOn(next, wanted - records.length, mapping.filters);
      next = page.next;
      read = page.lastSequence ?? read;
      records.push(...page.records);
      if (records.length > 0 && until === Number.POSITIVE_INFINITY) {
        until = cloud.clock.now() + mapping.windowSeconds * 1000;
      }
      const now = cloud.clock.now();
      if (records.length >= wanted || now >= until) break;
      if (page.lastSequence !== undefined && records.length === 0) break;
      if (page.lastSequence === undefined && next) {
        if (records.length === 0) break;
        await pause(Math.min(source.pollMs, until - now));
      }
    }
    if (stopping.aborted) return false;
    if (mapping.tumblingSeconds > 0 || checkpoints.of(uuid, shard)?.window) windows ??= await openWindows();
    if (records.length > 0) {
      const handled = mapping.tumblingSeconds > 0 ? windows!.handle(records, mapping) : handleLanes(records, mapping);
      if (!(await handled)) return false;
    }
    if (read !== undefined && read !== began) save({ sequence: read });
    // What belongs to a window has been read once nothing more comes.
    const isOver = !next || mapping.tumblingSeconds === 0;
    if (windows && (isOver || records.length === 0) && !(await windows.close(isOver))) return false;
    if (!next) {
      save({ sequence: read, isDone: true });
      return true;
    }
    iterator = next;
    if (read === began) await pause(source.pollMs);
  }
  return false;

  async function openWindows(): Promise<TumblingWindows> {
    const { tumblingWindows } = await import("./tumbling-windows.ts");
    return tumblingWindows({
      ...consumption,
      batchesOf,
      done: (some) => save({ sequence: some.at(-1)!.sequence }),
      window: () => checkpoints.of(uuid, shard)?.window,
      keep: (window) => save({ window }),
    });
  }

  /** An iterator may expire while a batch is tried again and again. */
  async function readOn(from: string, limit: number, filters: object[]) {
    try {
      return await source.read(shard, from, limit, filters);
    } catch (error) {
      if ((error as { code?: string }).code !== "ExpiredIteratorException") throw error;
      const start: Start = read ? { type: "AFTER_SEQUENCE_NUMBER", sequence: read } : consumption.start;
      return source.read(shard, await source.iterator(shard, start), limit, filters);
    }
  }

  /**
   * Records of one key are in one lane, and in order there; lanes do not wait for each other's batches. The checkpoint is
   * where everything before it is done with. False: not all of them are, for it was stopped.
   */
  async function handleLanes(records: StreamRecord[], mapping: StreamMapping): Promise<boolean> {
    const finished = new Set<StreamRecord>();
    let place = 0;
    const done = (some: StreamRecord[]) => {
      for (const record of some) finished.add(record);
      const from = place;
      while (place < records.length && finished.has(records[place]!)) place++;
      if (place > from) save({ sequence: records[place - 1]!.sequence });
    };
    const lanes = new Map<number, StreamRecord[]>();
    for (const record of records) {
      const lane = mapping.parallelization === 1 ? 0 : laneOf(record.key, mapping.parallelization);
      const queue = lanes.get(lane) ?? [];
      queue.push(record);
      lanes.set(lane, queue);
    }
    const handled = [...lanes.values()].map(async (lane) => {
      for (const batch of batchesOf(lane, mapping.batchSize)) {
        if (stopping.aborted) return;
        await handleBatch({ ...consumption, done }, batch);
        // Nothing overtakes what was not finished.
        if (!finished.has(batch.at(-1)!)) return;
      }
    });
    await Promise.all(handled);
    return place === records.length;
  }
}

function laneOf(key: string, lanes: number): number {
  return createHash("md5").update(key).digest().readUInt32BE() % lanes;
}

/** By number and by size. */
function* batchesOf(records: StreamRecord[], size: number): Iterable<StreamRecord[]> {
  let batch: StreamRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const length = Buffer.byteLength(JSON.stringify(record.event)) + 1;
    if (batch.length >= size || (batch.length > 0 && bytes + length > MAX_PAYLOAD_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += length;
  }
  if (batch.length > 0) yield batch;
}
