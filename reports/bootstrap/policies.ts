/** What the roles of a pipeline may do: read and write for the types that a stack's graph has, on the names that it gives. Pure. */
import type { Graph, Resource } from "../../engine/graph.ts";
import { compute } from "./actions/compute.ts";
import { data } from "./actions/data.ts";
import { identity } from "./actions/identity.ts";
import { messaging } from "./actions/messaging.ts";
import { network } from "./actions/network.ts";
import { type ActionRow, global } from "./actions/row.ts";

export interface Statement {
  Effect: "Allow";
  Action: string[];
  Resource: string[];
  Condition?: Record<string, Record<string, string[]>>;
}

export const ROWS: readonly ActionRow[] = [...network, ...data, ...compute, ...messaging, ...identity];

/** Services that make their own role on first use, with the caller's permission. */
const SERVICE_LINKED: [types: string, service: string][] = [
  ["aws:rds/cluster:", "rds.amazonaws.com"],
  ["aws:elasticache/", "elasticache.amazonaws.com"],
  ["aws:apigateway/domainName:", "ops.apigateway.amazonaws.com"],
  ["aws:apigatewayv2/domainName:", "ops.apigateway.amazonaws.com"],
  ["aws:wafv2/webAclLoggingConfiguration:", "wafv2.amazonaws.com"],
];

/** Where global services answer from. */
const GLOBAL_REGION = "us-east-1";
/** A managed policy may have 6,144 characters. */
const POLICY_CHARACTERS = 6_000;

/**
 * @returns statements for a role that previews (`write` false: reads only) or deploys these stacks
 * @throws Error naming a type that no row covers
 */
export function statementsFor(graphs: readonly Graph[], write: boolean): Statement[] {
  return mergeSame(graphs.flatMap((graph) => statementsOf(graph, write)));
}

/** As few documents as their size allows. */
export function packed(statements: readonly Statement[]): Statement[][] {
  const policies: Statement[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const statement of statements) {
    const length = JSON.stringify(statement).length + 1;
    if (size + length > POLICY_CHARACTERS) {
      policies.push([]);
      size = 0;
    }
    policies.at(-1)!.push(statement);
    size += length;
  }
  return policies;
}

export function covers({ types }: ActionRow, type: string): boolean {
  return types.some((each) => type.startsWith(each));
}

function statementsOf(graph: Graph, write: boolean): Statement[] {
  const region = String(graph.config["aws:region"] ?? GLOBAL_REGION);
  const resources = graph.resources.filter(({ type }) => /^awsx?:/.test(type));
  const unknown = [...new Set(resources.map(({ type }) => type))].filter(
    (type) => type.startsWith("aws:") && !ROWS.some((row) => covers(row, type)),
  );
  if (unknown.length > 0) {
    throw new Error(`no permissions are known for ${unknown.join(", ")}: add a row to reports/bootstrap/actions`);
  }
  const heads = headsOf(graph);
  const inRegion = { StringEquals: { "aws:RequestedRegion": [...new Set([region, GLOBAL_REGION])] } };
  const statements: Statement[] = [];
  const anywhere = new Set<string>();
  for (const row of ROWS) {
    const owned = resources.filter(({ type }) => covers(row, type));
    if (owned.length === 0) continue;
    const free = actionsOf(row, row.anywhere ?? "");
    const wanted = actionsOf(row, write ? `${row.read} ${row.write}` : row.read);
    for (const action of wanted) if (free.includes(action)) anywhere.add(action);
    const Action = wanted.filter((action) => !free.includes(action));
    const names = [...new Set(owned.flatMap((resource) => patternOf(resource, heads)))].sort();
    const Resource = row.on.flatMap((arn) => expand(arn.replace("{region}", region), names));
    if (Action.length > 0 && Resource.length > 0) statements.push({ Effect: "Allow", Action, Resource });
  }
  if (anywhere.size > 0) {
    statements.push({ Effect: "Allow", Action: [...anywhere].sort(), Resource: ["*"], Condition: inRegion });
  }
  return write ? [...statements, ...rolesOf(graph, resources, heads)] : statements;
}

function actionsOf({ service }: ActionRow, names: string): string[] {
  return [...new Set(names.split(" ").filter(Boolean))].map((name) => `${service}:${name}`);
}

function expand(arn: string, names: readonly string[]): string[] {
  if (!arn.includes("{name}")) return [arn];
  return names.map((name) => arn.replace("{name}", name));
}

