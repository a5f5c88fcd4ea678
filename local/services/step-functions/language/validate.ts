/** What AWS refuses of a definition, with the code, words and place that it gives. */
import type { Definition, Flow, QueryLanguage, State } from "./definition.ts";
import { validateState } from "./validate-state.ts";

export interface Problem {
  code:
    | "INVALID_JSON_DESCRIPTION"
    | "SCHEMA_VALIDATION_FAILED"
    | "MISSING_TRANSITION_TARGET"
    | "DUPLICATE_STATE_NAME"
    | "MISSING_END_STATE";
  message: string;
  /** `/States/Charge/Next` */
  location?: string;
}

/** What the states of a definition are judged by. */
export interface Judging {
  type: "STANDARD" | "EXPRESS";
  language: QueryLanguage;
  problems: Problem[];
  names: Set<string>;
  refuse(message: string, location: string, code?: Problem["code"]): void;
}

const TOP_FIELDS = ["Comment", "StartAt", "States", "QueryLanguage", "TimeoutSeconds", "Version", "ProcessorConfig"];

export async function validateDefinition(text: string, type: Judging["type"]): Promise<Problem[]> {
  const problems: Problem[] = [];
  const refuse: Judging["refuse"] = (message, location, code = "SCHEMA_VALIDATION_FAILED") =>
    void problems.push({ code, message, location });
  let definition: Definition;
  try {
    definition = JSON.parse(text);
  } catch (error) {
    return [
      {
        code: "INVALID_JSON_DESCRIPTION",
        message: `Invalid JSON description: ${(error as Error).message}`,
        location: "",
      },
    ];
  }
  const language = definition?.QueryLanguage ?? "JSONPath";
  if (!isLanguage(language)) refuse(`Value is not one of allowed: ["JSONPath", "JSONata"]`, "/QueryLanguage");
  const { TimeoutSeconds } = definition ?? {};
  if (TimeoutSeconds !== undefined && !(Number.isInteger(TimeoutSeconds) && TimeoutSeconds > 0)) {
    refuse("Expected value of type Integer, of at least 1", "/TimeoutSeconds");
  }
  await validateFlow({ type, language, problems, names: new Set(), refuse }, definition, "");
  return problems;
}

const isLanguage = (value: unknown): value is QueryLanguage => value === "JSONPath" || value === "JSONata";

async function validateFlow(judging: Judging, flow: Flow, at: string): Promise<void> {
  const { refuse } = judging;
  if (typeof flow !== "object" || flow === null || Array.isArray(flow))
    return refuse("Expected value of type Object", at);
  const lacking = ["StartAt", "States"].filter((field) => !Object.hasOwn(flow, field));
  if (lacking.length > 0) return refuse(`These fields are required: [${lacking.join(", ")}]`, at);
  if (typeof flow.States !== "object" || flow.States === null || Array.isArray(flow.States)) {
    return refuse("Expected value of type Object", `${at}/States`);
  }
  for (const field of Object.keys(flow)) {
    if (!TOP_FIELDS.includes(field)) refuse(`Field '${field}' is not supported`, at);
  }
  for (const [name, state] of Object.entries(flow.States)) {
    const place = `${at}/States/${name}`;
    if (name === "" || name.length > 80) refuse("State names have 1 to 80 characters", place);
    if (judging.names.has(name)) refuse(`Duplicate State name: ${name}`, place, "DUPLICATE_STATE_NAME");
    judging.names.add(name);
    if (typeof state !== "object" || state === null) {
      refuse("Expected value of type Object", place);
      continue;
    }
    await validateState(judging, state, place);
    for (const [inner, within] of flowsOf(state)) await validateFlow(judging, inner, `${place}/${within}`);
  }
  checkTransitions(judging, flow, at);
}

function flowsOf(state: State): [flow: Flow, field: string][] {
  if (state.Type === "Parallel" && Array.isArray(state.Branches)) {
    return state.Branches.map((branch, index) => [branch, `Branches[${index}]`]);
  }
  if (state.Type !== "Map") return [];
  if (state.ItemProcessor) return [[state.ItemProcessor, "ItemProcessor"]];
  return state.Iterator ? [[state.Iterator, "Iterator"]] : [];
}

/** Where a state may lead, with the field that says so. */
function targetsOf(state: State): [field: string, target: string][] {
  const targets: [string, string | undefined][] = [["Next", state.Next]];
  if (Array.isArray(state.Choices)) {
    for (const [index, rule] of state.Choices.entries()) targets.push([`Choices[${index}]/Next`, rule?.Next]);
    targets.push(["Default", state.Default]);
  }
  if (Array.isArray(state.Catch)) {
    for (const [index, catcher] of state.Catch.entries()) targets.push([`Catch[${index}]/Next`, catcher?.Next]);
  }
  return targets.filter((target): target is [string, string] => target[1] !== undefined);
}

function checkTransitions({ refuse, problems }: Judging, { StartAt, States }: Flow, at: string): void {
  const miss = (target: string, location: string) =>
    refuse(`Missing 'Next' target: ${target}`, location, "MISSING_TRANSITION_TARGET");
  const has = (name: string) => Object.hasOwn(States, name);
  const states = Object.entries(States).filter(([, state]) => typeof state === "object" && state !== null);
  if (!has(StartAt)) miss(StartAt, `${at}/StartAt`);
  for (const [name, state] of states) {
    for (const [field, target] of targetsOf(state)) if (!has(target)) miss(target, `${at}/States/${name}/${field}`);
  }
  const isEnd = (state: State) => state.End === true || state.Type === "Succeed" || state.Type === "Fail";
  if (states.length > 0 && !states.some(([, state]) => isEnd(state))) {
    problems.push({ code: "MISSING_END_STATE", message: "Workflow has no terminal state" });
    return;
  }
  const reached = new Set([StartAt]);
  for (const name of reached) {
    if (has(name)) for (const [, target] of targetsOf(States[name]!)) reached.add(target);
  }
  for (const [name] of states) {
    if (!reached.has(name)) {
      refuse(`State "${name}" is not reachable.`, `${at}/States/${name}`, "MISSING_TRANSITION_TARGET");
    }
  }
}
