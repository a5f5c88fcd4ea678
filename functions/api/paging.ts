/** Between the `limit` and `cursor` of a request and the pages that a library serves. */

import { decodeCursor, encodeCursor } from "./cursor.ts";
import type { Page, Ports, Rows } from "./ports.ts";
import type { PageQuery } from "./schemas.ts";

const DEFAULT_LIMIT = 25;

type Signer = Pick<Ports, "cursorKey">;

/** @throws InvalidCursor */
export async function page({ limit = DEFAULT_LIMIT, cursor }: PageQuery, list: string, ports: Signer): Promise<Page> {
  return { limit, after: cursor === undefined ? undefined : decodeCursor(cursor, list, await ports.cursorKey()) };
}

export async function pageOf<Row>({ rows, next }: Rows<Row>, list: string, ports: Signer) {
  return { items: rows, nextCursor: next ? encodeCursor(next, list, await ports.cursorKey()) : null };
}
