/** What a key's policy must be to be taken. */
import { matchesWildcard } from "../../iam/conditions.ts";
import { type Policy, parsePolicy } from "../../iam/policy.ts";
import { AwsError, type Principal } from "../../service.ts";

/** Throws where it is no policy, or where nobody of the caller could change it again (unless that is wanted). */
export function assertKeyPolicy(document: string, principal: Principal, lockoutWanted = false): void {
  let policy: Policy;
  try {
    policy = parsePolicy(document);
  } catch (error) {
    throw malformed((error as Error).message);
  }
  if (policy.some(({ principals, notPrincipals }) => principals === undefined && notPrincipals === undefined))
    throw malformed("A statement of a key policy must have a Principal.");
  if (policy.some(({ resources, notResources }) => resources === undefined && notResources === undefined))
    throw malformed("A statement of a key policy must have a Resource.");
  const { account, arn, roleArn } = principal;
  const names = [account, `arn:aws:iam::${account}:root`, arn, roleArn, "*"];
  const canChange = policy.some(
    ({ effect, actions = [], principals = {} }) =>
      effect === "Allow" &&
      actions.some((pattern) => matchesWildcard("kms:PutKeyPolicy", pattern, true)) &&
      [...(principals.AWS ?? []), ...(principals["*"] ?? [])].some((name) => names.includes(name)),
  );
  if (!canChange && !lockoutWanted)
    throw malformed("The new key policy will not allow you to update the key policy in the future.");
}

function malformed(message: string): AwsError {
  return new AwsError("MalformedPolicyDocumentException", message);
}
