/** What is left of an answer for a viewer that wants a part of it, or has it already. */
import { AwsError } from "../../../service.ts";
import { readRange } from "../../s3/objects/range.ts";
import { type Answer, one, type ViewerRequest } from "./message.ts";

export function ranged(answer: Answer, { method, headers }: ViewerRequest): Answer {
  const wanted = one(headers, "range");
  if (answer.status !== 200 || method !== "GET" || wanted === undefined) return answer;
  const { length } = answer.body;
  const condition = one(headers, "if-range");
  if (condition !== undefined && condition !== one(answer.headers, "etag")) return answer;
  try {
    const range = readRange(wanted, length);
    if (!range) return answer;
    const { first, last } = range;
    return {
      status: 206,
      headers: { ...answer.headers, "content-range": [`bytes ${first}-${last}/${length}`] },
      body: answer.body.subarray(first, last + 1),
    };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { status: 416, headers: { "content-range": [`bytes */${length}`] }, body: Buffer.alloc(0) };
  }
}

export function conditional(answer: Answer, { method, headers }: ViewerRequest): Answer {
  if (answer.status !== 200 || !/^(GET|HEAD)$/.test(method)) return answer;
  const tag = one(answer.headers, "etag");
  const known = one(headers, "if-none-match");
  const since = one(headers, "if-modified-since");
  const modified = Date.parse(one(answer.headers, "last-modified") ?? "");
  const isKnown = known
    ? tag !== undefined && (known === "*" || known.split(",").some((given) => bare(given) === bare(tag)))
    : since !== undefined && modified <= Date.parse(since);
  if (!isKnown) return answer;
  const { "content-length": _, "content-encoding": __, "content-type": ___, ...kept } = answer.headers;
  return { status: 304, headers: kept, body: Buffer.alloc(0) };
}

const bare = (tag: string): string => tag.trim().replace(/^W\//, "");
