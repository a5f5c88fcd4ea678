/** What a trace says: who took part, who called whom, how long it took and what failed. Pure. */
import type { Segment } from "./segment.ts";
import type { Trace } from "./trace-store.ts";

/** One stay at a service. */
export interface Visit {
  segment: Segment;
  name: string;
  /** `AWS::Lambda::Function`; `remote` and `AWS::DynamoDB::Table` where only the caller tells of it. */
  type: string;
  /** Only its caller tells of it. */
  isInferred: boolean;
  caller?: Visit;
  /** Seconds. */
  duration: number;
}

export interface Analysis {
  id: string;
  visits: Visit[];
  /** Where it began. */
  root: Visit | undefined;
  /** Seconds since the epoch. */
  start: number;
  end: number;
  isPartial: boolean;
  annotations: { key: string; value: string | number | boolean; visit: Visit }[];
}

export function analyse({ id, segments }: Trace): Analysis {
  const visits: Visit[] = [];
  const annotations: Analysis["annotations"] = [];
  /** In which visit a segment or subsegment lies, and which one it stands for. */
  const home = new Map<string, Visit>();
  const remote = new Map<string, Visit>();

  function visit(segment: Segment, name: string, type: string, isInferred: boolean, caller?: Visit): Visit {
    const duration = (segment.end_time ?? segment.start_time) - segment.start_time;
    const made: Visit = { segment, name, type, isInferred, caller, duration };
    visits.push(made);
    return made;
  }

  function walk(segment: Segment, within: Visit): void {
    home.set(segment.id, within);
    for (const [key, value] of Object.entries(segment.annotations ?? {}))
      annotations.push({ key, value, visit: within });
    if (segment !== within.segment && segment.namespace && segment.namespace !== "local") {
      const { name, type } = inferred(segment);
      remote.set(segment.id, visit(segment, name, type, true, within));
    }
    for (const inner of segment.subsegments ?? []) walk(inner, within);
  }

  const whole = segments.map(({ segment }) => segment);
  const parts = whole.filter(({ type }) => type === "subsegment");
  for (const segment of whole) {
    if (segment.type === "subsegment") continue;
    walk(segment, visit(segment, segment.name, segment.origin ?? "client", false));
  }
  // Those sent apart hang on what is known, or on each other.
  let left = parts;
  for (let before = -1; left.length > 0 && left.length !== before; ) {
    before = left.length;
    left = left.filter((part) => {
      const within = home.get(part.parent_id!);
      if (within) walk(part, within);
      return !within;
    });
  }
  for (const each of [...visits]) {
    const { parent_id: parent } = each.segment;
    if (each.isInferred || parent === undefined) continue;
    each.caller = home.get(parent);
    const said = remote.get(parent);
    // The one who was called speaks for itself.
    if (said) visits.splice(visits.indexOf(said), 1);
  }
  const root = visits.filter(({ caller, isInferred }) => !caller && !isInferred).sort(byStart)[0];
  const start = Math.min(...whole.map((each) => each.start_time));
  const end = Math.max(...whole.map((each) => each.end_time ?? each.start_time));
  return { id, visits, root, start, end, isPartial: whole.some((each) => each.in_progress === true), annotations };
}

const byStart = (one: Visit, other: Visit) => one.segment.start_time - other.segment.start_time;

function inferred({ name, namespace, aws }: Segment): { name: string; type: string } {
  if (namespace !== "aws") return { name, type: "remote" };
  const table = aws?.table_name;
  if (typeof table === "string") return { name: table, type: "AWS::DynamoDB::Table" };
  return { name, type: `AWS::${name}` };
}

/** Whether something went wrong: the server's fault, the client's error, or too much of it. */
export function healthOf({ fault, error, throttle, http }: Segment) {
  const status = http?.response?.status ?? 0;
  const isThrottle = throttle === true || status === 429;
  return {
    isFault: fault === true || status >= 500,
    isError: error === true || (status >= 400 && status < 500) || isThrottle,
    isThrottle,
  };
}
