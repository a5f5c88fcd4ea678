/** What the interpreter asks of the world. */

import type { Clock } from "../../../service.ts";
import type { Definition, Json, JsonObject } from "../language/definition.ts";
import type { Frame } from "./frame.ts";

export interface Host {
  definition: Definition;
  region: string;
  clock: Clock;
  /** Execution and StateMachine of the context object. */
  context: JsonObject;
  frame(path: string): Frame | undefined;
  /** Keeps the frame, with the events recorded so far. */
  save(frame: Frame): void;
  /** Drops the branches and iterations below a frame. */
  forget(frame: Frame): void;
  /** Adds to the history of the line that the frame is. @param name of the details: `stateEnteredEventDetails` */
  record(frame: Frame, type: string, name?: string, details?: object): void;
  token(frame: Frame): string;
  perform(task: TaskCall): Promise<Json>;
}

export interface TaskCall {
  resource: string;
  args: Json;
  /** Of the state that calls: with its task. */
  frame: Frame;
  /** Aborted when nobody waits for the result any more. */
  signal: AbortSignal;
  /** The task is handed over and waits for an answer from outside. */
  submitted(output: Json): void;
}
