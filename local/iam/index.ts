/** Roles and their policies, and the judge of every call. */
import { type Access, AwsError, type Call, type Principal } from "../service.ts";
import type { Context } from "./conditions.ts";
import { type Decision, evaluate } from "./evaluate.ts";
import { parsePolicy } from "./policy.ts";

export interface Role {
  arn: string;
  name: string;
  trustPolicy: string;
  maxSessionSeconds: number;
  boundary?: string;
  /** Policy name or ARN → document. */
  policies: Map<string, string>;
}

export interface Iam {
  roles: Map<string, Role>;
  /** Drops what was decided so far: call it after any change of a policy. */
  changed(): void;
  role(arn: string): Role;
  authorize(call: Call, access: Access): void;
  /** Judges a role's trust policy. Throws AccessDenied. */
  authorizeAssume(principal: Principal, action: string, role: Role, context: Context): void;
}

export function iam(now: () => number): Iam {
  const roles = new Map<string, Role>();
  // Judged once a second at most: a condition on the time of day stays true to it.
  let decisions = new Map<string, Decision>();
  let decidedInSecond = 0;

  function decide(call: Call, asked: Access): Decision {
    // A call may leave out the member that names its resource: nothing it could be allowed by name.
    const access = { ...asked, resource: asked.resource ?? "" };
    const { principal } = call;
    const role = principal.roleArn ? roles.get(principal.roleArn) : undefined;
    return evaluate({
      principal,
      action: access.action,
      resource: access.resource,
      context: contextOf(call, access, now()),
      identityPolicies: role ? [...role.policies.values()].map(parsePolicy) : [],
      sessionPolicy: principal.sessionPolicy ? parsePolicy(principal.sessionPolicy) : undefined,
      boundary: role?.boundary ? parsePolicy(role.boundary) : undefined,
      resourcePolicy: access.resourcePolicy ? parsePolicy(access.resourcePolicy) : undefined,
      needsDelegation: access.needsDelegation,
    });
  }

  return {
    roles,
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
      const caller = principal.roleArn ? roles.get(principal.roleArn) : undefined;
      const question = { principal, action, resource: role.arn, context };
      const trust = parsePolicy(role.trustPolicy).map((statement) => ({ ...statement, resources: undefined }));
      const byTrust = evaluate({ ...question, identityPolicies: [], resourcePolicy: trust, resourcePolicyOnly: true });
      if (!byTrust.allowed) {
        throw denied(principal, { action, resource: role.arn }, { ...byTrust, reason: "no trust policy statement" });
      }
      if (principal.type === "service" || principal.type === "anonymous") return;
      // A trust policy that names the caller's role is enough inside the account; one that names the account is not.
      const named = byTrust.statement?.principals?.AWS ?? [];
      if (named.includes(principal.roleArn ?? "") || named.includes(principal.arn)) return;
      const byIdentity = evaluate({
        ...question,
        identityPolicies: caller ? [...caller.policies.values()].map(parsePolicy) : [],
      });
      if (!byIdentity.allowed) throw denied(principal, { action, resource: role.arn }, byIdentity);
    },
  };
}

function decisionKey({ principal, sourceArn, sourceIp }: Call, access: Access): string {
  const context = access.context ? JSON.stringify(access.context) : "";
  const { type, arn, tags, sessionPolicy } = principal;
  // A key stands for one session; without one, what the session may do is told by its parts.
  const who = principal.accessKeyId ?? JSON.stringify([type, arn, tags, sessionPolicy]);
  return `${who} ${access.action} ${access.resource} ${sourceArn ?? ""} ${sourceIp} ${context} ${access.resourcePolicy ?? ""}`;
}

export function contextOf(call: Call, access: Access, nowMs: number): Context {
  const { principal, sourceArn } = call;
  const context: Context = {
    "aws:currenttime": [new Date(nowMs).toISOString()],
    "aws:epochtime": [String(Math.floor(nowMs / 1000))],
    // Loopback never leaves the machine: it counts as the TLS that the endpoint on AWS would demand.
    "aws:securetransport": ["true"],
    "aws:sourceip": [call.sourceIp],
    "aws:principalarn": [principal.roleArn ?? principal.arn],
    "aws:principalaccount": [principal.account],
    "aws:principaltype": [principal.type === "assumed-role" ? "AssumedRole" : "Account"],
    "aws:principalisawsservice": [String(principal.type === "service")],
    "aws:requestedregion": [access.resource.split(":")[3] || "us-east-1"],
  };
  if (principal.sessionName) context["aws:userid"] = [`AROA:${principal.sessionName}`];
  if (principal.type === "service") context["aws:principalservicename"] = [principal.arn];
  if (sourceArn) {
    context["aws:sourcearn"] = [sourceArn];
    context["aws:sourceaccount"] = [sourceArn.split(":")[4] || principal.account];
  }
  for (const [key, value] of Object.entries(principal.tags ?? {}))
    context[`aws:principaltag/${key.toLowerCase()}`] = [value];
  for (const [key, value] of Object.entries(access.context ?? {})) {
    context[key.toLowerCase()] = Array.isArray(value) ? value : [value];
  }
  return context;
}

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
