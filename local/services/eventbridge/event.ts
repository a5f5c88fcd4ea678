/** An event as EventBridge carries it, and what PutEvents refuses of one. Pure. */
import { randomUUID } from "node:crypto";
import type { PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import type { Json } from "../../event-pattern.ts";
import { AwsError } from "../../service.ts";

/** In the order of AWS's own JSON. */
export interface Event {
  version: "0";
  id: string;
  "detail-type": string;
  source: string;
  account: string;
  /** To the second. */
  time: string;
  region: string;
  "replay-name"?: string;
  resources: string[];
  detail: Record<string, Json>;
}

const MAX_ENTRIES = 10;
const MAX_BYTES = 256 * 1024;

export function eventOf(
  { account, region }: { account: string; region: string },
  parts: { source: string; detailType: string; detail: Record<string, Json>; resources?: string[]; time: number },
): Event {
  return {
    version: "0",
    id: randomUUID(),
    "detail-type": parts.detailType,
    source: parts.source,
    account,
    time: secondOf(parts.time),
    region,
    resources: parts.resources ?? [],
    detail: parts.detail,
  };
}

export function secondOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

/** @throws AwsError what makes EventBridge refuse the whole request */
export function validateEntries(entries: PutEventsRequestEntry[]): void {
  const constraint =
    entries.length > MAX_ENTRIES
      ? `less than or equal to ${MAX_ENTRIES}`
      : entries.length === 0
        ? "greater than or equal to 1"
        : undefined;
  if (constraint) {
    throw new AwsError(
      "ValidationException",
      `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length ${constraint}`,
    );
  }
  if (entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > MAX_BYTES) {
    throw new AwsError("ValidationException", "Total size of the entries in the request is over the limit.");
  }
}

/** @returns the entry's detail. @throws AwsError what makes this entry fail alone */
export function readEntry({ Source, DetailType, Detail }: PutEventsRequestEntry): Record<string, Json> {
  for (const [name, value] of Object.entries({ Source, DetailType, Detail })) {
    if (!value) {
      throw new AwsError("InvalidArgument", `Parameter ${name} is not valid. Reason: ${name} is a required argument.`);
    }
  }
  if (Source!.startsWith("aws.")) throw new AwsError("NotAuthorizedForSource", "Not authorized for the source.");
  let detail: unknown;
  try {
    detail = JSON.parse(Detail!);
  } catch {
    // Said below.
  }
  if (typeof detail === "object" && detail !== null && !Array.isArray(detail)) return detail as Record<string, Json>;
  throw new AwsError("MalformedDetail", "Detail is malformed.");
}

/** As AWS counts: a time is 14 bytes. */
function sizeOf({ Time, Source = "", DetailType = "", Detail = "", Resources = [] }: PutEventsRequestEntry): number {
  const texts = [Source, DetailType, Detail, ...Resources];
  return (Time ? 14 : 0) + texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}
