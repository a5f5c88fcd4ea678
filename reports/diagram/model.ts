/** What a diagram of a cell shows, read from the deployment graph: its components, what wakes what, and who uses what. Pure. */
import type { Graph, Resource, Value } from "../../engine/graph.ts";

export type Layer = "edge" | "requests" | "data" | "messages" | "events";

export interface Node {
  id: string;
  /** Without the cell's name. */
  label: string;
  /** `Function`, `Queue` … */
  kind: string;
  layer: Layer;
}

export interface Edge {
  from: string;
  to: string;
  /** `wakes`: an event goes that way. `uses`: IAM allows calls. */
  kind: "wakes" | "uses";
}

export interface Model {
  cell: string;
  nodes: Node[];
  edges: Edge[];
}

const LAYERS: Record<string, Layer> = {
  ...{ Api: "edge", UserPool: "edge", Domain: "edge", Website: "edge", Schedule: "edge" },
  ...{ Function: "requests", Workflow: "requests", Inference: "requests" },
  ...{ Database: "data", Bucket: "data", Table: "data", Cache: "data", DataLake: "data" },
  ...{ Queue: "messages", Topic: "messages", Stream: "messages", EventBus: "messages", Delivery: "messages" },
};

/** @throws when there is no such cell, naming those that there are */
export function modelOf(graph: Graph, cell: string): Model {
  const cells = graph.resources.filter(({ type }) => type === "terrace:cell:Cell");
  const root = cells.find(({ name }) => name === cell);
  if (!root) throw new Error(`there is no cell "${cell}"; there are: ${cells.map(({ name }) => name).join(", ")}`);
  const byUrn = new Map(graph.resources.map((resource) => [resource.urn, resource]));
  const inside = graph.resources.filter((resource) => ancestors(resource, byUrn).includes(root));
  const nodes = inside.flatMap((resource): Node[] => {
    const kind = resource.type.split(":")[2] ?? "";
    const layer = resource.type.startsWith("terrace:") ? LAYERS[kind] : undefined;
    return layer ? [{ id: resource.urn, label: shortName(resource.name, cell), kind, layer }] : [];
  });
  const shown = new Set(nodes.map(({ id }) => id));
  const ownerOf = (resource: Resource) =>
    [resource, ...ancestors(resource, byUrn)].find(({ urn }) => shown.has(urn))?.urn;
  const find = finder(inside, ownerOf);
  const edges = unique([...wakes(inside, find, ownerOf), ...uses(inside, find, ownerOf)]);
  const woken = edges.filter(({ kind }) => kind === "wakes");
  for (const node of nodes) {
    // A function that messages wake stands behind them.
    const sources = woken.filter(({ to }) => to === node.id).map(({ from }) => nodes.find(({ id }) => id === from));
    if (node.layer === "requests" && sources.some((source) => source?.layer === "messages")) node.layer = "events";
  }
  return { cell, nodes, edges };
}

type Find = (value: Value | undefined) => string | undefined;
type OwnerOf = (resource: Resource) => string | undefined;

/** The shown component that an ARN, a name or an id belongs to. */
function finder(resources: readonly Resource[], ownerOf: OwnerOf): Find {
  const known: [string, string][] = resources.flatMap((resource) => {
    const owner = resource.custom ? ownerOf(resource) : undefined;
    const { arn, executionArn, bucket } = resource.outputs;
    const identities = [arn, executionArn, bucket, resource.id].filter(
      (value): value is string => typeof value === "string" && value.length > 5,
    );
    return owner === undefined ? [] : identities.map((identity): [string, string] => [identity, owner]);
  });
  known.sort(([a], [b]) => b.length - a.length);
  return (value) => {
    if (typeof value !== "string") return undefined;
    return known.find(
      ([identity]) => value === identity || (identity.startsWith("arn:") && value.startsWith(identity)),
    )?.[1];
  };
}

