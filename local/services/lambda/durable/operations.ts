/** The API of durable executions. The engine behind it, and what describes its answers, load with the first call. */
import type { AwsError, Operation } from "../../../service.ts";
import { constraint, invalid, pageOf } from "../api/errors.ts";
import { parseFunctionName } from "../function-config.ts";
import { parseCallbackId } from "./callback-id.ts";
import type { DurableEngine } from "./engine.ts";
import type { DurableExecution } from "./execution.ts";

const ARN =
  /^arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:function:[a-zA-Z0-9_-]+:(\$LATEST|[0-9]+)\/durable-execution\/[a-zA-Z0-9_-]+\/[a-zA-Z0-9_-]+$/;
const PAGE = 100;
const MOST = 1_000;

export function durableOperations(
  engine: () => Promise<DurableEngine>,
  arnOf: (functionName: string) => string,
): Record<string, Operation> {
  const onExecution = (action: string) => ({
    authorize: ({ DurableExecutionArn }: { DurableExecutionArn: string }) => ({
      action: `lambda:${action}`,
      resource: checkArn(DurableExecutionArn),
    }),
  });
  const onCallback = (action: string) => ({
    authorize: ({ CallbackId }: { CallbackId: string }) => ({
      action: `lambda:${action}`,
      resource: parseCallbackId(CallbackId).arn,
    }),
  });
  const page = <T>(items: T[], { Marker, MaxItems }: { Marker?: string; MaxItems?: number }) => {
    if (MaxItems !== undefined && !(MaxItems >= 0 && MaxItems <= MOST)) {
      const bound = MaxItems < 0 ? "greater than or equal to 0" : `less than or equal to ${MOST}`;
      throw constraint(MaxItems, "maxItems", `Member must have value ${bound}`);
    }
    try {
      return pageOf(items, { Marker: Marker || undefined, MaxItems: MaxItems || PAGE }, MOST);
    } catch (error) {
      throw (error as AwsError).code === "ValidationException" ? error : invalid("Invalid Marker");
    }
  };

  return {
    CheckpointDurableExecution: {
      ...onExecution("CheckpointDurableExecution"),
      run: async (input) => (await engine()).checkpoint(input),
    },
    GetDurableExecutionState: {
      ...onExecution("GetDurableExecutionState"),
      async run({ DurableExecutionArn, CheckpointToken, ...paging }) {
        const operations = (await engine()).state(DurableExecutionArn, CheckpointToken);
        const { described } = await import("./execution.ts");
        const { page: shown, NextMarker = "" } = page(operations, paging);
        return { Operations: shown.map((operation) => described(operation, (ms) => new Date(ms))), NextMarker };
      },
    },
    GetDurableExecution: {
      ...onExecution("GetDurableExecution"),
      run: async ({ DurableExecutionArn, IncludeExecutionData = true }) =>
        describeExecution((await engine()).find(DurableExecutionArn), IncludeExecutionData),
    },
    GetDurableExecutionHistory: {
      ...onExecution("GetDurableExecutionHistory"),
      async run({ DurableExecutionArn, IncludeExecutionData = true, ReverseOrder, ...paging }) {
        const { find, store } = await engine();
        const { describedEvent } = await import("./history.ts");
        const events = store.history(find(DurableExecutionArn).arn);
        const { page: shown, NextMarker } = page(ReverseOrder ? events.reverse() : events, paging);
        return { Events: shown.map((event) => describedEvent(event, IncludeExecutionData)), NextMarker };
      },
    },
    ListDurableExecutionsByFunction: {
      authorize: ({ FunctionName, Qualifier }) => {
        const { name, qualifier = Qualifier } = parseFunctionName(FunctionName);
        const arn = arnOf(name);
        return {
          action: "lambda:ListDurableExecutionsByFunction",
          resource: qualifier ? `${arn}:${qualifier}` : arn,
        };
      },
      async run({ FunctionName, Qualifier, DurableExecutionName, Statuses, ReverseOrder, ...input }) {
        const { name: functionName, qualifier: version = Qualifier } = parseFunctionName(FunctionName);
        const { StartedAfter, StartedBefore, ...paging } = input;
        const { store } = await engine();
        const found = store.list({
          ...{ functionName, version, name: DurableExecutionName, statuses: Statuses },
          ...{ startedAfter: StartedAfter?.getTime(), startedBefore: StartedBefore?.getTime() },
        });
        const { page: shown, NextMarker } = page(ReverseOrder ? found.reverse() : found, paging);
        return { DurableExecutions: shown.map(summary), NextMarker };
      },
    },
    StopDurableExecution: {
      ...onExecution("StopDurableExecution"),
      async run({ DurableExecutionArn, Error: error = {} }) {
        const { endedAt = 0 } = (await engine()).end(DurableExecutionArn, error);
        return { StopTimestamp: new Date(endedAt) };
      },
    },
    SendDurableExecutionCallbackSuccess: {
      ...onCallback("SendDurableExecutionCallbackSuccess"),
      async run({ CallbackId, Result }) {
        const result = Result === undefined ? undefined : Buffer.from(Result).toString();
        (await engine()).completeCallback(CallbackId, { result: result || undefined });
        return {};
      },
    },
    SendDurableExecutionCallbackFailure: {
      ...onCallback("SendDurableExecutionCallbackFailure"),
      async run({ CallbackId, Error: error }) {
        (await engine()).completeCallback(CallbackId, { error, isFailure: true });
        return {};
      },
    },
    SendDurableExecutionCallbackHeartbeat: {
      ...onCallback("SendDurableExecutionCallbackHeartbeat"),
      async run({ CallbackId }) {
        (await engine()).heartbeat(CallbackId);
        return {};
      },
    },
  };
}

function checkArn(arn: string): string {
  if (ARN.test(arn)) return arn;
  throw constraint(
    arn,
    "durableExecutionArn",
    `Member must satisfy regular expression pattern: ${ARN.source.slice(1, -1).replaceAll("\\/", "/")}`,
  );
}

function summary({ arn, name, functionArn, status, startedAt, endedAt }: DurableExecution) {
  return {
    ...{ DurableExecutionArn: arn, DurableExecutionName: name, FunctionArn: functionArn, Status: status },
    StartTimestamp: new Date(startedAt),
    ...(endedAt !== undefined && { EndTimestamp: new Date(endedAt) }),
  };
}

function describeExecution(execution: DurableExecution, withData: boolean) {
  const { input, result, error, version, traceHeader, timeoutSeconds, retentionDays } = execution;
  return {
    ...summary(execution),
    ...(withData && { InputPayload: input, Result: result, Error: error }),
    Version: version,
    ExecutionDataIncluded: withData,
    ...(traceHeader && { TraceHeader: { XAmznTraceId: traceHeader } }),
    DurableConfig: { ExecutionTimeout: timeoutSeconds, RetentionPeriodInDays: retentionDays },
  };
}
