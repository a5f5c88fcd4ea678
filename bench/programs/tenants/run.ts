/**
 * One evaluation in a fresh process: `node run.ts engine|pulumi <tenants> [turns]` prints its milliseconds and its peak memory.
 * `pulumi` is what a team's own unit test would do: `runtime.setMocks` and Pulumi's default settings. Loading the packages is
 * counted in neither.
 */
import * as pulumi from "@pulumi/pulumi";
import { useLeanRuntime } from "../../../engine/lean-runtime.ts";
import { outputsOf } from "../../../engine/outputs/index.ts";
import { answerInvoke } from "../../../engine/outputs/invokes.ts";
import { runSession } from "../../../engine/session.ts";
import { declareTenants, RESOURCES_PER_TENANT } from "./tenants.ts";

const [how, tenants, givesWay] = [process.argv[2], Number(process.argv[3]), process.argv[4] === "turns"];
const context = { account: "000000000000", region: "eu-west-1", partition: "aws", stack: "bench" };
const config = { "aws:region": "eu-west-1" };

if (how === "engine") useLeanRuntime();
const started = performance.now();
const count = how === "engine" ? await withEngine() : await withMocks();
const milliseconds = performance.now() - started;
// The stack itself is one more.
if (count !== tenants * RESOURCES_PER_TENANT + 1) throw new Error(`${count} resources`);
console.log(JSON.stringify({ milliseconds, memoryMiB: process.resourceUsage().maxRSS / 1024 }));

async function withEngine(): Promise<number> {
  const options = {
    project: "tenants",
    stack: "bench",
    directory: import.meta.dirname,
    config,
    secretKeys: [],
    preview: false,
  };
  return (await runSession({ ...options, context }, () => declareTenants(tenants, givesWay))).resources.length;
}

async function withMocks(): Promise<number> {
  let resources = 0;
  pulumi.runtime.setAllConfig(config);
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs, custom }) {
        resources++;
        if (custom === false) return { id: undefined, state: {} };
        const { id, outputs } = outputsOf({ type, name, inputs, urn: name }, context);
        return { id, state: outputs };
      },
      call: ({ token, inputs }) => answerInvoke(token, inputs, context),
    },
    "tenants",
    "bench",
    false,
  );
  await pulumi.runtime.runInPulumiStack(() => declareTenants(tenants, givesWay));
  await pulumi.runtime.disconnect();
  return resources;
}
