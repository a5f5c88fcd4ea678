/**
 * Durable functions: Lambda keeps what each execution has done, calls the function again whenever something that it waited
 * for is there, and hands it all of that, so that the SDK goes on where it stopped. One execution runs one invocation at a
 * time. Everything is in the database before it is answered: a killed platform goes on with it at the next start.
 *
 * Not emulated: encryption with a customer's key, metrics, quotas of running executions.
 */
import { randomUUID } from "node:crypto";
import { AwsError, type Cloud, type Timer } from "../../../service.ts";
import { notFound } from "../api/errors.ts";
import { type Functions, type LambdaFunction, unqualified } from "../functions.ts";
import { announcements } from "./announce.ts";
import { callbacks } from "./callbacks.ts";
import { chainedInvokes } from "./chained-invokes.ts";
import { applyTime, applyUpdates, invalid, put } from "./checkpoint.ts";
import type { DurableEngine, Lives, Outcome, StartRequest } from "./engine.ts";
import {
  type DurableExecution,
  type DurableOperation,
  described,
  dueAt,
  type ExecutionStatus,
  isClosed,
  isOver,
  type LiveExecution,
  replayed,
} from "./execution.ts";
import { executionClosed, executionStarted, type NewEvent } from "./history.ts";
import { invocations } from "./invocations.ts";
import { durableStore } from "./store.ts";

const SYNC_LIMIT_SECONDS = 900;

