/** A stack's life under the real Pulumi CLI: the shipped program, the shipped settings, stand-in providers. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { evaluate } from "../../../engine/evaluate.ts";
import type { Graph } from "../../../engine/graph.ts";
import { findCli } from "./cli.ts";
import { ofGraph, ofState } from "./registered.ts";
import { Workspace } from "./workspace.ts";

const cli = findCli()!;

describe.each(["dev", "prod"])("stack %s", (stack) => {
  const workspace = new Workspace(cli);
  const on = (command: string, ...flags: string[]) => workspace.pulumi(command, "--stack", stack, ...flags);
  const evaluated = () =>
    evaluate({ directory: workspace.program, stack, region: workspace.region, env: { TERRACE_BUNDLE_TARGET: "host" } });
  let graph: Graph;

  beforeAll(async () => {
    const { status, output } = await on("stack", "init");
    if (status !== 0) throw new Error(output);
    graph = await evaluated();
  });
  afterAll(() => workspace.remove());

  it("previews a stack that is not there yet, and makes nothing", async () => {
    const steps = stepsOf(await on("preview", "--json"));
    expect([...steps].sort()).toEqual(graph.resources.map(({ urn }) => ["create", urn]).sort());
    expect(kept(workspace)).toEqual([]);
  });

  it("comes up", async () => {
    const { status, output } = await on("up", "--yes", "--skip-preview");
    expect([status, ended(output)]).toEqual([0, [`+ ${graph.resources.length} created`]]);
    expect(output).not.toMatch(/^\s*(warning|error):/m);
    expect(kept(workspace).length).toBe(graph.resources.filter(isKept).length);
  });

  it("registered what engine/ evaluated, resource by resource", async () => {
    const registered = new Map((await programs(workspace, stack)).map((resource) => [resource.urn, resource]));
    expect([...registered.keys()].sort()).toEqual(graph.resources.map(({ urn }) => urn).sort());
    for (const resource of graph.resources) {
      expect(ofState(registered.get(resource.urn)!, workspace.program)).toEqual(ofGraph(resource));
    }
  });

  it("registered its outputs", async () => {
    const { stdout } = await workspace.pulumi("stack", "output", "--json", "--stack", stack);
    expect(JSON.parse(stdout)).toEqual(graph.outputs);
  });

  it("changes nothing the second time", async () => {
    const { status, output } = await on("up", "--yes", "--skip-preview", "--expect-no-changes");
    expect([status, ended(output)]).toEqual([0, [`${graph.resources.length} unchanged`]]);
  });

  it("finds with a refresh that nothing changed", async () => {
    const { status, output } = await on("refresh", "--yes", "--skip-preview", "--expect-no-changes");
    expect([status, ended(output)]).toEqual([0, [`${graph.resources.length} unchanged`]]);
  });

  it("finds with a refresh what somebody deleted, and makes that anew and nothing else", async () => {
    const policy = graph.resources.find(({ type }) => type === "aws:sqs/queuePolicy:QueuePolicy")!;
    rmSync(join(workspace.cloud, fileOf(workspace, policy.urn)));
    const refreshed = await on("refresh", "--yes", "--skip-preview");
    expect(ended(refreshed.output)).toContain("- 1 deleted");
    const steps = stepsOf(await on("preview", "--json"));
    expect(changesOf(steps)).toEqual([["create", policy.urn]]);
    expect((await on("up", "--yes", "--skip-preview")).status).toBe(0);
  });

  it("changes what a setting says and nothing else", async () => {
    expect((await workspace.pulumi("config", "set", "logRetentionDays", "30", "--stack", stack)).status).toBe(0);
    const groups = graph.resources
      .filter(({ type, inputs }) => type === "aws:cloudwatch/logGroup:LogGroup" && inputs.retentionInDays !== 30)
      .filter(({ inputs }) => inputs.retentionInDays === (stack === "dev" ? 7 : 365))
      .map(({ urn }) => ["update", urn]);
    expect(groups.length).toBeGreaterThan(5);
    expect(changesOf(stepsOf(await on("preview", "--json"))).sort()).toEqual(groups.sort());
    const { status, output } = await on("up", "--yes", "--skip-preview");
    expect([status, ended(output)]).toEqual([
      0,
      [`~ ${groups.length} updated`, `${graph.resources.length - groups.length} unchanged`],
    ]);
    graph = await evaluated();
    const state = await programs(workspace, stack);
    const retention = (resources: { type: string; urn: string; inputs?: Record<string, unknown> }[]) =>
      Object.fromEntries(
        resources.filter(({ type }) => /logGroup:/.test(type)).map(({ urn, inputs }) => [urn, inputs?.retentionInDays]),
      );
    expect(retention(state)).toEqual(retention(graph.resources));
  });

  if (stack === "prod") {
    it("is not destroyed while it is protected: the first refusal names the resource, and everything stays", async () => {
      const before = kept(workspace);
      // Its preview refuses. With --skip-preview what is not protected would be gone before the refusal.
      const { status, output } = await on("destroy", "--yes");
      expect(status).not.toBe(0);
      expect(output).toMatch(/cannot be deleted\s+because it is protected/);
      expect(kept(workspace)).toEqual(before);
      expect((await workspace.pulumi("state", "unprotect", "--all", "--yes", "--stack", stack)).status).toBe(0);
    });
  }

  it("is destroyed to the last resource", async () => {
    const { status, output } = await on("destroy", "--yes", "--skip-preview");
    expect([status, ended(output)]).toEqual([0, [`- ${graph.resources.length} deleted`]]);
    expect([await workspace.state(stack), kept(workspace)]).toEqual([[], []]);
  });
});

type Step = [operation: string, urn: string];

/** What a preview would do, without the providers themselves. */
function stepsOf({ status, stdout, output }: { status: number | null; stdout: string; output: string }): Step[] {
  if (status !== 0) throw new Error(output);
  const { steps = [] } = JSON.parse(stdout) as { steps?: { op: string; urn: string }[] };
  return steps.filter(({ urn }) => !urn.includes("pulumi:providers:")).map(({ op, urn }) => [op, urn]);
}

const changesOf = (steps: Step[]): Step[] => steps.filter(([operation]) => operation !== "same");

/** The counts that an update ends with. */
function ended(output: string): string[] {
  const [, counts = ""] = /\nResources:\n((?: {4}.*\n)+)/.exec(output) ?? [];
  return counts.split("\n").flatMap((line) => {
    const count = line.trim();
    return count === "" || /change/.test(count.replace("unchanged", "")) ? [] : [count];
  });
}

const programs = async (workspace: Workspace, stack: string) =>
  (await workspace.state(stack)).filter(({ type }) => !type.startsWith("pulumi:providers:"));

const isKept = ({ custom, type }: { custom: boolean; type: string }) => custom && !type.startsWith("pulumi:");

const kept = ({ cloud }: Workspace): string[] =>
  readdirSync(cloud)
    .filter((file) => /^[0-9a-f]{24}\.json$/.test(file))
    .sort();

const fileOf = ({ cloud }: Workspace, urn: string): string =>
  kept({ cloud } as Workspace).find((file) => JSON.parse(readFileSync(join(cloud, file), "utf8")).urn === urn)!;
