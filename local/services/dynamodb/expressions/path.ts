/** Document paths: `a.b[0]`, read from and written to items. */

import { AwsError } from "../../../service.ts";
import type { AttributeValue, Item } from "../attribute-values.ts";

/** The first step is always an attribute's name. */
export type Path = (string | number)[];

export function showPath(path: Path): string {
  return `[${path.map((step) => (typeof step === "number" ? `[${step}]` : step)).join(", ")}]`;
}

function step(value: AttributeValue, at: string | number): AttributeValue | undefined {
  if (typeof at === "number") return value.L?.[at];
  return value.M !== undefined && Object.hasOwn(value.M, at) ? value.M[at] : undefined;
}

export function read(item: Item, path: Path): AttributeValue | undefined {
  let value: AttributeValue | undefined = { M: item };
  for (const at of path) {
    value = step(value, at);
    if (value === undefined) return undefined;
  }
  return value;
}

/** The container that holds the path's last step; throws where there is none, as DynamoDB does. */
function container(item: Item, path: Path): AttributeValue {
  const parent = path.length === 1 ? ({ M: item } as AttributeValue) : read(item, path.slice(0, -1));
  const last = path.at(-1)!;
  if (parent === undefined || (typeof last === "number" ? parent.L === undefined : parent.M === undefined))
    throw new AwsError(
      "ValidationException",
      "The document path provided in the update expression is invalid for update",
    );
  return parent;
}

/** Sets in place; an index past a list's end appends. */
export function write(item: Item, path: Path, value: AttributeValue): void {
  const parent = container(item, path);
  const last = path.at(-1)!;
  if (typeof last === "string") parent.M![last] = value;
  else parent.L!.splice(Math.min(last, parent.L!.length), 1, value);
}

export function remove(item: Item, path: Path): void {
  const parent = container(item, path);
  const last = path.at(-1)!;
  if (typeof last === "string") delete parent.M![last];
  else parent.L!.splice(last, 1);
}

/** Does one path contain the other? */
export function overlap(left: Path, right: Path): boolean {
  return left.slice(0, right.length).every((at, index) => at === right[index]);
}

/** Would the same container have to be a map and a list? */
export function conflict(left: Path, right: Path): boolean {
  const at = left.findIndex((value, index) => value !== right[index]);
  return at > 0 && at < right.length && typeof left[at] !== typeof right[at];
}
