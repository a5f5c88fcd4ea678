/** What AWS refuses of one state: fields that it may not have, must have, or that say what cannot be. */
import { parseResource } from "../integrations/resource.ts";
import type { QueryLanguage, State } from "./definition.ts";
import type { Judging } from "./validate.ts";
import { validateChoices } from "./validate-choice.ts";
import { validateErrorHandlers } from "./validate-error-handlers.ts";
import { validateExpressions } from "./validate-expressions.ts";

type Fields = Record<State["Type"], string[]>;

const ALL = ["Type", "Comment", "QueryLanguage"];
const ON = ["Next", "End"];
const HANDLERS = ["Retry", "Catch"];
const TASK = ["Resource", "TimeoutSeconds", "HeartbeatSeconds", "Credentials", ...HANDLERS, ...ON];
const MAP = ["ItemProcessor", "Iterator", "ItemSelector", "MaxConcurrency", "Label", ...HANDLERS, ...ON];
/** Of distributed maps, which do not run here. */
const DISTRIBUTED = [
  "ItemReader",
  "ItemBatcher",
  "ResultWriter",
  "ToleratedFailureCount",
  "ToleratedFailurePercentage",
];

const COMMON: Fields = {
  Task: TASK,
  Pass: ["Assign", ...ON],
  Wait: ["Assign", "Seconds", "Timestamp", ...ON],
  Choice: ["Assign", "Choices", "Default"],
  Succeed: [],
  Fail: ["Error", "Cause"],
  Parallel: ["Branches", ...HANDLERS, ...ON],
  Map: MAP,
};

const PATHS = ["InputPath", "OutputPath"];
const RESULTS = [...PATHS, "ResultPath", "ResultSelector", "Parameters", "Assign"];

const LANGUAGE: Record<QueryLanguage, Fields> = {
  JSONPath: {
    Task: [...RESULTS, "TimeoutSecondsPath", "HeartbeatSecondsPath"],
    Pass: [...PATHS, "ResultPath", "Result", "Parameters"],
    Wait: [...PATHS, "SecondsPath", "TimestampPath"],
    Choice: PATHS,
    Succeed: PATHS,
    Fail: ["ErrorPath", "CausePath"],
    Parallel: RESULTS,
    Map: [...RESULTS, "ItemsPath", "MaxConcurrencyPath"],
  },
  JSONata: {
    Task: ["Arguments", "Output", "Assign"],
    Pass: ["Output"],
    Wait: ["Output"],
    Choice: ["Output"],
    Succeed: ["Output"],
    Fail: [],
    Parallel: ["Arguments", "Output", "Assign"],
    Map: ["Items", "Output", "Assign"],
  },
};

export async function validateState(judging: Judging, state: State, at: string): Promise<void> {
  const { refuse } = judging;
  const { Type } = state;
  if (!Object.hasOwn(COMMON, Type ?? "")) {
    return refuse(
      `Value is not one of allowed: [${Object.keys(COMMON)
        .map((name) => `"${name}"`)
        .join(", ")}]`,
      `${at}/Type`,
    );
  }
  const language = state.QueryLanguage ?? judging.language;
  if (language !== "JSONPath" && language !== "JSONata")
    return refuse(`Value is not one of allowed: ["JSONPath", "JSONata"]`, `${at}/QueryLanguage`);
  if (language === "JSONPath" && judging.language === "JSONata") {
    refuse("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", `${at}/QueryLanguage`);
  }
  const known = [...ALL, ...COMMON[Type], ...LANGUAGE[language][Type]];
  for (const field of Object.keys(state)) {
    if (Type === "Map" && DISTRIBUTED.includes(field))
      refuse(`Field '${field}' is of distributed maps, which are not emulated on this machine`, at);
    else if (!known.includes(field)) refuse(`Field '${field}' is not supported`, at);
  }
  if (COMMON[Type].includes("Next")) {
    if ((state.Next === undefined) === (state.End !== true)) {
      refuse("These fields are required: exactly one of [Next, End]", at);
    }
  }
  await validateExpressions(judging, state, language, at);
  validateErrorHandlers(judging, state, at);
  if (Type === "Task") validateTask(judging, state, at);
  if (Type === "Wait") exactlyOne(judging, state, ["Seconds", "Timestamp", "SecondsPath", "TimestampPath"], at);
  if (Type === "Choice") validateChoices(judging, state, language, at);
  if (Type === "Parallel" && !(Array.isArray(state.Branches) && state.Branches.length > 0)) {
    refuse("These fields are required: [Branches]", at);
  }
  if (Type === "Map") {
    exactlyOne(judging, state, ["ItemProcessor", "Iterator"], at);
    if (state.ItemProcessor?.ProcessorConfig?.Mode === "DISTRIBUTED") {
      refuse("Distributed maps are not emulated on this machine", `${at}/ItemProcessor/ProcessorConfig/Mode`);
    }
  }
}

function exactlyOne({ refuse }: Judging, state: State, fields: string[], at: string): void {
  const given = fields.filter((field) => state[field] !== undefined);
  if (given.length !== 1) refuse(`These fields are required: exactly one of [${fields.join(", ")}]`, at);
}

function validateTask({ refuse, type }: Judging, state: State, at: string) {
  const { Resource, TimeoutSeconds, HeartbeatSeconds } = state;
  if (typeof Resource !== "string") return refuse("These fields are required: [Resource]", at);
  const parsed = parseResource(Resource);
  if (!parsed) {
    const why = "The value is not a valid resource ARN, or the resource is not available in this region.";
    return refuse(`The resource provided ${Resource} is not recognized. ${why}`, `${at}/Resource`);
  }
  const waits = parsed.kind === "activity" || ("pattern" in parsed && parsed.pattern !== "request");
  if (waits && type === "EXPRESS") {
    refuse(`Express state machine does not support '${Resource}' service integration`, `${at}/Resource`);
  }
  if (state.Credentials !== undefined)
    refuse("Credentials of other roles are not emulated on this machine", `${at}/Credentials`);
  for (const field of ["TimeoutSeconds", "HeartbeatSeconds"]) {
    const value = state[field];
    if (value !== undefined && typeof value !== "string" && !(Number.isInteger(value) && Number(value) > 0)) {
      refuse("Expected value of type Integer, of at least 1", `${at}/${field}`);
    }
  }
  if (
    typeof TimeoutSeconds === "number" &&
    typeof HeartbeatSeconds === "number" &&
    HeartbeatSeconds >= TimeoutSeconds
  ) {
    refuse("HeartbeatSeconds should be smaller than TimeoutSeconds", at);
  }
}