/** Roles of the stack are handed to services, and some services make roles of their own. */
function rolesOf(graph: Graph, resources: readonly Resource[], heads: readonly string[]): Statement[] {
  const roles = resources.filter(({ type }) => type === "aws:iam/role:Role");
  const services = new Set(roles.flatMap(({ inputs }) => servicesOf(inputs.assumeRolePolicy)));
  const linked = new Set(
    SERVICE_LINKED.filter(([types]) => graph.resources.some(({ type }) => type.startsWith(types))).map(
      ([, service]) => service,
    ),
  );
  const statements: Statement[] = [];
  if (services.size > 0) {
    const names = [...new Set(roles.flatMap((role) => patternOf(role, heads)))].sort();
    statements.push({
      Effect: "Allow",
      Action: ["iam:PassRole"],
      Resource: names.flatMap((name) => global("iam", `role/${name}`)),
      Condition: { StringEquals: { "iam:PassedToService": [...services].sort() } },
    });
  }
  if (linked.size > 0) {
    statements.push({
      Effect: "Allow",
      Action: ["iam:CreateServiceLinkedRole"],
      Resource: global("iam", "role/aws-service-role/*"),
      Condition: { StringEquals: { "iam:AWSServiceName": [...linked].sort() } },
    });
  }
  return statements;
}

function servicesOf(trust: unknown): string[] {
  const document = typeof trust === "string" ? JSON.parse(trust) : trust;
  const statements = [document?.Statement ?? []].flat() as { Principal?: { Service?: string | string[] } }[];
  return statements.flatMap(({ Principal }) => [Principal?.Service ?? []].flat());
}

/** What the stack's names begin with: its own name, and those of what stands at the top of the program. */
function headsOf({ project, stack, resources }: Graph): string[] {
  const root = resources.find(({ type }) => type === "pulumi:pulumi:Stack");
  const top = resources.filter(({ parent, type }) => parent === root?.urn && !type.startsWith("pulumi:"));
  const heads = [`${project}-${stack}`, `/${project}/${stack}`, ...top.map(({ name }) => name)];
  return heads.sort((a, b) => b.length - a.length);
}

/** `eu1-shared-a-*` for `eu1-shared-a-photos-3f66e20`: the next release may add to what has this head. */
function patternOf(resource: Resource, heads: readonly string[]): string[] {
  const physical = physicalName(resource);
  if (physical === undefined) return [];
  // What Lambda calls its log groups has the function's name at its end.
  const [, path = "", name = ""] = /^(\/aws\/[\w-]+\/)?(.*)$/.exec(physical)!;
  const head = heads.find(
    (each) => name === each || (name.startsWith(each) && /^[-_/.]/.test(name.slice(each.length))),
  );
  if (head === undefined || name === head) return [physical];
  return [`${path}${head}${name[head.length]}*`];
}

function physicalName({ type, inputs, outputs, id }: Resource): string | undefined {
  const named = (NAMED_BY[type] ?? NAMED_BY[type.split("/")[0]!] ?? [])
    .map((input) => inputs[input])
    .find((value) => value !== undefined);
  const found = named ?? outputs.name ?? outputs.bucket ?? id;
  if (typeof found !== "string" || found === "") return undefined;
  // The identifier of a queue is its URL; of others, their ARN.
  if (/^https?:/.test(found)) return found.split("/").at(-1);
  if (!found.startsWith("arn:")) return found;
  const parts = found.split(":");
  return parts[5] === "function" ? parts[6] : parts[2] === "sns" ? parts[5] : found.split(/[:/]/).at(-1);
}

/** Inputs that name what a resource belongs to, where it has no name itself. */
const NAMED_BY: Record<string, string[]> = {
  "aws:s3": ["bucket"],
  "aws:lambda": ["functionName", "function"],
  "aws:cloudwatch/eventPermission:EventPermission": ["eventBusName"],
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": ["logGroupName"],
  "aws:cloudwatch/logStream:LogStream": ["logGroupName"],
  "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": ["logGroup"],
  "aws:secretsmanager/secretRotation:SecretRotation": ["rotationLambdaArn"],
  "aws:xray": ["groupName"],
};

/** The same actions for several stacks are one statement. */
function mergeSame(statements: readonly Statement[]): Statement[] {
  const merged = new Map<string, Statement>();
  for (const statement of statements) {
    const key = JSON.stringify([statement.Action, statement.Condition]);
    const known = merged.get(key);
    if (known) known.Resource = [...new Set([...known.Resource, ...statement.Resource])];
    else merged.set(key, { ...statement });
  }
  return [...merged.values()];
}
