import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Graph, Resource } from "../../../engine/graph.ts";
import {
  credentials,
  exceeded,
  type Machine,
  placeholders,
  stackFindings,
  tools,
} from "../../../reports/doctor/checks.ts";

const root = join(import.meta.dirname, "../../..");
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "terrace-doctor-"));
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

const machine = (more: Partial<Machine> = {}): Machine => ({
  ...{ env: {}, home, nodeVersion: "24.1.0" },
  version: (command) => ({ git: "git version 2.50.0", pulumi: "v3.265.0" })[command],
  ...more,
});

const problems = (findings: { level: string; what: string; remedy?: string }[]) =>
  findings.filter(({ level }) => level !== "ok").map(({ what, remedy }) => `${what}: ${remedy}`);

describe("tools", () => {
  it("that are there and new enough are fine", () => {
    expect(problems(tools(machine()))).toEqual([]);
  });

  it("that are missing or old come with what to do", () => {
    const bare = tools(machine({ nodeVersion: "22.0.0", version: () => undefined }));
    expect(problems(bare)).toEqual([
      expect.stringMatching(/^Node 22.0.0; functions run on 24: .*install Node 24/),
      expect.stringMatching(/^no git/),
      expect.stringMatching(/^no Pulumi CLI: install it/),
    ]);
    const old = tools(machine({ version: () => "v3.99.1" }));
    expect(problems(old)).toEqual(["Pulumi v3.99.1: update it to 3.204.0 or later"]);
  });
});

describe("credentials", () => {
  it("of the environment are enough", () => {
    expect(
      problems(credentials(machine({ env: { AWS_ACCESS_KEY_ID: "x", PULUMI_BACKEND_URL: "s3://state" } }))),
    ).toEqual([]);
  });

  it("of a profile have to be there", () => {
    mkdirSync(join(home, ".aws"));
    writeFileSync(join(home, ".aws/config"), "[profile work]\nregion = eu-west-1\n");
    const env = { PULUMI_BACKEND_URL: "s3://state" };
    expect(problems(credentials(machine({ env: { ...env, AWS_PROFILE: "work" } })))).toEqual([]);
    expect(problems(credentials(machine({ env: { ...env, AWS_PROFILE: "home" } })))).toEqual([
      expect.stringMatching(/^AWS profile home is in neither/),
    ]);
  });

  it("and a backend that are missing are said, and so is an endpoint that is not AWS", () => {
    expect(problems(credentials(machine({ env: { AWS_ENDPOINT_URL: "http://127.0.0.1:4511" } })))).toEqual([
      expect.stringMatching(/^AWS_ENDPOINT_URL is http:\/\/127.0.0.1:4511: calls do not reach AWS: unset/),
      expect.stringMatching(/^no AWS credentials/),
      expect.stringMatching(/^Pulumi has no backend: run `pulumi login`/),
    ]);
  });
});

describe("the stack", () => {
  it("that is shipped for production only wants a domain of one's own", async () => {
    const found = await stackFindings(root, "prod");
    expect(found[0]!.what).toMatch(/^stack prod: \d+ resources in eu-west-1/);
    expect(found.filter(({ level }) => level === "problem")).toEqual([]);
    expect(problems(found).every((each) => each.includes(".example"))).toBe(true);
  });

  it("that can not be evaluated says why", async () => {
    expect(problems(await stackFindings(root, "nope"))).toEqual([
      expect.stringMatching(/^Pulumi.nope.yaml: There is no Pulumi.nope.yaml/),
    ]);
  });

  it("without a region or a cell is told so", () => {
    const graph = { config: { "terrace:zone": "terrace.example" }, resources: [] } as unknown as Graph;
    expect(problems(placeholders(graph, "prod"))).toEqual([
      expect.stringMatching(/^terrace:zone still has a name under .example/),
      expect.stringMatching(/^aws:region is not set: pulumi config set aws:region/),
      expect.stringMatching(/^the stack has no cell/),
    ]);
  });

  it("that outgrows a new account's quotas is told which, and where to ask for more", () => {
    const vpcs = (count: number) => ({
      resources: Array.from({ length: count }, () => ({ type: "awsx:ec2:Vpc", inputs: {} }) as Resource),
    });
    expect(exceeded(vpcs(4))).toEqual([]);
    expect(exceeded(vpcs(5))).toMatchObject([
      { level: "warning", what: "5 of 5 VPCs that a new account has in a region" },
    ]);
    expect(exceeded(vpcs(6))).toMatchObject([{ level: "problem", remedy: expect.stringContaining("vpc/L-F678F1CE") }]);
  });
});
