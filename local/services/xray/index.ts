/**
 * X-Ray on one machine: segments of functions' tracers, of Lambda and of API Gateway; traces by filter expression; the service
 * map; groups; sampling rules. Requests are sampled from the first call to this service on, and before that where their
 * header asks for it.
 *
 * Not emulated: insights, root causes, encryption, indexing rules, trace retrieval, time series of the service map, resource
 * policies, tags. The stand-in for the daemon does not ask IAM whether a function may put segments.
 */
import type {
  BatchGetTracesRequest,
  GetServiceGraphRequest,
  GetTraceSummariesRequest,
  PutTraceSegmentsRequest,
  SamplingRule,
  SamplingRuleUpdate,
} from "@aws-sdk/client-xray";
import type { Call, Cloud, Operation, Service } from "../../service.ts";
import { tracingOf } from "../../tracing.ts";
import { type Analysis, analyse } from "./analysis.ts";
import { parseFilter } from "./filter-expression.ts";
import { checkFilter, groupsOf } from "./groups.ts";
import { invalid, type KeptRule, type Sampling, samplingOf } from "./sampling.ts";
import { readSegment } from "./segment.ts";
import { serviceGraph } from "./service-graph.ts";
import { type TraceStore, traceStore } from "./trace-store.ts";
import { summaryOf, wholeTrace } from "./trace-views.ts";

const MAX_SEGMENTS = 50;
const MAX_TRACES = 5;
const MAX_HOURS = 6;
const PAGE = 100;

