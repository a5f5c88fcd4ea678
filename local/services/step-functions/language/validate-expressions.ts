/** Paths, intrinsic functions and JSONata expressions that cannot be read. */
import type { QueryLanguage, State } from "./definition.ts";
import { parseIntrinsic } from "./intrinsics.ts";
import { parsePath } from "./json-path.ts";
import { expressionIn, loadJsonata } from "./jsonata.ts";
import type { Judging } from "./validate.ts";

const TEMPLATES = ["Parameters", "ResultSelector", "ItemSelector", "Assign"];
/** Within other states: they are looked at on their own. */
const NESTED = ["Branches", "ItemProcessor", "Iterator"];

export async function validateExpressions(
  judging: Judging,
  state: State,
  language: QueryLanguage,
  at: string,
): Promise<void> {
  if (language === "JSONata") {
    for (const [field, value] of Object.entries(state)) {
      if (!NESTED.includes(field)) await checkJsonata(judging, value, `${at}/${field}`);
    }
    return;
  }
  for (const [field, value] of Object.entries(state)) {
    if (TEMPLATES.includes(field)) checkTemplate(judging, value, `${at}/${field}`);
    else if (/Path$/.test(field) && value !== null) checkPath(judging, value, `${at}/${field}`);
  }
}

function checkPath({ refuse }: Judging, value: unknown, place: string): void {
  try {
    if (typeof value === "string" && value.startsWith("States.")) parseIntrinsic(value);
    else if (typeof value === "string" && /^\$/.test(value))
      parsePath(value.replace(/^\$(\$|[\p{L}_][\p{L}\p{N}_]*)?/u, ""));
    else refuse("Value is not a valid JSONPath", place);
  } catch {
    refuse(
      `Value is not a valid JSONPath${String(value).startsWith("States.") ? " or intrinsic function" : ""}`,
      place,
    );
  }
}

function checkTemplate(judging: Judging, template: unknown, place: string): void {
  if (typeof template !== "object" || template === null) return;
  for (const [key, value] of Object.entries(template)) {
    const inner = Array.isArray(template) ? `${place}[${key}]` : `${place}/${key}`;
    if (!Array.isArray(template) && key.endsWith(".$")) {
      if (typeof value !== "string")
        judging.refuse("The value for the field must be a valid JSONPath or a valid intrinsic function call", inner);
      else checkPath(judging, value, inner);
    } else checkTemplate(judging, value, inner);
  }
}

async function checkJsonata(judging: Judging, value: unknown, place: string): Promise<void> {
  if (typeof value === "string") {
    const source = expressionIn(value);
    if (source === undefined) return;
    try {
      (await loadJsonata())(source);
    } catch (error) {
      judging.refuse(`Invalid JSONata expression: ${(error as Error).message}`, place);
    }
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    await checkJsonata(judging, item, Array.isArray(value) ? `${place}[${key}]` : `${place}/${key}`);
  }
}
