/** A workflow's definition as Step Functions reads it, and the grants of what its tasks call. */
import type { Grant } from "../grants.ts";
import type { Data, Flow, QueryLanguage, State } from "./asl.ts";

export function render(flow: Flow, language: QueryLanguage): Data {
  const states = Object.entries(flow.States).map(([name, state]) => [name, renderState(state, language)]);
  return { ...flow, States: Object.fromEntries(states) };
}

function renderState(state: State, workflowLanguage: QueryLanguage): Data {
  const language = state.QueryLanguage ?? workflowLanguage;
  switch (state.Type) {
    case "Task": {
      const { Call, ...rest } = state;
      const args = Call.arguments(language);
      return {
        ...(Call.retry ? { Retry: Call.retry } : {}),
        ...resultOf(state, Call.result, language),
        ...rest,
        Resource: Call.resource,
        ...(language === "JSONata" ? { Arguments: args } : { Parameters: args }),
      };
    }
    case "Parallel":
      return { ...state, Branches: state.Branches.map((branch) => render(branch, workflowLanguage)) };
    case "Map": {
      const ProcessorConfig = state.ItemProcessor.ProcessorConfig ?? { Mode: "INLINE" };
      return { ...state, ItemProcessor: { ...render(state.ItemProcessor, workflowLanguage), ProcessorConfig } };
    }
    default:
      return state;
  }
}

/** The part of an answer that goes on, unless the state says itself what does. */
function resultOf(state: State, field: string | undefined, language: QueryLanguage): Data {
  if (!field) return {};
  if (language === "JSONata") return { Output: `{% $states.result.${field} %}` };
  const says = ["OutputPath", "ResultPath", "ResultSelector"].some((name) => name in state);
  return says ? {} : { OutputPath: `$.${field}` };
}

/** The grants of every task, those of branches and maps included. */
export const grantsOf = (flow: Flow): Grant[] =>
  statesOf(flow).flatMap((state) => (state.Type === "Task" ? state.Call.grants : []));

export const hasDistributedMap = (flow: Flow): boolean =>
  statesOf(flow).some((state) => state.Type === "Map" && state.ItemProcessor.ProcessorConfig?.Mode === "DISTRIBUTED");

function statesOf(flow: Flow): State[] {
  return Object.values(flow.States).flatMap((state: State) => {
    if (state.Type === "Parallel") return [state, ...state.Branches.flatMap(statesOf)];
    if (state.Type === "Map") return [state, ...statesOf(state.ItemProcessor)];
    return [state];
  });
}
