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

  it("passes over what is not known before the deployment, and judges what stands beside it", () => {
    const tags = { Platform: "terrace", Environment: "dev" };
    /** As Pulumi's objects are in a preview: they throw when asked for what is not known. */
    const unknown = (known: object, ...names: string[]) => {
      for (const name of names) {
        const get = () => {
          throw new Error("can't access an unknown value");
        };
        Object.defineProperty(known, name, { get, enumerable: true });
      }
      return known as Record<string, unknown>;
    };
    const resource = (type: string, props: Record<string, unknown>) => ({
      ...{ type, name: "a", urn: `urn:${type}`, opts: {} as never, props },
    });
    const bucket = unknown({ tags }, "bucket", "arn", "id");
    expect(
      run(
        resource("aws:sqs/queue:Queue", unknown({ sqsManagedSseEnabled: true, tags }, "arn", "url")),
        resource("aws:s3/bucket:Bucket", bucket),
        resource("aws:s3/bucketPolicy:BucketPolicy", unknown({}, "bucket", "policy")),
        resource(
          "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
          unknown(
            { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
            "bucket",
          ),
        ),
        resource("aws:lambda/function:Function", {
          ...{ tags, name: "fn", loggingConfig: unknown({ logFormat: "JSON" }, "logGroup") },
          layers: unknown([] as object, "0"),
        }),
        resource("aws:lambda/permission:Permission", unknown({ principal: "apigateway.amazonaws.com" }, "sourceArn")),
      ),
    ).toEqual([]);
    // A tag that is missing is missing, whatever else is unknown.
    expect(
      run(resource("aws:sqs/queue:Queue", unknown({ sqsManagedSseEnabled: true, tags: { Platform: "p" } }, "arn"))),
    ).toEqual([[expect.stringMatching(/tags Environment are missing/), "urn:aws:sqs/queue:Queue"]]);
  });

  it("stops a deployment for everything but tags", () => {
    const advisory = policies.filter(({ enforcementLevel }) => enforcementLevel !== "mandatory");
    expect(advisory.map(({ name }) => name)).toEqual(["tags"]);
  });
});
