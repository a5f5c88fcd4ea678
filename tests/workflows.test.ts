/** What the workflows hold to: whoever changes a tag of an action, or the title of a pull request, runs nothing here. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";

const folder = join(import.meta.dirname, "../.github/workflows");

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}

interface Job {
  uses?: string;
  steps?: Step[];
  permissions?: Record<string, string>;
  "timeout-minutes"?: number;
}

interface Workflow {
  on: unknown;
  permissions?: Record<string, string>;
  jobs: Record<string, Job>;
}

const files = readdirSync(folder).map((name) => {
  const text = readFileSync(join(folder, name), "utf8");
  return { name, text, workflow: load(text) as Workflow };
});

describe.each(files)("$name", ({ text, workflow }) => {
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps ?? []);

  it("pins every action by its commit, and says which version that is", () => {
    const used = [...text.matchAll(/uses: (\S+)(.*)/g)].filter(([, name]) => !name!.startsWith("./"));
    for (const [, name, comment] of used) {
      expect(name).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
      expect(comment).toMatch(/^ # v\d+\.\d+\.\d+$/);
    }
  });

  it("asks for no more than to read, and for more only in the job that needs it", () => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    const granted = jobs.flatMap((job) => Object.entries(job.permissions ?? {}));
    const allowed = ["contents: read", "id-token: write", "pull-requests: write"];
    for (const [scope, access] of granted) expect(allowed).toContain(`${scope}: ${access}`);
  });

  it("puts no expression into a shell: values come as variables", () => {
    for (const { run } of steps) expect(run ?? "").not.toContain("${{");
    for (const step of steps) expect(String(step.with?.script ?? "")).not.toContain("${{");
  });

  it("leaves no token in the checkout, and no job running for ever", () => {
    for (const step of steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"))) {
      expect(step.with?.["persist-credentials"]).toBe(false);
    }
    for (const job of jobs.filter(({ uses }) => uses === undefined)) expect(job["timeout-minutes"]).toBeGreaterThan(0);
  });

  it("never runs a fork's code with this repository's secrets", () => {
    expect(JSON.stringify(workflow.on)).not.toContain("pull_request_target");
    if (!JSON.stringify(workflow.on).includes("pull_request")) return;
    for (const [name, job] of Object.entries(workflow.jobs)) {
      const trusted = (job as { if?: string }).if?.includes("head.repo.full_name == github.repository");
      if (JSON.stringify(job).includes("secrets.") || job.permissions?.["id-token"])
        expect([name, trusted]).toEqual([name, true]);
    }
  });
});
