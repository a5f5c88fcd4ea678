/** A state machine's definition as Amazon States Language has it: read once it is validated. */
import type { Json } from "../../../event-pattern.ts";

export type { Json };
export type JsonObject = Record<string, Json>;
export type QueryLanguage = "JSONPath" | "JSONata";

export interface Retrier {
  ErrorEquals: string[];
  /** @default 1 */
  IntervalSeconds?: number;
  /** @default 3 */
  MaxAttempts?: number;
  /** @default 2 */
  BackoffRate?: number;
  MaxDelaySeconds?: number;
  JitterStrategy?: "FULL" | "NONE";
}

export interface Catcher {
  ErrorEquals: string[];
  Next: string;
  Output?: Json;
  Assign?: JsonObject;
  ResultPath?: string | null;
}

export interface ChoiceRule {
  Next?: string;
  Condition?: string | boolean;
  Output?: Json;
  Assign?: JsonObject;
  Variable?: string;
  And?: ChoiceRule[];
  Or?: ChoiceRule[];
  Not?: ChoiceRule;
  [operator: string]: unknown;
}

/** One state; which fields it has depends on its type and query language, as `validateDefinition` checked. */
export interface State {
  Type: "Task" | "Pass" | "Wait" | "Choice" | "Succeed" | "Fail" | "Parallel" | "Map";
  QueryLanguage?: QueryLanguage;
  Next?: string;
  End?: boolean;
  Resource?: string;
  Retry?: Retrier[];
  Catch?: Catcher[];
  Choices?: ChoiceRule[];
  Default?: string;
  Branches?: Flow[];
  ItemProcessor?: Flow & { ProcessorConfig?: { Mode?: string } };
  /** What ItemProcessor was called before. */
  Iterator?: Flow;
  InputPath?: string | null;
  OutputPath?: string | null;
  ResultPath?: string | null;
  Parameters?: Json;
  ResultSelector?: Json;
  Arguments?: Json;
  Output?: Json;
  Assign?: JsonObject;
  [field: string]: unknown;
}

export interface Flow {
  StartAt: string;
  States: Record<string, State>;
}

export interface Definition extends Flow {
  QueryLanguage?: QueryLanguage;
  TimeoutSeconds?: number;
}

export function languageOf(definition: Definition, state: State): QueryLanguage {
  return state.QueryLanguage ?? definition.QueryLanguage ?? "JSONPath";
}

export const bodyOfMap = (state: State): Flow => (state.ItemProcessor ?? state.Iterator)!;
