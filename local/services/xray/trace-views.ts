/** Traces as the API shows them: whole, and in short. Pure. */
import type { TraceSummary } from "@aws-sdk/client-xray";
import { type Analysis, analyse, healthOf, type Visit } from "./analysis.ts";
import type { Trace } from "./trace-store.ts";

/** Subsegments that were sent apart are put where they belong. */
export function wholeTrace(trace: Trace) {
  const { start, end } = analyse(trace);
  const parts = trace.segments.filter(({ segment }) => segment.type === "subsegment").map(({ segment }) => segment);
  const Segments = trace.segments
    .filter(({ segment }) => segment.type !== "subsegment")
    .map(({ segment, document }) => {
      const isWhole = !parts.some((part) => reaches(segment, part.parent_id!));
      return { Id: segment.id, Document: isWhole ? document : JSON.stringify(withParts(segment, parts)) };
    });
  return { Id: trace.id, Duration: end - start, LimitExceeded: false, Segments };
}

type Tree = Trace["segments"][number]["segment"];

const reaches = ({ id, subsegments = [] }: Tree, wanted: string): boolean =>
  id === wanted || subsegments.some((each) => reaches(each, wanted));

function withParts(segment: Tree, parts: Tree[]): Tree {
  const own = parts.filter(({ parent_id }) => parent_id === segment.id);
  const subsegments = [...(segment.subsegments ?? []), ...own].map((each) => withParts(each, parts));
  return subsegments.length > 0 ? { ...segment, subsegments } : segment;
}

export function summaryOf(
  { id, visits, root, start, end, isPartial, annotations }: Analysis,
  account: string,
): TraceSummary {
  const serviceId = ({ name, type }: Visit) => ({ Name: name, Names: [name], AccountId: account, Type: type });
  const services = new Map(visits.map((visit) => [`${visit.type} ${visit.name}`, serviceId(visit)]));
  const health = visits.map(({ segment }) => healthOf(segment));
  const http = root?.segment.http;
  const Annotations: NonNullable<TraceSummary["Annotations"]> = {};
  for (const { key, value, visit } of annotations) {
    Annotations[key] ??= [];
    Annotations[key].push({ AnnotationValue: annotationValue(value), ServiceIds: [serviceId(visit)] });
  }
  return {
    ...{ Id: id, StartTime: new Date(start * 1000), Duration: end - start, ResponseTime: root?.duration },
    HasFault: health.some(({ isFault }) => isFault),
    HasError: health.some(({ isError }) => isError),
    HasThrottle: health.some(({ isThrottle }) => isThrottle),
    IsPartial: isPartial,
    Http: http && {
      ...{ HttpURL: http.request?.url, HttpMethod: http.request?.method, HttpStatus: http.response?.status },
      ...{ UserAgent: http.request?.user_agent, ClientIp: http.request?.client_ip },
    },
    Annotations,
    Users: visits.flatMap(({ segment: { user }, ...visit }) =>
      user === undefined ? [] : { UserName: user, ServiceIds: [serviceId(visit as Visit)] },
    ),
    ServiceIds: [...services.values()],
    ResourceARNs: visits.flatMap(({ segment: { resource_arn: ARN } }) => (ARN === undefined ? [] : { ARN })),
    EntryPoint: root && serviceId(root),
    Revision: 1,
  };
}

function annotationValue(value: string | number | boolean) {
  if (typeof value === "number") return { NumberValue: value };
  return typeof value === "boolean" ? { BooleanValue: value } : { StringValue: value };
}
