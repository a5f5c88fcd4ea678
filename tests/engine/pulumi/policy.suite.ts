/** The policy pack as Pulumi itself loads and runs it: `pulumi preview --policy-pack policy`. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { rules } from "../../../policy/rules.ts";
import { findCli } from "./cli.ts";
import { Workspace } from "./workspace.ts";

const workspace = new Workspace(findCli()!);
const on = (command: string, ...flags: string[]) =>
  workspace.pulumi(command, "--stack", "dev", "--policy-pack", "policy", ...flags);

beforeAll(async () => {
  const { status, output } = await workspace.pulumi("stack", "init", "dev");
  if (status !== 0) throw new Error(output);
});
afterAll(() => workspace.remove());

const policies = (output: string) => /\nPolicies:\n((?: {4}.*\n)+)/.exec(output)?.[1] ?? "";

it("lets the shipped stack pass before its first deployment, and judges every rule", async () => {
  const { status, output } = await on("preview");
  expect([status, policies(output)]).toEqual([0, expect.stringMatching(/✅ terrace@v\S+ \(local: policy\)\n$/)]);
  expect(rules.filter(({ name }) => output.includes(name))).toEqual([]);
});

it("stops what breaks a rule, by name and with the remedy, and makes nothing", async () => {
  appendFileSync(
    join(workspace.program, "index.ts"),
    '\nimport * as aws from "@pulumi/aws";\nnew aws.sqs.Queue("forgotten", { sqsManagedSseEnabled: false });\n',
  );
  const { status, output } = await on("up", "--yes");
  expect(status).not.toBe(0);
  expect(policies(output)).toMatch(
    /\[mandatory] {2}encryption-at-rest {2}\(aws:sqs:Queue: forgotten\)[\s\S]*Encrypt it with a key/,
  );
  expect(await workspace.state("dev")).toEqual([]);
});
