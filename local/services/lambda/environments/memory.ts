/** What a process holds in memory. */
import { readFileSync } from "node:fs";

/**
 * Bytes of a process that cannot be reclaimed (anonymous and shared memory), as Lambda's limit counts them.
 * 0 where the system does not tell (only Linux does): the limit of V8's heap then stands alone.
 */
export function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return kilobytes(status, "RssAnon") + kilobytes(status, "RssShmem");
  } catch {
    return 0;
  }
}

function kilobytes(status: string, name: string): number {
  const at = status.indexOf(`\n${name}:`);
  return at < 0 ? 0 : Number.parseInt(status.slice(at + name.length + 2), 10) * 1024;
}
