/** Conditional requests: reads, copies and writes that depend on what is there. */
import { AwsError } from "../../../service.ts";
import type { ObjectVersion } from "../content/store.ts";

/** `If-None-Match: *` makes a write a creation; `If-Match` one of a known version. */
export function checkWriteConditions(
  current: ObjectVersion | undefined,
  { IfMatch, IfNoneMatch }: Record<string, unknown>,
): void {
  const exists = current !== undefined && !current.isDeleteMarker;
  if (IfNoneMatch === "*" && exists) failPrecondition("If-None-Match");
  if (typeof IfMatch !== "string") return;
  if (!exists) throw new AwsError("NoSuchKey", "The specified key does not exist.", 404);
  if (!isTag(IfMatch, current)) failPrecondition("If-Match");
}

export function checkReadConditions(object: ObjectVersion, input: Record<string, unknown>): void {
  const { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince } = input;
  const modified = Math.floor(object.modified / 1000) * 1000;
  if (typeof IfMatch === "string") {
    // A match makes up for the date.
    if (!isTag(IfMatch, object)) failPrecondition("If-Match");
  } else if (IfUnmodifiedSince instanceof Date && modified > IfUnmodifiedSince.getTime()) {
    failPrecondition("If-Unmodified-Since");
  }
  const isUnchanged =
    typeof IfNoneMatch === "string"
      ? isTag(IfNoneMatch, object)
      : IfModifiedSince instanceof Date && modified <= IfModifiedSince.getTime();
  if (isUnchanged) throw new AwsError("NotModified", "Not Modified", 304);
}

/** A copy reads under conditions of its own, and has no answer but 412. */
export function checkCopyConditions(source: ObjectVersion, input: Record<string, unknown>): void {
  try {
    checkReadConditions(source, {
      IfMatch: input.CopySourceIfMatch,
      IfNoneMatch: input.CopySourceIfNoneMatch,
      IfModifiedSince: input.CopySourceIfModifiedSince,
      IfUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
    });
  } catch (error) {
    if (error instanceof AwsError && error.status === 304) failPrecondition("x-amz-copy-source-if-none-match");
    throw error;
  }
}

/** Clients send tags with and without quotes. */
function isTag(given: string, { etag }: ObjectVersion): boolean {
  return given === "*" || given.replaceAll('"', "") === etag.replaceAll('"', "");
}

function failPrecondition(Condition: string): never {
  throw new AwsError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412, {
    Condition,
  });
}
