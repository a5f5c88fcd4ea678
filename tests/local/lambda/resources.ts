/** Resources as a Pulumi program would declare them. */
import type { Resource, Value } from "../../../engine/graph.ts";

export const REGION = "eu-west-1";
export const ACCOUNT = "000000000000";
export const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/fn`;
export const functionArn = (name: string) => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`;

export function resource(type: string, name: string, inputs: Record<string, Value>, outputs = {}, id = name): Resource {
  return {
    urn: `urn:pulumi:test::terrace::${type}::${name}`,
    type,
    name,
    custom: true,
    id,
    inputs,
    outputs: { ...inputs, ...outputs },
    secrets: [],
    dependencies: [],
    propertyDependencies: {},
    options: {},
  };
}

export function role(arn: string, statements: Value[], service = "lambda.amazonaws.com"): Resource {
  const trust = { Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" };
  const name = arn.slice(arn.lastIndexOf("/") + 1);
  return resource(
    "aws:iam/role:Role",
    name,
    {
      assumeRolePolicy: JSON.stringify({ Version: "2012-10-17", Statement: [trust] }),
      inlinePolicies: [{ name: "inline", policy: JSON.stringify({ Version: "2012-10-17", Statement: statements }) }],
    },
    { arn, name },
  );
}

/** The module is written to a folder of its own, as a bundle would be. */
export function functionResource(name: string, source: string, inputs: Record<string, Value> = {}): Resource {
  return resource(
    "aws:lambda/function:Function",
    name,
    {
      role: ROLE_ARN,
      handler: "index.handler",
      runtime: "nodejs24.x",
      code: { $asset: "archive", assets: { "index.mjs": { $asset: "string", text: source } } },
      ...inputs,
    },
    { name, arn: functionArn(name), invokeArn: invokeArn(name) },
  );
}

export function invokeArn(name: string): string {
  return `arn:aws:apigateway:${REGION}:lambda:path/2015-03-31/functions/${functionArn(name)}/invocations`;
}

export function permission(name: string, principal: string, more: Record<string, Value> = {}): Resource {
  return resource("aws:lambda/permission:Permission", `${name}-${principal}`, {
    function: name,
    action: "lambda:InvokeFunction",
    principal,
    ...more,
  });
}
