import * as pulumi from "@pulumi/pulumi";
import type { CellParts } from "../cell.ts";
import type { Function } from "../compute/function.ts";
import type { Api } from "../edge/api.ts";
import { type Grant, grantGet, grantInvoke } from "../grants.ts";

export interface LifecycleScope {
  secretsPrefix: string;
  parametersPath: string;
  migrate: Function;
  api: Api;
}

/** What makes a tenant: its record, secret, parameters, API key and, for a bridge, the schema of its database. */
export function lifecycleGrants({ tenants, region, account }: CellParts, scope: LifecycleScope): Grant[] {
  const gateway = (path: pulumi.Input<string>) => pulumi.interpolate`arn:aws:apigateway:${region}::${path}`;
  const plans = Object.values(scope.api.usagePlanIds);
  return [
    grantGet(tenants.arn),
    { actions: ["dynamodb:PutItem", "dynamodb:UpdateItem"], resources: [tenants.arn] },
    grantInvoke(scope.migrate.arn),
    {
      actions: [
        "secretsmanager:CreateSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:DescribeSecret",
        "secretsmanager:TagResource",
      ],
      resources: [pulumi.interpolate`arn:aws:secretsmanager:${region}:${account}:secret:${scope.secretsPrefix}/*`],
    },
    {
      actions: ["ssm:GetParameter", "ssm:PutParameter", "ssm:DeleteParameter", "ssm:AddTagsToResource"],
      resources: [pulumi.interpolate`arn:aws:ssm:${region}:${account}:parameter${scope.parametersPath}/*`],
    },
    // API Gateway's own API is authorized by HTTP verb and path; keys have no ARN before they exist.
    { actions: ["apigateway:POST", "apigateway:GET"], resources: [gateway("/apikeys")] },
    { actions: ["apigateway:GET"], resources: [gateway("/apikeys/*")] },
    { actions: ["apigateway:PUT"], resources: [gateway("/tags/*")] },
    {
      actions: ["apigateway:POST", "apigateway:GET"],
      resources: plans.map((plan) => gateway(pulumi.interpolate`/usageplans/${plan}/keys`)),
    },
    {
      actions: ["apigateway:DELETE", "apigateway:GET"],
      resources: plans.map((plan) => gateway(pulumi.interpolate`/usageplans/${plan}/keys/*`)),
    },
  ];
}
