/** Evaluations run with a leaner Pulumi runtime than a team's own tests do: what comes out is the same. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readConfiguration } from "../../engine/configuration.ts";
import { evaluate } from "../../engine/evaluate.ts";
import { deploy } from "../../engine/testing.ts";

const root = resolve(import.meta.dirname, "../..");

it.each([false, true])("the dev stack's graph is the same (preview: %s)", async (preview) => {
  const { project, config } = readConfiguration(root, "dev");
  const lean = await evaluate({ directory: root, stack: "dev", preview });
  const plain = await deploy(join(root, "index.ts"), { project, stack: "dev", config, preview });
  expect(lean.resources.length).toBeGreaterThan(300);
  expect(lean.resources).toEqual(JSON.parse(JSON.stringify(plain.resources)));
  expect(lean.outputs).toEqual(JSON.parse(JSON.stringify(plain.outputs)));
});

describe("a property of a resource", () => {
  let directory: string;
  beforeEach(() => {
    const home = join(root, ".terrace/programs");
    mkdirSync(home, { recursive: true });
    directory = mkdtempSync(join(home, "lean-"));
    writeFileSync(join(directory, "Pulumi.yaml"), "name: lean\nmain: index.ts\nruntime: nodejs\n");
    writeFileSync(join(directory, "Pulumi.dev.yaml"), "config:\n  aws:region: eu-west-1\n");
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  async function outputsOf(program: string) {
    writeFileSync(
      join(directory, "index.ts"),
      `import * as aws from "@pulumi/aws";\nimport * as pulumi from "@pulumi/pulumi";\n${program}`,
    );
    return await evaluate({ directory, stack: "dev" });
  }

  it("may be read before and after the resource is made, and knows what it depends on", async () => {
    const graph = await outputsOf(`
      const queue = new aws.sqs.Queue("q", { visibilityTimeoutSeconds: 90 });
      const before = queue.arn;
      export const after = queue.id.apply(() => pulumi.all([before, queue.arn, queue.visibilityTimeoutSeconds]));
      new aws.sqs.Queue("r", { tags: { of: before } });`);
    const [arn, again, seconds] = graph.outputs.after as [string, string, number];
    expect([arn, seconds]).toEqual([again, 90]);
    expect(arn).toMatch(/^arn:aws:sqs:/);
    const [first, second] = graph.resources.filter(({ type }) => type === "aws:sqs/queue:Queue");
    expect(second!.propertyDependencies.tags).toEqual([first!.urn]);
  });

  it("that is a secret stays one", async () => {
    const graph = await outputsOf(`
      const parameter = new aws.ssm.Parameter("p", { type: "SecureString", value: pulumi.secret("x") });
      export const value = parameter.value;`);
    expect(graph.secretOutputs).toEqual(["value"]);
  });

  it("is seen by who lists the resource's properties", async () => {
    const graph = await outputsOf(`
      const queue = new aws.sqs.Queue("q", {});
      export const names = Object.keys(queue).includes("visibilityTimeoutSeconds");
      export const isOutput = pulumi.Output.isInstance(queue.visibilityTimeoutSeconds) && queue.arn === queue.arn;`);
    expect(graph.outputs).toEqual({ names: true, isOutput: true });
  });

  it("fails with the program's own error where an apply throws", async () => {
    const failing = outputsOf(`new aws.sqs.Queue("q", {}).arn.apply(() => { throw new Error("no such thing"); });`);
    await expect(failing).rejects.toThrow(/no such thing/);
  });
});
