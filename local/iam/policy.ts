/** A policy document in one normal form: every member that may be a string or a list is a list. */
import { AwsError } from "../service.ts";

export type ConditionBlock = Record<string, Record<string, string[]>>;

export interface Statement {
  sid?: string;
  effect: "Allow" | "Deny";
  actions?: string[];
  notActions?: string[];
  resources?: string[];
  notResources?: string[];
  /** Kind (`AWS`, `Service`, `Federated`, `*`) → names. */
  principals?: Record<string, string[]>;
  notPrincipals?: Record<string, string[]>;
  conditions: ConditionBlock;
}

export type Policy = Statement[];

const parsed = new Map<string, Policy>();

/** Reads a policy document (JSON text). The same text is read once. */
export function parsePolicy(document: string): Policy {
  const known = parsed.get(document);
  if (known) return known;
  let value: { Statement?: RawStatement | RawStatement[] };
  try {
    value = JSON.parse(document);
  } catch {
    throw new AwsError("MalformedPolicyDocument", "The policy is not valid JSON.");
  }
  const policy = list(value.Statement).map(normalize);
  if (parsed.size > 5000) parsed.clear();
  parsed.set(document, policy);
  return policy;
}

/** An identity policy must say what it is about: a statement without a resource would be about everything. */
export function parseIdentityPolicy(document: string): Policy {
  const policy = parsePolicy(document);
  if (policy.some(({ resources, notResources }) => resources === undefined && notResources === undefined)) {
    throw new AwsError("MalformedPolicyDocument", "Policy statement must contain resources.");
  }
  return policy;
}

interface RawStatement {
  Sid?: string;
  Effect?: string;
  Action?: string | string[];
  NotAction?: string | string[];
  Resource?: string | string[];
  NotResource?: string | string[];
  Principal?: RawPrincipal;
  NotPrincipal?: RawPrincipal;
  Condition?: Record<string, Record<string, unknown>>;
}

type RawPrincipal = "*" | Record<string, string | string[]>;

function normalize(raw: RawStatement): Statement {
  if (raw.Effect !== "Allow" && raw.Effect !== "Deny") {
    throw new AwsError("MalformedPolicyDocument", "A statement's Effect must be Allow or Deny.");
  }
  if ((raw.Action === undefined) === (raw.NotAction === undefined)) {
    throw new AwsError("MalformedPolicyDocument", "A statement must have either Action or NotAction.");
  }
  return {
    sid: raw.Sid,
    effect: raw.Effect,
    actions: raw.Action === undefined ? undefined : list(raw.Action),
    notActions: raw.NotAction === undefined ? undefined : list(raw.NotAction),
    resources: raw.Resource === undefined ? undefined : list(raw.Resource),
    notResources: raw.NotResource === undefined ? undefined : list(raw.NotResource),
    principals: raw.Principal === undefined ? undefined : principals(raw.Principal),
    notPrincipals: raw.NotPrincipal === undefined ? undefined : principals(raw.NotPrincipal),
    conditions: Object.fromEntries(
      Object.entries(raw.Condition ?? {}).map(([operator, keys]) => [
        operator,
        Object.fromEntries(Object.entries(keys).map(([key, value]) => [key.toLowerCase(), list(value).map(String)])),
      ]),
    ),
  };
}

function principals(raw: RawPrincipal): Record<string, string[]> {
  if (raw === "*") return { "*": ["*"] };
  return Object.fromEntries(Object.entries(raw).map(([kind, names]) => [kind, list(names)]));
}

function list<T>(value: T | T[] | undefined): T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
