/** A role in a running test cloud, with one statement of policy. */
import type { Value } from "../../engine/graph.ts";
import type { RunningCloud } from "../../local/cloud.ts";
import { iam } from "../../local/services/iam/index.ts";

const base = { custom: true, secrets: [], dependencies: [], propertyDependencies: {}, options: {} };

/** Makes the role as the graph would; answers its ARN. */
export async function roleWith(cloud: RunningCloud, name: string, ...statements: object[]): Promise<string> {
  const { resources } = iam(cloud);
  const arn = `arn:aws:iam::${cloud.account}:role/${name}`;
  const trust = { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" };
  const role: Record<string, Value> = {
    assumeRolePolicy: JSON.stringify({ Version: "2012-10-17", Statement: [trust] }),
  };
  const urn = `urn:pulumi:test::test::aws:iam/role:Role::${name}`;
  await resources["aws:iam/role:Role"]!({
    ...base,
    urn,
    type: "aws:iam/role:Role",
    name,
    id: name,
    inputs: role,
    outputs: { ...role, arn, name },
  });
  const policy = { role: name, policy: JSON.stringify({ Version: "2012-10-17", Statement: statements }) };
  await resources["aws:iam/rolePolicy:RolePolicy"]!({
    ...base,
    urn: `${urn}-policy`,
    type: "aws:iam/rolePolicy:RolePolicy",
    name,
    id: `${name}:${name}`,
    inputs: policy,
    outputs: { ...policy, name },
  });
  return arn;
}
