/** InputPath → Parameters → the state → ResultSelector → Assign → ResultPath → OutputPath. */
import { ruleHolds } from "./choice-operators.ts";
import type { DataFlow, Exit } from "./data-flow.ts";
import type { Json, JsonObject, State } from "./definition.ts";
import { fillTemplate, fillValue } from "./payload-template.ts";
import { place, type Scope, select } from "./reference.ts";

const inputOf = (state: State, scope: Scope): Json =>
  state.InputPath === null ? {} : select(state.InputPath ?? "$", scope.input, scope, "InputPath");

const outputOf = (state: State, scope: Scope, output: Json): Json =>
  state.OutputPath === null ? {} : select(state.OutputPath ?? "$", output, scope, "OutputPath");

const assign = (templates: JsonObject | undefined, data: Json, scope: Scope): JsonObject =>
  templates ? (fillTemplate(templates, data, scope) as JsonObject) : {};

function payloadOf(state: State, scope: Scope): Json {
  const input = inputOf(state, scope);
  return state.Parameters === undefined ? input : fillTemplate(state.Parameters, input, scope);
}

export const jsonPathData: DataFlow = {
  payload: async (state, scope) => payloadOf(state, scope),
  async field(state, name, scope) {
    const path = state[`${name}Path`];
    if (typeof path !== "string") return state[name] as Json | undefined;
    return fillValue(path, inputOf(state, scope), scope, `${name}Path`);
  },
  async items(state, scope) {
    const input = inputOf(state, scope);
    return typeof state.ItemsPath === "string" ? select(state.ItemsPath, input, scope, "ItemsPath") : input;
  },
  async item(state, scope, value) {
    const template = (state.ItemSelector ?? state.Parameters) as Json | undefined;
    return template === undefined ? value : fillTemplate(template, inputOf(state, scope), scope);
  },
  async leave(state, scope, result): Promise<Exit> {
    if (result === undefined) {
      const input = inputOf(state, scope);
      return { output: outputOf(state, scope, input), assigned: assign(state.Assign, input, scope) };
    }
    const selected = state.ResultSelector === undefined ? result : fillTemplate(state.ResultSelector, result, scope);
    return {
      output: outputOf(state, scope, place(scope.input, state.ResultPath, selected)),
      assigned: assign(state.Assign, selected, scope),
    };
  },
  caught: async ({ ResultPath, Assign }, scope, error) => ({
    output: place(scope.input, ResultPath, error),
    assigned: assign(Assign, error, scope),
  }),
  async choose(state, scope) {
    const input = inputOf(state, scope);
    const rule = state.Choices!.find((each) => ruleHolds(each, input, scope));
    const next = rule ? rule.Next : state.Default;
    if (next === undefined) return undefined;
    const assigned = assign(rule ? rule.Assign : state.Assign, input, scope);
    return { next, output: outputOf(state, scope, input), assigned };
  },
};
