/** Segment documents, and what X-Ray refuses of one. Pure. */

export interface Segment {
  id: string;
  trace_id: string;
  name: string;
  start_time: number;
  end_time?: number;
  in_progress?: boolean;
  parent_id?: string;
  type?: string;
  origin?: string;
  namespace?: string;
  user?: string;
  resource_arn?: string;
  fault?: boolean;
  error?: boolean;
  throttle?: boolean;
  http?: {
    request?: { method?: string; url?: string; user_agent?: string; client_ip?: string };
    response?: { status?: number };
  };
  annotations?: Record<string, string | number | boolean>;
  aws?: Record<string, unknown>;
  subsegments?: Segment[];
}

const MAX_BYTES = 64 * 1024;

/** @throws Error with X-Ray's code as its message */
export function readSegment(text: string): Segment {
  if (Buffer.byteLength(text) > MAX_BYTES) throw new Error("DocumentTooLarge");
  let segment: Segment;
  try {
    segment = JSON.parse(text) as Segment;
  } catch {
    throw new Error("ParseError");
  }
  if (typeof segment !== "object" || segment === null) throw new Error("ParseError");
  const { id, trace_id, name, start_time, end_time, in_progress, parent_id, type } = segment;
  if (typeof id !== "string" || !/^[0-9a-f]{16}$/.test(id)) throw new Error("InvalidId");
  if (typeof trace_id !== "string" || !/^1-[0-9a-f]{8}-[0-9a-f]{24}$/.test(trace_id)) throw new Error("InvalidTraceId");
  if (typeof name !== "string" || name === "") throw new Error("MissingName");
  if (typeof start_time !== "number") throw new Error("MissingStartTime");
  if (typeof end_time !== "number" && in_progress !== true) throw new Error("MissingEndTime");
  if (type === "subsegment" && typeof parent_id !== "string") throw new Error("MissingParentId");
  return segment;
}
