/** The bytes of an object that are copied: through memory, or by way of a file where there are many. */
import { rmSync } from "node:fs";
import { inFile, inMemory, type Received } from "../content/received.ts";
import { spool } from "../content/spool.ts";
import type { ObjectVersion } from "../content/store.ts";
import type { S3 } from "../index.ts";

const MAX_IN_MEMORY_BYTES = 16 * 1024 * 1024;

/**
 * @param range first and last byte, both included; undefined for all
 * @param use who stores the file has it; otherwise it is gone afterwards
 */
export async function withCopy<Result>(
  { cloud, store }: S3,
  source: ObjectVersion,
  range: { first: number; last: number } | undefined,
  use: (received: Received) => Promise<Result>,
): Promise<Result> {
  const { first, last } = range ?? { first: 0, last: source.size - 1 };
  if (last - first < MAX_IN_MEMORY_BYTES) return use(inMemory(store.read(source, first, last)));
  const spooled = await spool(store.stream(source, first, last), { directory: cloud.directory });
  try {
    return await use(inFile(spooled));
  } finally {
    rmSync(spooled.path, { force: true });
  }
}
