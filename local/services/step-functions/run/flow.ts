/** One line of states, from where its frame stands to its end. */
import { setImmediate as turn } from "node:timers/promises";
import { dataFlowOf, type Exit } from "../language/data-flow.ts";
import { type Flow, type Json, languageOf, type State } from "../language/definition.ts";
import { runtimeError, StatesError } from "../language/states-error.ts";
import { runBranches, runIterations } from "./branches.ts";
import type { Frame } from "./frame.ts";
import type { Host } from "./host.ts";
import { Interrupted, sleepUntil } from "./interrupted.ts";
import { recover } from "./recover.ts";
import { scopeOf } from "./scope.ts";
import { runTask } from "./task.ts";
import { waitEnd } from "./wait-end.ts";

/** Bytes that a state's input or output may have. */
const DATA_LIMIT = 262_144;

/** @returns the output @throws StatesError when it fails, Interrupted */
export async function runFlow(host: Host, flow: Flow, frame: Frame, signal: AbortSignal): Promise<Json> {
  for (let steps = 1; frame.output === undefined; steps++) {
    await runState(host, flow, frame, signal);
    // A loop of states that wait for nothing leaves the others their turn.
    if (steps % 16 === 0) await turn();
  }
  return frame.output;
}

async function runState(host: Host, flow: Flow, frame: Frame, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const state = flow.States[frame.state]!;
  if (frame.enteredAt === undefined) enter(host, frame, state);
  if (frame.retryAt !== undefined) {
    await sleepUntil(host.clock, frame.retryAt, signal);
    frame.retryAt = undefined;
  }
  let exit: (Exit & { next?: string }) | undefined;
  try {
    exit = await act(host, frame, state, signal);
    checkSize(frame, exit.output);
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    signal.throwIfAborted();
    exit = await recover(host, frame, state, failureOf(error, frame));
    if (!exit) return;
  }
  signal.throwIfAborted();
  leave(host, frame, state, exit);
}

function enter(host: Host, frame: Frame, state: State): void {
  frame.enteredAt = host.clock.now();
  const input = JSON.stringify(frame.input);
  const details = { name: frame.state, input, inputDetails: { truncated: false } };
  host.record(frame, `${state.Type}StateEntered`, "stateEnteredEventDetails", details);
  frame.enteredEvent = frame.event;
  host.save(frame);
}

function leave(
  host: Host,
  frame: Frame,
  state: State,
  { output, assigned, next = state.Next }: Exit & { next?: string },
) {
  const variables = Object.entries(assigned).map(([name, value]) => [name, JSON.stringify(value)]);
  host.record(frame, `${state.Type}StateExited`, "stateExitedEventDetails", {
    name: frame.state,
    output: JSON.stringify(output),
    outputDetails: { truncated: false },
    ...(variables.length > 0 && {
      assignedVariables: Object.fromEntries(variables),
      assignedVariablesDetails: { truncated: false },
    }),
  });
  if (frame.isSplit) host.forget(frame);
  frame.variables = { ...frame.variables, ...assigned };
  frame.retries = [];
  frame.task = frame.waitUntil = frame.isSplit = frame.enteredAt = undefined;
  if (next === undefined) frame.output = output;
  else {
    frame.state = next;
    frame.input = output;
  }
  host.save(frame);
}

async function act(host: Host, frame: Frame, state: State, signal: AbortSignal): Promise<Exit & { next?: string }> {
  const data = dataFlowOf(languageOf(host.definition, state));
  const scope = scopeOf(host, frame);
  switch (state.Type) {
    case "Pass":
      // In JSONata a Pass has no result of its own
      if (languageOf(host.definition, state) === "JSONata") return data.leave(state, scope);
      return data.leave(state, scope, (state.Result as Json | undefined) ?? (await data.payload(state, scope)));
    case "Succeed":
      return data.leave(state, scope);
    case "Fail": {
      const [error, cause] = [await data.field(state, "Error", scope), await data.field(state, "Cause", scope)];
      throw new StatesError(String(error ?? ""), String(cause ?? ""));
    }
    case "Wait":
      frame.waitUntil ??= await waitEnd(state, data, scope, host.clock.now());
      host.save(frame);
      await sleepUntil(host.clock, frame.waitUntil, signal);
      return data.leave(state, scope);
    case "Choice": {
      const chosen = await data.choose(state, scope);
      if (chosen) return chosen;
      throw new StatesError(
        "States.NoChoiceMatched",
        "Failed to transition out of the state. The state does not point to a next state.",
        true,
      );
    }
    case "Task":
      return data.leave(state, scope, await runTask(host, frame, state, data, signal));
    case "Parallel":
      return data.leave(state, scope, await runBranches(host, frame, state, data, signal, runFlow));
    case "Map":
      return data.leave(state, scope, await runIterations(host, frame, state, data, signal, runFlow));
  }
}

function checkSize(frame: Frame, output: Json): void {
  if (Buffer.byteLength(JSON.stringify(output)) <= DATA_LIMIT) return;
  throw new StatesError(
    "States.DataLimitExceeded",
    `The state/task '${frame.state}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  );
}

/** With the state named, where it is the state itself that failed. */
function failureOf(error: unknown, { state, enteredEvent }: Frame): StatesError {
  const known = error instanceof StatesError ? error : runtimeError(String((error as Error)?.message ?? error));
  if (!known.isOwn) return known;
  const where = `An error occurred while executing the state '${state}' (entered at the event id #${enteredEvent}). `;
  return new StatesError(known.error, where + known.message);
}
