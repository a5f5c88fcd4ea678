/** The rules, held against what this repository deploys, and as Pulumi runs them. */
import { join } from "node:path";
import type { PolicyResource } from "@pulumi/policy";
import { evaluate } from "../../engine/evaluate.ts";
import { policyOf } from "../../policy/pack.ts";
import { judge, subjectsOf } from "../../policy/rule.ts";
import { rules } from "../../policy/rules.ts";

const directory = join(import.meta.dirname, "../..");

it.each(["dev", "prod"])("the stack %s keeps every rule", async (stack) => {
  const graph = await evaluate({ directory, stack, env: { TERRACE_BUNDLE_TARGET: "host" } });
  const subjects = subjectsOf(graph.resources);
  expect(subjects.length).toBeGreaterThan(100);
  expect(judge(subjects, rules)).toEqual([]);
});

describe("as a policy pack", () => {
  const policies = rules.map(policyOf);

  function run(...resources: Partial<PolicyResource>[]) {
    const reports: [string, string | undefined][] = [];
    for (const { validateStack } of policies) {
      const args = { resources: resources as PolicyResource[] } as Parameters<typeof validateStack>[0];
      validateStack(args, (message, urn) => void reports.push([String(message), urn]));
    }
    return reports;
  }

  it("reports each violation with its remedy and the resource's URN", () => {
    const queue = { type: "aws:sqs/queue:Queue", name: "jobs", urn: "urn:jobs", opts: {} as never };
    const reports = run({
      ...queue,
      props: { redrivePolicy: "{}", tags: { Platform: "terrace", Environment: "dev" } },
    });
    expect(reports).toEqual([[expect.stringMatching(/neither sqsManagedSseEnabled.*Encrypt it/), "urn:jobs"]]);
  });

  it("passes over what is not known before the deployment", () => {
    const props = {
      sqsManagedSseEnabled: true,
      redrivePolicy: "{}",
      tags: { Platform: "terrace", Environment: "dev" },
      get arn(): string {
        throw new Error("can't access an unknown value");
      },
    };
    expect(run({ type: "aws:sqs/queue:Queue", name: "jobs", urn: "urn:jobs", opts: {} as never, props })).toEqual([]);
  });

  it("stops a deployment for everything but tags", () => {
    const advisory = policies.filter(({ enforcementLevel }) => enforcementLevel !== "mandatory");
    expect(advisory.map(({ name }) => name)).toEqual(["tags"]);
  });
});
