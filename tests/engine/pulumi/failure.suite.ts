/** What goes wrong in the middle of a deployment, and how it goes on. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findCli } from "./cli.ts";
import { finished, Workspace } from "./workspace.ts";

const workspace = new Workspace(findCli()!);
const up = ["up", "--yes", "--skip-preview", "--stack", "dev"];
/** Made in the middle: half of the cell is there before it, half waits for it. */
const NAME = "acme-database";

beforeAll(async () => {
  const { status, output } = await workspace.pulumi("stack", "init", "dev");
  if (status !== 0) throw new Error(output);
});
afterAll(() => workspace.remove());
afterEach(() => workspace.faults({}));

const count = async () => (await workspace.state("dev")).length;
const pending = async () =>
  JSON.parse((await workspace.pulumi("stack", "export", "--stack", "dev")).stdout).deployment.pending_operations ?? [];

it("a stack without a file: the CLI says that it is not there, and which command makes it", async () => {
  const { status, output } = await workspace.pulumi("preview", "--stack", "staging");
  expect([status, output]).toEqual([expect.any(Number), expect.stringMatching(/no stack named 'staging' found/)]);
  expect(status).not.toBe(0);
});

it("a setting that is wrong: the program's own words, once, and nothing is made", async () => {
  const set = (value: string) => workspace.pulumi("config", "set", "protection", value, "--stack", "dev");
  await set("much");
  const { status, output } = await workspace.pulumi("preview", "--stack", "dev");
  expect(status).not.toBe(0);
  expect(diagnosticsOf(output)).toBe(
    [
      "pulumi:pulumi:Stack (terrace-dev):",
      "error: Pulumi.dev.yaml has 1 problem(s):",
      '- protection: "much" has to be one of disposable, protected',
    ].join("\n"),
  );
  expect(await count()).toBe(0);
  await set("disposable");
});

it("AWS refuses in the middle: one message that names the resource; what is made stays known", async () => {
  workspace.faults({ [NAME]: { error: "DBClusterQuotaExceededFault: you have reached the quota of 40 clusters" } });
  const { status, output } = await workspace.pulumi(...up);
  expect(status).not.toBe(0);
  const diagnostics = diagnosticsOf(output);
  expect(diagnostics.match(/DBClusterQuotaExceededFault/g)).toHaveLength(1);
  expect(diagnostics).toContain(`aws:rds:Cluster (${NAME})`);
  expect(await count()).toBeGreaterThan(50);
  expect(await pending()).toEqual([]);
});

it("is interrupted: the CLI gives back its lock and keeps what is made", async () => {
  workspace.faults({ [NAME]: "hold" });
  const before = await count();
  const deploying = workspace.start(...up);
  const ended = finished(deploying);
  await held();
  deploying.kill("SIGINT");
  const { status, output } = await ended;
  expect([status === 0, /cancel/i.test(output)]).toEqual([false, true]);
  expect(await count()).toBeGreaterThanOrEqual(before);
  // No lock: the next command is let in.
  expect((await workspace.pulumi("preview", "--stack", "dev")).status).toBe(0);
});

it("is killed: `pulumi cancel` takes its lock away, and a refresh settles what nobody knows the outcome of", async () => {
  workspace.faults({ [NAME]: "hold" });
  const deploying = workspace.start(...up);
  const ended = finished(deploying);
  await held();
  deploying.kill("SIGKILL");
  await ended;
  workspace.faults({});
  const locked = await workspace.pulumi(...up);
  expect(locked.status).not.toBe(0);
  expect(locked.output).toMatch(/the stack is currently locked by 1 lock\(s\)/);
  expect((await workspace.pulumi("cancel", "--yes", "--stack", "dev")).status).toBe(0);
  expect(await pending()).toMatchObject([{ type: "creating", resource: { type: "aws:rds/cluster:Cluster" } }]);
  const settled = await workspace.pulumi(
    ...["refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--stack", "dev"],
  );
  expect([settled.status, await pending()]).toEqual([0, []]);
});

it("goes on where it stopped, and then nothing is left to do", async () => {
  const before = await count();
  const resumed = await workspace.pulumi(...up);
  expect([resumed.status, resumed.output.match(/\d+ (?:deleted|replaced)/)]).toEqual([0, null]);
  expect(await count()).toBeGreaterThan(before);
  expect(await pending()).toEqual([]);
  const again = await workspace.pulumi(...up, "--expect-no-changes");
  expect(again.output).toMatch(/\n {4}\d+ unchanged\n/);
  expect(again.status).toBe(0);
});

/** What the CLI says at the end went wrong. */
function diagnosticsOf(output: string): string {
  const [, diagnostics = ""] = /\nDiagnostics:\n((?: {2}.*\n|\n(?= {2}))+)/.exec(output) ?? [];
  return diagnostics.replace(/^ +/gm, "").trim();
}

/** Until the stand-in has got the request that it holds. */
async function held(): Promise<void> {
  const note = join(workspace.cloud, "held");
  const deadline = Date.now() + 60_000;
  while (!existsSync(note) || !readFileSync(note, "utf8").endsWith(NAME)) {
    if (Date.now() > deadline) throw new Error(`${NAME} was not asked for`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
