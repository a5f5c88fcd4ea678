/** IAM policy documents, as rules read them. */
import type { Stack, Subject } from "./rule.ts";

export interface Statement {
  effect: string;
  actions: string[];
  resources: string[];
  /** By kind: `AWS`, `Service`; `*` stands as `{ AWS: ["*"] }`. */
  principals: Record<string, string[]>;
  /** `StringEquals aws:SourceArn` → values; operators and keys in lower case. */
  conditions: Map<string, string[]>;
}

/** Where a type holds a policy document. */
export const IDENTITY_POLICIES: Record<string, string> = {
  "aws:iam/policy:Policy": "policy",
  "aws:iam/rolePolicy:RolePolicy": "policy",
  "aws:iam/userPolicy:UserPolicy": "policy",
  "aws:iam/groupPolicy:GroupPolicy": "policy",
};

export const RESOURCE_POLICIES: Record<string, string> = {
  "aws:s3/bucketPolicy:BucketPolicy": "policy",
  "aws:sqs/queuePolicy:QueuePolicy": "policy",
  "aws:sqs/queue:Queue": "policy",
  "aws:sns/topicPolicy:TopicPolicy": "policy",
  "aws:sns/topic:Topic": "policy",
  "aws:kms/key:Key": "policy",
  "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
  "aws:cloudwatch/eventBusPolicy:EventBusPolicy": "policy",
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
  "aws:kinesis/resourcePolicy:ResourcePolicy": "policy",
  "aws:iam/role:Role": "assumeRolePolicy",
};

/** The statements of a policy property; none where it is absent or not known yet. */
export function statementsOf(document: unknown): Statement[] {
  const parsed = typeof document === "string" ? parse(document) : document;
  const statements = (parsed as { Statement?: unknown } | undefined)?.Statement;
  return (Array.isArray(statements) ? statements : statements ? [statements] : []).map(read);
}

/** Inline policies of a role stand in the role itself. */
export function identityStatements(subject: Subject): Statement[] {
  if (subject.type === "aws:iam/role:Role") {
    const inline = subject.properties.inlinePolicies;
    return (Array.isArray(inline) ? inline : []).flatMap((each) => statementsOf(each?.policy));
  }
  return statementsOf(subject.properties[IDENTITY_POLICIES[subject.type] ?? ""]);
}

/** The values that a condition of any of these operators (`StringEquals`, `ArnLike` …) demands of a key. */
export function demanded({ conditions }: Statement, key: string, operators: RegExp = /./): string[] {
  const wanted = ` ${key.toLowerCase()}`;
  return [...conditions].flatMap(([name, values]) =>
    name.endsWith(wanted) && operators.test(name.slice(0, -wanted.length)) ? values : [],
  );
}

/** The role that an identity policy is attached to. */
export function roleOf(subject: Subject, stack: Stack): Subject | undefined {
  if (subject.type === "aws:iam/role:Role") return subject;
  return stack.find("aws:iam/role:Role", subject.properties.role);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not JSON: AWS will say so
  }
}

function read(statement: Record<string, unknown>): Statement {
  const { Effect, Action, Resource, Principal, Condition } = statement;
  const conditions = new Map<string, string[]>();
  for (const [operator, keys] of Object.entries((Condition ?? {}) as Record<string, Record<string, unknown>>)) {
    for (const [key, value] of Object.entries(keys)) {
      conditions.set(`${operator.toLowerCase()} ${key.toLowerCase()}`, list(value));
    }
  }
  const principals =
    typeof Principal === "string"
      ? { AWS: [Principal] }
      : Object.fromEntries(Object.entries((Principal ?? {}) as object).map(([kind, value]) => [kind, list(value)]));
  return { effect: String(Effect), actions: list(Action), resources: list(Resource), principals, conditions };
}

function list(value: unknown): string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}
