/** What a call has to have: a structure's schema names its required members first, and how many there are at its end. */
import { NormalizedSchema } from "@smithy/core/schema";
import { AwsError } from "../service.ts";
import type { WireOperation } from "./schema.ts";

/** @throws AwsError that names the first member which is missing, at whatever depth */
export function checkRequiredMembers({ input }: WireOperation, value: unknown, code: string): void {
  const missing = missingMember(NormalizedSchema.of(input), value ?? {}, "");
  if (missing === undefined) return;
  throw new AwsError(
    code,
    `1 validation error detected: Value null at '${missing}' failed to satisfy constraint: Member must not be null`,
  );
}

function firstMissing(schema: NormalizedSchema, items: Iterable<[string, unknown]>, path: string): string | undefined {
  // Only sparse lists and maps have members that are null.
  const isSparse = schema.getMergedTraits().sparse !== undefined;
  for (const [name, item] of items) {
    if ((item === null || item === undefined) && !isSparse) return `${path}.${name}`;
    const found = missingMember(schema, item, `${path}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function missingMember(schema: NormalizedSchema, value: unknown, path: string): string | undefined {
  if (schema.isListSchema() && Array.isArray(value)) {
    return firstMissing(
      schema.getValueSchema(),
      value.map((item, index) => [`${index + 1}.member`, item]),
      path,
    );
  }
  if (schema.isMapSchema() && value !== null && typeof value === "object") {
    return firstMissing(
      schema.getValueSchema(),
      Object.entries(value).map(([key, item]) => [`${key}.value`, item]),
      path,
    );
  }
  if (!schema.isStructSchema() || value === null || typeof value !== "object") return undefined;
  let required = ((schema.getSchema() as unknown[])[6] as number | undefined) ?? 0;
  for (const [name, member] of schema.structIterator()) {
    const here = `${path && `${path}.`}${name[0]!.toLowerCase()}${name.slice(1)}`;
    const given = (value as Record<string, unknown>)[name];
    if (given === undefined || given === null) {
      if (required-- > 0) return here;
      continue;
    }
    required--;
    const found = missingMember(member, given, here);
    if (found !== undefined) return found;
  }
  return undefined;
}