export function xray(cloud: Cloud): Service {
  const groups = groupsOf(cloud);
  // A program's group alone needs neither.
  let opened: { store: TraceStore; sampling: Sampling } | undefined;
  const parts = () => {
    opened ??= { store: traceStore(cloud.database, cloud.clock.now()), sampling: samplingOf(cloud) };
    return opened;
  };
  const tracing = tracingOf(cloud);

  /** @returns what is refused of them, in X-Ray's form */
  function take(documents: string[]) {
    const unprocessed: { Id?: string; ErrorCode: string; Message: string }[] = [];
    const segments = documents.flatMap((document) => {
      try {
        return { segment: readSegment(document), document };
      } catch (error) {
        const code = (error as Error).message;
        const id = /"id"\s*:\s*"([0-9a-f]+)"/.exec(document)?.[1];
        unprocessed.push({ Id: id, ErrorCode: code, Message: `Invalid segment. ErrorCode: ${code}` });
        return [];
      }
    });
    if (segments.length > 0) parts().store.add(segments);
    return unprocessed;
  }

  tracing.sink = (documents) => void take(documents);
  if (tracing.waiting.length > 0) take(tracing.waiting.splice(0));

  function tracesIn(start: Date | undefined, end: Date | undefined, expression: string | undefined): Analysis[] {
    if (!start || !end) throw invalid("StartTime and EndTime are required.");
    const [from, to] = [start.getTime() / 1000, end.getTime() / 1000];
    if (to < from) throw invalid("EndTime must not be before StartTime.");
    if (to - from > MAX_HOURS * 3600) throw invalid(`Time range can not be longer than ${MAX_HOURS} hours.`);
    checkFilter(expression);
    const passes = expression?.trim() ? parseFilter(expression) : () => true;
    return parts()
      .store.between(from, to)
      .map(analyse)
      .filter((trace) => passes(trace, trace.visits));
  }

  const operations: Record<string, Operation> = {
    PutTraceSegments: {
      authorize: any("PutTraceSegments"),
      run({ TraceSegmentDocuments: documents = [] }: PutTraceSegmentsRequest) {
        if (documents.length > MAX_SEGMENTS) throw invalid(`At most ${MAX_SEGMENTS} segments can be put at once.`);
        return { UnprocessedTraceSegments: take(documents) };
      },
    },
    PutTelemetryRecords: { authorize: any("PutTelemetryRecords"), run: () => ({}) },
    GetTraceSummaries: {
      authorize: any("GetTraceSummaries"),
      run({ StartTime, EndTime, FilterExpression, NextToken }: GetTraceSummariesRequest) {
        const found = tracesIn(StartTime, EndTime, FilterExpression);
        const from = Number(NextToken ?? 0);
        return {
          TraceSummaries: found.slice(from, from + PAGE).map((trace) => summaryOf(trace, cloud.account)),
          ApproximateTime: new Date(cloud.clock.now()),
          TracesProcessedCount: found.length,
          NextToken: from + PAGE < found.length ? String(from + PAGE) : undefined,
        };
      },
    },
    BatchGetTraces: {
      authorize: any("BatchGetTraces"),
      run({ TraceIds = [] }: BatchGetTracesRequest) {
        if (TraceIds.length === 0 || TraceIds.length > MAX_TRACES)
          throw invalid(`1 to ${MAX_TRACES} trace ids are taken.`);
        const found = TraceIds.map((id) => [id, parts().store.get(id)] as const);
        return {
          Traces: found.flatMap(([, trace]) => (trace ? wholeTrace(trace) : [])),
          UnprocessedTraceIds: [],
        };
      },
    },
    GetServiceGraph: {
      authorize: any("GetServiceGraph"),
      run({ StartTime, EndTime, GroupName, GroupARN }: GetServiceGraphRequest) {
        const group = (GroupName ?? GroupARN) ? groups.find(GroupName ?? GroupARN) : undefined;
        const traces = tracesIn(StartTime, EndTime, group?.FilterExpression);
        const Services = serviceGraph(traces, cloud.account);
        return { StartTime, EndTime, Services, ContainsOldGroupVersions: false };
      },
    },
    GetTraceGraph: {
      authorize: any("GetTraceGraph"),
      run({ TraceIds = [] }: BatchGetTracesRequest) {
        const traces = TraceIds.flatMap((id) => parts().store.get(id) ?? []).map(analyse);
        return { Services: serviceGraph(traces, cloud.account) };
      },
    },
    GetSamplingRules: {
      authorize: any("GetSamplingRules"),
      run: () => ({ SamplingRuleRecords: parts().sampling.rules().map(recordOf) }),
    },
    CreateSamplingRule: {
      authorize: any("CreateSamplingRule"),
      run: (input: { SamplingRule: SamplingRule }) => ({
        SamplingRuleRecord: recordOf(parts().sampling.create(input.SamplingRule)),
      }),
    },
    UpdateSamplingRule: {
      authorize: any("UpdateSamplingRule"),
      run: (input: { SamplingRuleUpdate: SamplingRuleUpdate }) => ({
        SamplingRuleRecord: recordOf(parts().sampling.update(input.SamplingRuleUpdate)),
      }),
    },
    DeleteSamplingRule: {
      authorize: any("DeleteSamplingRule"),
      run: ({ RuleName, RuleARN }: { RuleName?: string; RuleARN?: string }) => ({
        SamplingRuleRecord: recordOf(parts().sampling.remove(RuleName ?? RuleARN ?? "")),
      }),
    },
    GetSamplingTargets: {
      authorize: any("GetSamplingTargets"),
      run({ SamplingStatisticsDocuments = [] }: { SamplingStatisticsDocuments?: { RuleName?: string }[] }) {
        const asked = new Set(SamplingStatisticsDocuments.map(({ RuleName }) => RuleName));
        const SamplingTargetDocuments = parts()
          .sampling.rules()
          .filter(({ rule }) => asked.has(rule.RuleName))
          .map(({ rule }) => ({
            ...{ RuleName: rule.RuleName, FixedRate: rule.FixedRate, ReservoirQuota: rule.ReservoirSize },
            ...{ ReservoirQuotaTTL: new Date(cloud.clock.now() + 10_000), Interval: 10 },
          }));
        return { SamplingTargetDocuments, LastRuleModification: new Date(lastChange()), UnprocessedStatistics: [] };
      },
    },
    ...groups.operations,
  };

  const lastChange = () =>
    Math.max(
      ...parts()
        .sampling.rules()
        .map(({ modifiedAt }) => modifiedAt),
    );

  return {
    name: "xray",
    client: () => import("@aws-sdk/client-xray"),
    requiresMembers: "InvalidRequestException",
    resources: { "aws:xray/group:Group": groups.declare },
    operations: watched(operations, () => {
      tracing.sample = parts().sampling.sample;
    }),
    stop() {
      tracing.sink = undefined;
      tracing.sample = undefined;
    },
  };
}

/** Somebody looks: from now on requests are sampled. */
function watched(operations: Record<string, Operation>, watch: () => void): Record<string, Operation> {
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => {
      const run = (input: object, call: Call) => {
        watch();
        return operation.run(input, call);
      };
      return [name, { ...operation, run }];
    }),
  );
}

const any = (action: string) => () => ({ action: `xray:${action}`, resource: "*" });

function recordOf({ rule, createdAt, modifiedAt }: KeptRule) {
  return { SamplingRule: rule, CreatedAt: new Date(createdAt), ModifiedAt: new Date(modifiedAt) };
}
