/**
 * Pulumi's Node language host, as far as a program, its components for other languages and a policy pack need it: what the CLI asks of `pulumi-language-nodejs`
 * over gRPC. It starts @pulumi/pulumi's own entry points (`cmd/run`, `cmd/run-plugin`, `cmd/run-policy-pack`) as the official host does, with
 * the options of Pulumi.yaml. It stands in where a CLI was built without its host, whose Go module cannot be had everywhere.
 *
 * Not here: installing what is missing, generating code, attaching a debugger, ts-node's settings beyond `typescript`.
 */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/language_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/language_pb.js";
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";

/** The status with which @pulumi/pulumi ends a program whose error it has told already. */
const TOLD = 32;

type Call<Request> = { request: Request };
type Answer = (error: Error | null, response?: unknown) => void;

let engine = process.argv.slice(2).find((argument) => !argument.startsWith("-")) ?? "";
const running = new Set<ChildProcess>();

const host = {
  handshake({ request }: Call<messages.LanguageHandshakeRequest>, answer: Answer) {
    engine = request.getEngineAddress();
    answer(null, new messages.LanguageHandshakeResponse());
  },

  getPluginInfo(_call: unknown, answer: Answer) {
    answer(null, new plugins.PluginInfo().setVersion("0.0.0"));
  },

  /** The providers that the program's packages talk to: each SDK says so in its package.json. */
  getRequiredPackages({ request }: Call<messages.GetRequiredPackagesRequest>, answer: Answer) {
    const directory = request.getInfo()!.getRootDirectory();
    const required = providersOf(directory).map(({ name, version }) =>
      new plugins.PackageDependency().setName(name).setKind("resource").setVersion(version),
    );
    answer(null, new messages.GetRequiredPackagesResponse().setPackagesList(required));
  },

  run({ request }: Call<messages.RunRequest>, answer: Answer) {
    const info = request.getInfo()!;
    const { nodeargs, typescript } = optionsOf(info);
    const flags: Record<string, string> = {
      monitor: request.getMonitorAddress(),
      engine,
      organization: request.getOrganization(),
      project: request.getProject(),
      "root-directory": info.getRootDirectory(),
      stack: request.getStack(),
      pwd: request.getPwd(),
      parallel: String(request.getParallel()),
    };
    const given = Object.entries(flags).filter(([, value]) => value !== "");
    const child = startNode(
      [
        ...nodeargs,
        entryPoint(info.getRootDirectory(), "run"),
        ...given.flatMap(([name, value]) => [`--${name}`, value]),
        ...(request.getDryrun() ? ["--dry-run"] : []),
        info.getEntryPoint() || ".",
        ...request.getArgsList(),
      ],
      {
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toObject())),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        ...(typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
      },
      ["ignore", "inherit", "inherit"],
    );
    child.once("error", (error) => answer(error));
    child.once("exit", (code, signal) => {
      const response = new messages.RunResponse();
      if (code === TOLD) response.setBail(true);
      else if (code !== 0) response.setError(`Program exited with ${signal ?? `non-zero exit code: ${code}`}`);
      answer(null, response);
    });
  },

  /** A policy pack, or components of a package: the plugin's own first line, its port, goes back to the CLI with whatever else it prints. */
  runPlugin(call: grpc.ServerWritableStream<messages.RunPluginRequest, messages.RunPluginResponse>) {
    const { request } = call;
    const start = PLUGINS[request.getKind()];
    if (!start) {
      call.emit("error", { code: grpc.status.UNIMPLEMENTED, details: `plugins of kind ${request.getKind()}` });
      return;
    }
    const info = request.getInfo()!;
    const environment = Object.fromEntries(
      request.getEnvList().map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
    );
    const { nodeargs, typescript } = optionsOf(info);
    const child = startNode(
      [...nodeargs, ...start(info.getProgramDirectory(), request.getArgsList())],
      { ...environment, ...(typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}) },
      ["ignore", "pipe", "pipe"],
      request.getPwd(),
    );
    child.stdout!.on("data", (chunk) => call.write(new messages.RunPluginResponse().setStdout(chunk)));
    child.stderr!.on("data", (chunk) => call.write(new messages.RunPluginResponse().setStderr(chunk)));
    child.once("close", (code) => {
      call.write(new messages.RunPluginResponse().setExitcode(code ?? 1));
      call.end();
    });
    call.on("cancelled", () => child.kill());
  },

  /** What a package needs was installed with it: `npm install` in its folder would find nothing to do. */
  installDependencies(call: grpc.ServerWritableStream<unknown, messages.InstallDependenciesResponse>) {
    call.end();
  },

  cancel(_call: unknown, answer: Answer) {
    for (const child of running) child.kill("SIGINT");
    answer(null, new empty.Empty());
  },
};

/** What each kind of plugin is started as. */
const PLUGINS: Record<string, (directory: string, args: string[]) => string[]> = {
  analyzer: (directory, args) => [entryPoint(directory, "run-policy-pack"), ...args, directory],
  resource: (directory, args) => [entryPoint(directory, "run-plugin"), directory, ...args],
};

function startNode(args: string[], environment: NodeJS.ProcessEnv, stdio: StdioOptions, cwd?: string): ChildProcess {
  const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...environment }, stdio });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** `@pulumi/pulumi/cmd/<name>` as the program would find it, not as this file would. */
function entryPoint(directory: string, name: string): string {
  return createRequire(join(directory, "_")).resolve(`@pulumi/pulumi/cmd/${name}/index.js`);
}

function optionsOf(info: messages.ProgramInfo): { nodeargs: string[]; typescript: boolean } {
  const { nodeargs = "", typescript = true } = (info.getOptions()?.toJavaScript() ?? {}) as Record<string, unknown>;
  return { nodeargs: String(nodeargs).split(/\s+/).filter(Boolean), typescript: typescript !== false };
}

function providersOf(directory: string): { name: string; version: string }[] {
  const { dependencies = {} } = readJson(join(directory, "package.json"));
  return Object.keys(dependencies).flatMap((dependency) => {
    const { pulumi, version } = readJson(join(directory, "node_modules", dependency, "package.json"));
    if (!pulumi?.resource) return [];
    return [{ name: pulumi.name ?? dependency.replace(/^@pulumi\//, ""), version: pulumi.version ?? `v${version}` }];
  });
}

// biome-ignore lint/suspicious/noExplicitAny: a package.json
function readJson(file: string): Record<string, any> {
  return JSON.parse(readFileSync(file, "utf8"));
}

// A CLI that was killed can not say so; its end of the pipe closes.
process.stdin.resume().once("end", () => process.exit());

const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
server.addService(services.LanguageRuntimeService, host as unknown as grpc.UntypedServiceImplementation);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
