/** A secret's own policy. */
import { checkPolicy, parsePolicy } from "../../iam/policy.ts";
import { AwsError, type Operation } from "../../service.ts";
import type { SecretAccess } from "./access.ts";
import type { Secrets } from "./secrets.ts";

export function policyOperations({ found, usable, changed }: Secrets, access: SecretAccess): Record<string, Operation> {
  return {
    PutResourcePolicy: {
      authorize: access.on("PutResourcePolicy"),
      run(input: { SecretId: string; ResourcePolicy: string; BlockPublicPolicy?: boolean }) {
        checkPolicy(input.ResourcePolicy, "MalformedPolicyDocumentException");
        if (input.BlockPublicPolicy && isPublic(input.ResourcePolicy)) {
          throw new AwsError(
            "PublicPolicyException",
            "The policy grants broad access to the secret: name a principal.",
          );
        }
        const secret = changed(usable(input.SecretId), { policy: input.ResourcePolicy });
        return { ARN: secret.arn, Name: secret.name };
      },
    },
    GetResourcePolicy: {
      authorize: access.on("GetResourcePolicy"),
      run(input) {
        const secret = found(input.SecretId);
        return { ARN: secret.arn, Name: secret.name, ResourcePolicy: secret.policy };
      },
    },
    DeleteResourcePolicy: {
      authorize: access.on("DeleteResourcePolicy"),
      run(input) {
        const secret = changed(usable(input.SecretId), { policy: undefined });
        return { ARN: secret.arn, Name: secret.name };
      },
    },
    ValidateResourcePolicy: {
      authorize: (input) =>
        input.SecretId === undefined
          ? { action: "secretsmanager:ValidateResourcePolicy", resource: "*" }
          : access.on("ValidateResourcePolicy")(input),
      run({ ResourcePolicy }: { ResourcePolicy: string }) {
        checkPolicy(ResourcePolicy, "MalformedPolicyDocumentException");
        const ValidationErrors = isPublic(ResourcePolicy)
          ? [{ CheckName: "PUBLIC_POLICY", ErrorMessage: "The policy grants access to everybody: name a principal." }]
          : [];
        return { PolicyValidationPassed: ValidationErrors.length === 0, ValidationErrors };
      },
    },
  };
}

/** It allows everybody, without a condition. */
function isPublic(document: string): boolean {
  return parsePolicy(document).some(
    ({ effect, principals = {}, conditions }) =>
      effect === "Allow" && Object.values(principals).flat().includes("*") && Object.keys(conditions).length === 0,
  );
}
