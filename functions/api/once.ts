/**
 * Idempotency keys by Powertools: the first request with a key runs and its result is kept for 24 hours; the same request
 * again gets that result, the same key with another body is refused.
 *
 * The id of what is made follows from key and body. A function that dies between the database's commit and the record of it
 * leaves the key free to run again, and that run finds its own row instead of making a second one.
 */

import { createHash, randomUUID } from "node:crypto";
import type { JSONValue } from "@aws-lambda-powertools/commons/types";
import {
  IdempotencyAlreadyInProgressError,
  IdempotencyConfig,
  IdempotencyValidationError,
  makeIdempotent,
} from "@aws-lambda-powertools/idempotency";
import type { BasePersistenceLayer } from "@aws-lambda-powertools/idempotency/persistence";
import type { Context } from "aws-lambda";
import type { Once, OnceRequest } from "./ports.ts";
import { IdempotencyInProgress, IdempotencyKeyReused } from "./problem.ts";

const KEPT_SECONDS = 24 * 60 * 60;

export interface OnceOptions {
  tenantId: string;
  store: BasePersistenceLayer;
  /** Tells when a run that never reported can no longer be running. */
  context?: Context;
}

/** @throws (when called) IdempotencyKeyReused, IdempotencyInProgress */
export function createOnce({ tenantId, store, context }: OnceOptions): Once {
  return async (request, effect) => {
    if (request.key === undefined) return { result: await effect(randomUUID()), replayed: false };

    let replayed = true;
    const run = async (_data: Record<string, unknown>) => {
      replayed = false;
      return (await effect(idOf(tenantId, request))) as JSONValue;
    };
    const config = new IdempotencyConfig({
      eventKeyJmesPath: "[route, key]",
      payloadValidationJmesPath: "body",
      throwOnNoIdempotencyKey: true,
      expiresAfterSeconds: KEPT_SECONDS,
      hashFunction: "sha256",
      lambdaContext: context,
    });
    // The tenant leads the item's key: no tenant can meet another's record, and IAM can hold it to its own.
    const idempotent = makeIdempotent(run, { persistenceStore: store, config, keyPrefix: tenantId });
    try {
      const { route, key, body } = request;
      const result = (await idempotent({ route, key, body })) as never;
      return { result, replayed };
    } catch (error) {
      if (error instanceof IdempotencyValidationError) throw new IdempotencyKeyReused();
      if (error instanceof IdempotencyAlreadyInProgressError) throw new IdempotencyInProgress();
      throw error;
    }
  };
}

/** A UUID of version 8 (RFC 9562), the same for the same request. */
function idOf(tenantId: string, { route, key, body }: OnceRequest): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([tenantId, route, key, body]))
    .digest();
  hash[6] = (hash[6]! & 0x0f) | 0x80;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}
