/**
 * Loops: a function that sends a message which calls it again, and so on. The trace header goes along with what a function
 * does (the SDKs send it, queues keep it), and its lineage counts how often each function was in the chain.
 */
import { createHash } from "node:crypto";
import { AwsError } from "../../service.ts";

/** So often is a function called in one chain. */
export const MOST_IN_CHAIN = 16;

/**
 * The header for the next invocation.
 * @throws AwsError RecursiveInvocationException where the chain has had enough of it
 */
export function nextInChain(traceHeader: string, functionArn: string, isAllowed: boolean): string {
  const fields = traceHeader.split(";").filter((field) => !field.startsWith("Lineage="));
  const counts = lineageOf(traceHeader);
  const id = idOf(functionArn);
  const count = (counts.get(id) ?? 0) + 1;
  if (count >= MOST_IN_CHAIN && !isAllowed) {
    throw new AwsError(
      "RecursiveInvocationException",
      "Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services resources and stopped your function's invocation.",
      400,
      { Type: "User" },
    );
  }
  counts.set(id, count);
  const lineage = [...counts].map(([key, value]) => `${key}:${value}`).join("|");
  return [...fields, `Lineage=${lineage}`].join(";");
}

/** Of several messages, the one whose chain is the longest for this function. */
export function longestChain(headers: (string | undefined)[], functionArn: string): string | undefined {
  const id = idOf(functionArn);
  let longest: string | undefined;
  let most = -1;
  for (const header of headers) {
    const count = header === undefined ? -1 : (lineageOf(header).get(id) ?? 0);
    if (count > most) [longest, most] = [header, count];
  }
  return longest;
}

function lineageOf(traceHeader: string): Map<string, number> {
  const text = /(?:^|;)Lineage=([^;]*)/.exec(traceHeader)?.[1] ?? "";
  const counts = new Map<string, number>();
  for (const [, id, count] of text.matchAll(/([0-9a-f]{8}):(\d{1,5})/g)) counts.set(id!, Number(count));
  return counts;
}

function idOf(functionArn: string): string {
  return createHash("sha256").update(functionArn).digest("hex").slice(0, 8);
}
