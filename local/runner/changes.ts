/** What another evaluation of the program changed. */
import type { Graph, Resource } from "../../engine/graph.ts";

export interface Changes {
  added: Resource[];
  changed: Resource[];
  removed: Resource[];
}

export function changes(before: Graph, after: Graph): Changes {
  const known = new Map(before.resources.map((resource) => [resource.urn, resource]));
  const found: Changes = { added: [], changed: [], removed: [] };
  for (const resource of after.resources) {
    const old = known.get(resource.urn);
    known.delete(resource.urn);
    if (!resource.custom) continue;
    if (!old) found.added.push(resource);
    else if (fingerprint(old) !== fingerprint(resource)) found.changed.push(resource);
  }
  found.removed.push(...[...known.values()].filter(({ custom }) => custom));
  return found;
}

function fingerprint({ inputs, outputs, id }: Resource): string {
  return JSON.stringify([inputs, outputs, id]);
}

/** `2 changed (api, authorizer), 1 added (uploads)` */
export function describeChanges({ added, changed, removed }: Changes): string {
  const parts = [
    [changed, "changed"],
    [added, "added"],
    [removed, "no longer declared, gone at the next start"],
  ] as const;
  const shown = parts
    .filter(([resources]) => resources.length > 0)
    .map(([resources, verb]) => {
      const names = [...new Set(resources.map(({ name }) => name))];
      const list = names.length > 4 ? `${names.slice(0, 4).join(", ")}, …` : names.join(", ");
      return `${resources.length} ${verb} (${list})`;
    });
  return shown.length > 0 ? shown.join(", ") : "nothing changed";
}
