/** What a target receives of an event: all of it, a part, a constant, or a template filled in. Pure. */
import type { Json } from "../../event-pattern.ts";
import { AwsError } from "../../service.ts";
import type { Event } from "./event.ts";
import { isPath, valueAt } from "./path.ts";
import type { Rule, RuleTarget } from "./registry.ts";

const PLACEHOLDER = /<([\w.-]+)>/g;
const PREDEFINED = "aws.events.";

/** @throws AwsError what PutTargets refuses */
export function validateInput({ Id, Input, InputPath, InputTransformer }: RuleTarget): void {
  const given = [Input, InputPath, InputTransformer].filter((each) => each !== undefined);
  if (given.length > 1) {
    throw refused(`Only one of Input, InputPath, or InputTransformer must be provided for target ${Id}.`);
  }
  if (Input !== undefined && !isJson(Input)) throw refused(`JSON syntax error in input for target ${Id} : ${Input}`);
  if (InputPath !== undefined && !isPath(InputPath)) throw refused(`Invalid InputPath for target ${Id} : ${InputPath}`);
  if (!InputTransformer) return;
  const { InputPathsMap: paths = {}, InputTemplate: template = "" } = InputTransformer;
  for (const [name, path] of Object.entries(paths)) {
    if (!/^[\w-]+$/.test(name) || /^aws\./i.test(name))
      throw refused(`Invalid InputPathsMap key ${name} for target ${Id}`);
    if (!isPath(path)) throw refused(`Invalid InputPathsMap value ${path} for target ${Id}`);
  }
  for (const [, name] of template.matchAll(PLACEHOLDER)) {
    if (Object.hasOwn(paths, name!) || name!.startsWith(PREDEFINED)) continue;
    throw refused(`InputTemplate for target ${Id} contains invalid placeholder ${name}.`);
  }
  const example = fill(template, () => null);
  const isText = template.split("\n").every((line) => /^\s*".*"\s*$|^\s*$/.test(line));
  if (!isText && !isJson(example)) throw refused(`Invalid InputTemplate for target ${Id} : it is no valid JSON`);
}

/** @param receivedAt ms since the epoch at which EventBridge took the event */
export function inputFor(
  target: RuleTarget,
  rule: Pick<Rule, "name" | "arn">,
  event: Event,
  receivedAt: number,
): string {
  if (target.Input !== undefined) return target.Input;
  const json = event as unknown as Json;
  if (target.InputPath !== undefined) return JSON.stringify(valueAt(json, target.InputPath) ?? null);
  if (!target.InputTransformer) return JSON.stringify(event);
  const { InputPathsMap: paths = {}, InputTemplate: template = "" } = target.InputTransformer;
  const { detail: _detail, ...envelope } = event;
  const predefined: Record<string, Json> = {
    "aws.events.rule-arn": rule.arn,
    "aws.events.rule-name": rule.name,
    "aws.events.event.ingestion-time": new Date(receivedAt).toISOString(),
    "aws.events.event": envelope as unknown as Json,
    "aws.events.event.json": json,
  };
  return fill(template, (name) => {
    const path = Object.hasOwn(paths, name) ? paths[name] : undefined;
    return path === undefined ? predefined[name] : valueAt(json, path);
  });
}

/**
 * Between quotes a value is text, and JSON loses its own quotes there, as on AWS; elsewhere it is JSON. What is not in the
 * event is an empty text.
 */
function fill(template: string, valueOf: (name: string) => Json | undefined): string {
  return template.replace(PLACEHOLDER, (_all, name: string, at: number) => {
    const value = valueOf(name) ?? "";
    if (!isInText(template, at)) return JSON.stringify(value);
    const text =
      typeof value === "string" ? JSON.stringify(value).slice(1, -1) : JSON.stringify(value).replaceAll('"', "");
    return text;
  });
}

function isInText(template: string, at: number): boolean {
  let inside = false;
  for (let i = 0; i < at; i++) {
    if (inside && template[i] === "\\") i++;
    else if (template[i] === '"') inside = !inside;
  }
  return inside;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function refused(message: string): AwsError {
  return new AwsError("ValidationException", message);
}
