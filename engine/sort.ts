import type { Resource } from "./graph.ts";

/**
 * One order for one program, however its promises resolved: a resource after its parent and all it depends on, and where
 * that leaves a choice, by URN.
 */
export function sortResources(resources: Resource[]): Resource[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const sorted: Resource[] = [];
  const seen = new Set<string>();

  // Iterative: a chain of dependencies may be longer than the stack is deep.
  const visit = (start: Resource): void => {
    const path: { resource: Resource; needs: Iterator<string> }[] = [];
    const enter = (resource: Resource): void => {
      seen.add(resource.urn);
      path.push({ resource, needs: [...needsOf(resource)].sort()[Symbol.iterator]() });
    };
    enter(start);
    while (path.length > 0) {
      const { resource, needs } = path.at(-1)!;
      const next = needs.next();
      if (next.done) {
        sorted.push(resource);
        path.pop();
        continue;
      }
      const needed = byUrn.get(next.value);
      if (needed && !seen.has(needed.urn)) enter(needed);
    }
  };

  for (const urn of [...byUrn.keys()].sort()) if (!seen.has(urn)) visit(byUrn.get(urn)!);
  return sorted;
}

function needsOf({ parent, dependencies }: Resource): string[] {
  return parent ? [parent, ...dependencies] : dependencies;
}
