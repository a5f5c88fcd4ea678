/** AWS's order of evaluation: an explicit deny first, then what the resource and the identity allow. Pure. */
import type { Principal } from "../service.ts";
import { type Context, holds, matchesWildcard, substitute } from "./conditions.ts";
import type { Policy, Statement } from "./policy.ts";

export interface Question {
  principal: Principal;
  action: string;
  resource: string;
  context: Context;
  identityPolicies: Policy[];
  /** Present: the session may do no more than this. */
  sessionPolicy?: Policy;
  /** Present: the role may do no more than this. */
  boundary?: Policy;
  resourcePolicy?: Policy;
  /** Trust policies allow nothing that they do not name, also inside the account. */
  resourcePolicyOnly?: boolean;
  /** Identity policies count only where the resource's policy lets the account in (KMS). */
  needsDelegation?: boolean;
}

export interface Decision {
  allowed: boolean;
  /** `explicit deny`, or the kind of policy in which no statement allows. */
  reason?: string;
  statement?: Statement;
}

export function evaluate(question: Question): Decision {
  const { identityPolicies, sessionPolicy, boundary, resourcePolicy } = question;
  const all = [...identityPolicies, sessionPolicy ?? [], boundary ?? [], resourcePolicyFor(question)];
  for (const policy of all) {
    const statement = policy.find((candidate) => candidate.effect === "Deny" && applies(candidate, question));
    if (statement) return { allowed: false, reason: "an explicit deny", statement };
  }
  const { principal } = question;
  const byResource = allows(grantingTo(question), question);
  if (isOutside(principal) || question.resourcePolicyOnly) {
    return byResource
      ? { allowed: true, statement: byResource }
      : { allowed: false, reason: "no resource-based policy" };
  }
  // A resource policy that names the session or user itself is not bounded by session policy or permission boundary.
  const byName = allows(grantingTo(question).filter(namesCaller(principal)), question);
  if (byName) return { allowed: true, statement: byName };
  if (boundary && !allows(boundary, question)) return { allowed: false, reason: "no permissions boundary" };
  if (sessionPolicy && !allows(sessionPolicy, question)) return { allowed: false, reason: "no session policy" };
  if (byResource) return { allowed: true, statement: byResource };
  if (question.needsDelegation && !allows(resourcePolicyFor(question), question)) {
    return { allowed: false, reason: "no resource-based policy" };
  }
  for (const policy of identityPolicies) {
    const statement = allows(policy, question);
    if (statement) return { allowed: true, statement };
  }
  return {
    allowed: false,
    reason: resourcePolicy ? "no identity-based or resource-based policy" : "no identity-based policy",
  };
}

/** The statements of the resource's policy that speak of this principal. */
function resourcePolicyFor(question: Question): Policy {
  return (question.resourcePolicy ?? []).filter((statement) => namesPrincipal(statement, question));
}

/**
 * Inside an account, a resource policy that names the account hands the decision to the identity policies: it allows
 * nothing by itself. A trust policy is judged alone, and its caller's policies after it.
 */
function grantingTo(question: Question): Policy {
  const policy = resourcePolicyFor(question);
  if (question.resourcePolicyOnly) return policy;
  const { principal } = question;
  return policy.filter(({ principals = {} }) => matchesAny(principals, principal, accountOf(principal)));
}

function allows(policy: Policy, question: Question): Statement | undefined {
  return policy.find((statement) => statement.effect === "Allow" && applies(statement, question));
}

function applies(statement: Statement, { action, resource, context }: Question): boolean {
  if (statement.actions && !statement.actions.some((pattern) => matchesWildcard(action, pattern, true))) return false;
  if (statement.notActions?.some((pattern) => matchesWildcard(action, pattern, true))) return false;
  if (statement.resources && !statement.resources.some((pattern) => matchesResource(resource, pattern, context))) {
    return false;
  }
  if (statement.notResources?.some((pattern) => matchesResource(resource, pattern, context))) return false;
  return holds(statement.conditions, context);
}

function matchesResource(resource: string, pattern: string, context: Context): boolean {
  const resolved = substitute(pattern, context);
  return resolved !== undefined && matchesWildcard(resource, resolved);
}

function namesPrincipal(statement: Statement, { principal, boundary }: Question): boolean {
  // Whoever has a boundary is denied by a NotPrincipal whatever it says, AWS warns.
  if (statement.notPrincipals) return boundary !== undefined || !exempts(statement.notPrincipals, principal);
  // An identity policy used as a resource policy has no principal: it speaks of nobody.
  return statement.principals !== undefined && matchesAny(statement.principals, principal);
}

/** All that stand behind a caller have to be named for it not to count: its account, its role and its session. */
function exempts(principals: Record<string, string[]>, principal: Principal): boolean {
  const { AWS: names = [] } = principals;
  if (names.includes("*") || isOutside(principal)) {
    return matchesAny(principals, principal);
  }
  const isNamed = (...any: string[]) => any.some((name) => names.includes(name));
  const { arn, roleArn = arn } = principal;
  return "*" in principals || (isNamed(...accountOf(principal)) && isNamed(roleArn) && isNamed(arn));
}

/** `except` are names that do not count. */
function matchesAny(principals: Record<string, string[]>, principal: Principal, except: string[] = []): boolean {
  return Object.entries(principals).some(([kind, names]) =>
    names.some((name) => {
      if (kind === "*") return true;
      if (kind === "Federated") return principal.type === "federated" && principal.arn === name;
      if (kind === "Service") return principal.type === "service" && principal.arn === name;
      if (kind !== "AWS" || except.includes(name)) return false;
      if (name === "*") return true;
      if (isOutside(principal)) return false;
      return accountOf(principal).includes(name) || name === principal.arn || name === principal.roleArn;
    }),
  );
}

/** No identity of the account: it has no policies of its own. */
function isOutside({ type }: Principal): boolean {
  return type === "service" || type === "federated" || type === "anonymous";
}

function accountOf({ account }: Principal): string[] {
  return [account, `arn:aws:iam::${account}:root`];
}

function namesCaller({ arn }: Principal): (statement: Statement) => boolean {
  return ({ principals }) => (principals?.AWS ?? []).includes(arn);
}
