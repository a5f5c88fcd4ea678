/** JSON of a state ↔ what an SDK's operation takes and answers: names begin with a capital, bytes are text, times ISO 8601. */

import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { NormalizedSchema } from "@smithy/core/schema";
import type { Shape } from "../../../protocols/schema.ts";
import type { Json } from "../language/definition.ts";
import { runtimeError } from "../language/states-error.ts";

/** @param path of the member, for errors */
export function toInput(shape: Shape, value: Json, path = ""): unknown {
  if (value === null || value === undefined) return undefined;
  const schema = NormalizedSchema.of(shape);
  if (schema.isDocumentSchema()) return value;
  if (schema.isStructSchema()) {
    if (typeof value !== "object" || Array.isArray(value)) throw mismatch(path, "an object");
    const members = new Map([...schema.structIterator()].map(([name, member]) => [capital(name), { name, member }]));
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        const found = members.get(key);
        if (!found) throw runtimeError(`The field "${key}" is not supported by Step Functions`);
        return [found.name, toInput(found.member, item, path ? `${path}.${key}` : key)];
      }),
    );
  }
  if (schema.isListSchema()) {
    if (!Array.isArray(value)) throw mismatch(path, "an array");
    return value.map((item, index) => toInput(schema.getValueSchema(), item, `${path}[${index}]`));
  }
  if (schema.isMapSchema()) {
    if (typeof value !== "object" || Array.isArray(value)) throw mismatch(path, "an object");
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([key, item]) => [key, toInput(schema.getValueSchema(), item, `${path}.${key}`)]),
    );
  }
  if (schema.isBlobSchema()) return Buffer.from(textOf(value));
  if (schema.isTimestampSchema()) return new Date(typeof value === "number" ? value * 1000 : String(value));
  // Where an API wants text, an object is its JSON.
  if (schema.isStringSchema()) return textOf(value);
  if (schema.isNumericSchema() && typeof value !== "number") throw mismatch(path, "a number");
  if (schema.isBooleanSchema() && typeof value !== "boolean") throw mismatch(path, "a boolean");
  return value;
}

export const textOf = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

export async function fromOutput(shape: Shape, value: unknown): Promise<Json | undefined> {
  if (value === null || value === undefined) return undefined;
  const schema = NormalizedSchema.of(shape);
  if (value instanceof Readable) return text(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof Date) return value.toISOString();
  if (schema.isStructSchema() && typeof value === "object") {
    const members: [string, Json][] = [];
    for (const [name, member] of schema.structIterator()) {
      const item = await fromOutput(member, (value as Record<string, unknown>)[name]);
      if (item !== undefined) members.push([capital(name), item]);
    }
    return Object.fromEntries(members);
  }
  if (schema.isListSchema() && Array.isArray(value)) {
    return Promise.all(value.map(async (item) => (await fromOutput(schema.getValueSchema(), item)) ?? null));
  }
  if (schema.isMapSchema() && typeof value === "object") {
    const entries = Object.entries(value).map(
      async ([key, item]) => [key, (await fromOutput(schema.getValueSchema(), item)) ?? null] as const,
    );
    return Object.fromEntries(await Promise.all(entries));
  }
  return JSON.parse(JSON.stringify(value)) as Json;
}

const capital = (name: string): string => name[0]!.toUpperCase() + name.slice(1);

const mismatch = (path: string, wanted: string) =>
  runtimeError(
    `The Parameters of the task could not be used to start it: [The value for the field '${path}' must be ${wanted}]`,
  );
