/**
 * Page cursors: the sort key of the last row that was sent, so that a page costs the same however deep it lies and rows
 * that come or go shift nothing. The signature covers the list too: a cursor of one list, or of one tenant, is refused by
 * every other.
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { InvalidCursor } from "./problem.ts";

/** Newest first; the id decides between rows of the same instant. */
export interface Position {
  /** ISO 8601; the database keeps milliseconds, so it is exact. */
  createdAt: string;
  id: string;
}

const SIGNATURE_BYTES = 16;

/** @param list What is listed, the tenant included: `acme/albums`. */
export function encodeCursor(position: Position, list: string, key: Buffer): string {
  const payload = Buffer.from(JSON.stringify([position.createdAt, position.id]));
  return Buffer.concat([sign(payload, list, key), payload]).toString("base64url");
}

/** @throws InvalidCursor when it was changed, cut, or made for another list. */
export function decodeCursor(cursor: string, list: string, key: Buffer): Position {
  const bytes = Buffer.from(cursor, "base64url");
  const payload = bytes.subarray(SIGNATURE_BYTES);
  // The decoder skips what is not base64url: only the one canonical spelling counts.
  if (bytes.toString("base64url") !== cursor || payload.length === 0) throw new InvalidCursor();
  if (!timingSafeEqual(bytes.subarray(0, SIGNATURE_BYTES), sign(payload, list, key))) throw new InvalidCursor();
  const [createdAt, id] = JSON.parse(payload.toString()) as [string, string];
  return { createdAt, id };
}

const sign = (payload: Buffer, list: string, key: Buffer): Buffer =>
  createHmac("sha256", key).update(`terrace.cursor.1\0${list}\0`).update(payload).digest().subarray(0, SIGNATURE_BYTES);
