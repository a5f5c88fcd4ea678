/**
 * Amazon States Language in types: the fields are AWS's own, so that a definition reads as in AWS's console. Only `Call`,
 * which stands for a task's resource and arguments, is ours.
 */
import type { Integration } from "./integrations.ts";

export type QueryLanguage = "JSONata" | "JSONPath";

/** JSON, with values that may only be known after a deployment, and JSONata expressions as `"{% … %}"`. */
// biome-ignore lint/suspicious/noExplicitAny: the data of a workflow has the shape of whatever flows through it
export type Data = any;

export interface Retrier {
  ErrorEquals: string[];
  /** Seconds. @default 1 */
  IntervalSeconds?: number;
  /** @default 3 */
  MaxAttempts?: number;
  /** @default 2 */
  BackoffRate?: number;
  MaxDelaySeconds?: number;
  JitterStrategy?: "FULL" | "NONE";
}

export interface Catcher<S extends string> {
  ErrorEquals: string[];
  Next: S;
  Output?: Data;
  Assign?: Data;
  ResultPath?: string | null;
}

type Transition<S extends string> = { Next: S; End?: never } | { Next?: never; End: true };

interface Common {
  Comment?: string;
  /** @default the workflow's */
  QueryLanguage?: QueryLanguage;
  Assign?: Data;
  /** JSONata. */
  Output?: Data;
  /** JSONPath. */
  InputPath?: string | null;
  /** JSONPath. */
  OutputPath?: string | null;
}

interface Failable<S extends string> extends Common {
  Retry?: Retrier[];
  Catch?: Catcher<S>[];
  /** JSONPath. */
  ResultSelector?: Data;
  /** JSONPath. */
  ResultPath?: string | null;
}

export type TaskState<S extends string> = Failable<S> & {
  Type: "Task";
  /** What is called, with what: `task.invoke(fn)`, `task.send(queue)`, `task.item(table, …)` and the other integrations. */
  Call: Integration;
  TimeoutSeconds?: number;
  HeartbeatSeconds?: number;
} & Transition<S>;

export type PassState<S extends string> = Common & {
  Type: "Pass";
  /** JSONPath. */
  Result?: Data;
  /** JSONPath. */
  Parameters?: Data;
  /** JSONPath. */
  ResultPath?: string | null;
} & Transition<S>;

export type WaitState<S extends string> = Common & {
  Type: "Wait";
  Seconds?: number | string;
  Timestamp?: string;
  /** JSONPath. */
  SecondsPath?: string;
  /** JSONPath. */
  TimestampPath?: string;
} & Transition<S>;

/** JSONata: `{ Condition: "{% $states.input.total > 10 %}", Next }`. JSONPath: `{ Variable: "$.total", NumericGreaterThan: 10, Next }`. */
export interface ChoiceRule<S extends string> {
  Condition?: string | boolean;
  Next: S;
  Output?: Data;
  Assign?: Data;
  [comparison: string]: Data;
}

export type ChoiceState<S extends string> = Common & {
  Type: "Choice";
  Choices: ChoiceRule<S>[];
  Default?: S;
};

export type SucceedState = Common & { Type: "Succeed" };
export type FailState = Common & { Type: "Fail"; Error?: string; Cause?: string };

export type ParallelState<S extends string> = Failable<S> & {
  Type: "Parallel";
  Branches: Flow[];
  /** JSONata. */
  Arguments?: Data;
  /** JSONPath. */
  Parameters?: Data;
} & Transition<S>;

export type MapState<S extends string> = Failable<S> & {
  Type: "Map";
  ItemProcessor: Flow & {
    /** `DISTRIBUTED` runs the items as executions of their own. @default INLINE */
    ProcessorConfig?: { Mode: "INLINE" } | { Mode: "DISTRIBUTED"; ExecutionType: "STANDARD" | "EXPRESS" };
  };
  /** JSONata. */
  Items?: Data;
  /** JSONPath. */
  ItemsPath?: string;
  ItemSelector?: Data;
  /** Items at a time; 0 is as many as there are. @default 0 */
  MaxConcurrency?: number;
  /** `DISTRIBUTED` only. */
  ToleratedFailurePercentage?: number;
} & Transition<S>;

export type State<S extends string = string> =
  | TaskState<S>
  | PassState<S>
  | WaitState<S>
  | ChoiceState<S>
  | SucceedState
  | FailState
  | ParallelState<S>
  | MapState<S>;

export interface Flow<S extends string = string> {
  StartAt: S;
  States: { [K in S]: State<S> };
}

/** States that know one another by name: a state that points nowhere does not compile. */
export function flow<S extends string>(definition: {
  StartAt: NoInfer<S>;
  States: { [K in S]: State<NoInfer<S>> };
}): Flow<S> {
  return definition as Flow<S>;
}
