/** A schema that is brought up to date as a part of the deployment. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as aws from "@pulumi/aws";
import * as terrace from "../../components/index.ts";
import { deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";
const migration = (args: object = {}, timeoutSeconds = 300) => {
  const database = terrace.Database.get("db", { clusterIdentifier: "shop", databaseName: "shop" });
  const fn = new terrace.Function("migrate", { entry, timeoutSeconds });
  return new terrace.Migration("schema", { database, function: fn, folder: "migrations", ...args });
};

it("is asked for once the database and the function are there, and holds up what depends on it", async () => {
  const stack = await deploy(() => {
    const migrated = migration();
    new aws.sqs.Queue("orders", {}, { dependsOn: [migrated] });
  });
  const invocation = stack.resource("aws:lambda/invocation:Invocation");
  expect(JSON.parse(String(invocation.inputs.input))).toEqual({ operation: "migrate", databases: ["shop"] });
  expect(invocation.dependencies).toContain(stack.resource("aws:lambda/function:Function").urn);
  expect(stack.resource("aws:sqs/queue:Queue", "orders").dependencies).toContain(invocation.urn);
});

it("is asked for again when a step changes, and only then", async () => {
  const folder = mkdtempSync(join(tmpdir(), "terrace-steps-"));
  const triggers = async () =>
    (await deploy(() => migration({ folder }))).resource("aws:lambda/invocation:Invocation").inputs.triggers;
  try {
    writeFileSync(join(folder, "0001.sql"), "create table a ()");
    const first = await triggers();
    expect(await triggers()).toEqual(first);
    writeFileSync(join(folder, "0001.sql"), "create table b ()");
    expect(await triggers()).not.toEqual(first);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it("has the time that a paused cluster takes to wake, whatever else is to be done", async () => {
  expect(await refused(() => migration({}, 30))).toContain(
    'Migration "schema": function.timeoutSeconds is 30; a paused cluster may take 60 s to wake',
  );
});

it.each(
  byMessage<object>([
    [{ folder: "nowhere" }, 'folder is "nowhere"; it has to be a folder'],
    [{ databases: [] }, "databases is []; name at least one"],
  ]),
)("refuses: %s", async (message, args) => {
  expect(await refused(() => migration(args))).toContain(message);
});
