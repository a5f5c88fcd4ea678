/** Who may call a function: its resource policy, made of its permissions. */
import { randomUUID } from "node:crypto";
import type { Resource } from "../../../engine/graph.ts";
import { parseFunctionName } from "./function-config.ts";

export interface Statement {
  Sid: string;
  Effect: "Allow";
  Principal: unknown;
  Action: string;
  Resource: string;
  Condition?: object;
}

export interface ResourcePolicies {
  put(resource: Resource, functionArn: (name: string) => string): void;
  /** JSON, of all qualifiers; undefined where nobody was given a permission. */
  of(functionName: string): string | undefined;
  /** JSON, of what `resource` (a function, a version, an alias) itself was given. */
  document(functionName: string, resource: string): string | undefined;
  statement(functionName: string, sid: string, resource: string): Statement | undefined;
  /** False where there is no such statement. */
  remove(functionName: string, sid: string, resource: string): boolean;
  removeAll(functionName: string): void;
  revisionOf(functionName: string): string;
}

interface Policy {
  /** By what declared them. */
  statements: Map<string, Statement>;
  text?: string;
  revision: string;
}

export function resourcePolicies(): ResourcePolicies {
  const policies = new Map<string, Policy>();

  function changed(policy: Policy): void {
    const all = [...policy.statements.values()];
    policy.text = all.length > 0 ? textOf(all) : undefined;
    policy.revision = randomUUID();
  }

  const own = (name: string) => policies.get(name)?.statements ?? new Map<string, Statement>();

  return {
    put({ inputs, urn, name }, functionArn) {
      const target = parseFunctionName(String(inputs.function)).name;
      const policy = policies.get(target) ?? { statements: new Map(), revision: "" };
      policies.set(target, policy);
      policy.statements.set(urn, statementOf(inputs, String(inputs.statementId ?? name), functionArn(target)));
      changed(policy);
    },
    of: (name) => policies.get(name)?.text,
    document(name, resource) {
      const statements = [...own(name).values()].filter((statement) => statement.Resource === resource);
      return statements.length > 0 ? textOf(statements) : undefined;
    },
    statement: (name, sid, resource) =>
      [...own(name).values()].find((statement) => statement.Sid === sid && statement.Resource === resource),
    remove(name, sid, resource) {
      for (const [key, statement] of own(name)) {
        if (statement.Sid !== sid || statement.Resource !== resource) continue;
        own(name).delete(key);
        changed(policies.get(name)!);
        return true;
      }
      return false;
    },
    removeAll: (name) => void policies.delete(name),
    revisionOf: (name) => policies.get(name)?.revision ?? "",
  };
}

function textOf(Statement: Statement[]): string {
  return JSON.stringify({ Version: "2012-10-17", Id: "default", Statement });
}

function statementOf(inputs: Resource["inputs"], sid: string, functionArn: string): Statement {
  const condition: Record<string, Record<string, string>> = {};
  const equals: Record<string, string> = {};
  if (inputs.sourceAccount) equals["AWS:SourceAccount"] = String(inputs.sourceAccount);
  if (inputs.functionUrlAuthType) equals["lambda:FunctionUrlAuthType"] = String(inputs.functionUrlAuthType);
  if (inputs.principalOrgId ?? inputs.principalOrgID) {
    equals["aws:PrincipalOrgID"] = String(inputs.principalOrgId ?? inputs.principalOrgID);
  }
  if (inputs.eventSourceToken) equals["lambda:EventSourceToken"] = String(inputs.eventSourceToken);
  if (inputs.sourceArn) condition.ArnLike = { "AWS:SourceArn": String(inputs.sourceArn) };
  if (Object.keys(equals).length > 0) condition.StringEquals = equals;
  if (inputs.invokedViaFunctionUrl === true) condition.Bool = { "lambda:InvokedViaFunctionUrl": "true" };
  return {
    Sid: sid,
    Effect: "Allow",
    Principal: principalOf(String(inputs.principal)),
    Action: String(inputs.action),
    Resource: inputs.qualifier ? `${functionArn}:${inputs.qualifier}` : functionArn,
    ...(Object.keys(condition).length > 0 && { Condition: condition }),
  };
}

function principalOf(principal: string): unknown {
  if (principal === "*") return "*";
  if (/^\d{12}$/.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` };
  return principal.startsWith("arn:") ? { AWS: principal } : { Service: principal };
}
