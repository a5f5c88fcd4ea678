/** The functions of this machine: declared by the graph or made by the API, run in pools of environments. */
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Resource } from "../../../engine/graph.ts";
import { discard } from "../../discard.ts";
import { AwsError, type Cloud } from "../../service.ts";
import { type Code, materialise } from "./code/code.ts";
import { type Layers, layersOf } from "./code/layers.ts";
import type { DurableEngine } from "./durable/engine.ts";
import type { Invocation, InvocationResult } from "./environments/invocation.ts";
import type { Pool } from "./environments/pool.ts";
import type { RuntimeApi } from "./environments/runtime-api/runtime-api.ts";
import { type FunctionConfig, functionConfig, parseFunctionName } from "./function-config.ts";
import type { LogBatches } from "./function-log.ts";
import { concurrencyGauge, type FunctionMetrics, functionMetrics } from "./function-metrics.ts";
import { functionPools } from "./function-pools.ts";
import { functionTraces } from "./function-trace.ts";
import { endLeftovers } from "./leftovers.ts";
import { nextInChain } from "./recursion.ts";
import { type Versions, versionsOf } from "./versions.ts";

/** An API's function stays for minutes, one that events drive for seconds. */
export const KEEP_WARM_MS = 300_000;
export const KEEP_WARM_IN_BACKGROUND_MS = 20_000;

/** `$LATEST`, or a published version. */
export interface LambdaFunction {
  config: FunctionConfig;
  code: Code;
  lastModified: number;
  /** Changes with every change. */
  revision: string;
  /** What was declared: a change by the API is a change of it. */
  declaration: Resource;
  /** One, or with tenant isolation one per tenant. */
  pools: Map<string, Pool>;
  /** Provisioned concurrency that was asked for: `provision` sets it. */
  provisioned?: { requested: number; changedAt: number };
}

export interface InvokeRequest {
  payload: string | Uint8Array;
  qualifier?: string;
  clientContext?: string;
  tenantId?: string;
  requestId?: string;
  /** Collects the log lines of this invocation. */
  tail?: string[];
  /** @default KEEP_WARM_MS */
  keepWarmMs?: number;
  /** Where the chain of calls began, and how often the function was in it: see recursion.ts. */
  traceHeader?: string;
  /** Gets the response while the function makes it. Absent: it is collected. */
  onStream?: Invocation["onStream"];
  /** Of a durable function: the name that the caller gives the execution. */
  executionName?: string;
  /** One invocation of a durable execution, and not all of it. */
  isReplay?: boolean;
}

export interface Functions {
  /** As `$LATEST`, by name. */
  all: Map<string, LambdaFunction>;
  versions: Versions;
  layers: Layers;
  metrics: FunctionMetrics;
  /** Names of those that may be in a loop: see recursion.ts. */
  recursive: Set<string>;
  put(resource: Resource): LambdaFunction;
  /** A copy of what `resource` declares, which nothing changes any more. */
  putVersion(resource: Resource): LambdaFunction;
  /** @param version Only this one of it. */
  remove(name: string, version?: string): void;
  /** @param text Name, ARN or partial ARN. Throws ResourceNotFoundException. */
  find(text: string, qualifier?: string): LambdaFunction;
  /** The name and qualifier in a text of any of these forms. Throws ResourceNotFoundException. */
  targetOf(text: string): { functionName: string; qualifier?: string };
  /** Starts environments ahead, in the background. Undefined: none any more. */
  provision(target: LambdaFunction, provisioned: LambdaFunction["provisioned"]): void;
  /** Throws TooManyRequestsException; a failure of the function itself is a result. */
  invoke(target: LambdaFunction, request: InvokeRequest): Promise<InvocationResult>;
  stop(): Promise<void>;
}

