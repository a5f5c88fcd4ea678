/** Parallel and Map: lines that run beside one another, each with a frame of its own. */
import type { DataFlow } from "../language/data-flow.ts";
import { bodyOfMap, type Flow, type Json, type State } from "../language/definition.ts";
import { runtimeError, StatesError } from "../language/states-error.ts";
import { type Frame, frameAt } from "./frame.ts";
import type { Host } from "./host.ts";
import { Interrupted } from "./interrupted.ts";
import { scopeOf } from "./scope.ts";

type RunFlow = (host: Host, flow: Flow, frame: Frame, signal: AbortSignal) => Promise<Json>;

/** Iterations of an inline map at a time. */
const CONCURRENCY = 40;

export async function runBranches(
  host: Host,
  frame: Frame,
  state: State,
  data: DataFlow,
  signal: AbortSignal,
  run: RunFlow,
): Promise<Json> {
  begin(host, frame, "ParallelStateStarted");
  const branches = state.Branches!;
  const started = branches.every((_, index) => host.frame(`${frame.path}/${index}`));
  const input = started ? null : await data.payload(state, scopeOf(host, frame));
  const outputs = await together(signal, branches.length, branches.length, (index, inner) => {
    const flow = branches[index]!;
    return run(host, flow, childOf(host, frame, index, flow, input), inner);
  }).catch((error) => failed(host, frame, "Parallel", error));
  rejoin(host, frame, branches.length);
  host.record(frame, "ParallelStateSucceeded");
  return outputs;
}

export async function runIterations(
  host: Host,
  frame: Frame,
  state: State,
  data: DataFlow,
  signal: AbortSignal,
  run: RunFlow,
): Promise<Json> {
  const scope = scopeOf(host, frame);
  const items = await data.items(state, scope);
  if (!Array.isArray(items)) {
    throw runtimeError(`The items of the Map state have to be an array, but were ${JSON.stringify(items)}.`);
  }
  const most = Number((await data.field(state, "MaxConcurrency", scope)) ?? 0) || CONCURRENCY;
  begin(host, frame, "MapStateStarted", { length: items.length });
  const flow = bodyOfMap(state);
  const outputs = await together(signal, items.length, Math.min(most, CONCURRENCY), async (index, inner) => {
    const known = host.frame(`${frame.path}/${index}`);
    const item = { Index: index, Value: items[index]! };
    const within = { ...frame, item };
    const input = known ? null : await data.item(state, scopeOf(host, within), items[index]!);
    const iteration = childOf(host, within, index, flow, input);
    const about = { name: frame.state, index };
    if (!known) host.record(iteration, "MapIterationStarted", "mapIterationStartedEventDetails", about);
    if (iteration.output !== undefined) return iteration.output;
    try {
      const output = await run(host, flow, iteration, inner);
      host.record(iteration, "MapIterationSucceeded", "mapIterationSucceededEventDetails", about);
      return output;
    } catch (error) {
      const how = error instanceof StatesError ? "Failed" : "Aborted";
      const isHalt = error instanceof Interrupted && error.isHalt;
      if (!isHalt) host.record(iteration, `MapIteration${how}`, `mapIteration${how}EventDetails`, about);
      throw error;
    }
  }).catch((error) => failed(host, frame, "Map", error));
  rejoin(host, frame, items.length);
  host.record(frame, "MapStateSucceeded");
  return outputs;
}

function begin(host: Host, frame: Frame, type: string, details?: object): void {
  if (frame.isSplit) return;
  frame.isSplit = true;
  host.record(frame, type, details && "mapStateStartedEventDetails", details);
  host.save(frame);
}

function failed(host: Host, frame: Frame, type: string, error: unknown): never {
  if (error instanceof StatesError) host.record(frame, `${type}StateFailed`);
  throw error;
}

function childOf(host: Host, parent: Frame, index: number, flow: Flow, input: Json): Frame {
  const path = `${parent.path}/${index}`;
  const known = host.frame(path);
  if (known) return known;
  const frame = frameAt(path, flow.StartAt, input, parent);
  host.save(frame);
  return frame;
}

/** The line goes on from the last event of its branches. */
function rejoin(host: Host, frame: Frame, count: number): void {
  for (let index = 0; index < count; index++) {
    frame.event = Math.max(frame.event, host.frame(`${frame.path}/${index}`)?.event ?? 0);
  }
}

/** Runs so many at a time; the first failure ends the others, and all have ended when it is thrown. */
async function together(
  signal: AbortSignal,
  count: number,
  concurrency: number,
  start: (index: number, signal: AbortSignal) => Promise<Json>,
): Promise<Json[]> {
  const ending = new AbortController();
  const inner = AbortSignal.any([signal, ending.signal]);
  const outputs: Json[] = new Array(count);
  let next = 0;
  let failure: unknown;
  const lane = async () => {
    while (next < count && !inner.aborted) {
      const index = next++;
      try {
        outputs[index] = await start(index, inner);
      } catch (error) {
        failure ??= error;
        ending.abort(new Interrupted());
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, concurrency) }, lane));
  signal.throwIfAborted();
  if (failure !== undefined) throw failure;
  return outputs;
}
