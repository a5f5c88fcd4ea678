/** Projection expressions: the parts of an item that a read returns. */

import type { AttributeValue, Item } from "../attribute-values.ts";
import { cursor } from "./cursor.ts";
import { conflict, overlap, type Path, read, showPath } from "./path.ts";
import type { Placeholders } from "./placeholders.ts";

export function parseProjection(text: string, names: Placeholders): Path[] {
  const tokens = cursor("ProjectionExpression", text, names);
  const paths: Path[] = [];
  do paths.push(tokens.path());
  while (tokens.take(","));
  tokens.end();
  for (const [index, left] of paths.entries())
    for (const right of paths.slice(index + 1)) {
      const word = overlap(left, right) ? "overlap" : conflict(left, right) ? "conflict" : undefined;
      if (word !== undefined)
        throw tokens.fail(
          `Two document paths ${word} with each other; must remove or rewrite one of these paths; ` +
            `path one: ${showPath(left)}, path two: ${showPath(right)}`,
        );
    }
  return paths;
}

/** The item reduced to the paths; picked list elements move up into a shorter list, in their order. */
export function project(item: Item, paths: Path[]): Item {
  const found = paths.filter((path) => read(item, path) !== undefined);
  return pick({ M: item }, found).M!;
}

function pick(value: AttributeValue, paths: Path[]): AttributeValue {
  if (paths.some((path) => path.length === 0)) return value;
  const steps = [...new Set(paths.map((path) => path[0]!))];
  const below = (step: string | number) => paths.filter((path) => path[0] === step).map((path) => path.slice(1));
  if (value.L !== undefined)
    return { L: (steps as number[]).sort((a, b) => a - b).map((step) => pick(value.L![step]!, below(step))) };
  return { M: Object.fromEntries(steps.map((step) => [step, pick(value.M![step]!, below(step))])) };
}
