/**
 * X-Ray's part in the other services: which requests are traced, and what they tell of themselves. Nothing is traced that
 * nobody looks at: until X-Ray is used for the first time, only requests whose header asks for it are. That costs every
 * other request a comparison.
 */
import { randomBytes } from "node:crypto";
import type { Cloud } from "./service.ts";

/** Where a request is in its trace. */
export interface TraceContext {
  /** `1-58406520-a006649127e371903a2de979` */
  root: string;
  /** Segment that this one is part of. */
  parent?: string;
}

/** What a sampling rule looks at. */
export interface Sampled {
  serviceName: string;
  serviceType: string;
  host?: string;
  method?: string;
  path?: string;
}

export interface Tracing {
  /** Decides for a new trace; X-Ray puts its own rules here once it is used. */
  sample?: (request: Sampled, now: number) => boolean;
  /** Takes segments; those that came before somebody does are in `waiting`. */
  sink?: (documents: string[]) => void;
  waiting: string[];
  /** `127.0.0.1:<port>`, where functions send what their tracer measured; starts listening when first asked. */
  daemon?: () => Promise<string>;
  stopDaemon?: () => void;
}

const MAX_WAITING = 1000;
const known = new WeakMap<Cloud, Tracing>();

export function tracingOf(cloud: Cloud): Tracing {
  let tracing = known.get(cloud);
  if (!tracing) {
    tracing = { waiting: [] };
    known.set(cloud, tracing);
  }
  return tracing;
}

/** @param document JSON of a segment or subsegment */
export function emit(tracing: Tracing, document: string): void {
  if (tracing.sink) tracing.sink([document]);
  else if (tracing.waiting.push(document) > MAX_WAITING) tracing.waiting.shift();
}

/** Where a request's trace goes on, or begins; undefined where it is not sampled. */
export function traceOf(
  tracing: Tracing,
  header: string | undefined,
  request: () => Sampled,
  now: number,
): TraceContext | undefined {
  if (header === undefined && !tracing.sample) return undefined;
  const sampled = header && /(?:^|;)\s*Sampled=([01])/.exec(header)?.[1];
  if (sampled === "0" || (sampled !== "1" && !tracing.sample?.(request(), now))) return undefined;
  const root = rootIn(header);
  const parent = /(?:^|;)\s*Parent=([0-9a-f]{16})/.exec(header ?? "")?.[1];
  return { root: root ?? newRoot(now), parent: root && parent };
}

export function traceHeader({ root, parent }: TraceContext): string {
  return `Root=${root};${parent ? `Parent=${parent};` : ""}Sampled=1`;
}

/** That a request is not sampled, for what it goes on to: the first to decide decides for all. */
export function unsampledHeader(header: string | undefined, now: number): string {
  return `Root=${rootIn(header) ?? newRoot(now)};Sampled=0`;
}

export const newSegmentId = (): string => randomBytes(8).toString("hex");

function rootIn(header: string | undefined): string | undefined {
  return /(?:^|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})/.exec(header ?? "")?.[1];
}

function newRoot(now: number): string {
  return `1-${Math.floor(now / 1000)
    .toString(16)
    .padStart(8, "0")}-${randomBytes(12).toString("hex")}`;
}
