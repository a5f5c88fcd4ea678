import type { Rule } from "../rule.ts";
import { IDENTITY_POLICIES, identityStatements } from "../statements.ts";

/** Actions that AWS grants on `*` alone, or that tell nothing of value. From the Service Authorization Reference. */
const WITHOUT_RESOURCE = [
  /^xray:(PutTraceSegments|PutTelemetryRecords|GetSampling\w+)$/,
  /^cloudwatch:(PutMetricData|ListMetrics|GetMetricData)$/,
  /^ec2:(Describe\w+|CreateNetworkInterface|DeleteNetworkInterface|AssignPrivateIpAddresses|UnassignPrivateIpAddresses)$/,
  /^logs:(CreateLogDelivery|GetLogDelivery|UpdateLogDelivery|DeleteLogDelivery|ListLogDeliveries|PutResourcePolicy|DescribeResourcePolicies|DescribeLogGroups)$/,
  /^(sts:GetCallerIdentity|ecr:GetAuthorizationToken|codebuild:ListProjects)$/,
];

export const noWildcardGrant: Rule = {
  name: "no-wildcard-grant",
  description: "A role may do named things to named resources.",
  remedy: "Name the actions and the ARNs that the code needs; the grants in components/grants.ts do.",
  level: "mandatory",
  types: ["aws:iam/role:Role", ...Object.keys(IDENTITY_POLICIES)],
  *check(subject) {
    for (const { effect, actions, resources } of identityStatements(subject)) {
      if (effect !== "Allow") continue;
      for (const action of actions) {
        if (action === "*" || /^[\w-]+:\*$/.test(action)) yield `allows the action ${action}`;
      }
      if (!resources.includes("*")) continue;
      const broad = actions.filter((action) => !WITHOUT_RESOURCE.some((known) => known.test(action)));
      if (broad.length > 0) yield `allows ${broad.join(", ")} on every resource`;
    }
  },
};
