import type { Rule } from "../rule.ts";
import { demanded, RESOURCE_POLICIES, type Statement, statementsOf } from "../statements.ts";

/** Services that say for which resource they act: without a condition anybody's resource may use ours. */
const DEPUTIES =
  /^(sns|sqs|s3|events|scheduler|states|firehose|apigateway|cloudtrail|delivery\.logs|config|cloudwatch|pipes|bedrock|quicksight|codepipeline|logs)\.amazonaws\.com$/;
/** These act in the trust of a role for one of our own resources only, or offer no such key there. */
const TRUSTED_BY_ROLE =
  /^(apigateway|lambda|edgelambda|ec2|rds|monitoring\.rds|vpc-flow-logs|codepipeline|codebuild|cognito-idp|s3|bedrock|quicksight|logs)\./;

export const servicesNameTheirSource: Rule = {
  name: "services-name-their-source",
  description: "Where an AWS service may act on a resource, the policy says for whose resource (no confused deputy).",
  remedy: "Add conditions on aws:SourceArn and aws:SourceAccount, or sourceArn to the permission.",
  level: "mandatory",
  types: ["aws:lambda/permission:Permission", ...Object.keys(RESOURCE_POLICIES)],
  *check({ type, properties }) {
    if (type === "aws:lambda/permission:Permission") {
      const { principal, sourceArn, sourceAccount, principalOrgId } = properties;
      if (!/\.amazonaws\.com$/.test(String(principal))) return;
      if (!sourceArn && !principalOrgId) yield `${principal} may invoke for anybody: sourceArn is missing`;
      // A bucket's ARN has no account in it: the name may be another's tomorrow.
      if (principal === "s3.amazonaws.com" && !sourceAccount) yield "s3.amazonaws.com needs sourceAccount as well";
      return;
    }
    const isRole = type === "aws:iam/role:Role";
    for (const statement of statementsOf(properties[RESOURCE_POLICIES[type] ?? ""])) {
      if (statement.effect !== "Allow") continue;
      for (const service of statement.principals.Service ?? []) {
        if (!DEPUTIES.test(service) || (isRole && TRUSTED_BY_ROLE.test(service))) continue;
        const missing = missingConditions(statement);
        if (missing.length > 0) yield `${service} may act without a condition on ${missing.join(" and ")}`;
      }
    }
  },
};

function missingConditions(statement: Statement): string[] {
  return ["aws:SourceArn", "aws:SourceAccount"].filter((key) => {
    const values = demanded(statement, key, /^(string|arn)(equals|like)/);
    return values.length === 0 || values.includes("*");
  });
}
