/** The platform's start, in the order it happens; `stop` goes the same way back. */
import { dirname } from "node:path";
import type { Graph } from "../../engine/graph.ts";
import type { RunningCloud } from "../cloud.ts";
import { sweepDiscarded } from "../discard.ts";
import type { LogLine, Provision } from "../service.ts";
import { ownerOf, services } from "../services/index.ts";
import { apply } from "./apply.ts";
import { assetFolders, objectsOf } from "./assets.ts";
import { changes, describeChanges } from "./changes.ts";
import type { Flags } from "./flags.ts";
import { lock } from "./lock.ts";
import { type LocalOutputs, localOutputs, readyText } from "./outputs.ts";
import { checkPorts } from "./ports.ts";
import { ACCOUNT, openProgram } from "./program.ts";
import type { Progress } from "./progress.ts";
import { provisioner } from "./provision.ts";
import { dropState, openState, removeOutputs } from "./state.ts";
import { hostsOf, localTenants } from "./tenants.ts";
import { watch } from "./watch.ts";

export interface StartOptions extends Omit<Flags, "help"> {
  /** Where the Pulumi program is. */
  directory: string;
  progress: Progress;
  /** What to stop when the start is broken off: filled as things come up. */
  stops: (() => unknown)[];
}

/** Starts everything; resolves when the first request can be served. */
export async function start(options: StartOptions): Promise<void> {
  const { directory, stack, port, config, progress, stops } = options;
  const program = openProgram({ directory, stack, config });
  const state = openState(options.state, stack);
  const endpoint = `http://127.0.0.1:${port + 1}`;
  let fingerprint = program.fingerprint(endpoint);
  const last = options.fresh ? undefined : state.last();
  // The same program gives the same graph: it is served at once, and evaluated when that is done.
  const isKnown = last?.fingerprint === fingerprint;
  // The longest of what is to come begins before this process loads what it needs itself.
  if (!isKnown) program.prepare();

  await checkPorts([port, port + 1]);
  const held = lock(state.directory);
  stops.push(() => held.release());
  if (options.fresh) dropState(state.directory);
  else sweepDiscarded(dirname(state.directory));
  removeOutputs(state);
  const evaluation = isKnown
    ? Promise.resolve(last.graph)
    : progress.step(`${stack}: program evaluated`, () => program.evaluate(endpoint));
  evaluation.catch(() => {}); // reported where it is awaited
  const { startCloud } = await import("../cloud.ts");
  const cloud = await startCloud({
    directory: state.directory,
    account: ACCOUNT,
    region: program.region,
    port: port + 1,
    services,
    log: (line) => show(progress, line),
  });
  stops.push(() => cloud.stop());
  const provision = provisioner(cloud);
  if (last) await warmUp(last.graph, cloud, provision, progress);

  let graph = await evaluation;
  await progress.step(`${graph.resources.length} resources provisioned`, () => apply(graph, { provision }));

  // A program without an API may be given one through API Gateway's own.
  const { startGateway } = await import("../services/apigateway/gateway.ts");
  let outputs: LocalOutputs | undefined;
  const home = async () => (await import("./home-page.ts")).homePage(outputs);
  const gateway = await startGateway({ cloud, port, hosts: hostsOf(graph), home });
  stops.push(() => gateway.stop());

  async function publish(): Promise<LocalOutputs> {
    outputs = localOutputs(cloud, graph, { tenants: await localTenants(cloud, graph, port), port });
    state.writeOutputs(outputs);
    return outputs;
  }
  const ready = await progress.step("sign-ins made", publish);

  let stopped = false;
  const watcher = watch(directory, assetFolders(graph), async (files) => {
    const began = performance.now();
    const edited = files.length > 2 ? `${files.length} files` : files.join(", ");
    const what = edited || "program evaluated again";
    try {
      fingerprint = program.fingerprint(endpoint);
      const next = await program.evaluate(endpoint);
      const found = changes(graph, next);
      await apply(next, {
        provision,
        only: new Set([...[...found.added, ...found.changed].map(({ urn }) => urn), ...objectsOf(next)]),
      });
      graph = next;
      state.save({ graph, fingerprint });
      gateway.setHosts(hostsOf(graph));
      await publish();
      progress.line(`${what}: ${describeChanges(found)} (${Math.round(performance.now() - began)} ms)`);
    } catch (error) {
      if (stopped) return;
      progress.problem(`${what}: ${messageOf(error)}\nWhat ran before is still served.`);
    }
  });
  stops.push(() => {
    stopped = true;
    watcher.close();
  });
  progress.text(readyText(ready, { outputsFile: state.outputsFile, port, startMs: performance.now() }));
  state.save({ graph, fingerprint });
  void import("./resume.ts").then(({ resume }) => resume(cloud));
  if (isKnown) watcher.check();
}

/** While the program is evaluated: the last graph tells which services and databases there will be. */
async function warmUp(last: Graph, cloud: RunningCloud, provision: Provision, progress: Progress) {
  const owners = new Set(last.resources.map(({ type }) => ownerOf(type)));
  const clusters = last.resources.filter(({ type }) => type === "aws:rds/cluster:Cluster");
  const loaded = () => Promise.allSettled([...owners].map((owner) => owner && cloud.service(owner)));
  // A failure here is a failure there, with the program at hand to explain it.
  await progress.step("databases of the last run started", () =>
    Promise.allSettled([...clusters.map(provision), loaded()]),
  );
  await import("../services/apigateway/gateway.ts");
}

function show(progress: Progress, { level, source, message, tenant }: LogLine): void {
  if (level === "error" || level === "warn") {
    progress.problem(`${source}${tenant === undefined ? "" : ` [${tenant}]`}: ${message}`);
  } else if (level === "info") progress.line(`${source}: ${message}`);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
