/**
 * Environments end when the platform does; one that was in an endless loop as its platform was killed could not notice.
 * A process id may have a new owner by now: it has to be one of ours by its command line, which only Linux shows as a file.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { BOOTSTRAP } from "./environments/runtime-process.ts";

export function endLeftovers(pidDirectory: string): void {
  for (const pid of existsSync(pidDirectory) ? readdirSync(pidDirectory) : []) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "latin1");
      if (command.includes(BOOTSTRAP) && command.includes(dirname(pidDirectory))) process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended, or nothing tells.
    }
  }
}
