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
  let value: { Statement?: RawStatement | RawStatement[] } | null;
  try {
    value = JSON.parse(document);
  } catch {
    throw malformed("The policy is not valid JSON.");
  }
  if (typeof value !== "object" || value === null) throw malformed("The policy is not a JSON object.");
  const policy = list(value.Statement).map(normalize);
  if (parsed.size > 5000) parsed.clear();
  parsed.set(document, policy);
  return policy;
}

/** The policy of a resource, checked before it is set. @throws AwsError of this code, as each service has its own */
export function checkPolicy(document: string, code: string, prefix = ""): void {
  try {
    parsePolicy(document);
  } catch (error) {
    if (error instanceof AwsError) throw new AwsError(code, prefix + error.message);
    throw error;
  }
}

/** An identity policy must say what it is about: a statement without a resource would be about everything. */
export function parseIdentityPolicy(document: string): Policy {
  const policy = parsePolicy(document);
  if (policy.some(({ resources, notResources }) => resources === undefined && notResources === undefined)) {
    throw malformed("Policy statement must contain resources.");
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

function malformed(problem: string): AwsError {
  return new AwsError("MalformedPolicyDocument", problem);
}

function normalize(raw: RawStatement): Statement {
  if (typeof raw !== "object" || raw === null) throw malformed("A statement must be a JSON object.");
  if (raw.Effect !== "Allow" && raw.Effect !== "Deny") {
    throw malformed("A statement's Effect must be Allow or Deny.");
  }
  if ((raw.Action === undefined) === (raw.NotAction === undefined)) {
    throw malformed("A statement must have either Action or NotAction.");
  }
  return {
    sid: raw.Sid,
    effect: raw.Effect,
    actions: texts("Action", raw.Action),
    notActions: texts("NotAction", raw.NotAction),
    resources: texts("Resource", raw.Resource),
    notResources: texts("NotResource", raw.NotResource),
    principals: raw.Principal === undefined ? undefined : principals(raw.Principal),
    notPrincipals: raw.NotPrincipal === undefined ? undefined : principals(raw.NotPrincipal),
    conditions: Object.fromEntries(
      Object.entries(raw.Condition ?? {}).map(([operator, keys]) => [
        operator,
        Object.fromEntries(
          Object.entries(keys ?? {}).map(([key, value]) => [key.toLowerCase(), list(value).map(String)]),
        ),
      ]),
    ),
  };
}

function principals(raw: RawPrincipal): Record<string, string[]> {
  if (raw === "*") return { "*": ["*"] };
  if (typeof raw !== "object" || raw === null) throw malformed("A Principal must be * or a JSON object.");
  return Object.fromEntries(Object.entries(raw).map(([kind, names]) => [kind, texts("Principal", names) ?? []]));
}

function texts(member: string, value: string | string[] | undefined): string[] | undefined {
  if (value === undefined) return undefined;
  const found = list(value);
  if (found.some((each) => typeof each !== "string")) throw malformed(`${member} must be a text or a list of texts.`);
  return found;
}

function list<T>(value: T | T[] | undefined): T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
