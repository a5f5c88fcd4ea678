/** Roles and their policies, and the judge of every call. */
import { type Access, AwsError, type Call, type Principal } from "../service.ts";
import type { Context } from "./conditions.ts";
import { type Decision, evaluate } from "./evaluate.ts";
import { parsePolicy } from "./policy.ts";

/** Whoever has policies: a role or a user. */
export interface Identity {
  boundary?: string;
  /** Policy name or ARN → document. */
  policies: Map<string, string>;
  /** `aws:PrincipalTag/<key>` of all who act as it. */
  tags?: Record<string, string>;
}

export interface Role extends Identity {
  arn: string;
  name: string;
  trustPolicy: string;
  maxSessionSeconds: number;
}

export interface Iam {
  roles: Map<string, Role>;
  /** By ARN, with what their groups may do. */
  users: Map<string, Identity>;
  /** Drops what was decided so far: call it after any change of a policy. */
  changed(): void;
  role(arn: string): Role;
  authorize(call: Call, access: Access): void;
  /** Judges a role's trust policy. Throws AccessDenied. */
  authorizeAssume(principal: Principal, action: string, role: Role, context: Context): void;
}

export function iam(now: () => number): Iam {
  const roles = new Map<string, Role>();
  const users = new Map<string, Identity>();
  // Judged once a second at most: a condition on the time of day stays true to it.
  let decisions = new Map<string, Decision>();
  let decidedInSecond = 0;

  function decide(call: Call, asked: Access): Decision {
    // A call may leave out the member that names its resource: nothing it could be allowed by name.
    const access = { ...asked, resource: asked.resource ?? "" };
    const identity = identityOf(call.principal);
    return evaluate({
      action: access.action,
      resource: access.resource,
      context: contextOf(call, access, now(), identity?.tags),
      ...policiesOf(call.principal, identity),
      resourcePolicy: access.resourcePolicy ? parsePolicy(access.resourcePolicy) : undefined,
      needsDelegation: access.needsDelegation,
    });
  }

  function identityOf({ type, arn, roleArn }: Principal): Identity | undefined {
    return type === "user" ? users.get(arn) : roleArn ? roles.get(roleArn) : undefined;
  }

  return {
    roles,
    users,
    changed: () => {
      decisions = new Map();
    },
    role(arn) {
      const role = roles.get(arn);
      if (!role) throw new AwsError("NoSuchEntity", `The role ${arn} cannot be found.`, 404);
      return role;
    },
    authorize(call, access) {
      if (call.principal.type === "administrator") return;
      const second = Math.floor(now() / 1000);
      if (second !== decidedInSecond) decisions = new Map();
      decidedInSecond = second;
      const key = decisionKey(call, access);
      let decision = decisions.get(key);
      if (!decision) {
        decision = decide(call, access);
        decisions.set(key, decision);
      }
      if (!decision.allowed) throw denied(call.principal, access, decision);
    },
    authorizeAssume(principal, action, role, context) {
      if (principal.type === "administrator") return;
      const question = { principal, action, resource: role.arn, context };
      const trust = parsePolicy(role.trustPolicy).map((statement) => ({ ...statement, resources: undefined }));
      const byTrust = evaluate({ ...question, identityPolicies: [], resourcePolicy: trust, resourcePolicyOnly: true });
      if (!byTrust.allowed) {
        throw denied(principal, { action, resource: role.arn }, { ...byTrust, reason: "no trust policy statement" });
      }
      if (principal.type === "service" || principal.type === "federated" || principal.type === "anonymous") return;
      // A trust policy that names the caller's role is enough inside the account; one that names the account is not.
      const byAll = evaluate({
        ...question,
        ...policiesOf(principal, identityOf(principal)),
        resourcePolicy: trust,
      });
      if (!byAll.allowed) throw denied(principal, { action, resource: role.arn }, byAll);
    },
  };
}

