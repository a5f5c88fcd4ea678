/**
 * One evaluation of a Pulumi program inside this process: Pulumi's own runtime, with a monitor that answers from the
 * outputs table and keeps what it was asked for. Each evaluation has a store of its own, so several may run at once.
 */
import * as pulumi from "@pulumi/pulumi";
import * as settings from "@pulumi/pulumi/runtime/settings.js";
import * as state from "@pulumi/pulumi/runtime/state.js";
import type { Graph, Invoke, Resource, Value } from "./graph.ts";
import { type Context, outputsOf } from "./outputs/index.ts";
import { answerInvoke } from "./outputs/invokes.ts";
import { sortResources } from "./sort.ts";
import { decode, decodeAll, optionsOf } from "./wire.ts";

export interface SessionOptions {
  organization?: string;
  project: string;
  stack: string;
  /** Relative asset paths start here. */
  directory: string;
  /** Namespaced keys, plain text. */
  config: Record<string, string>;
  secretKeys: string[];
  preview: boolean;
  context: Context;
}

/** A program that failed, and the resource it was about to make, where that can be known. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";
}

export async function runSession(options: SessionOptions, program: () => unknown): Promise<Graph> {
  // What Pulumi's Automation API isolates inline programs with; its type declarations leave it out as internal.
  const { withLocalStorage } = state as unknown as { withLocalStorage<T>(task: () => Promise<T>): Promise<T> };
  return withLocalStorage(() => evaluate(options, program));
}

async function evaluate(options: SessionOptions, program: () => unknown): Promise<Graph> {
  const { project, stack, preview, organization = "organization", directory, context } = options;
  const resources = new Map<string, Resource>();
  const invokes: Invoke[] = [];
  let failure: unknown;

  pulumi.runtime.setAllConfig(options.config, options.secretKeys);
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, custom, id }) => {
        const registered = { type, name, inputs, urn: current?.urn ?? "" };
        if (custom === false && !current?.remote) return { id: undefined, state: {} };
        const known = outputsOf(registered, context);
        // In a preview only the inputs are known; what is absent from the state becomes an unknown.
        if (preview) return { id: undefined, state: inputs };
        return { id: id || known.id, state: known.outputs };
      },
      call: ({ token, inputs }) => {
        const result = answerInvoke(token, inputs, context);
        invokes.push({ token, args: inputs, result: result as Value });
        return result;
      },
    },
    project,
    stack,
    preview,
    organization,
  );

  // The mocks are asked synchronously from registerResource: this is the request that is being answered.
  let current: { urn: string; remote: boolean } | undefined;
  const monitor = settings.getMonitor() as unknown as Monitor;
  monitor.newUrn = (parent, type, name) => urnOf(options, parent, type, name);
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    const urn = urnOf(options, request.getParent(), request.getType(), request.getName());
    const { values: inputs, secrets } = decodeAll(request.getObject()?.toJavaScript(), directory);
    current = { urn, remote: request.getRemote() };
    if (resources.has(urn)) {
      failure ??= new ProgramError(`${request.getType()} "${request.getName()}" is declared twice (${urn})`);
      return callback(failure);
    }
    const resource: Resource = {
      urn,
      type: request.getType(),
      name: request.getName(),
      custom: request.getCustom(),
      ...(request.getParent() ? { parent: request.getParent() } : {}),
      inputs,
      outputs: {},
      secrets,
      dependencies: [...new Set(request.getDependenciesList() as string[])].sort(),
      propertyDependencies: propertyDependenciesOf(request),
      options: optionsOf(request),
    };
    resources.set(urn, resource);
    return register(request, (error, response) => {
      if (error) {
        failure ??= error;
        return callback(error);
      }
      const answered = response.getObject()?.toJavaScript() ?? {};
      resource.outputs = decodeAll(answered, directory).values;
      if (resource.custom) resource.id = response.getId();
      callback(null, response);
    });
  };
  const registerOutputs = monitor.registerResourceOutputs.bind(monitor);
  monitor.registerResourceOutputs = (request, callback) => {
    const resource = resources.get(request.getUrn());
    if (resource) {
      const { values, secrets } = decodeAll(request.getOutputs()?.toJavaScript(), directory);
      resource.outputs = { ...resource.outputs, ...values };
      resource.secrets = [...new Set([...resource.secrets, ...secrets])].sort();
    }
    registerOutputs(request, callback);
  };

  // A rejected input of a resource surfaces nowhere else: Pulumi's own host listens for it in the same way.
  const fail = (error: unknown) => {
    failure ??= error;
  };
  failures.add(fail);
  if (failures.size === 1) process.on("unhandledRejection", failAll);
  try {
    await pulumi.runtime.runInPulumiStack(async () => await program());
    await settings.disconnect();
  } catch (error) {
    fail(error);
  }
  // Rejections are reported once the promises of a turn are done.
  await new Promise((done) => setTimeout(done, 0));
  failures.delete(fail);
  if (failures.size === 0) process.off("unhandledRejection", failAll);
  if (failure) throw explain(failure);

  const sorted = sortResources([...resources.values()]);
  const root = sorted.find(({ type }) => type === "pulumi:pulumi:Stack");
  return {
    organization,
    project,
    stack,
    preview,
    config: options.config,
    resources: sorted,
    invokes: invokes.map((invoke) => decode(invoke, directory) as unknown as Invoke),
    outputs: root?.outputs ?? {},
    secretOutputs: (root?.secrets ?? []).filter((key) => key in (root?.outputs ?? {})),
  };
}

/** Of the evaluations under way: a rejection does not say whose it is. */
const failures = new Set<(error: unknown) => void>();

function failAll(error: unknown): void {
  for (const fail of failures) fail(error);
}

// biome-ignore lint/suspicious/noExplicitAny: Pulumi's protobuf messages carry no types in JavaScript
type Message = any;
type Callback = (error: unknown, response?: Message) => void;

interface Monitor {
  newUrn(parent: string, type: string, name: string): string;
  registerResource(request: Message, callback: Callback): unknown;
  registerResourceOutputs(request: Message, callback: Callback): void;
}

/** As Pulumi's engine forms it: the types of all ancestors but the stack, joined by `$`. */
function urnOf({ stack, project }: SessionOptions, parent: string, type: string, name: string): string {
  const parentType = parent?.split("::")[2];
  const qualified = parentType && parentType !== "pulumi:pulumi:Stack" ? `${parentType}$${type}` : type;
  return `urn:pulumi:${stack}::${project}::${qualified}::${name}`;
}

function propertyDependenciesOf(request: Message): Record<string, string[]> {
  const entries: [string, string[]][] = [];
  request.getPropertydependenciesMap().forEach((dependencies: Message, property: string) => {
    const urns = [...new Set(dependencies.getUrnsList() as string[])].sort();
    if (urns.length > 0) entries.push([property, urns]);
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function explain(error: unknown): Error {
  if (error instanceof ProgramError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const explained = new ProgramError(message.trim(), { cause: error });
  if (error instanceof Error && error.stack) explained.stack = error.stack;
  return explained;
}
