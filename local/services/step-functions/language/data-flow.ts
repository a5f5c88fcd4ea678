/** How data comes into a state and leaves it, the same for both query languages. */
import type { Catcher, Json, JsonObject, QueryLanguage, State } from "./definition.ts";
import { jsonPathData } from "./json-path-data.ts";
import { jsonataData } from "./jsonata-data.ts";
import type { Scope } from "./reference.ts";

/** What a state hands on. */
export interface Exit {
  output: Json;
  /** Those it assigned. */
  assigned: JsonObject;
}

export interface DataFlow {
  /** Parameters or Arguments; the state's input where it has neither. */
  payload(state: State, scope: Scope): Promise<Json>;
  /** A field that the definition has as a value, a path to it (`SecondsPath`) or an expression. */
  field(state: State, name: string, scope: Scope): Promise<Json | undefined>;
  /** The items of a Map state. */
  items(state: State, scope: Scope): Promise<Json>;
  /** What an iteration begins with; `Map.Item` is in the context. */
  item(state: State, scope: Scope, value: Json): Promise<Json>;
  /** @param result of what the state did; without one its input goes on */
  leave(state: State, scope: Scope, result?: Json): Promise<Exit>;
  caught(catcher: Catcher, scope: Scope, error: JsonObject, index: number): Promise<Exit>;
  /** @returns undefined where no rule holds and there is no default */
  choose(state: State, scope: Scope): Promise<(Exit & { next: string }) | undefined>;
}

export function dataFlowOf(language: QueryLanguage): DataFlow {
  return language === "JSONata" ? jsonataData : jsonPathData;
}
