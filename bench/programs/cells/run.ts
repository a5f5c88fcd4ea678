/**
 * The platform itself with so many silo cells, evaluated once in a fresh process: `node run.ts engine|pulumi <cells>` prints
 * milliseconds, resources, peak memory and how many bundles were made. `pulumi` is what a team's own unit test would do:
 * `runtime.setMocks` and Pulumi's default settings. Loading the packages is counted in neither.
 */
import * as pulumi from "@pulumi/pulumi";
import { bundlesMade } from "../../../components/compute/bundle.ts";
// So that loading it is not counted: index.ts needs nothing else.
import "../../../components/index.ts";
import { readConfiguration } from "../../../engine/configuration.ts";
import { useLeanRuntime } from "../../../engine/lean-runtime.ts";
import { outputsOf } from "../../../engine/outputs/index.ts";
import { answerInvoke } from "../../../engine/outputs/invokes.ts";
import { runSession } from "../../../engine/session.ts";

const [how, count] = [process.argv[2], Number(process.argv[3])];
const root = process.cwd();
const context = { account: "000000000000", region: "eu-west-1", partition: "aws", stack: "bench" };
const config = configOf(count);

if (how === "engine") useLeanRuntime();
const started = performance.now();
const resources = how === "engine" ? await withEngine() : await withMocks();
const milliseconds = performance.now() - started;
const memoryMiB = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ milliseconds, resources, memoryMiB, bundles: bundlesMade() }));

/** The dev stack's settings, with other cells: each a silo with the one tenant it is for. */
function configOf(cells: number): Record<string, string> {
  const { config: shipped } = readConfiguration(root, "dev");
  const names = Array.from({ length: cells }, (_, index) => `c${String(index + 1).padStart(3, "0")}`);
  return {
    ...shipped,
    "terrace:cells": JSON.stringify(names.map((name) => ({ name, kind: "silo" }))),
    "terrace:tenants": JSON.stringify(
      names.map((id) => ({ id, displayName: id, tier: "enterprise", cell: id, host: `${id}.dev.terrace.example` })),
    ),
  };
}

/** The repository's own: a process evaluates it once. */
function program(): Promise<object> {
  return import("../../../index.ts");
}

async function withEngine(): Promise<number> {
  const options = { project: "terrace", stack: "bench", directory: root, config, secretKeys: [], preview: false };
  return (await runSession({ ...options, context }, program)).resources.length;
}

async function withMocks(): Promise<number> {
  let registered = 1;
  pulumi.runtime.setAllConfig(config);
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs, custom }) {
        registered++;
        if (custom === false && !type.startsWith("awsx:")) return { id: undefined, state: {} };
        const { id, outputs } = outputsOf({ type, name, inputs, urn: name }, context);
        return { id, state: outputs };
      },
      call: ({ token, inputs }) => answerInvoke(token, inputs, context),
    },
    "terrace",
    "bench",
    false,
  );
  await pulumi.runtime.runInPulumiStack(program);
  await pulumi.runtime.disconnect();
  return registered;
}
