/** The functions of this machine: declared by the graph or made by the API, run in pools of environments. */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Resource } from "../../../engine/graph.ts";
import { discard } from "../../discard.ts";
import { AwsError, type Cloud } from "../../service.ts";
import { tracingOf } from "../../tracing.ts";
import { daemonOf } from "../xray/daemon.ts";
import { type Code, materialise } from "./code/code.ts";
import { type Layers, layersOf } from "./code/layers.ts";
import { offerRuntimePackages } from "./code/runtime-packages.ts";
import type { DurableEngine } from "./durable/index.ts";
import { freezer } from "./environments/freezer.ts";
import type { Invocation, InvocationResult } from "./environments/invocation.ts";
import { type Pool, type PoolOptions, pool } from "./environments/pool.ts";
import type { RuntimeApi } from "./environments/runtime-api/runtime-api.ts";
import { startEnvironment } from "./environments/start-environment.ts";
import { type FunctionConfig, functionConfig, parseFunctionName } from "./function-config.ts";
import type { LogBatches } from "./function-log.ts";
import { concurrencyGauge, type FunctionMetrics, functionMetrics } from "./function-metrics.ts";
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
  const metrics = functionMetrics(cloud);
  const traceInvocation = functionTraces(cloud);
  const freezing = freezer();
  concurrencyGauge(cloud, () => [...all.keys()].map((name) => [name, activeOf(name)]));
  let api: RuntimeApi | undefined;
  let daemon: string | undefined;
  let stopped = false;

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

  function poolOf(target: LambdaFunction, tenantId: string | undefined): Pool {
    const { config, pools } = target;
    if (config.perTenant && !tenantId) {
      throw new AwsError(
        "InvalidParameterValueException",
        "The invoked function is enabled with tenancy configuration. Add a valid tenant ID in your request and try again.",
      );
    }
    const key = config.perTenant ? tenantId! : "";
    let found = pools.get(key);
    if (!found) {
      found = pool({ clock: cloud.clock, start: (events, isAhead) => start(target, events, isAhead) });
      pools.set(key, found);
    }
    return found;
  }

  function provision(target: LambdaFunction, provisioned: LambdaFunction["provisioned"]): void {
    if (!provisioned && !target.provisioned) return;
    target.provisioned = provisioned;
    const begin = () => poolOf(target, undefined).provision(target.provisioned?.requested ?? 0);
    // Whoever starts the platform waits for what answers requests first.
    setImmediate(() => {
      if (stopped) return;
      if (api) begin();
      else startApi().then(begin, () => {});
    });
  }

  function start(
    { config, code }: LambdaFunction,
    events: Parameters<PoolOptions["start"]>[0],
    isProvisioned: boolean,
  ): ReturnType<PoolOptions["start"]> {
    const day = new Date(cloud.clock.now()).toISOString().slice(0, 10).replaceAll("-", "/");
    const streamName = `${day}/[${config.version}]${randomBytes(16).toString("hex")}`;
    return startEnvironment({
      config,
      clock: cloud.clock,
      runtime: api!,
      freezer: freezing,
      isProvisioned,
      codeDirectory: code.directory,
      layers: config.layers.flatMap((arn) => layers.directoryOf(arn) ?? []),
      stateDirectory,
      endpoint: cloud.endpoint,
      traceDaemon: config.isTraced ? daemon : undefined,
      region: cloud.region,
      credentials: cloud.credentialsFor(config.role, config.name, "lambda.amazonaws.com"),
      streamName,
      log: logs.stream(config.logGroup, streamName, cloud.principalFor(config.role, config.name)),
      ...events,
    });
  }

  async function startApi(): Promise<void> {
    // Nothing runs before, and a start has no time for it.
    offerRuntimePackages(codeCache);
    [api, daemon] = await Promise.all([runtime(), daemonOf(cloud)]);
    if (stopped) throw new AwsError("ServiceException", "The service is stopping.", 503);
  }

  async function invoke(target: LambdaFunction, request: InvokeRequest): Promise<InvocationResult> {
    if (target.config.durable && !request.isReplay) return (await durable()).run(target, request);
    if (!api) await startApi();
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
    const chosen = poolOf(target, request.tenantId);
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
      stopped = true;
      for (const latest of all.values()) {
        for (const { pools } of [latest, ...versions.of(latest.config.name)]) {
          for (const each of pools.values()) each.kill();
        }
      }
      await api?.close();
      tracingOf(cloud).stopDaemon?.();
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