function wakes(resources: readonly Resource[], find: Find, ownerOf: OwnerOf): Edge[] {
  return resources.flatMap((resource) => {
    const { type, inputs } = resource;
    const edge = (from: string | undefined, to: string | undefined): Edge[] =>
      from && to && from !== to ? [{ from, to, kind: "wakes" }] : [];
    if (type === "aws:lambda/permission:Permission")
      return edge(find(inputs.sourceArn), find(inputs.function) ?? ownerOf(resource));
    if (type === "aws:lambda/eventSourceMapping:EventSourceMapping")
      return edge(find(inputs.eventSourceArn), find(inputs.functionName));
    if (type === "aws:sns/topicSubscription:TopicSubscription") return edge(find(inputs.topic), find(inputs.endpoint));
    if (type === "aws:scheduler/schedule:Schedule")
      return edge(ownerOf(resource), find((inputs.target as { arn?: string })?.arn));
    if (type === "aws:cloudwatch/eventTarget:EventTarget")
      return edge(find(inputs.eventBusName) ?? ownerOf(resource), find(inputs.arn));
    if (type !== "aws:s3/bucketNotification:BucketNotification") return [];
    const told = [inputs.queues, inputs.topics, inputs.lambdaFunctions].flatMap(
      (each) => (each ?? []) as Record<string, string>[],
    );
    return told.flatMap(({ queueArn, topicArn, lambdaFunctionArn }) =>
      edge(find(inputs.bucket), find(queueArn ?? topicArn ?? lambdaFunctionArn)),
    );
  });
}

/** What a function's role reaches, and the role that it may assume. */
function uses(resources: readonly Resource[], find: Find, ownerOf: OwnerOf): Edge[] {
  const policies = resources.filter(({ type }) => type === "aws:iam/rolePolicy:RolePolicy");
  const reached = (role: Value | undefined): string[] =>
    policies.filter(({ inputs }) => inputs.role === role).flatMap(({ inputs }) => granted(inputs.policy));
  return policies.flatMap((policy) => {
    const from = ownerOf(policy);
    if (!from) return [];
    return granted(policy.inputs.policy).flatMap((arn): Edge[] => {
      const role = resources.find(({ type, outputs }) => type === "aws:iam/role:Role" && outputs.arn === arn);
      const targets = role && !ownerOf(role) ? reached(role.outputs.name) : [arn];
      return targets.flatMap((target) => {
        const to = find(target);
        return to && to !== from ? [{ from, to, kind: "uses" as const }] : [];
      });
    });
  });
}

function granted(policy: Value | undefined): string[] {
  if (typeof policy !== "string") return [];
  const { Statement = [] } = JSON.parse(policy) as {
    Statement?: { Effect: string; Action: string | string[]; Resource: string | string[] }[];
  };
  return Statement.filter(({ Effect, Action }) => Effect === "Allow" && !isConsuming([Action].flat())).flatMap(
    ({ Resource }) => Resource,
  );
}

/** Taking messages out is the other side of being woken by them. */
function isConsuming(actions: string[]): boolean {
  return actions.some((action) => /^(sqs:ReceiveMessage|kinesis:GetRecords|dynamodb:GetRecords)$/.test(action));
}

function unique(edges: readonly Edge[]): Edge[] {
  const byKey = new Map<string, Edge>();
  for (const edge of edges) {
    const key = `${edge.from} ${edge.to}`;
    if (byKey.get(key)?.kind !== "wakes") byKey.set(key, edge);
  }
  return [...byKey.values()];
}

function ancestors(resource: Resource, all: Map<string, Resource>): Resource[] {
  const parent = resource.parent === undefined ? undefined : all.get(resource.parent);
  return parent ? [parent, ...ancestors(parent, all)] : [];
}

const shortName = (name: string, cell: string): string =>
  name.startsWith(`${cell}-`) ? name.slice(cell.length + 1) : name;
