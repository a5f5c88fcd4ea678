/** The functions of this machine: declared by the graph, run in pools of environments. */
import { randomBytes, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Asset, Resource } from "../../../engine/graph.ts";
import { AwsError, type Cloud } from "../../service.ts";
import { type Code, materialise } from "./code.ts";
import { type InvocationResult, startEnvironment } from "./environments/environment.ts";
import { type Pool, pool } from "./environments/pool.ts";
import type { RuntimeApi } from "./environments/runtime-api.ts";
import { BOOTSTRAP } from "./environments/runtime-process.ts";
import { type FunctionConfig, functionConfig, parseFunctionName } from "./function-config.ts";
import type { LogBatches } from "./function-log.ts";

/** An API's function stays for minutes, one that events drive for seconds. */
export const KEEP_WARM_MS = 300_000;
export const KEEP_WARM_IN_BACKGROUND_MS = 20_000;

export interface LambdaFunction {
  config: FunctionConfig;
  code: Code;
  lastModified: number;
  /** One, or with tenant isolation one per tenant. */
  pools: Map<string, Pool>;
  aliases: Set<string>;
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
}

export interface Functions {
  all: Map<string, LambdaFunction>;
  put(resource: Resource): void;
  putLayer(resource: Resource): void;
  /** @param text Name, ARN or partial ARN. Throws ResourceNotFoundException. */
  find(text: string, qualifier?: string): LambdaFunction;
  /** Throws TooManyRequestsException; a failure of the function itself is a result. */
  invoke(target: LambdaFunction, request: InvokeRequest): Promise<InvocationResult>;
  stop(): Promise<void>;
}

export function functions(cloud: Cloud, runtime: () => Promise<RuntimeApi>, logs: LogBatches): Functions {
  const all = new Map<string, LambdaFunction>();
  const layers = new Map<string, string>();
  const stateDirectory = join(cloud.directory, "lambda");
  const codeCache = join(stateDirectory, "code");
  endLeftovers(join(stateDirectory, "pids"));
  // Left behind by a run that was killed; code is laid out again from the graph.
  for (const name of ["tmp", "code", "pids"]) rmSync(join(stateDirectory, name), { recursive: true, force: true });
  mkdirSync(codeCache, { recursive: true });
  mkdirSync(join(stateDirectory, "pids"), { recursive: true });
  let api: RuntimeApi | undefined;
  let stopped = false;

  function put(resource: Resource): void {
    const config = functionConfig(resource);
    const code = materialise(config.code, codeCache);
    const known = all.get(config.name);
    if (known && known.code.sha256 === code.sha256 && JSON.stringify(known.config) === JSON.stringify(config)) return;
    if (known) for (const each of known.pools.values()) each.retire();
    all.set(config.name, {
      config,
      code,
      lastModified: cloud.clock.now(),
      pools: new Map(),
      aliases: known?.aliases ?? new Set(),
    });
  }

  function find(text: string, qualifier?: string): LambdaFunction {
    const parsed = parseFunctionName(text);
    const target = all.get(parsed.name);
    const wanted = qualifier ?? parsed.qualifier;
    const exists =
      target && (wanted === undefined || wanted === "$LATEST" || wanted === "1" || target.aliases.has(wanted));
    if (exists) return target;
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
      const maxEnvironments = Math.max(1, Math.min(config.reservedConcurrency ?? 8, 8));
      found = pool({ clock: cloud.clock, maxEnvironments, start: (events) => start(target, events) });
      pools.set(key, found);
    }
    return found;
  }

  function start({ config, code }: LambdaFunction, events: Parameters<Parameters<typeof pool>[0]["start"]>[0]) {
    const day = new Date(cloud.clock.now()).toISOString().slice(0, 10).replaceAll("-", "/");
    const streamName = `${day}/[$LATEST]${randomBytes(16).toString("hex")}`;
    return startEnvironment({
      config,
      clock: cloud.clock,
      runtime: api!,
      codeDirectory: code.directory,
      layers: config.layers.flatMap((arn) => layers.get(arn) ?? []),
      stateDirectory,
      endpoint: cloud.endpoint,
      region: cloud.region,
      credentials: cloud.credentialsFor(config.role, config.name, "lambda.amazonaws.com"),
      streamName,
      log: logs.stream(config.logGroup, streamName, cloud.principalFor(config.role, config.name)),
      ...events,
    });
  }

  async function startApi(): Promise<void> {
    api = await runtime();
    if (stopped) throw new AwsError("ServiceException", "The service is stopping.", 503);
  }

  async function invoke(target: LambdaFunction, request: InvokeRequest): Promise<InvocationResult> {
    if (!api) await startApi();
    const { config, pools } = target;
    const { reservedConcurrency } = config;
    if (reservedConcurrency !== undefined) {
      let active = 0;
      for (const each of pools.values()) active += each.active;
      if (active >= reservedConcurrency) {
        throw new AwsError("TooManyRequestsException", "Rate Exceeded.", 429, {
          Reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
          Type: "User",
        });
      }
    }
    const chosen = poolOf(target, request.tenantId);
    return new Promise((done) => {
      chosen.submit({
        requestId: request.requestId ?? randomUUID(),
        payload: request.payload,
        invokedArn: request.qualifier ? `${config.arn}:${request.qualifier}` : config.arn,
        clientContext: request.clientContext,
        // Without isolation nobody would know whose environment it is.
        tenantId: config.perTenant ? request.tenantId : undefined,
        tail: request.tail,
        keepWarmMs: request.keepWarmMs ?? KEEP_WARM_MS,
        done,
      });
    });
  }

  return {
    all,
    put,
    putLayer({ inputs, outputs }) {
      const { directory } = materialise(inputs.code as unknown as Asset, codeCache);
      layers.set(String(outputs.arn), directory);
    },
    find,
    invoke,
    async stop() {
      stopped = true;
      for (const { pools } of all.values()) for (const each of pools.values()) each.kill();
      await api?.close();
    },
  };
}

/**
 * Environments end when the platform does; one that was in an endless loop as its platform was killed could not notice.
 * A process id may have a new owner by now: it has to be one of ours by its command line, which only Linux shows as a file.
 */
function endLeftovers(pidDirectory: string): void {
  for (const pid of existsSync(pidDirectory) ? readdirSync(pidDirectory) : []) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "latin1");
      if (command.includes(BOOTSTRAP) && command.includes(dirname(pidDirectory))) process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended, or nothing tells.
    }
  }
}