export function functions(
  cloud: Cloud,
  runtime: () => Promise<RuntimeApi>,
  logs: LogBatches,
  durable: () => Promise<DurableEngine>,
): Functions {
  const all = new Map<string, LambdaFunction>();
  const versions = versionsOf();
  const recursive = new Set<string>();
  const stateDirectory = join(cloud.directory, "lambda");
  const codeCache = join(stateDirectory, "code");
  endLeftovers(join(stateDirectory, "pids"));
  // Left behind by a run that was killed; code is laid out again from the graph.
  for (const name of ["tmp", "code", "pids"]) discard(join(stateDirectory, name));
  mkdirSync(codeCache, { recursive: true });
  mkdirSync(join(stateDirectory, "pids"), { recursive: true });
  const layers = layersOf(cloud, codeCache);
  const pools = functionPools(cloud, { runtime, logs, layers, stateDirectory, codeCache });
  const { provision } = pools;
  const metrics = functionMetrics(cloud);
  const traceInvocation = functionTraces(cloud);
  concurrencyGauge(cloud, () => [...all.keys()].map((name) => [name, activeOf(name)]));

  function made(declaration: Resource): LambdaFunction {
    const config = functionConfig(declaration);
    return {
      ...{ config, declaration, code: materialise(config.code, codeCache), pools: new Map() },
      ...{ lastModified: cloud.clock.now(), revision: randomUUID() },
    };
  }

  function put(resource: Resource): LambdaFunction {
    const next = made(resource);
    const known = all.get(next.config.name);
    if (known && isSame(known, next)) {
      // What runs is not concerned by how many may.
      known.config.reservedConcurrency = next.config.reservedConcurrency;
      known.declaration = resource;
      return known;
    }
    if (known) retire(known);
    all.set(next.config.name, next);
    if (known?.provisioned) provision(next, known.provisioned);
    return next;
  }

  function putVersion(resource: Resource): LambdaFunction {
    const version = made(resource);
    versions.put(version.config.name, version);
    return version;
  }

  function remove(name: string, version?: string): void {
    const latest = all.get(name);
    const published = version === undefined ? versions.of(name) : [versions.get(name, version)];
    for (const each of published) if (each) retire(each);
    versions.remove(name, version);
    if (version !== undefined || !latest) return;
    retire(latest);
    all.delete(name);
    recursive.delete(name);
  }

  function retire({ pools }: LambdaFunction): void {
    for (const each of pools.values()) each.retire();
  }

  function find(text: string, qualifier?: string): LambdaFunction {
    const parsed = parseFunctionName(text);
    const latest = all.get(parsed.name);
    const wanted = qualifier ?? parsed.qualifier;
    const target = latest && versions.resolve(latest, wanted);
    if (target) return target;
    const arn = `arn:aws:lambda:${cloud.region}:${cloud.account}:function:${parsed.name}`;
    throw new AwsError(
      "ResourceNotFoundException",
      `Function not found: ${wanted === undefined ? arn : `${arn}:${wanted}`}`,
      404,
      { Type: "User" },
    );
  }

  async function invoke(target: LambdaFunction, request: InvokeRequest): Promise<InvocationResult> {
    if (target.config.durable && !request.isReplay) return (await durable()).run(target, request);
    if (!pools.areReady) await pools.makeReady();
    const { config } = target;
    const reserved = all.get(config.name)?.config.reservedConcurrency;
    if (reserved !== undefined && activeOf(config.name) >= reserved) {
      metrics.throttled(config.name, request.qualifier);
      throw new AwsError("TooManyRequestsException", "Rate Exceeded.", 429, {
        Reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
        Type: "User",
      });
    }
    const { traceHeader } = request;
    const arn = unqualified(config.arn);
    const chain = traceHeader && nextInChain(traceHeader, arn, recursive.has(config.name));
    const requestId = request.requestId ?? randomUUID();
    const trace = traceInvocation(config, requestId, chain);
    const chosen = pools.of(target, request.tenantId);
    return new Promise((done) => {
      chosen.submit({
        requestId,
        payload: request.payload,
        invokedArn: request.qualifier ? `${arn}:${request.qualifier}` : arn,
        clientContext: request.clientContext,
        // Without isolation nobody would know whose environment it is.
        tenantId: config.perTenant ? request.tenantId : undefined,
        tail: request.tail,
        onStream: request.onStream,
        keepWarmMs: target.provisioned ? Number.POSITIVE_INFINITY : (request.keepWarmMs ?? KEEP_WARM_MS),
        traceHeader: trace?.header ?? chain,
        done(result) {
          metrics.ended(config.name, request.qualifier, result.durationMs, result.functionError !== undefined);
          trace?.end(result);
          done(result);
        },
      });
    });
  }

  /** Of all versions: they share what is reserved. */
  function activeOf(name: string): number {
    let active = 0;
    for (const { pools } of [all.get(name)!, ...versions.of(name)]) {
      for (const each of pools.values()) active += each.active;
    }
    return active;
  }

  return {
    ...{ all, versions, layers, metrics, recursive, put, putVersion, remove, find, provision, invoke },
    targetOf(text) {
      const { name: functionName, qualifier } = parseFunctionName(text);
      find(text);
      return { functionName, qualifier };
    },
    async stop() {
      for (const latest of all.values()) {
        for (const { pools } of [latest, ...versions.of(latest.config.name)]) {
          for (const each of pools.values()) each.kill();
        }
      }
      await pools.stop();
    },
  };
}

function isSame(one: LambdaFunction, other: LambdaFunction): boolean {
  const settings = ({ config: { reservedConcurrency: _, ...rest } }: LambdaFunction) => JSON.stringify(rest);
  return one.code.sha256 === other.code.sha256 && settings(one) === settings(other);
}

/** A version's ARN ends in its number. */
export function unqualified(arn: string): string {
  // Of `arn:aws:lambda:<region>:<account>:function:<name>:<version>`, what an eighth field follows.
  const at = arn.indexOf(":", arn.indexOf(":function:") + ":function:".length);
  return at < 0 ? arn : arn.slice(0, at);
}
