/** The process of an execution environment: its command, its variables, what it writes and how it ends. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { EnvironmentOptions } from "./environment.ts";

/** What runs inside of the process. */
const RUNTIME = join(import.meta.dirname, "runtime");
export const BOOTSTRAP = join(RUNTIME, "bootstrap.mjs");
/** As an option of Node.js: worker threads and forked processes take it over. */
export const OWN_FILES = ["--require", join(RUNTIME, "own-files.cjs")];

/**
 * @param claims Descriptor of the claims' file, which becomes the process's descriptor 3. Descriptor 4 is what a frozen
 *   process waits for; it ends with this process, and whoever waits for it then ends too.
 */
export function spawnRuntime(
  options: EnvironmentOptions,
  token: string,
  temporary: string,
  claims: number,
): ChildProcess {
  const { config, runtime } = options;
  const heapMb = Math.max(16, Math.floor(config.memoryMb * 0.9));
  const flags = [`--max-old-space-size=${heapMb}`, "--disable-warning=ExperimentalWarning", ...OWN_FILES];
  const args = [
    join(options.stateDirectory, "compile-cache"),
    runtime.frames,
    token,
    String(config.ephemeralStorageMb),
  ];
  const child = spawn(process.execPath, [...flags, BOOTSTRAP, ...args], {
    cwd: options.codeDirectory,
    env: environmentVariables(options, runtime.address(token), temporary),
    stdio: ["ignore", "pipe", "pipe", claims, "pipe"],
    windowsHide: true,
  });
  // It may be gone before it is awakened.
  (child.stdio[4] as Socket).on("error", () => {}).unref();
  return child;
}

/** A frozen process goes on. */
export function awaken(child: ChildProcess): void {
  (child.stdio[4] as Socket).write("\0");
}

/**
 * The runtime writes a message of several lines with carriage returns, to keep it one event.
 * Not node:readline: that ends lines at carriage returns as well.
 */
export function eachMessage(stream: Readable, take: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) take(line.replaceAll("\r", "\n"));
  });
  stream.on("end", () => {
    if (rest) take(rest.replaceAll("\r", "\n"));
  });
}

/** The function's own variables and Lambda's: nothing of this process. */
function environmentVariables(
  { config, region, endpoint, traceDaemon, credentials, codeDirectory, layers, ...options }: EnvironmentOptions,
  runtimeApi: string,
  temporary: string,
): Record<string, string> {
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin:/opt/bin",
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
    ...(layers.length > 0 && { NODE_PATH: layers.map((layer) => join(layer, "nodejs", "node_modules")).join(":") }),
    ...config.environment,
    TMPDIR: temporary,
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_EXECUTION_ENV: `AWS_Lambda_${config.runtime}`,
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    AWS_LAMBDA_FUNCTION_NAME: config.name,
    AWS_LAMBDA_FUNCTION_VERSION: config.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(config.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: options.isProvisioned ? "provisioned-concurrency" : "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: config.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: options.streamName,
    ...(config.logFormat === "JSON" && {
      AWS_LAMBDA_LOG_FORMAT: "JSON",
      AWS_LAMBDA_LOG_LEVEL: config.applicationLogLevel,
    }),
    ...(traceDaemon && { AWS_XRAY_DAEMON_ADDRESS: traceDaemon, AWS_XRAY_CONTEXT_MISSING: "LOG_ERROR" }),
    LAMBDA_TASK_ROOT: codeDirectory,
    LAMBDA_RUNTIME_DIR: RUNTIME,
    _HANDLER: config.handler,
  };
}

/** In the words of `Runtime.ExitError`. */
export function exitReason(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal)
    return `Runtime exited with error: signal: ${signal === "SIGABRT" ? "aborted" : signal === "SIGKILL" ? "killed" : signal}`;
  return code ? `Runtime exited with error: exit status ${code}` : "Runtime exited without providing a reason";
}
