/** Where a mapping of a stream begins, and whether its function may read the stream at all. */
import type { AwsError } from "../../../service.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { refused, type StreamMapping } from "./stream-settings.ts";
import type { Start, StreamSource } from "./stream-source.ts";

/** In a shard without a checkpoint, those that opened later included: they hold nothing older. */
export function startOf({ startingPosition, startingTime }: StreamMapping): Start {
  if (startingPosition === "AT_TIMESTAMP") return { type: "AT_TIMESTAMP", time: startingTime! };
  // What was there when a mapping from LATEST began is behind a checkpoint: see skipToLatest.
  return { type: "TRIM_HORIZON" };
}

/**
 * Whatever is there now is done with: a checkpoint says so, whenever the mapping goes on. Only as it begins: what comes into a
 * shard that opens later is the mapping's.
 */
export async function skipToLatest(uuid: string, source: StreamSource, checkpoints: Checkpoints): Promise<void> {
  try {
    for (const { id } of await source.shards()) await skipShard(uuid, id, source, checkpoints);
  } catch (error) {
    checkpoints.forget(uuid);
    throw error;
  }
}

async function skipShard(uuid: string, id: string, source: StreamSource, checkpoints: Checkpoints): Promise<void> {
  let sequence: string | undefined;
  let next: string | undefined = await source.iterator(id, { type: "TRIM_HORIZON" });
  while (next) {
    const page = await source.read(id, next, 10_000, []);
    sequence = page.lastSequence ?? sequence;
    if (page.lastSequence === undefined && page.next) break;
    next = page.next;
  }
  checkpoints.set(uuid, id, { sequence, ...(next === undefined && { isDone: true }) });
}

/** @throws AwsError as Lambda refuses a mapping whose function may not read the stream */
export async function checkAccess({ sourceArn }: StreamMapping, source: StreamSource): Promise<void> {
  try {
    await source.retentionMs();
    const [shard] = await source.shards();
    if (shard) await source.read(shard.id, await source.iterator(shard.id, { type: "TRIM_HORIZON" }), 1, []);
  } catch (error) {
    const { code, message } = error as AwsError;
    if (code === "ResourceNotFoundException") throw refused(`Stream not found: ${sourceArn}`);
    throw refused(
      `Cannot access stream ${sourceArn}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in IAM. (${message})`,
    );
  }
}
