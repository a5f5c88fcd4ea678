/** What a process holds in memory, and that it is no more than it may. */
import { readFileSync } from "node:fs";

const CHECK_MS = 250;
/** An idle environment neither grows nor fails anybody. */
const IDLE_CHECK_MS = 5_000;

export interface MemoryWatch {
  readonly peakBytes: number;
  /** Now, whatever becomes of it. */
  look(): void;
  stop(): void;
}

export interface MemoryWatchOptions {
  isBusy(): boolean;
  onExceeded(): void;
}

export function memoryWatch(pid: number, limitMb: number, { isBusy, onExceeded }: MemoryWatchOptions): MemoryWatch {
  let peakBytes = 0;
  let lastCheck = 0;
  const timer = setInterval(check, CHECK_MS);
  timer.unref();

  function check(): void {
    if (!isBusy() && performance.now() - lastCheck < IDLE_CHECK_MS) return;
    lastCheck = performance.now();
    if (look() > limitMb * 1024 * 1024) onExceeded();
  }

  function look(): number {
    const bytes = residentBytes(pid);
    if (bytes > peakBytes) peakBytes = bytes;
    return bytes;
  }

  return {
    get peakBytes() {
      return peakBytes;
    },
    look,
    stop: () => clearInterval(timer),
  };
}

/**
 * Bytes of a process that cannot be reclaimed (anonymous and shared memory), as Lambda's limit counts them.
 * 0 where the system does not tell (only Linux does): the limit of V8's heap then stands alone.
 */
function residentBytes(pid: number): number {
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
