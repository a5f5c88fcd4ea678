import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Graph, Resource } from "../../../engine/graph.ts";
import { apply } from "../../../local/runner/apply.ts";
import { changes, describeChanges } from "../../../local/runner/changes.ts";
import { parseFlags } from "../../../local/runner/flags.ts";
import { lock } from "../../../local/runner/lock.ts";
import { localOutputs, readyText } from "../../../local/runner/outputs.ts";
import { provisioner } from "../../../local/runner/provision.ts";
import { dropState } from "../../../local/runner/state.ts";
import { ownerOf, services } from "../../../local/services/index.ts";
import { inert } from "../../../local/services/inert.ts";

function resource(name: string, more: Partial<Resource> = {}): Resource {
  const empty = { inputs: {}, outputs: {}, secrets: [], dependencies: [], propertyDependencies: {}, options: {} };
  return { urn: name, name, type: "aws:sqs/queue:Queue", custom: true, ...empty, ...more };
}
const graphOf = (...resources: Resource[]): Graph => ({
  organization: "organization",
  project: "p",
  stack: "dev",
  preview: false,
  config: {},
  resources,
  invokes: [],
  outputs: {},
  secretOutputs: [],
});
const INVOCATION = "aws:lambda/invocation:Invocation";

describe("applying a graph", () => {
  it("waits for what a resource depends on, a component standing for its children, and for nothing else", async () => {
    const graph = graphOf(
      resource("component", { custom: false }),
      resource("child", { parent: "component" }),
      resource("free"),
      resource("after", { dependencies: ["component"] }),
    );
    const events: string[] = [];
    let finishChild = () => {};
    const childIsSlow = new Promise<void>((done) => {
      finishChild = done;
    });
    await apply(graph, {
      async provision({ name }) {
        events.push(`${name} begins`);
        if (name === "child") await childIsSlow;
        if (name === "free") finishChild();
        events.push(`${name} ends`);
      },
    });
    expect(events.slice(0, 2)).toEqual(["child begins", "free begins"]);
    expect(events.indexOf("after begins")).toBeGreaterThan(events.indexOf("child ends"));
    expect(events).toHaveLength(6);
  });

  it("invokes functions when all else stands, one after the other where they depend on each other", async () => {
    const graph = graphOf(
      resource("migrate", { type: INVOCATION }),
      resource("tenant", { type: INVOCATION, dependencies: ["migrate"] }),
      resource("from the answer", { dependencies: ["tenant"] }),
      resource("policy registered late"),
    );
    const order: string[] = [];
    await apply(graph, { provision: async ({ name }) => void order.push(name) });
    expect(order).toEqual(["policy registered late", "migrate", "tenant", "from the answer"]);
  });

  it("provisions only what changed where it is told so, and stops at the first failure", async () => {
    const graph = graphOf(resource("a"), resource("b"), resource("c", { dependencies: ["b"] }));
    const order: string[] = [];
    await apply(graph, { only: new Set(["a", "c"]), provision: async ({ name }) => void order.push(name) });
    expect(order).toEqual(["a", "c"]);
    const failing = apply(graph, {
      async provision({ name }) {
        if (name === "b") throw new Error("no b");
        if (name === "c") throw new Error("c must not begin");
      },
    });
    await expect(failing).rejects.toThrow("no b");
  });
});

describe("changes between evaluations", () => {
  it("are what was added, what has other inputs or outputs, and what is gone; said in one line", () => {
    const before = graphOf(resource("same"), resource("edited", { inputs: { a: 1 } }), resource("gone"));
    const after = graphOf(resource("same"), resource("edited", { inputs: { a: 2 } }), resource("new"));
    const found = changes(before, after);
    expect(describeChanges(found)).toBe(
      "1 changed (edited), 1 added (new), 1 no longer declared, gone at the next start (gone)",
    );
    expect(describeChanges(changes(after, after))).toBe("nothing changed");
  });
});

