/** `dynamodb:Attributes`: the top-level attributes that a request speaks of, whatever for. Pure. */
import type { Item } from "./attribute-values.ts";

interface Speaking {
  Key?: Item;
  Item?: Item;
  KeyConditionExpression?: string;
  FilterExpression?: string;
  ProjectionExpression?: string;
  ConditionExpression?: string;
  UpdateExpression?: string;
  ExpressionAttributeNames?: Record<string, string>;
}

/** Words of the expressions' own, none of which may name an attribute. */
const KEYWORDS = new Set(["SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"]);
/** A name or a placeholder that is not a value's, not below another one (`.`), and not a function's. */
const NAMES = /(?<![\w.:#])(#\w+|[A-Za-z_]\w*)(?!\w)(?!\s*\()/g;

export function accessedAttributes(request: Speaking): string[] {
  const { Key, Item, ExpressionAttributeNames: names = {} } = request;
  const found = new Set([...Object.keys(Key ?? {}), ...Object.keys(Item ?? {})]);
  const texts = [
    ...[request.KeyConditionExpression, request.FilterExpression, request.ProjectionExpression],
    ...[request.ConditionExpression, request.UpdateExpression],
  ];
  for (const text of texts) {
    if (typeof text !== "string") continue;
    for (const [name] of text.matchAll(NAMES)) {
      if (name.startsWith("#")) found.add(Object.hasOwn(names, name) ? names[name]! : name);
      // Keywords are read without case, and reserved: an attribute of that name needs a placeholder.
      else if (!KEYWORDS.has(name.toUpperCase())) found.add(name);
    }
  }
  return [...found];
}

/** What the policies that narrow attributes ask for beside them: whether the request names those that it wants. */
export function selected({ ProjectionExpression, Select }: { ProjectionExpression?: string; Select?: string }): string {
  return Select ?? (ProjectionExpression === undefined ? "ALL_ATTRIBUTES" : "SPECIFIC_ATTRIBUTES");
}