export function durableEngine(cloud: Cloud, functions: Functions): DurableEngine {
  const { clock } = cloud;
  const store = durableStore(cloud.database);
  /** Those that run. */
  const live = new Map<string, LiveExecution>();
  const timers = new Map<string, Timer>();
  const waiting = new Map<string, ((execution: DurableExecution) => void)[]>();
  let stopped = false;

  const lives: Lives = { get: (arn) => live.get(arn), commit, close, start };
  const isStopped = () => stopped;
  const { invoke } = invocations(cloud, functions, lives, isStopped);
  const { chain, tellParent } = chainedInvokes(cloud, functions, lives, isStopped);
  const { tellEventBridge, deadLetter } = announcements(cloud, functions, isStopped);

  function commit(execution: LiveExecution, operations: DurableOperation[], events: NewEvent[], goOn = true): void {
    store.save(execution, operations, events);
    if (isClosed(execution)) return;
    schedule(execution);
    // A turn later: whoever made the change has its answer first.
    if (goOn && execution.changes > execution.seen) setImmediate(() => void invoke(execution));
  }

  function schedule(execution: LiveExecution): void {
    const { arn, startedAt, timeoutSeconds, retryAt, operations } = execution;
    timers.get(arn)?.cancel();
    let next = Math.min(startedAt + timeoutSeconds * 1000, retryAt ?? Number.POSITIVE_INFINITY);
    for (const operation of operations.values()) next = Math.min(next, dueAt(operation) ?? next);
    timers.set(
      arn,
      clock.after(Math.max(0, next - clock.now()), () => wake(execution)),
    );
  }

  function wake(execution: LiveExecution): void {
    if (stopped || isClosed(execution)) return;
    const now = clock.now();
    const { startedAt, timeoutSeconds, retryAt } = execution;
    if (now >= startedAt + timeoutSeconds * 1000) {
      const error = { ErrorMessage: `Execution timed out after ${timeoutSeconds} seconds.` };
      close(execution, "TIMED_OUT", { error });
      return;
    }
    const { changed, events } = applyTime(execution, now);
    const isRetry = retryAt !== undefined && retryAt <= now;
    if (isRetry) delete execution.retryAt;
    // Until a crashed invocation's delay is over, what becomes due waits for it.
    commit(execution, changed, events, execution.retryAt === undefined);
    if (isRetry) void invoke(execution);
  }

  function close(execution: LiveExecution, status: ExecutionStatus, outcome: Outcome, events: NewEvent[] = []): void {
    if (isClosed(execution)) return;
    Object.assign(execution, { status, ...outcome, endedAt: clock.now() });
    delete execution.retryAt;
    const root = execution.operations.get(execution.id)!;
    root.Status = status as DurableOperation["Status"];
    root.EndTimestamp = execution.endedAt;
    put(execution, root);
    store.save(execution, [root], [...events, executionClosed(execution)]);
    forget(execution);
    for (const done of waiting.get(execution.arn) ?? []) done(execution);
    waiting.delete(execution.arn);
    if (execution.parent) tellParent(execution);
    tellEventBridge(execution);
    if (execution.isAsync && status !== "SUCCEEDED") void deadLetter(execution);
  }

  function forget({ arn }: DurableExecution): void {
    timers.get(arn)?.cancel();
    timers.delete(arn);
    live.delete(arn);
  }

  function start(target: LambdaFunction, request: StartRequest): DurableExecution {
    const { config } = target;
    const durable = config.durable!;
    if (!request.qualifier) throw invalid("You cannot invoke a durable function using an unqualified ARN.");
    if (!request.isAsync && !request.parent && durable.executionTimeoutSeconds > SYNC_LIMIT_SECONDS) {
      throw invalid(
        "You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes.",
      );
    }
    const now = clock.now();
    store.purge(now);
    const version = versionOf(target, request.qualifier);
    const input = String(request.payload);
    const name = request.executionName ?? randomUUID();
    const existing = request.executionName === undefined ? undefined : store.named(config.name, name);
    if (existing) {
      if (existing.version === version && existing.input === input) return existing;
      const message = `Execution already started: ${existing.arn}`;
      throw new AwsError("DurableExecutionAlreadyStartedException", message, 409, { Type: "User" });
    }
    const id = randomUUID();
    const functionArn = `${unqualified(config.arn)}:${version}`;
    const execution: LiveExecution = {
      ...{ arn: `${functionArn}/durable-execution/${name}/${id}`, id, name, functionName: config.name, functionArn },
      ...{ version, status: "RUNNING", startedAt: now, input, timeoutSeconds: durable.executionTimeoutSeconds },
      ...{ retentionDays: durable.retentionDays, isAsync: request.isAsync === true, tenantId: request.tenantId },
      ...{ traceHeader: request.traceHeader, parent: request.parent, changes: 0, failures: 0 },
      ...{ operations: new Map(), seen: 0, events: 0 },
    };
    const root: DurableOperation = {
      ...{ Id: id, Name: name, Type: "EXECUTION", Status: "STARTED", StartTimestamp: now, own: { change: 0 } },
      ExecutionDetails: { InputPayload: input },
    };
    put(execution, root);
    live.set(execution.arn, execution);
    commit(execution, [root], [executionStarted(execution)]);
    tellEventBridge(execution);
    return execution;
  }

  /** What a program publishes is `$LATEST` here, and an alias names its number. */
  function versionOf({ config }: LambdaFunction, qualifier: string): string {
    if (config.version !== "$LATEST" || qualifier === "$LATEST") return config.version;
    return functions.versions.alias(config.name, qualifier)?.version ?? qualifier;
  }

  function ended(execution: DurableExecution): Promise<DurableExecution> {
    if (!live.has(execution.arn)) return Promise.resolve(find(execution.arn));
    return new Promise((done) => {
      waiting.set(execution.arn, [...(waiting.get(execution.arn) ?? []), done]);
    });
  }

  function find(arn: string): DurableExecution {
    store.purge(clock.now());
    const found = live.get(arn) ?? store.load(arn);
    if (found) return found;
    throw notFound("Durable Execution does not exist");
  }

  /** @throws AwsError for a token that another checkpoint has used, or of an invocation that is over */
  function holding(arn: string, token: string): LiveExecution & { invocation: object } {
    const execution = live.get(arn);
    if (!execution?.invocation || execution.invocation.token !== token) throw invalid("Invalid Checkpoint Token");
    return execution as LiveExecution & { invocation: object };
  }

  return {
    store,
    start,
    find,
    ...callbacks(clock, lives),
    async run(target, request) {
      const execution = await ended(start(target, request));
      const { arn, status, result, error } = execution;
      if (status === "SUCCEEDED") {
        return { payload: Buffer.from(result || "null"), durableExecutionArn: arn };
      }
      const { ErrorMessage, ErrorType, ErrorData, StackTrace } = error ?? {};
      const said = {
        ...{ errorMessage: ErrorMessage ?? `Execution ${status}`, errorType: ErrorType },
        ...{ errorData: ErrorData, stackTrace: StackTrace },
      };
      return { payload: Buffer.from(JSON.stringify(said)), functionError: "Unhandled", durableExecutionArn: arn };
    },
    checkpoint({ DurableExecutionArn, CheckpointToken, ClientToken, Updates = [] }) {
      const last = live.get(DurableExecutionArn!)?.invocation?.last;
      if (last && ClientToken && last.token === CheckpointToken && last.clientToken === ClientToken) return last.answer;
      const execution = holding(DurableExecutionArn!, CheckpointToken!);
      const { invocation } = execution;
      const now = clock.now();
      const { changed, events, invokes, end } = applyUpdates(execution, Updates, now);
      const due = applyTime(execution, now);
      const unseen = [...execution.operations.values()].filter(({ own }) => own.change > execution.seen);
      execution.seen = execution.changes;
      const NewExecutionState = { Operations: unseen.map((each) => described(each, (ms) => new Date(ms))) };
      commit(execution, [...changed, ...due.changed], [...events, ...due.events], false);
      for (const operation of invokes) chain(execution, operation);
      if (end) {
        const { status, ...outcome } = end;
        close(execution, status, outcome);
        return { NewExecutionState };
      }
      invocation!.token = randomUUID();
      const answer = { CheckpointToken: invocation!.token, NewExecutionState };
      if (ClientToken) invocation!.last = { token: CheckpointToken!, clientToken: ClientToken, answer };
      return answer;
    },
    state: (arn, token) => replayed(holding(arn, token).operations.values()),
    end(arn, error) {
      const found = find(arn);
      const execution = live.get(arn);
      if (execution) close(execution, "STOPPED", { error });
      return execution ?? found;
    },
    resume(functionName) {
      for (const arn of store.runningOf(functionName)) {
        if (live.has(arn)) continue;
        const execution = store.load(arn)!;
        live.set(arn, execution);
        schedule(execution);
        if (execution.retryAt === undefined) setImmediate(() => void invoke(execution));
        for (const operation of execution.operations.values()) {
          if (operation.Type === "CHAINED_INVOKE" && !isOver(operation)) chain(execution, operation);
        }
      }
    },
    stop() {
      stopped = true;
      for (const timer of timers.values()) timer.cancel();
    },
  };
}
