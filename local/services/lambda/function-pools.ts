/** The environments of functions: a pool for each version, with tenant isolation one for each tenant. */
import { randomBytes } from "node:crypto";
import { AwsError, type Cloud } from "../../service.ts";
import { tracingOf } from "../../tracing.ts";
import { daemonOf } from "../xray/daemon.ts";
import type { Layers } from "./code/layers.ts";
import { offerRuntimePackages } from "./code/runtime-packages.ts";
import { freezer } from "./environments/freezer.ts";
import { type Pool, type PoolOptions, pool } from "./environments/pool.ts";
import type { RuntimeApi } from "./environments/runtime-api/runtime-api.ts";
import { startEnvironment } from "./environments/start-environment.ts";
import type { LogBatches } from "./function-log.ts";
import type { LambdaFunction } from "./functions.ts";

export interface FunctionPools {
  /** Whether environments can start: `makeReady` sees to it, which a start of the platform has no time for. */
  readonly areReady: boolean;
  makeReady(): Promise<void>;
  /** Throws InvalidParameterValueException where the function has to be told a tenant. */
  of(target: LambdaFunction, tenantId: string | undefined): Pool;
  /** Starts environments ahead, in the background. Undefined: none any more. */
  provision(target: LambdaFunction, provisioned: LambdaFunction["provisioned"]): void;
  /** Once the pools have ended. */
  stop(): Promise<void>;
}

export interface FunctionPoolsOptions {
  runtime(): Promise<RuntimeApi>;
  logs: LogBatches;
  layers: Layers;
  stateDirectory: string;
  codeCache: string;
}

export function functionPools(cloud: Cloud, options: FunctionPoolsOptions): FunctionPools {
  const { runtime, logs, layers, stateDirectory, codeCache } = options;
  const freezing = freezer();
  let api: RuntimeApi | undefined;
  let daemon: string | undefined;
  let stopped = false;

  function of(target: LambdaFunction, tenantId: string | undefined): Pool {
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

  async function makeReady(): Promise<void> {
    // Nothing runs before, and a start has no time for it.
    offerRuntimePackages(codeCache);
    [api, daemon] = await Promise.all([runtime(), daemonOf(cloud)]);
    if (stopped) throw new AwsError("ServiceException", "The service is stopping.", 503);
  }

  return {
    of,
    makeReady,
    get areReady() {
      return api !== undefined;
    },
    provision(target, provisioned) {
      if (!provisioned && !target.provisioned) return;
      target.provisioned = provisioned;
      const begin = () => of(target, undefined).provision(target.provisioned?.requested ?? 0);
      // Whoever starts the platform waits for what answers requests first.
      setImmediate(() => {
        if (stopped) return;
        if (api) begin();
        else makeReady().then(begin, () => {});
      });
    },
    async stop() {
      stopped = true;
      await api?.close();
      tracingOf(cloud).stopDaemon?.();
    },
  };
}
