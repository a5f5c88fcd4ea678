/** Physical names: stable across releases, inside each type's own limit, and never the same for two different things. */
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

/** How long a name of each kind may be, by the service's own documentation. */
export const NAME_LIMITS = {
  function: 64,
  role: 64,
  queue: 80,
  topic: 256,
  table: 255,
  bucket: 63,
  cluster: 63,
  userPool: 128,
  api: 128,
  schedule: 64,
  usagePlan: 128,
  stream: 128,
  delivery: 64,
  eventBus: 256,
  archive: 48,
  workflow: 80,
  lake: 90,
  cache: 40,
  cacheUser: 40,
  webAcl: 128,
  dashboard: 255,
  traceGroup: 32,
  dataSet: 128,
  pipeline: 100,
  endpoint: 63,
  deploymentGroup: 100,
} as const;

export type NameKind = keyof typeof NAME_LIMITS;

const HASH_LENGTH = 8;

/**
 * Joins the parts with hyphens. A name that would be too long, or whose parts hold hyphens and so could be read in two
 * ways, ends in a hash of the parts; short plain names stay readable. Different lists of as many parts have different names:
 * name each kind of thing by one number of parts.
 *
 * @param suffix stands at the very end, as `.fifo` must
 */
export function nameOf(kind: NameKind, parts: readonly string[], suffix = ""): string {
  return join(kind, parts, parts, suffix);
}

/**
 * The name of something that AWS wants named and Pulumi does not name by itself: this stack's own, in lower-case letters,
 * digits and hyphens, beginning with a letter.
 */
export function stackNameOf(kind: NameKind, parts: readonly string[]): string {
  const all = [pulumi.getProject(), pulumi.getStack(), ...parts];
  const shown = all.map((part) =>
    part
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, ""),
  );
  if (!/^[a-z]/.test(shown[0]!)) shown[0] = `t${shown[0]}`;
  return join(kind, shown, all, "");
}

/** @param parts what the hash is of, and so what tells two names apart that are shown alike */
function join(kind: NameKind, shown: readonly string[], parts: readonly string[], suffix: string): string {
  const limit = NAME_LIMITS[kind] - suffix.length;
  const joined = shown.join("-");
  const ambiguous = parts.slice(0, -1).some((part) => part.includes("-"));
  const changed = shown.some((part, index) => part !== parts[index]);
  if (joined.length <= limit && !ambiguous && !changed) return joined + suffix;
  const hash = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, HASH_LENGTH);
  const head = joined.slice(0, limit - HASH_LENGTH - 1).replace(/-+$/, "");
  return `${head}-${hash}${suffix}`;
}
