/** Operations on a function's resource policy. */
import type { AddPermissionCommandInput } from "@aws-sdk/client-lambda";
import type { Operation } from "../../../service.ts";
import { parseFunctionName } from "../function-config.ts";
import type { Api } from "./api.ts";
import { checkRevision, conflict, constraint, notFound } from "./errors.ts";
import { inputsOf } from "./made.ts";

export function permissionOperations({ functions, policies, made, arnOf, onFunction }: Api): Record<string, Operation> {
  const targetOf = ({ FunctionName, Qualifier }: { FunctionName: string; Qualifier?: string }) => {
    const { name, qualifier = Qualifier } = parseFunctionName(FunctionName);
    functions.find(name, qualifier);
    return { name, qualifier, resource: qualifier ? `${arnOf(name)}:${qualifier}` : arnOf(name) };
  };
  const missing = () => notFound("The resource you requested does not exist.");

  return {
    AddPermission: {
      authorize: onFunction("AddPermission"),
      async run({ RevisionId, FunctionName, Qualifier, ...permission }: AddPermissionCommandInput) {
        const { name, qualifier, resource } = targetOf({ FunctionName: FunctionName!, Qualifier });
        const { StatementId = "", Action = "", Principal = "" } = permission;
        if (!/^[a-zA-Z0-9-_]{1,100}$/.test(StatementId)) {
          throw constraint(
            StatementId,
            "statementId",
            "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)",
          );
        }
        if (!/^(lambda:[*]|lambda:[a-zA-Z]+|[*])$/.test(Action)) {
          throw constraint(
            Action,
            "action",
            "Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])",
          );
        }
        checkRevision(RevisionId, policies.revisionOf(name));
        if (policies.statement(name, StatementId, resource)) {
          throw conflict(
            `The statement id (${StatementId}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
          );
        }
        const inputs = {
          ...inputsOf(permission),
          principal: Principal,
          function: name,
          ...(qualifier && { qualifier }),
        };
        await made.create("permission", `${name}:${qualifier ?? ""}:${StatementId}`, { inputs, outputs: {} });
        return { Statement: JSON.stringify(policies.statement(name, StatementId, resource)) };
      },
    },
    RemovePermission: {
      authorize: onFunction("RemovePermission"),
      run({ FunctionName, Qualifier, StatementId, RevisionId }) {
        const { name, qualifier, resource } = targetOf({ FunctionName, Qualifier });
        checkRevision(RevisionId, policies.revisionOf(name));
        if (!policies.remove(name, StatementId, resource)) {
          throw notFound(`Statement ${StatementId} is not found in resource policy.`);
        }
        made.forget("permission", `${name}:${qualifier ?? ""}:${StatementId}`);
        return {};
      },
    },
    GetPolicy: {
      authorize: onFunction("GetPolicy"),
      run({ FunctionName, Qualifier }) {
        const { name, resource } = targetOf({ FunctionName, Qualifier });
        const Policy = policies.document(name, resource);
        if (Policy === undefined) throw missing();
        return { Policy, RevisionId: policies.revisionOf(name) };
      },
    },
  };
}
