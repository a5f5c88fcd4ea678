/** What an execution environment is made of, and what the rest of the platform sees of it. */
import type { Clock, Credentials } from "../../../service.ts";
import type { FunctionConfig } from "../function-config.ts";
import type { StreamLog } from "../function-log.ts";
import type { Freezable, Freezer } from "./freezer.ts";
import type { Invocation } from "./invocation.ts";
import type { RuntimeApi } from "./runtime-api/runtime-api.ts";

export interface EnvironmentOptions {
  config: FunctionConfig;
  clock: Clock;
  runtime: RuntimeApi;
  freezer: Freezer;
  /** Started ahead, for no invocation yet. */
  isProvisioned: boolean;
  codeDirectory: string;
  /** Directories of the function's layers. */
  layers: string[];
  stateDirectory: string;
  endpoint: string;
  /** Where tracers send segments; absent without active tracing. */
  traceDaemon?: string;
  region: string;
  credentials: Credentials;
  streamName: string;
  log: StreamLog;
  onIdle(environment: Environment): void;
  /** An invocation has ended and another one runs: there is room for one more (see `canQueue`). */
  onRoom(environment: Environment): void;
  /** Invocations that were sent ahead and have not begun. */
  onReturned(invocations: Invocation[]): void;
  onGone(environment: Environment): void;
}

export interface Environment extends Freezable {
  readonly id: string;
  /** When it last became free; undefined while it starts or works. */
  idleSince?: number;
  keepWarmMs: number;
  readonly expired: boolean;
  /** True until its runtime asks for the first invocation. */
  readonly starting: boolean;
  /** True from then on. */
  readonly hasStarted: boolean;
  /** How long one more would wait in it, as far as can be told, ms. */
  readonly waitMs: number;
  /** Whether it may be given an invocation while it runs another one. */
  readonly canQueue: boolean;
  /** Takes an invocation when it is idle, when it `canQueue`, and the first one while it starts. */
  invoke(invocation: Invocation): void;
  kill(): void;
}
