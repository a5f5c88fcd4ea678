/** `npm run bootstrap -- --stack prod --repository org/repo`: what an empty AWS account needs before `pulumi up`. */
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { evaluate } from "../../engine/evaluate.ts";
import { type Template, template } from "./template.ts";

const USAGE = `Usage: npm run bootstrap -- --repository <org/repo> [--stack <name>]… [options]

Says what an AWS account needs before the first \`pulumi up\`: a bucket and a key for Pulumi's state, GitHub's OIDC provider, and two
roles for the workflows, whose permissions come from what these stacks consist of. Changes nothing unless told to.

  --repository <org/repo>   on GitHub; its workflows assume the roles
  --stack <name>            Pulumi.<name>.yaml; several may be given (default prod)
  --backend <s3|pulumi-cloud>  where Pulumi keeps its state (default s3)
  --oidc-provider <new|existing>  an account has one for GitHub at most (default new)
  --name <name>             of the CloudFormation stack (default <project>-bootstrap)
  --out <file>              writes the CloudFormation template there, for review
  --apply                   makes or updates the stack, with the credentials of this shell
`;

const POLL_MS = 2_000;

class UsageError extends Error {}

try {
  await main();
} catch (error) {
  const { name, message } = error as Error;
  const isUsage = error instanceof UsageError || name === "TypeError";
  process.stderr.write(`bootstrap: ${message}\n${isUsage ? "Run it with --help for its options.\n" : ""}`);
  process.exitCode = 2;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      repository: { type: "string" },
      stack: { type: "string", multiple: true, default: ["prod"] },
      backend: { type: "string", default: "s3" },
      "oidc-provider": { type: "string", default: "new" },
      name: { type: "string" },
      out: { type: "string" },
      apply: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return void process.stdout.write(USAGE);
  const { repository, backend } = values;
  if (!repository || !/^[\w.-]+\/[\w.-]+$/.test(repository)) {
    throw new UsageError(`--repository is ${repository ? `"${repository}"` : "missing"}: give organization/repository`);
  }
  if (backend !== "s3" && backend !== "pulumi-cloud") {
    throw new UsageError(`--backend is "${backend}": s3 or pulumi-cloud`);
  }
  if (!["new", "existing"].includes(values["oidc-provider"])) {
    throw new UsageError(`--oidc-provider is "${values["oidc-provider"]}": new or existing`);
  }
  const graphs = [];
  for (const stack of new Set(values.stack)) {
    graphs.push(await evaluate({ directory: process.cwd(), stack, env: { TERRACE_BUNDLE_TARGET: "host" } }));
  }
  const made = template({ graphs, repository, backend, createsOidcProvider: values["oidc-provider"] === "new" });
  const stackName = values.name ?? `${graphs[0]!.project}-bootstrap`;
  const region = graphs[0]!.config["aws:region"]!;
  process.stdout.write(summary(made));
  if (values.out) {
    writeFileSync(values.out, `${JSON.stringify(made, null, 2)}\n`);
    process.stdout.write(`\nwritten to ${values.out}\n`);
  }
  if (!values.apply) {
    process.stdout.write(`\nNothing was changed. --out <file> writes the template, --apply makes it (in ${region}).\n`);
    return;
  }
  const [{ CloudFormationClient }, { apply }] = await Promise.all([
    import("@aws-sdk/client-cloudformation"),
    import("./apply.ts"),
  ]);
  process.stdout.write(`\nCloudFormation stack ${stackName} in ${region}:\n`);
  const outputs = await apply({
    client: new CloudFormationClient({ region }),
    stackName,
    template: made,
    say: (line) => void process.stdout.write(`  ${line}\n`),
    pause: () => sleep(POLL_MS),
  });
  process.stdout.write(
    nextSteps(
      outputs,
      repository,
      region,
      graphs.map(({ stack }) => stack),
    ),
  );
}

function summary({ Description, Resources }: Template): string {
  const lines = [Description, ""];
  for (const [name, { Type, Properties }] of Object.entries(Resources)) {
    const { PolicyDocument: document } = Properties as {
      PolicyDocument?: { Statement: { Action: string | string[] }[] };
    };
    const isPolicy = Type === "AWS::IAM::ManagedPolicy";
    const actions = isPolicy ? `  ${document!.Statement.flatMap(({ Action }) => Action).length} actions` : "";
    lines.push(`  ${name.padEnd(20)} ${Type}${actions}`);
  }
  return `${lines.join("\n")}\n`;
}

function nextSteps(outputs: Record<string, string>, repository: string, region: string, stacks: string[]): string {
  const { PreviewRole, DeployRole, Backend, SecretsProvider } = outputs;
  const variables = {
    AWS_PREVIEW_ROLE: PreviewRole,
    AWS_DEPLOY_ROLE: DeployRole,
    AWS_REGION: region,
    ...(Backend && { PULUMI_BACKEND_URL: Backend }),
  };
  const lines = ["", "Next:"];
  for (const [name, value] of Object.entries(variables)) {
    lines.push(`  gh variable set ${name} --repo ${repository} --body "${value}"`);
  }
  lines.push(Backend ? `  pulumi login "${Backend}"` : "  pulumi login");
  for (const stack of stacks) {
    lines.push(`  pulumi stack init ${stack}${SecretsProvider ? ` --secrets-provider "${SecretsProvider}"` : ""}`);
  }
  return `${lines.join("\n")}\n`;
}
