/** Where one line of an execution stands: its main line, a branch, an iteration. What is kept of it lets it go on after a kill. */
import type { Json, JsonObject } from "../language/definition.ts";

export interface TaskProgress {
  /** ms since the epoch; the timeout counts from here. */
  startedAt: number;
  /** ms since the epoch of the last sign of life. */
  beatAt: number;
  /** Who has it may answer for the task. */
  token?: string;
  /** Name of what the task starts, so that it is not started twice. */
  name: string;
  /** It was handed over and somebody is to answer: never hand it over again. */
  submitted?: Json;
  /** What was answered from outside, until the task takes it up. */
  reply?: Reply;
  /** What came of it: wrapped, for it may be null. */
  result?: { output: Json };
}

export type Reply = { output: Json } | { error: string; cause: string };

export interface Frame {
  /** "" is the main line, `/1` its second branch or iteration, `/1/0` the first one within that. */
  path: string;
  state: string;
  input: Json;
  variables: JsonObject;
  /** ms since the epoch; undefined before the state is entered. */
  enteredAt?: number;
  enteredEvent: number;
  /** The last event of this line. */
  event: number;
  /** By retrier: how often it has been tried again. */
  retries: number[];
  /** ms since the epoch: when the next attempt is due. */
  retryAt?: number;
  /** ms since the epoch: when a Wait state is over. */
  waitUntil?: number;
  task?: TaskProgress;
  /** Parallel or Map has begun. */
  isSplit?: boolean;
  /** Map.Item of the context object. */
  item?: { Index: number; Value: Json };
  /** It has ended. */
  output?: Json;
}

export function frameAt(path: string, state: string, input: Json, from?: Frame): Frame {
  const { variables = {}, event = 0, item } = from ?? {};
  return { path, state, input, variables, event, item, enteredEvent: 0, retries: [] };
}
