/** What Step Functions would refuse, or would run without ever ending: told before anything is deployed. */
import { checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import type { Catcher, Flow, QueryLanguage, Retrier, State } from "./asl.ts";

export interface FlowScope {
  component: string;
  type: "standard" | "express";
  queryLanguage: QueryLanguage;
}

/** The fields of one language that the other refuses. */
const FIELDS: Record<QueryLanguage, string[]> = {
  JSONata: ["Arguments", "Output", "Items", "Condition"],
  JSONPath: [
    ...["InputPath", "OutputPath", "Parameters", "Result", "ResultSelector", "ResultPath"],
    ...["ItemsPath", "SecondsPath", "TimestampPath", "Variable", "And", "Or", "Not"],
  ],
};

const TYPES = ["Task", "Pass", "Wait", "Choice", "Succeed", "Fail", "Parallel", "Map"];

const SECONDS = 99_999_999;

/** @throws InvalidArgumentError naming the state and its field */
export function checkFlow(scope: FlowScope, flow: Flow, path = "definition", names = new Set<string>()): void {
  const refuse = (field: string, value: unknown, remedy: string): never => {
    throw new InvalidArgumentError(scope.component, `${path}.${field}`, value, remedy);
  };
  const states = Object.entries(flow?.States ?? {});
  if (states.length === 0) refuse("States", {}, "name at least one state");
  for (const [name] of states) {
    if (name === "" || name.length > 80) refuse("States", name, "a state's name has 1 to 80 characters");
    if (names.has(name)) refuse("States", name, "a name stands for one state in the whole workflow, branches included");
    names.add(name);
  }
  const known = `the states are ${states.map(([name]) => name).join(", ")}`;
  if (!Object.hasOwn(flow.States, flow.StartAt)) refuse("StartAt", flow.StartAt, `there is no such state; ${known}`);
  for (const [name, state] of states) {
    for (const [field, target] of targetsOf(state)) {
      if (!Object.hasOwn(flow.States, target)) {
        refuse(`States.${name}.${field}`, target, `there is no such state; ${known}`);
      }
    }
    checkState(scope, state, `${path}.States.${name}`, names);
  }
  const reached = closure([flow.StartAt], (name) => targetsOf(flow.States[name]!).map(([, target]) => target));
  const lost = states.find(([name]) => !reached.has(name));
  if (lost) refuse(`States.${lost[0]}`, lost[1].Type, "no state leads to it; point one there, or remove it");
  const ending = states.filter(([, state]) => isTerminal(state)).map(([name]) => name);
  const leadsTo = (to: string) =>
    states.filter(([, state]) => targetsOf(state).some(([, target]) => target === to)).map(([name]) => name);
  const endless = states.find(([name]) => !closure(ending, leadsTo).has(name));
  if (endless) {
    refuse(`States.${endless[0]}`, endless[1].Type, "no way leads from it to an end; add End: true, Succeed or Fail");
  }
}

const isTerminal = (state: State): boolean =>
  state.Type === "Succeed" || state.Type === "Fail" || (state as { End?: boolean }).End === true;

/** Where a state may go next, with the field that says so. */
function targetsOf(state: State): [field: string, target: string][] {
  const targets: [string, string][] = [];
  if ("Next" in state && state.Next !== undefined) targets.push(["Next", state.Next]);
  if (state.Type === "Choice") {
    state.Choices?.forEach(({ Next }, index) => {
      targets.push([`Choices[${index}].Next`, Next]);
    });
    if (state.Default !== undefined) targets.push(["Default", state.Default]);
  }
  if ("Catch" in state) {
    state.Catch?.forEach(({ Next }, index) => {
      targets.push([`Catch[${index}].Next`, Next]);
    });
  }
  return targets;
}

function closure(from: string[], next: (name: string) => string[]): Set<string> {
  const reached = new Set(from);
  for (const name of reached) for (const target of next(name)) reached.add(target);
  return reached;
}

function checkState(scope: FlowScope, state: State, at: string, names: Set<string>): void {
  const { component } = scope;
  const refuse = (field: string, value: unknown, remedy: string): never => {
    throw new InvalidArgumentError(component, `${at}.${field}`, value, remedy);
  };
  if (!TYPES.includes(state.Type)) refuse("Type", state.Type, `it has to be one of ${TYPES.join(", ")}`);
  const goesOn = !["Choice", "Succeed", "Fail"].includes(state.Type);
  const { Next, End } = state as { Next?: string; End?: boolean };
  if (goesOn && (Next === undefined) === (End !== true)) {
    refuse("Next", Next, "a state says either Next or End: true");
  }
  checkLanguage(scope, state, at);
  if ("Retry" in state) checkErrors(component, `${at}.Retry`, state.Retry);
  if ("Catch" in state) checkErrors(component, `${at}.Catch`, state.Catch);
  switch (state.Type) {
    case "Task":
      checkTask(scope, state, at);
      return;
    case "Wait": {
      const ways = ["Seconds", "Timestamp", "SecondsPath", "TimestampPath"] as const;
      const given = ways.filter((way) => state[way] !== undefined);
      if (given.length !== 1) refuse("Seconds", given, `say how long in exactly one of ${ways.join(", ")}`);
      if (typeof state.Seconds === "number") {
        checkRange(component, `${at}.Seconds`, state.Seconds, 0, scope.type === "express" ? 300 : SECONDS);
      }
      return;
    }
    case "Choice":
      if (!state.Choices?.length) refuse("Choices", state.Choices, "give at least one rule");
      return;
    case "Parallel":
      if (!state.Branches?.length) refuse("Branches", state.Branches, "give at least one branch");
      state.Branches.forEach((branch, index) => {
        checkFlow(scope, branch, `${at}.Branches[${index}]`, names);
      });
      return;
    case "Map": {
      const config = state.ItemProcessor?.ProcessorConfig;
      if (config?.Mode === "DISTRIBUTED" && scope.type === "express") {
        refuse("ItemProcessor.ProcessorConfig.Mode", config.Mode, "an express workflow has INLINE only");
      }
      checkRange(component, `${at}.MaxConcurrency`, state.MaxConcurrency, 0, 10_000);
      checkRange(component, `${at}.ToleratedFailurePercentage`, state.ToleratedFailurePercentage, 0, 100, 0);
      checkFlow(scope, state.ItemProcessor, `${at}.ItemProcessor`, names);
    }
  }
}

function checkTask(scope: FlowScope, state: Extract<State, { Type: "Task" }>, at: string): void {
  const { component } = scope;
  const { Call, TimeoutSeconds, HeartbeatSeconds } = state;
  if (!Call?.resource) {
    throw new InvalidArgumentError(
      component,
      `${at}.Call`,
      undefined,
      "say what is called: task.invoke(…), task.send(…), task.call(…)",
    );
  }
  const [, way] = /(\.waitForTaskToken|\.sync.*)$/.exec(Call.resource) ?? [];
  if (way && scope.type === "express") {
    throw new InvalidArgumentError(
      component,
      `${at}.Call`,
      Call.resource,
      "an express workflow cannot wait for it; make it standard",
    );
  }
  checkRange(component, `${at}.TimeoutSeconds`, TimeoutSeconds, 1, SECONDS);
  checkRange(component, `${at}.HeartbeatSeconds`, HeartbeatSeconds, 1, TimeoutSeconds ? TimeoutSeconds - 1 : SECONDS);
  if (way === ".waitForTaskToken" && TimeoutSeconds === undefined && HeartbeatSeconds === undefined) {
    const remedy = "a token that never comes back would hold the execution for a year; say for how long it waits";
    throw new InvalidArgumentError(component, `${at}.TimeoutSeconds`, undefined, remedy);
  }
}

function checkLanguage(scope: FlowScope, state: State, at: string): void {
  const language = state.QueryLanguage ?? scope.queryLanguage;
  if (language === "JSONPath" && scope.queryLanguage === "JSONata") {
    const remedy = "JSONPath stands only in a workflow whose queryLanguage it is";
    throw new InvalidArgumentError(scope.component, `${at}.QueryLanguage`, language, remedy);
  }
  const strangers = FIELDS[language === "JSONata" ? "JSONPath" : "JSONata"];
  const rules = state.Type === "Choice" ? (state.Choices ?? []) : [];
  const places = [[at, state] as const, ...rules.map((rule, index) => [`${at}.Choices[${index}]`, rule] as const)];
  for (const [place, fields] of places) {
    const stranger = Object.keys(fields).find((field) => strangers.includes(field));
    if (stranger) {
      throw new InvalidArgumentError(
        scope.component,
        `${place}.${stranger}`,
        (fields as Record<string, unknown>)[stranger],
        `${language} has no such field; set QueryLanguage, or say it in ${language}`,
      );
    }
  }
  rules.forEach(({ Condition }, index) => {
    if (language !== "JSONata" || typeof Condition === "boolean" || /^\{%.*%\}$/s.test(Condition ?? "")) return;
    const remedy = "it has to be an expression, {% … %}";
    throw new InvalidArgumentError(scope.component, `${at}.Choices[${index}].Condition`, Condition, remedy);
  });
}

function checkErrors(component: string, at: string, handlers: (Retrier | Catcher<string>)[] = []): void {
  handlers.forEach((handler, index) => {
    const { ErrorEquals } = handler;
    const last = index === handlers.length - 1;
    if (!ErrorEquals?.length) {
      throw new InvalidArgumentError(component, `${at}[${index}].ErrorEquals`, ErrorEquals, "name at least one error");
    }
    if (ErrorEquals.includes("States.ALL") && (ErrorEquals.length > 1 || !last)) {
      const remedy = "States.ALL stands alone, and last";
      throw new InvalidArgumentError(component, `${at}[${index}].ErrorEquals`, ErrorEquals, remedy);
    }
    const { IntervalSeconds, MaxAttempts, BackoffRate, MaxDelaySeconds } = handler as Retrier;
    checkRange(component, `${at}[${index}].IntervalSeconds`, IntervalSeconds, 1, SECONDS);
    checkRange(component, `${at}[${index}].MaxAttempts`, MaxAttempts, 0, SECONDS);
    checkRange(component, `${at}[${index}].BackoffRate`, BackoffRate, 1, 1000, 0);
    checkRange(component, `${at}[${index}].MaxDelaySeconds`, MaxDelaySeconds, 1, 31_622_400);
  });
}
