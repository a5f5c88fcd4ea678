/** Resources added, removed, changed and replaced, as a deployment would do it. Pure. */
import type { Resource, Value } from "../../engine/graph.ts";
import { replacedBy } from "./replacement.ts";

export interface PropertyChange {
  /** `redrivePolicy.maxReceiveCount` */
  path: string;
  /** Absent where there was none; secrets and long texts are not shown. */
  before?: string;
  after?: string;
  /** The change forces AWS to make the resource anew. */
  replaces?: true;
}

export interface Change {
  kind: "added" | "removed" | "changed" | "replaced";
  urn: string;
  type: string;
  name: string;
  /** Logical names of the components around it, outermost first. */
  within: string[];
  properties: PropertyChange[];
  /** Why somebody should look: data would go. */
  dataAtRisk?: string;
}

/** What would be lost with a resource of the type. */
const KEEPS_DATA: Record<string, string> = {
  "aws:rds/cluster:Cluster": "every database in the cluster",
  "aws:dynamodb/table:Table": "every item in the table",
  "aws:s3/bucket:Bucket": "every object in the bucket",
  "aws:cognito/userPool:UserPool": "every user, and their passwords",
  "aws:secretsmanager/secret:Secret": "the secret",
  "aws:kms/key:Key": "whatever the key encrypts",
  "aws:kinesis/stream:Stream": "records that were not read yet",
  "aws:sqs/queue:Queue": "messages that were not handled yet",
  "aws:cloudwatch/logGroup:LogGroup": "its logs",
  "aws:elasticache/serverlessCache:ServerlessCache": "what is cached",
  "aws:glue/catalogTable:CatalogTable": "the table's definition",
};

const SHOWN_CHARACTERS = 120;

export function compare(before: readonly Resource[], after: readonly Resource[]): Change[] {
  const places = (resources: readonly Resource[]) => new Map(resources.map((resource) => [resource.urn, resource]));
  const old = places(before);
  const now = places(after);
  const changes: Change[] = [];
  const seen = new Set<string>();
  for (const resource of after) {
    if (!isReal(resource)) continue;
    const known = old.get(resource.urn) ?? aliased(resource, old);
    if (!known) {
      changes.push(changeOf("added", resource, now));
      continue;
    }
    seen.add(known.urn);
    const properties = propertyChanges(known, resource);
    if (properties.length === 0) continue;
    const replaced = properties.some(({ replaces }) => replaces);
    changes.push({ ...changeOf(replaced ? "replaced" : "changed", resource, now, known), properties });
  }
  for (const resource of before) {
    if (isReal(resource) && !seen.has(resource.urn)) changes.push(changeOf("removed", resource, old));
  }
  return changes;
}

/** Components are made of the others; awsx's are made remotely, and stand for what is in them. */
function isReal({ custom, type }: Resource): boolean {
  return custom || type.startsWith("awsx:");
}

function aliased({ options }: Resource, old: Map<string, Resource>): Resource | undefined {
  for (const alias of options.aliases ?? []) {
    const found = typeof alias === "string" ? old.get(alias) : undefined;
    if (found) return found;
  }
  return undefined;
}

function changeOf(kind: Change["kind"], resource: Resource, all: Map<string, Resource>, known?: Resource): Change {
  const { urn, type, name } = resource;
  const lost = kind === "removed" || kind === "replaced" ? riskOf(known ?? resource) : undefined;
  return {
    kind,
    urn,
    type,
    name,
    within: within(resource, all),
    properties: [],
    ...(lost ? { dataAtRisk: lost } : {}),
  };
}

function riskOf({ type, inputs, options }: Resource): string | undefined {
  const what = KEEPS_DATA[type];
  if (!what) return undefined;
  if (options.retainOnDelete) return undefined;
  if (options.protect) return `${what}; Pulumi refuses while it is protected`;
  if (
    inputs.deletionProtection === true ||
    inputs.deletionProtectionEnabled === true ||
    inputs.deletionProtection === "ACTIVE"
  ) {
    return `${what}; AWS refuses while deletion protection is on`;
  }
  return what;
}

function within({ parent }: Resource, all: Map<string, Resource>): string[] {
  const found = parent === undefined ? undefined : all.get(parent);
  return !found || found.type === "pulumi:pulumi:Stack" ? [] : [...within(found, all), found.name];
}

function propertyChanges(before: Resource, after: Resource): PropertyChange[] {
  const secrets = new Set([...before.secrets, ...after.secrets]);
  const ignored = new Set(after.options.ignoreChanges ?? []);
  const changes: PropertyChange[] = [];
  const names = new Set([...Object.keys(before.inputs), ...Object.keys(after.inputs)]);
  for (const name of [...names].sort()) {
    if (ignored.has(name)) continue;
    const replaces = replacedBy(after.type, name) || (after.options.replaceOnChanges ?? []).includes(name);
    for (const difference of differences(name, before.inputs[name], after.inputs[name])) {
      const { path, before: from, after: to } = difference;
      const show = (value: Value | undefined) => (secrets.has(name) ? "[secret]" : shown(value));
      changes.push({
        path,
        ...(from === undefined ? {} : { before: show(from) }),
        ...(to === undefined ? {} : { after: show(to) }),
        ...(replaces ? { replaces } : {}),
      });
    }
  }
  return changes;
}

interface Difference {
  path: string;
  before: Value | undefined;
  after: Value | undefined;
}

/** The innermost values that differ; JSON in a text is looked into. */
function differences(path: string, before: Value | undefined, after: Value | undefined): Difference[] {
  const [from, to] = [opened(before), opened(after)];
  if (JSON.stringify(from) === JSON.stringify(to)) return [];
  if (!isObject(from) || !isObject(to) || "$asset" in from || "$asset" in to) return [{ path, before, after }];
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  return keys.flatMap((key) => differences(`${path}.${key}`, from[key], to[key]));
}

function opened(value: Value | undefined): Value | undefined {
  if (typeof value !== "string" || !/^\s*\{/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function isObject(value: Value | undefined): value is { [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: Value | undefined): string {
  if (isObject(value) && "$asset" in value) return typeof value.path === "string" ? value.path : `(${value.$asset})`;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
