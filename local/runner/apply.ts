/** Brings the local cloud to what a graph declares: in order of dependency, side by side where it allows. */
import type { Graph, Resource } from "../../engine/graph.ts";

/** Calls functions that other resources may serve: they wait for everything that is not an invocation itself. */
const INVOCATION = "aws:lambda/invocation:Invocation";

export interface ApplyOptions {
  /** Only these, by URN. @default all */
  only?: Set<string>;
  provision(resource: Resource): Promise<void>;
}

/** @throws the first failure, once what had begun has settled. */
export async function apply(graph: Graph, { only, provision }: ApplyOptions): Promise<void> {
  const wanted = graph.resources.filter(({ custom, urn }) => custom && (only?.has(urn) ?? true));
  const late = lateOnes(graph);
  const started = new Map<string, Promise<void>>();
  let failed = false;

  function start(resource: Resource): Promise<void> {
    const needed = dependenciesOf(graph, resource).flatMap((urn) => started.get(urn) ?? []);
    const running = Promise.all(needed).then(async () => {
      if (!failed) await provision(resource);
    });
    running.catch(() => {
      failed = true;
    });
    started.set(resource.urn, running);
    return running;
  }

  for (const group of [wanted.filter(({ urn }) => !late.has(urn)), wanted.filter(({ urn }) => late.has(urn))]) {
    const results = await Promise.allSettled(group.map(start));
    const failure = results.find((result) => result.status === "rejected");
    if (failure) throw failure.reason;
  }
}

/** Invocations, and what was computed from their results. */
function lateOnes(graph: Graph): Set<string> {
  const late = new Set<string>();
  for (const resource of graph.resources) {
    if (resource.type === INVOCATION || resource.dependencies.some((urn) => late.has(urn))) late.add(resource.urn);
  }
  return late;
}

/** A component stands for its children. */
function dependenciesOf(graph: Graph, { dependencies }: Resource): string[] {
  const components = dependencies.filter((urn) => !isCustom(graph, urn));
  if (components.length === 0) return dependencies;
  const inside = new Set(components);
  for (const { urn, parent } of graph.resources) if (parent !== undefined && inside.has(parent)) inside.add(urn);
  return [...dependencies, ...inside];
}

const customByGraph = new WeakMap<Graph, Set<string>>();

function isCustom(graph: Graph, urn: string): boolean {
  let known = customByGraph.get(graph);
  if (!known) {
    known = new Set(graph.resources.filter(({ custom }) => custom).map((resource) => resource.urn));
    customByGraph.set(graph, known);
  }
  return known.has(urn);
}
