/**
 * The components for other languages under the real CLI: from the npm package, in a project that is not this one. A language's
 * SDK registers a component as this program does, by its type and its arguments in Pulumi's own words, so that what passes here
 * passes from each of them; the SDKs themselves are made by language hosts that are not built here.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePackage } from "../../../scripts/package.ts";
import { findCli } from "./cli.ts";
import { Workspace } from "./workspace.ts";

const root = join(import.meta.dirname, "../../..");
const workspace = new Workspace(findCli()!);
const project = join(workspace.program, "..", "elsewhere");
const on = (command: string, ...flags: string[]) => workspace.pulumi("-C", project, command, ...flags);
const write = (path: string, text: string) => {
  mkdirSync(join(project, path, ".."), { recursive: true });
  writeFileSync(join(project, path), text);
};

const PROGRAM = `
const pulumi = require("@pulumi/pulumi");
class Component extends pulumi.ComponentResource {
  constructor(type, name, args, outputs) {
    super("terrace:index:" + type, name, { ...args, ...Object.fromEntries(outputs.map((key) => [key, undefined])) }, {}, true);
  }
}
const network = new Component("Network", "net", { cidr: "10.0.0.0/20" }, ["vpcId", "isolatedSubnetIds"]);
const { vpcId, isolatedSubnetIds } = network;
const database = new Component("Database", "db", { vpcId, isolatedSubnetIds, protection: "disposable" }, ["clusterArn"]);
const consumer = { function: { entry: __dirname + "/functions/orders" }, batchSize: 5 };
const orders = new Component("Queue", "orders", { fifo: process.env.FIFO ?? false, consumer }, ["arn", "url"]);
exports.url = orders.url;
exports.clusterArn = database.clusterArn;
`;

beforeAll(() => {
  const packages = join(project, "node_modules");
  mkdirSync(packages, { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name !== "terrace") symlinkSync(join(root, "node_modules", name), join(packages, name), "dir");
  }
  const packed = makePackage(join(project, "packed"));
  mkdirSync(join(packages, "terrace"));
  execFileSync("tar", ["-xzf", packed, "-C", join(packages, "terrace"), "--strip-components=1"]);
  write("functions/orders/handler.ts", "export const handler = async (): Promise<void> => {};");
  write("index.js", PROGRAM);
  write("package.json", '{ "dependencies": { "@pulumi/aws": "*", "@pulumi/awsx": "*" } }');
  write(
    "Pulumi.yaml",
    `name: elsewhere
runtime: { name: nodejs, options: { typescript: false } }
plugins:
  providers:
    - { name: terrace, path: node_modules/terrace/plugin }
config:
  aws:region: eu-west-1
`,
  );
}, 120_000);
afterAll(() => workspace.remove());

it("their schema is read from the installed package (pulumi package get-schema)", async () => {
  const { status, stdout, output } = await on("package", "get-schema", "./node_modules/terrace/plugin");
  expect([status, output]).toEqual([0, expect.not.stringMatching(/^error:/m)]);
  const { name, resources } = JSON.parse(stdout);
  expect(name).toBe("terrace");
  expect(Object.keys(resources)).toEqual(expect.arrayContaining(["terrace:index:Database", "terrace:index:Queue"]));
  expect(resources["terrace:index:Queue"].inputProperties.visibilityTimeoutSeconds).toMatchObject({ type: "number" });
});

it("a program makes them by type and arguments, and they make what the library does", async () => {
  expect(await on("stack", "init", "dev")).toMatchObject({ status: 0 });
  const { status, output } = await on("up", "--yes", "--skip-preview", "--stack", "dev");
  expect([status, output]).toEqual([
    0,
    expect.stringMatching(/clusterArn: "arn:aws:rds:eu-west-1:000000000000:cluster:/),
  ]);
  const { stdout } = await on("stack", "export", "--stack", "dev");
  const resources: { type: string; urn: string }[] = JSON.parse(stdout).deployment.resources;
  expect(resources.map(({ type }) => type)).toEqual(
    expect.arrayContaining([
      ...["terrace:index:Network", "terrace:network:Network", "aws:rds/cluster:Cluster"],
      ...["aws:lambda/eventSourceMapping:EventSourceMapping", "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"],
    ]),
  );
});

it("a wrong argument is refused in the library's one line", async () => {
  write("index.js", PROGRAM.replace("batchSize: 5", "batchSize: 50"));
  const refused = await on("up", "--yes", "--skip-preview", "--stack", "dev");
  expect(refused.status).not.toBe(0);
  expect(refused.output).toContain(
    'Queue "orders": batchWindowSeconds is 0; Lambda waits for more than 10 messages; say for how long, 1 to 300 s',
  );
});
