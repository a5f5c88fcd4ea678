/**
 * The harness for unit tests: evaluates a program in this process and answers questions about its graph.
 *
 * ```ts
 * const stack = await deploy(() => new aws.sqs.Queue("orders", { fifoQueue: true }));
 * expect(stack.resource("aws:sqs/queue:Queue", "orders").inputs.fifoQueue).toBe(true);
 * ```
 */
import { pathToFileURL } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import type { Graph, Resource } from "./graph.ts";
import { runSession } from "./session.ts";

export type { Graph, Resource } from "./graph.ts";
export { UNKNOWN } from "./graph.ts";
export { linkModules } from "./link-modules.ts";

export interface DeployOptions {
  /** @default "test" */
  project?: string;
  /** @default "test" */
  stack?: string;
  /** Namespaced keys: `{ "aws:region": "eu-west-1" }`. */
  config?: Record<string, string>;
  /** Outputs that only a deployment knows stay unknown. @default false */
  preview?: boolean;
  /** Of the local cloud; outputs that are URLs then point to it. */
  endpoint?: string;
  /** @default "000000000000" */
  account?: string;
  /** @default config's `aws:region`, else "eu-west-1" */
  region?: string;
}

export interface Deployment extends Graph {
  /**
   * The one resource of a type (whole token, or its end: `Queue`), by name where there are several.
   * @throws naming the candidates when there is not exactly one.
   */
  resource(type: string, name?: string): Resource;
  /** Every resource of a type, in graph order. */
  all(type: string): Resource[];
  /** Direct children of a resource. */
  children(parent: Resource): Resource[];
}

/** Evaluates a program: a function, or the path of a module that is one. */
export async function deploy(program: (() => unknown) | string, options: DeployOptions = {}): Promise<Deployment> {
  const { project = "test", stack = "test", config = {}, account = "000000000000" } = options;
  const region = options.region ?? config["aws:region"] ?? "eu-west-1";
  const run =
    typeof program === "function"
      ? async () => outputsOf(await program())
      : // A fresh query makes Node evaluate the module again, once for each deployment.
        async () => ({ ...(await import(`${pathToFileURL(program).href}?deployment=${++deployments}`)) });
  const graph = await runSession(
    {
      project,
      stack,
      directory: process.cwd(),
      config: { "aws:region": region, ...config },
      secretKeys: [],
      preview: options.preview ?? false,
      context: { account, region, partition: "aws", stack, endpoint: options.endpoint },
    },
    run,
  );
  return inspect(graph);
}

let deployments = 0;

/** A program of one line gives back what it made, whose properties are not the stack's outputs. */
const outputsOf = (given: unknown): unknown => (pulumi.Resource.isInstance(given) ? {} : given);

/** Adds the questions to a graph. */
export function inspect(graph: Graph): Deployment {
  const all = (type: string) => graph.resources.filter((resource) => isType(resource, type));
  return {
    ...graph,
    all,
    children: (parent) => graph.resources.filter((resource) => resource.parent === parent.urn),
    resource(type, name) {
      const candidates = all(type);
      const found = name === undefined ? candidates : candidates.filter((resource) => resource.name === name);
      if (found.length === 1) return found[0]!;
      const named = name === undefined ? type : `${type} "${name}"`;
      const others = candidates.length > 0 ? candidates : graph.resources;
      const list = others.map((resource) => `  ${resource.type} "${resource.name}"`).join("\n");
      throw new Error(`There ${found.length === 0 ? "is no" : "are several"} ${named}. There are:\n${list}`);
    },
  };
}

function isType(resource: Resource, type: string): boolean {
  return resource.type === type || resource.type.endsWith(`:${type}`);
}
