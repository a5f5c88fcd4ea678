/** Arguments → the state → Assign and Output, which do not see one another. */
import type { DataFlow, Exit } from "./data-flow.ts";
import type { Json, JsonObject } from "./definition.ts";
import { expressionIn, fillJsonata, type Outcome } from "./jsonata.ts";
import type { Scope } from "./reference.ts";
import { StatesError } from "./states-error.ts";

interface Fields {
  Output?: Json;
  Assign?: JsonObject;
}

async function exit(fields: Fields, scope: Scope, outcome: Outcome, otherwise: Json, at = ""): Promise<Exit> {
  const { Output, Assign } = fields;
  const output = Output === undefined ? otherwise : await fillJsonata(Output, scope, outcome, `${at}Output`);
  const assigned = Assign === undefined ? {} : await fillJsonata(Assign, scope, outcome, `${at}Assign`);
  return { output, assigned: assigned as JsonObject };
}

export const jsonataData: DataFlow = {
  payload: async (state, scope) =>
    state.Arguments === undefined ? scope.input : fillJsonata(state.Arguments, scope, {}, "Arguments"),
  async field(state, name, scope) {
    const value = state[name] as Json | undefined;
    return value === undefined ? undefined : fillJsonata(value, scope, {}, name);
  },
  items: async (state, scope) =>
    state.Items === undefined ? scope.input : fillJsonata(state.Items as Json, scope, {}, "Items"),
  item: async (state, scope, value) =>
    state.ItemSelector === undefined ? value : fillJsonata(state.ItemSelector as Json, scope, {}, "ItemSelector"),
  leave: (state, scope, result) =>
    exit(state, scope, result === undefined ? {} : { result }, result === undefined ? scope.input : result),
  caught: (catcher, scope, errorOutput, index) =>
    exit(catcher, scope, { errorOutput }, errorOutput, `Catch[${index}]/`),
  async choose(state, scope) {
    for (const [index, rule] of state.Choices!.entries()) {
      const field = `Choices[${index}]`;
      const condition = await fillJsonata(rule.Condition as Json, scope, {}, `${field}/Condition`);
      if (typeof condition !== "boolean") {
        const source = expressionIn(String(rule.Condition)) ?? String(rule.Condition);
        const cause = `The JSONata expression '${source}' specified for the field '${field}/Condition' returned an unexpected result type. Expected 'boolean', but was '${typeof condition}'.`;
        throw new StatesError("States.QueryEvaluationError", cause, true);
      }
      if (condition) return { next: rule.Next!, ...(await exit(rule, scope, {}, scope.input, `${field}/`)) };
    }
    if (state.Default === undefined) return undefined;
    return { next: state.Default, ...(await exit(state, scope, {}, scope.input)) };
  },
};
