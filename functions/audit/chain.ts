/**
 * The audit trail's chain: every entry carries the hash of the one before, so that a changed, removed or inserted entry
 * breaks everything after it. The table allows inserts only; the chain shows what happened beneath the table.
 */

import { createHash } from "node:crypto";

export interface AuditEntry {
  /** 1, 2, 3 … per tenant, without gaps. */
  sequence: number;
  eventId: string;
  eventType: string;
  /** ISO 8601, when it happened */
  occurredAt: string;
  /** The user who caused it; null for the platform itself. */
  actor: string | null;
  payload: unknown;
  /** Hexadecimal SHA-256; the first entry has 64 zeroes. */
  previousHash: string;
  hash: string;
}

export const genesisHash = "0".repeat(64);

type Link = Pick<AuditEntry, "sequence" | "hash">;

/** The entry that follows `last`. */
export function nextEntry(
  tenantId: string,
  last: Link | undefined,
  event: Pick<AuditEntry, "eventId" | "eventType" | "occurredAt" | "actor" | "payload">,
): AuditEntry {
  const unsigned = { ...event, sequence: (last?.sequence ?? 0) + 1, previousHash: last?.hash ?? genesisHash };
  return { ...unsigned, hash: hashOf(tenantId, unsigned) };
}

/**
 * The sequence number of the first entry that does not fit, or undefined for a whole chain.
 * @param entries All of a tenant, in order; or any run of them, with the entry before as `after`.
 */
export function firstBroken(tenantId: string, entries: AuditEntry[], after?: Link): number | undefined {
  let last = after;
  for (const entry of entries) {
    const expected = nextEntry(tenantId, last, entry);
    if (entry.sequence !== expected.sequence || entry.hash !== expected.hash) return expected.sequence;
    last = entry;
  }
  return undefined;
}

const hashOf = (tenantId: string, entry: Omit<AuditEntry, "hash">): string =>
  createHash("sha256")
    .update(
      canonical([
        ...[tenantId, entry.sequence, entry.eventId, entry.eventType],
        ...[new Date(entry.occurredAt).toISOString(), entry.actor, entry.payload, entry.previousHash],
      ]),
    )
    .digest("hex");

/** JSON with sorted keys: jsonb does not keep their order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`);
  return `{${members.join(",")}}`;
}
