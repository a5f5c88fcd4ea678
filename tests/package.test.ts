/** The npm package, used by a program that is not in this repository. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makePackage } from "../scripts/package.ts";

const root = join(import.meta.dirname, "..");
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "terrace-package-"));
  const packed = makePackage(directory);
  const packages = join(directory, "program", "node_modules");
  mkdirSync(packages, { recursive: true });
  // What npm would install beside it: the same versions as here.
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name !== "terrace") symlinkSync(join(root, "node_modules", name), join(packages, name), "dir");
  }
  execFileSync("tar", ["-xzf", packed, "-C", packages]);
  symlinkSync(join(packages, "package"), join(packages, "terrace"), "dir");
  write("package.json", '{ "type": "module" }');
  write("functions/hello/handler.ts", 'export const handler = async (): Promise<string> => "hello";');
}, 120_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(join(directory, "program", path, ".."), { recursive: true });
  writeFileSync(join(directory, "program", path), text);
}

function node(...args: string[]): string {
  const flags = ["--disable-warning=ExperimentalWarning", "--preserve-symlinks-main"];
  return execFileSync(process.execPath, [...flags, ...args], {
    ...{ cwd: join(directory, "program"), encoding: "utf8" },
    env: { ...process.env, TERRACE_BUNDLE_TARGET: "host" },
  });
}

it("gives a program its components, and the program's own tests the deployment graph", () => {
  write(
    "program.ts",
    `import { Database, FanOut, Function, Network } from "terrace";

    export function program() {
      const network = new Network("network", { cidr: "10.0.0.0/20" });
      new Database("database", { network });
      const hello = () => new Function("hello", { entry: "functions/hello" });
      new FanOut("events", { consumers: { hello: { function: hello } } });
    }`,
  );
  write(
    "test.ts",
    `import { deploy } from "terrace/testing";
    import { program } from "./program.ts";

    const graph = await deploy(program);
    console.log(JSON.stringify(graph.resources.map(({ type }) => type)));`,
  );
  const types: string[] = JSON.parse(node("test.ts"));
  expect(types).toEqual(
    expect.arrayContaining([
      ...["awsx:ec2:Vpc", "aws:rds/cluster:Cluster", "aws:sns/topic:Topic", "aws:lambda/function:Function"],
      ...["terrace:network:Network", "terrace:data:Database", "terrace:messaging:FanOut", "terrace:compute:Function"],
    ]),
  );
});

it("builds whole cells elsewhere, functions and migrations included", () => {
  write("Pulumi.yaml", "name: elsewhere\nruntime: nodejs\nmain: cells.ts\n");
  write(
    "Pulumi.dev.yaml",
    `config:
  aws:region: eu-west-1
  elsewhere:tiers: { basic: { placement: pool, rate: 10, burst: 20 } }
  elsewhere:cells: [{ name: eu1, kind: shared, cidr: 10.0.0.0/20 }]
`,
  );
  write(
    "cells.ts",
    `import { Cell, settings as read } from "terrace";
    const settings = read();
    for (const cell of settings.cells) new Cell(cell.name, { cell, settings });`,
  );
  write(
    "cells-test.ts",
    `import { deploy } from "terrace/testing";
    const config = ${JSON.stringify({
      "aws:region": "eu-west-1",
      "elsewhere:tiers": JSON.stringify({ basic: { placement: "pool", rate: 10, burst: 20 } }),
      "elsewhere:cells": JSON.stringify([{ name: "eu1", kind: "shared", cidr: "10.0.0.0/20" }]),
    })};
    const graph = await deploy(import.meta.dirname + "/cells.ts", { project: "elsewhere", stack: "dev", config });
    console.log(graph.resources.filter(({ type }) => type === "aws:lambda/function:Function").length);`,
  );
  expect(Number(node("cells-test.ts"))).toBeGreaterThanOrEqual(8);
});

it("carries the components for other languages, which Pulumi loads and analyzes where the package is installed", () => {
  write(
    "analyze.cjs",
    `const { ComponentProvider, getPulumiComponents } = require("@pulumi/pulumi/provider/experimental/provider.js");
    const dirname = __dirname + "/node_modules/terrace/plugin";
    const components = getPulumiComponents(require(dirname));
    new ComponentProvider({ dirname, name: "terrace", components }).getSchema().then((schema) => {
      console.log(Object.keys(JSON.parse(schema).resources).sort().join());
    });`,
  );
  expect(node("analyze.cjs").trim().split(",")).toEqual(
    expect.arrayContaining(["terrace:index:Database", "terrace:index:Function", "terrace:index:Queue"]),
  );
});

it("carries types, so that a wrong argument is an error before anything runs", () => {
  write("right.ts", 'import { Queue } from "terrace";\nnew Queue("jobs", { visibilityTimeoutSeconds: 60 });');
  write("wrong.ts", 'import { Queue } from "terrace";\nnew Queue("jobs", { visibilityTimeoutSeconds: "60" });');
  const check = (file: string) => {
    const options = [
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2024",
      "--skipLibCheck",
      "--types",
      "node",
    ];
    return execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), ...options, file], {
      ...{ cwd: join(directory, "program"), encoding: "utf8" },
    });
  };
  expect(check("right.ts")).toBe("");
  let output = "";
  try {
    check("wrong.ts");
  } catch (error) {
    output = String((error as { stdout: string }).stdout);
  }
  expect(output).toMatch(/wrong.ts.*Type 'string' is not assignable to type 'number/);
});

it("depends on what it imports, and installs nothing that only this repository's scripts need", () => {
  const read = (path: string) => JSON.parse(readFileSync(path, "utf8"));
  const packed = read(join(directory, "package", "package.json"));
  const here = read(join(root, "package.json"));
  expect(packed.dependencies).toEqual(here.dependencies);
  expect(packed).not.toHaveProperty("devDependencies");
  expect(packed).not.toHaveProperty("scripts");
  expect(Object.keys(packed.exports)).toEqual(Object.keys(here.exports));
});

it("brings the policy pack with the entry that its description names", () => {
  const policy = join(directory, "package", "policy");
  const entry = /^main: (.+)$/m.exec(readFileSync(join(policy, "PulumiPolicy.yaml"), "utf8"))![1]!;
  const imported = [...readFileSync(join(policy, entry), "utf8").matchAll(/from "(\.[^"]+)"/g)].map(
    ([, path]) => path!,
  );
  expect(imported).toEqual(["./pack.js", "./rules.js"]);
  for (const path of imported) expect(existsSync(join(policy, path))).toBe(true);
});