describe("flags", () => {
  it("have the documented defaults", () => {
    const defaults = { port: 4510, stack: "dev", fresh: false, state: ".terrace", config: {}, help: false };
    expect(parseFlags([])).toEqual(defaults);
  });

  it("are read in either spelling, and config more than once", () => {
    const flags = parseFlags(["--port=5000", "--stack", "prod", "--fresh", "--config", "a:b=c=d", "--config", "e=f"]);
    expect(flags).toMatchObject({ port: 5000, stack: "prod", fresh: true, config: { "a:b": "c=d", e: "f" } });
  });

  it.each([
    [["--port", "http"], '--port must be a number from 1 to 65534, not "http"'],
    [["--port", "65535"], "--port must be a number"],
    [["--stack", "../x"], '--stack "../x" is not a stack\'s name'],
    [["--config", "novalue"], '--config takes key=value, not "novalue"'],
    [["positional"], "positional"],
  ])("%j: %s", (args, message) => {
    expect(() => parseFlags(args)).toThrow(message);
  });
});

describe("state", () => {
  let directory: string;
  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), "terrace-state-")), "dev");
  });
  afterEach(() => rmSync(join(directory, ".."), { recursive: true }));

  it("is one process's at a time, and free again when it lets go", () => {
    const first = lock(directory);
    expect(() => lock(directory)).toThrow(`another instance (process ${process.pid}) uses ${directory}`);
    first.release();
    lock(directory).release();
  });

  it("is dropped while it is locked, the lock excepted", () => {
    const held = lock(directory);
    mkdirSync(join(directory, "rds"));
    writeFileSync(join(directory, "state.sqlite"), "");
    dropState(directory);
    expect(readdirSync(directory).filter((name) => !name.startsWith("lock."))).toEqual([]);
    expect(() => lock(directory)).toThrow("another instance");
    held.release();
  });
});

it("outputs.json keeps secret stack outputs to itself", () => {
  const graph = { ...graphOf(), outputs: { url: "u", token: "t" }, secretOutputs: ["token"] };
  const credentials = { administrator: { accessKeyId: "a", secretAccessKey: "s" } };
  const cloud = { endpoint: "e", region: "r", credentials };
  expect(localOutputs(cloud, graph, { tenants: {}, port: 4510 }).outputs).toEqual({ url: "u", token: "[secret]" });
});

it("outputs.json and the terminal say where each distribution is served", () => {
  const credentials = { administrator: { accessKeyId: "a", secretAccessKey: "s" } };
  const resources = [{ type: "aws:cloudfront/distribution:Distribution", name: "My_Site" }];
  const graph = { stack: "dev", outputs: {}, secretOutputs: [], resources } as unknown as Graph;
  const cloud = { endpoint: "http://127.0.0.1:4511", region: "eu-west-1", credentials };
  const outputs = localOutputs(cloud, graph, { tenants: {}, port: 4510 });
  expect(outputs.websites).toEqual({ My_Site: "http://my-site.localhost:4510" });
  expect(readyText(outputs, { outputsFile: ".terrace/outputs.json", port: 4510, startMs: 900 })).toContain(
    "http://my-site.localhost:4510",
  );
});

describe("types", () => {
  it("belong to the service that claims them", async () => {
    const claimed: string[] = [];
    const claim = (service: string) => (each: Resource) => void claimed.push(`${service} ${each.name}`);
    const stand = {
      service: async (name: string) => ({ name, operations: {}, resources: { "aws:sqs/queue:Queue": claim(name) } }),
    };
    await provisioner(stand)(resource("q"));
    expect(claimed).toEqual(["sqs q"]);
    await provisioner(stand)(resource("vpc", { type: "aws:ec2/vpc:Vpc" }));
    await expect(provisioner(stand)(resource("x", { type: "aws:sqs/other:Other" }))).rejects.toThrow(
      'aws:sqs/other:Other "x" is not emulated on this machine',
    );
    await expect(provisioner(stand)(resource("y", { type: "gcp:storage/bucket:Bucket" }))).rejects.toThrow(
      "not emulated",
    );
  });

  it("are owned by services that are there, and inert ones by none", () => {
    for (const type of [
      "aws:rds/cluster:Cluster",
      "aws:cognito/userPool:UserPool",
      "aws:apigatewayv2/api:Api",
      "aws:cloudwatch/logGroup:LogGroup",
    ]) {
      expect(Object.keys(services)).toContain(ownerOf(type));
    }
    expect(inert("aws:acm/certificate:Certificate")).toBe(true);
    expect(ownerOf("aws:acm/certificate:Certificate")).toBeUndefined();
    expect(inert("aws:sqs/queue:Queue")).toBe(false);
  });
});
