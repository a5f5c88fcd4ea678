/** JSON Patch as API Gateway takes it: every value is text, and each kind of resource says which of its paths may be changed. */
import { AwsError } from "../../../service.ts";
import type { Document } from "../model/documents.ts";

export interface PatchOperation {
  op?: string;
  path?: string;
  value?: string;
  from?: string;
}

/** A path (`accessLogSettings/format`) → what it holds. Below a map or a list stands one more name: `variables/color`. */
export type Fields = Record<string, "text" | "boolean" | "number" | "list" | "map" | "booleans">;

export function patch(document: Document, operations: PatchOperation[], fields: Fields): Document {
  const next: Document = structuredClone(document);
  for (const operation of operations) applyOne(next, operation, fields);
  return next;
}

function applyOne(document: Document, { op = "", path = "", value }: PatchOperation, fields: Fields): void {
  if (!["add", "remove", "replace"].includes(op)) {
    throw new AwsError(
      "BadRequestException",
      "Invalid patch operation specified. Must be one of: [add, remove, replace]",
    );
  }
  const whole = path.slice(1);
  const slash = path.indexOf("/", 1);
  // An escaped slash belongs to the name.
  const own = Object.hasOwn(fields, whole) ? whole : slash < 0 ? "" : path.slice(1, slash);
  const field = path.startsWith("/") && Object.hasOwn(fields, own) ? fields[own] : undefined;
  if (field === undefined) throw invalidPath(path, op, fields);
  const name = own === whole ? undefined : unescaped(path.slice(own.length + 2));
  if (field === "list") {
    changeList(document, own, op, name, value, path);
    return;
  }
  if (field === "map" || field === "booleans") {
    if (name === undefined) throw new AwsError("BadRequestException", `Invalid patch path ${path}`);
    const map = { ...document[own] };
    if (op === "remove") delete map[name];
    else map[name] = field === "booleans" ? value === "true" : (value ?? "");
    document[own] = map;
    return;
  }
  if (name !== undefined) throw invalidPath(path, op, fields);
  set(document, own.split("/"), op === "remove" ? undefined : read(field, value, path));
}

function changeList(document: Document, own: string, op: string, name: string | undefined, value = "", path: string) {
  const list: string[] = [...(document[own] ?? [])];
  const item = name ?? value;
  if (item === "") throw new AwsError("BadRequestException", `Invalid patch path ${path}`);
  const at = list.indexOf(item);
  if (op === "add") {
    if (at < 0) list.push(item);
  } else if (at < 0) {
    throw new AwsError("BadRequestException", `Invalid patch path ${path}`);
  } else if (op === "remove") list.splice(at, 1);
  else list.splice(at, 1, value);
  document[own] = list;
}

function read(field: "text" | "boolean" | "number", value: string | undefined, path: string): unknown {
  if (field === "text") return value;
  if (field === "boolean") {
    if (!/^(true|false)$/i.test(value ?? "")) {
      throw new AwsError("BadRequestException", `Invalid patch value  '${value}' specified for '${path}'`);
    }
    return value!.toLowerCase() === "true";
  }
  const number = Number(value);
  if (value === undefined || value.trim() === "" || !Number.isFinite(number)) {
    throw new AwsError("BadRequestException", `Invalid patch value  '${value}' specified for '${path}'`);
  }
  return number;
}

function set(document: Document, names: string[], value: unknown): void {
  let holder = document;
  for (const name of names.slice(0, -1)) {
    holder[name] = { ...holder[name] };
    holder = holder[name];
  }
  const last = names.at(-1)!;
  if (value === undefined) delete holder[last];
  else holder[last] = value;
}

export function unescaped(name: string): string {
  return name.replaceAll("~1", "/").replaceAll("~0", "~");
}

export function invalidPath(path: string, op: string, fields: Fields): AwsError {
  const known = Object.keys(fields)
    .map((each) => `/${each}`)
    .sort();
  const message = `Invalid patch path  '${path}' specified for op '${op}'. Must be one of: [${known.join(", ")}]`;
  return new AwsError("BadRequestException", message);
}
