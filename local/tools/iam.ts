/** `npm run iam -- why <tenant|function|role> <action> <resource>`: what IAM would say, and by which policy. */
import { GetRolePolicyCommand, IAMClient, ListRolesCommand, SimulatePrincipalPolicyCommand } from "@aws-sdk/client-iam";
import { GetFunctionConfigurationCommand, LambdaClient, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import type { Tool } from "./main.ts";
import { choose, type Platform, ToolError } from "./platform.ts";

interface Subject {
  what: string;
  roleArn: string;
  /** Session tags. */
  tags: Record<string, string>;
}

export const iam: Tool = {
  usage: `npm run iam -- why <tenant|function|role> <action> <resource>

  npm run iam -- why acme secretsmanager:GetSecretValue arn:aws:secretsmanager:…
  npm run iam -- why thumbnailer s3:PutObject arn:aws:s3:::photos/tenants/acme/x

A tenant stands for its cell's tenant role with the session tag TenantId, as the API's function assumes it. Policies of the
resource itself are not asked; a call says what they say.`,
  options: { context: { type: "string", multiple: true } },
  mostWords: 4,
  async run({ platform, values, words: [verb, who, action, resource], write }) {
    if (verb !== "why" || !who || !action || !resource)
      throw new ToolError("usage: npm run iam -- why <tenant|function|role> <action> <resource>");
    const client = new IAMClient(platform.client);
    const subject = await subjectOf(platform, client, who);
    const given = [
      ...Object.entries(subject.tags).map(([key, value]) => `aws:PrincipalTag/${key}=${value}`),
      ...((values.context as string[]) ?? []),
    ];
    const input = {
      ...{ PolicySourceArn: subject.roleArn, ActionNames: [action], ResourceArns: [resource] },
      ContextEntries: given.map((each) => {
        const [key = "", value = ""] = each.split(/=(.*)/s);
        return { ContextKeyName: key, ContextKeyType: "string" as const, ContextKeyValues: [value] };
      }),
    };
    const { EvaluationResults: [result] = [] } = await client.send(new SimulatePrincipalPolicyCommand(input));
    const allowed = result?.EvalDecision === "allowed";
    const [statement] = result?.MatchedStatements ?? [];
    write(`${subject.what} ${allowed ? "may" : "may not"} ${action} on ${resource}\n`);
    if (statement?.SourcePolicyId) {
      write(`  ${allowed ? "allowed" : "denied"} by the policy ${statement.SourcePolicyId} of ${subject.roleArn}\n`);
      write(await documentOf(client, subject.roleArn, statement.SourcePolicyId));
    } else {
      write(`  no statement of ${subject.roleArn} allows it. Missing:\n`);
      write(`  ${JSON.stringify({ Effect: "Allow", Action: action, Resource: resource })}\n`);
    }
    return allowed ? 0 : 1;
  },
};

async function subjectOf(platform: Platform, client: IAMClient, who: string): Promise<Subject> {
  const roles = await allRoles(client);
  const tenant = platform.tenants[who];
  if (tenant) {
    const cell = String(
      (platform.outputs.tenants as Record<string, { cell?: string }> | undefined)?.[who]?.cell ?? who,
    );
    const found = roles.filter(({ name }) => name.includes(cell) && /tenant/.test(name));
    if (found.length !== 1)
      throw new ToolError(`the tenant role of cell ${cell} is not to be told from others: name it`);
    return { what: `tenant ${who}`, roleArn: found[0]!.arn, tags: { TenantId: who } };
  }
  const lambda = new LambdaClient(platform.client);
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  const names = [...Functions.map(({ FunctionName }) => FunctionName!), ...roles.map(({ name }) => name)];
  const name = choose("tenant, function or role", who, names);
  const role = roles.find((each) => each.name === name);
  if (role) return { what: `role ${name}`, roleArn: role.arn, tags: {} };
  const { Role } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
  return { what: `function ${name}`, roleArn: Role!, tags: {} };
}

async function allRoles(client: IAMClient): Promise<{ name: string; arn: string }[]> {
  const found: { name: string; arn: string }[] = [];
  let Marker: string | undefined;
  do {
    const page = await client.send(new ListRolesCommand({ Marker, MaxItems: 1000 }));
    found.push(...(page.Roles ?? []).map(({ RoleName, Arn }) => ({ name: RoleName!, arn: Arn! })));
    Marker = page.Marker;
  } while (Marker);
  return found;
}

async function documentOf(client: IAMClient, roleArn: string, PolicyName: string): Promise<string> {
  if (PolicyName.startsWith("arn:")) return "";
  const { PolicyDocument = "" } = await client.send(
    new GetRolePolicyCommand({ RoleName: roleArn.split("/").at(-1), PolicyName }),
  );
  return `  ${decodeURIComponent(PolicyDocument)}\n`;
}
