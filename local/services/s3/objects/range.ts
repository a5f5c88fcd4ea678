/** `Range` headers: one range of bytes. What is no such range is left out of account, as HTTP has it. */
import { AwsError } from "../../../service.ts";

/** First and last byte, both included. @throws AwsError InvalidRange where the object has none of it */
export function readRange(header: string | undefined, size: number): { first: number; last: number } | undefined {
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (from === "" && to === "") return undefined;
  const first = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== "" && to !== "" && Number(to) < Number(from)) return undefined;
  if (first >= size || first > last) throw new AwsError("InvalidRange", "The requested range is not satisfiable", 416);
  return { first, last };
}
