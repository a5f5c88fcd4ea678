/** Who runs the server when this process is root, and what that user can reach. */

import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";

export interface Identity {
  uid: number;
  gid: number;
}

/** `nobody` on Linux; any unprivileged number does, it only has to own the data. */
const UNPRIVILEGED = 65534;

/** PostgreSQL refuses to run as root, so root hands it to another user. */
export function serverIdentity(): Identity | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return { uid: UNPRIVILEGED, gid: UNPRIVILEGED };
}

/** Root's place for what the server's user has to reach when the project's folder is closed to it. */
export function systemStateDirectory(): string {
  return "/var/lib/terrace";
}

/** True when the user may pass through every directory down to and including `path`, the existing part of it. */
export function canReach(path: string, identity: Identity): boolean {
  for (let at = resolve(path); ; at = dirname(at)) {
    const stat = statSync(at, { throwIfNoEntry: false });
    if (stat) {
      const execute = stat.uid === identity.uid ? 0o100 : stat.gid === identity.gid ? 0o010 : 0o001;
      if ((stat.mode & execute) === 0) return false;
    }
    if (at === dirname(at)) return true;
  }
}
