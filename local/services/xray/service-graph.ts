/** The service map: services as nodes, calls as edges, each with its counts and times. Pure. */
import type { Edge, HistogramEntry, Service, ServiceStatistics } from "@aws-sdk/client-xray";
import { type Analysis, healthOf, type Visit } from "./analysis.ts";

interface Tally {
  visits: Visit[];
}

interface Node extends Tally {
  id: number;
  name: string;
  type: string;
  edges: Map<number, Tally>;
  isRoot: boolean;
}

export function serviceGraph(traces: Analysis[], account: string): Service[] {
  const nodes = new Map<string, Node>();

  function nodeOf(name: string, type: string): Node {
    const key = `${type} ${name}`;
    let node = nodes.get(key);
    if (!node) {
      node = { id: nodes.size, name, type, edges: new Map(), visits: [], isRoot: false };
      nodes.set(key, node);
    }
    return node;
  }

  function called(from: Node, to: Node, visit: Visit): void {
    const edge = from.edges.get(to.id) ?? { visits: [] };
    edge.visits.push(visit);
    from.edges.set(to.id, edge);
  }

  for (const { visits, root } of traces) {
    for (const visit of visits) {
      const node = nodeOf(visit.name, visit.type);
      node.visits.push(visit);
      if (visit.caller) called(nodeOf(visit.caller.name, visit.caller.type), node, visit);
    }
    if (!root) continue;
    const node = nodeOf(root.name, root.type);
    node.isRoot = true;
    const client = nodeOf(root.name, "client");
    if (client === node) continue;
    client.visits.push(root);
    called(client, node, root);
  }

  return [...nodes.values()].map(({ id, name, type, edges, visits, isRoot }) => ({
    ReferenceId: id,
    Name: name,
    Names: [name],
    Root: isRoot || undefined,
    ...(type.startsWith("AWS::") && { AccountId: account }),
    Type: type,
    State: "active",
    ...spanOf(visits),
    Edges: [...edges].map(([to, tally]): Edge => {
      return { ReferenceId: to, Aliases: [], ...spanOf(tally.visits), ...measured(tally.visits) };
    }),
    ...(type === "client" ? {} : measured(visits)),
    ...(type === "client" ? {} : { DurationHistogram: histogram(visits) }),
  }));
}

function measured(visits: Visit[]): { SummaryStatistics: ServiceStatistics; ResponseTimeHistogram: HistogramEntry[] } {
  const health = visits.map(({ segment }) => healthOf(segment));
  const faults = health.filter(({ isFault }) => isFault).length;
  const errors = health.filter(({ isError, isFault }) => isError && !isFault).length;
  const throttles = health.filter(({ isThrottle, isFault }) => isThrottle && !isFault).length;
  return {
    SummaryStatistics: {
      OkCount: visits.length - faults - errors,
      ErrorStatistics: { ThrottleCount: throttles, OtherCount: errors - throttles, TotalCount: errors },
      FaultStatistics: { OtherCount: faults, TotalCount: faults },
      TotalCount: visits.length,
      TotalResponseTime: visits.reduce((sum, { duration }) => sum + duration, 0),
    },
    ResponseTimeHistogram: histogram(visits),
  };
}

function histogram(visits: Visit[]): HistogramEntry[] {
  const counts = new Map<number, number>();
  for (const { duration } of visits) {
    const value = Number(duration.toPrecision(3));
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b).map(([Value, Count]) => ({ Value, Count }));
}

function spanOf(visits: Visit[]): { StartTime: Date; EndTime: Date } {
  const starts = visits.map(({ segment }) => segment.start_time);
  const ends = visits.map(({ segment }) => segment.end_time ?? segment.start_time);
  return { StartTime: new Date(Math.min(...starts) * 1000), EndTime: new Date(Math.max(...ends) * 1000) };
}
