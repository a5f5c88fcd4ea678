/** Writes down which messages it was given; how often each came is the benchmark's business. */
import { appendFileSync } from "node:fs";

interface Batch {
  Records: { body: string }[];
}

export async function handler({ Records }: Batch): Promise<{ batchItemFailures: [] }> {
  appendFileSync(process.env.SEEN!, Records.map(({ body }) => `${body}\n`).join(""));
  return { batchItemFailures: [] };
}