/** What a caller brings along: its own policies, and what its role's boundary and its session leave of them. */
function policiesOf(principal: Principal, identity: Identity | undefined) {
  return {
    principal,
    identityPolicies: identity ? [...identity.policies.values()].map(parsePolicy) : [],
    boundary: identity?.boundary ? parsePolicy(identity.boundary) : undefined,
    sessionPolicy: principal.sessionPolicy ? parsePolicy(principal.sessionPolicy) : undefined,
  };
}

function decisionKey({ principal, sourceArn, sourceIp }: Call, access: Access): string {
  const context = access.context ? JSON.stringify(access.context) : "";
  const { type, arn, tags, claims, sessionPolicy } = principal;
  // A key stands for one session; without one, what the session may do is told by its parts.
  const who = principal.accessKeyId ?? JSON.stringify([type, arn, tags, claims, sessionPolicy]);
  return `${who} ${access.action} ${access.resource} ${sourceArn ?? ""} ${sourceIp} ${context} ${access.resourcePolicy ?? ""}`;
}

/** @param ownTags of the role or user: a session's own tags go before them */
export function contextOf(call: Call, access: Access, nowMs: number, ownTags: Record<string, string> = {}): Context {
  const { principal, sourceArn } = call;
  const context: Context = {
    "aws:currenttime": [new Date(nowMs).toISOString()],
    "aws:epochtime": [String(Math.floor(nowMs / 1000))],
    // Loopback never leaves the machine: it counts as the TLS that the endpoint on AWS would demand.
    "aws:securetransport": ["true"],
    "aws:sourceip": [call.sourceIp],
    "aws:principalarn": [principal.roleArn ?? principal.arn],
    "aws:principalaccount": [principal.account],
    "aws:principaltype": [PRINCIPAL_TYPES[principal.type] ?? "Account"],
    "aws:principalisawsservice": [String(principal.type === "service")],
    "aws:requestedregion": [access.resource.split(":")[3] || "us-east-1"],
  };
  if (principal.sessionName) context["aws:userid"] = [`AROA:${principal.sessionName}`];
  if (principal.type === "user") context["aws:username"] = [principal.arn.slice(principal.arn.lastIndexOf("/") + 1)];
  if (principal.sourceIdentity) context["aws:sourceidentity"] = [principal.sourceIdentity];
  if (principal.type === "service") context["aws:principalservicename"] = [principal.arn];
  if (sourceArn) {
    context["aws:sourcearn"] = [sourceArn];
    context["aws:sourceaccount"] = [sourceArn.split(":")[4] || principal.account];
  }
  for (const [key, values] of Object.entries(principal.claims ?? {})) context[key.toLowerCase()] = values;
  for (const [key, value] of [...Object.entries(ownTags), ...Object.entries(principal.tags ?? {})])
    context[`aws:principaltag/${key.toLowerCase()}`] = [value];
  for (const [key, value] of Object.entries(access.context ?? {})) {
    context[key.toLowerCase()] = Array.isArray(value) ? value : [value];
  }
  return context;
}

const PRINCIPAL_TYPES: Partial<Record<Principal["type"], string>> = { user: "User", "assumed-role": "AssumedRole" };

/** AWS's sentence, then the statement that would have allowed the call. */
function denied(principal: Principal, access: Access, { reason, statement }: Decision): AwsError {
  const who = principal.type === "anonymous" ? "anonymous" : principal.arn;
  const what = `User: ${who} is not authorized to perform: ${access.action} on resource: ${access.resource}`;
  if (statement?.effect === "Deny") {
    const sid = statement.sid ? ` (statement ${statement.sid})` : "";
    return new AwsError("AccessDeniedException", `${what} with an explicit deny${sid}`, 403);
  }
  const missing = JSON.stringify({ Effect: "Allow", Action: access.action, Resource: access.resource });
  return new AwsError(
    "AccessDeniedException",
    `${what} because ${reason} allows the ${access.action} action. Missing: ${missing}`,
    403,
  );
}
