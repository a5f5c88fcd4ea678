/** Payload templates of JSONPath states: a key that ends in `.$` has a path or an intrinsic function for a value. Pure. */
import type { Json } from "./definition.ts";
import { callIntrinsic } from "./intrinsics.ts";
import { type Scope, select } from "./reference.ts";

export function fillTemplate(template: Json, data: Json, scope: Scope): Json {
  if (Array.isArray(template)) return template.map((item) => fillTemplate(item, data, scope));
  if (typeof template !== "object" || template === null) return template;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) => {
      if (!key.endsWith(".$")) return [key, fillTemplate(value, data, scope)];
      return [key.slice(0, -2), fillValue(String(value), data, scope, key)];
    }),
  );
}

export function fillValue(text: string, data: Json, scope: Scope, field: string): Json {
  return text.startsWith("$") ? select(text, data, scope, field) : callIntrinsic(text, data, scope);
}
