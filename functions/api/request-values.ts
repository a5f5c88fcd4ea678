/** Values that operations read from a request beside what its schemas describe. */

import type { HttpRequest } from "./http.ts";
import { InvalidRequest, NotFound } from "./problem.ts";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @throws NotFound for text that can be nobody's id. */
export function identifier(value: string | undefined, what: string): string {
  if (value === undefined || !UUID.test(value)) throw new NotFound(what);
  return value.toLowerCase();
}

/** The `Idempotency-Key` header, 1 to 255 visible characters. */
export function idempotencyKey({ headers }: HttpRequest): string | undefined {
  const key = headers["idempotency-key"];
  if (key !== undefined && !/^[\x21-\x7e]{1,255}$/.test(key))
    throw new InvalidRequest([{ pointer: "Idempotency-Key", detail: "must be 1 to 255 visible ASCII characters" }]);
  return key;
}
