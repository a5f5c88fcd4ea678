/** Errors of Lambda's control plane, in AWS's words. */
import { AwsError } from "../../../service.ts";

const USER = { Type: "User" };

export function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", message, 400, USER);
}

export function conflict(message: string): AwsError {
  return new AwsError("ResourceConflictException", message, 409, USER);
}

export function notFound(message: string): AwsError {
  return new AwsError("ResourceNotFoundException", message, 404, USER);
}

/** @param constraint `Member must have …` */
export function constraint(value: unknown, member: string, constraint: string): AwsError {
  const message = `1 validation error detected: Value '${value ?? "null"}' at '${member}' failed to satisfy constraint: ${constraint}`;
  return new AwsError("ValidationException", message);
}

/** @throws AwsError where a caller knows an older state than there is */
export function checkRevision(given: string | undefined, revision: string): void {
  if (given === undefined || given === revision) return;
  throw new AwsError(
    "PreconditionFailedException",
    "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
    412,
    USER,
  );
}

/** One page of a list; `Marker` is where the next one begins. */
export function pageOf<T>(items: T[], { Marker, MaxItems }: { Marker?: string; MaxItems?: number }, most = 50) {
  const from = Number(Marker ?? 0);
  if (!Number.isInteger(from) || from < 0) throw invalid("Invalid pagination token");
  if (MaxItems !== undefined && !(MaxItems >= 1 && MaxItems <= 10_000)) {
    throw constraint(MaxItems, "maxItems", "Member must have value between 1 and 10000");
  }
  const until = from + Math.min(MaxItems ?? most, most);
  return { page: items.slice(from, until), NextMarker: until < items.length ? String(until) : undefined };
}
