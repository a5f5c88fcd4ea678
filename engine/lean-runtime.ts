/**
 * What Pulumi's runtime does for a reader of its errors, and an evaluation does not need: each of its promises is wrapped
 * in two more, with a stack and a list of suspects, to report promises that never end (an evaluation knows by itself
 * whether it ended); and each resource is sent with the place in the source that made it. And what it does ahead: every
 * property of every resource becomes an Output, a dozen promises each, though a program reads few of them. And what it sends
 * to nobody: each message is taken apart into protocol buffers and put together again inside one process.
 * Without these an evaluation takes less time and memory.
 */

import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import * as debuggable from "@pulumi/pulumi/runtime/debuggable.js";
import * as rpc from "@pulumi/pulumi/runtime/rpc.js";

/** Call before the program runs. Does nothing where Pulumi has moved these helpers. */
export function useLeanRuntime(): void {
  const promises = membersOf(debuggable);
  if (typeof promises?.debuggablePromise === "function") promises.debuggablePromise = (promise: unknown) => promise;
  const resource = pulumi.Resource as unknown as { callsites?: unknown };
  if (typeof resource.callsites === "function") resource.callsites = () => [];
  keepStructs();
  const properties = membersOf(rpc);
  if (typeof properties?.transferProperties === "function") properties.transferProperties = transferProperties;
}

const membersOf = (module: unknown) => (module as { default?: Record<string, unknown> }).default;

interface Struct {
  kept?: object;
  toJavaScript(): object;
}

/** A struct that was made of plain values gives those back: nothing here turns it into bytes. */
function keepStructs(): void {
  const { Struct } = createRequire(import.meta.resolve("@pulumi/pulumi"))(
    "google-protobuf/google/protobuf/struct_pb.js",
  ) as { Struct: { new (): Struct; prototype: Struct; fromJavaScript(value: object): Struct } };
  const { toJavaScript } = Struct.prototype;
  Struct.fromJavaScript = (value) => Object.assign(new Struct(), { kept: value });
  Struct.prototype.toJavaScript = function () {
    return this.kept ?? toJavaScript.call(this);
  };
}

interface Settled {
  value?: unknown;
  isKnown?: boolean;
  isSecret?: boolean;
  dependencies?: pulumi.Resource[];
  error?: Error;
}

/** gRPC's CANCELLED and UNAVAILABLE. */
const DISCONNECTED = [1, 14];

type Resolve = (
  value: unknown,
  isKnown: boolean,
  isSecret: boolean,
  dependencies?: pulumi.Resource[],
  error?: Error,
) => void;

/**
 * Puts a property on the resource for each input and output; what it will be is told later.
 * Pulumi's own contract, but for one thing: a property's Output is made when somebody reads it.
 */
function transferProperties(onto: object, label: string, props: object): Record<string, Resolve> {
  const resolvers: Record<string, Resolve> = {};
  for (const key of Object.keys(props)) {
    if (key === "id" || key === "urn") continue;
    if (Object.hasOwn(onto, key)) throw new Error(`Property '${key}' is already initialized on target '${label}`);
    let settled: Settled | undefined;
    let settle: ((settled: Settled) => void) | undefined;
    let output: unknown;
    resolvers[key] = (value, isKnown, isSecret, dependencies = [], error) => {
      // The call that failed says so itself; what would have come of it stays open.
      if (settled || DISCONNECTED.includes((error as { code?: number } | undefined)?.code ?? 0)) return;
      settled = error ? { error } : { value, isKnown, isSecret, dependencies };
      settle?.(settled);
    };
    Object.defineProperty(onto, key, {
      configurable: true,
      enumerable: true,
      get() {
        output ??= outputOf(
          onto as pulumi.Resource,
          settled
            ? Promise.resolve(settled)
            : new Promise((resolve) => {
                settle = resolve;
              }),
        );
        return output;
      },
      set(value) {
        output = value;
      },
    });
  }
  return resolvers;
}

function outputOf(resource: pulumi.Resource, settling: Promise<Settled>): unknown {
  const told = settling.then((settled) => {
    if (settled.error) throw settled.error;
    return settled;
  });
  const Output = pulumi.Output as unknown as new (...parts: unknown[]) => unknown;
  return new Output(
    resource,
    told.then(({ value }) => value),
    told.then(({ isKnown }) => isKnown),
    told.then(({ isSecret }) => isSecret),
    told.then(({ dependencies }) => dependencies),
  );
}
