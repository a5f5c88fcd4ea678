/** What AWS refuses of a Choice state's rules. */
import { OPERATORS } from "./choice-operators.ts";
import type { ChoiceRule, QueryLanguage, State } from "./definition.ts";
import type { Judging } from "./validate.ts";

const MEMBERS: Record<QueryLanguage, string[]> = {
  JSONPath: ["Next", "Comment", "Assign", "Variable", "And", "Or", "Not", ...OPERATORS],
  JSONata: ["Next", "Comment", "Assign", "Condition", "Output"],
};

export function validateChoices({ refuse }: Judging, state: State, language: QueryLanguage, at: string) {
  if (!Array.isArray(state.Choices) || state.Choices.length === 0)
    return refuse("These fields are required: [Choices]", at);
  for (const [index, rule] of state.Choices.entries()) {
    const place = `${at}/Choices[${index}]`;
    if (typeof rule?.Next !== "string") refuse("These fields are required: [Next]", place);
    validateRule(rule, place, true);
  }

  function validateRule(rule: ChoiceRule, place: string, isOuter = false) {
    if (typeof rule !== "object" || rule === null) return refuse("Expected value of type Object", place);
    const stranger = Object.keys(rule).find((key) => !MEMBERS[language].includes(key));
    if (stranger) return refuse(`Field '${stranger}' is not supported`, place);
    if (!isOuter && rule.Next !== undefined) refuse("Field 'Next' is not supported", place);
    if (language === "JSONata") {
      const isExpression = typeof rule.Condition === "string" && /^\{%.*%\}$/s.test(rule.Condition);
      if (!isExpression && typeof rule.Condition !== "boolean") refuse("These fields are required: [Condition]", place);
      return;
    }
    const given = ["And", "Or", "Not", ...OPERATORS].filter((name) => rule[name] !== undefined);
    if (given.length !== 1)
      return refuse("These fields are required: exactly one of And, Or, Not or a comparison", place);
    const [operator] = given;
    if (operator === "And" || operator === "Or") {
      const inner = rule[operator];
      if (!Array.isArray(inner) || inner.length === 0)
        return refuse("Expected value of type Array, not empty", `${place}/${operator}`);
      for (const [index, each] of inner.entries()) validateRule(each, `${place}/${operator}[${index}]`);
    } else if (operator === "Not") validateRule(rule.Not!, `${place}/Not`);
    else if (typeof rule.Variable !== "string") refuse("These fields are required: [Variable]", place);
    else if (!typeFits(operator!, rule[operator!]))
      refuse(`The value does not fit ${operator}`, `${place}/${operator}`);
  }
}

function typeFits(operator: string, value: unknown): boolean {
  if (operator.startsWith("Is") || operator === "BooleanEquals") return typeof value === "boolean";
  if (operator.endsWith("Path")) return typeof value === "string" && value.startsWith("$");
  return operator.startsWith("Numeric") ? typeof value === "number" : typeof value === "string";
}
