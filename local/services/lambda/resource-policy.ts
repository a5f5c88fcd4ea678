/** Who may call a function: its resource policy, made of its permissions. */
import type { Resource } from "../../../engine/graph.ts";
import { parseFunctionName } from "./function-config.ts";

export interface ResourcePolicies {
  put(resource: Resource, functionArn: (name: string) => string): void;
  /** JSON; undefined where nobody was given a permission. */
  of(functionName: string): string | undefined;
}

export function resourcePolicies(): ResourcePolicies {
  const statements = new Map<string, Map<string, object>>();
  const documents = new Map<string, string>();

  return {
    put({ inputs, urn, name }, functionArn) {
      const target = parseFunctionName(String(inputs.function)).name;
      const sid = String(inputs.statementId ?? name);
      const own = statements.get(target) ?? new Map<string, object>();
      own.set(urn, statementOf(inputs, sid, functionArn(target)));
      statements.set(target, own);
      documents.set(target, JSON.stringify({ Version: "2012-10-17", Id: "default", Statement: [...own.values()] }));
    },
    of: (functionName) => documents.get(functionName),
  };
}

function statementOf(inputs: Resource["inputs"], sid: string, functionArn: string): object {
  const principal = String(inputs.principal);
  const condition: Record<string, Record<string, string>> = {};
  if (inputs.sourceArn) condition.ArnLike = { "AWS:SourceArn": String(inputs.sourceArn) };
  if (inputs.sourceAccount) condition.StringEquals = { "AWS:SourceAccount": String(inputs.sourceAccount) };
  return {
    Sid: sid,
    Effect: "Allow",
    Principal: principalOf(principal),
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
