/**
 * The cloud on one machine: its services, and the doors between them.
 * A fresh one starts and stops in milliseconds, so that every test can have its own.
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Graph, Resource } from "../engine/graph.ts";
import { systemClock } from "./clock.ts";
import type { Context } from "./iam/conditions.ts";
import { iam as createIam, type Iam } from "./iam/index.ts";
import { type CredentialStore, credentialStore } from "./identity/credentials.ts";
import { type Wire, wireOf } from "./protocols/index.ts";
import { createAwsServer } from "./server.ts";
import {
  AwsError,
  type AwsRequest,
  type AwsResponse,
  type Call,
  type Clock,
  type Cloud,
  type LogLine,
  type Operation,
  type Principal,
  type Service,
} from "./service.ts";

/** What the core hands to its own services (iam, sts), beyond what every service gets. */
export interface CoreCloud extends Cloud {
  iam: Iam;
  credentials: CredentialStore;
}

export type ServiceFactory = (cloud: CoreCloud) => Service | Promise<Service>;

export interface CloudOptions {
  /** State folder. @default a temporary one, removed at `stop()` */
  directory?: string;
  /** @default "000000000000" */
  account?: string;
  /** @default "eu-west-1" */
  region?: string;
  /** @default 0: any free one */
  port?: number;
  clock?: Clock;
  /** Larger uploads to S3 go into a file as they come. @default 16 MB */
  inMemoryBytes?: number;
  /** By SigV4 name. A factory runs when its service is first needed. */
  services: Record<string, ServiceFactory>;
  /** Pulumi type → service name, for services that are not started yet. */
  resourceTypes?: Record<string, string>;
  /** Pulumi types that need nothing on one machine. */
  inert?: (type: string) => boolean;
  log?(line: LogLine): void;
}

export interface ClientConfig {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

export interface RunningCloud extends CoreCloud {
  /** Starts a service if need be. */
  service(name: string): Promise<Service>;
  /** Provisions every resource of the graph, in order. */
  provision(graph: Graph, onResource?: (resource: Resource) => void): Promise<void>;
  /** Configuration for any SDK v3 client, as the administrator or as a role. */
  client(roleArn?: string, tags?: Record<string, string>): ClientConfig;
  stop(): Promise<void>;
}

export async function startCloud(options: CloudOptions): Promise<RunningCloud> {
  const { account = "000000000000", region = "eu-west-1", clock = systemClock(), services: factories } = options;
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "terrace-"));
  mkdirSync(directory, { recursive: true });
  const database = openDatabase(directory);
  const iam = createIam(() => clock.now());
  const credentials = credentialStore(database, clock, account);
  const running = new Map<string, Promise<Service>>();
  const wires = new Map<string, Promise<Wire | undefined>>();
  const administrator: Principal = { type: "administrator", arn: `arn:aws:iam::${account}:root`, account };

  function service(name: string): Promise<Service> {
    const known = running.get(name);
    if (known) return known;
    const factory = Object.hasOwn(factories, name) ? factories[name] : undefined;
    if (!factory) {
      const error = new AwsError(
        "UnknownService",
        `The service "${name}" does not run on this machine; there are: ${Object.keys(factories).join(", ")}.`,
        501,
      );
      return Promise.reject(error);
    }
    const starting = Promise.resolve().then(() => factory(cloud));
    running.set(name, starting);
    return starting;
  }

  function wire(name: string): Promise<Wire | undefined> {
    const known = wires.get(name);
    if (known) return known;
    const loading = service(name).then(async ({ client }) => (client ? wireOf(await client()) : undefined));
    wires.set(name, loading);
    return loading;
  }

  /** @throws AwsError where the service does not have it on this machine, which the log says too */
  function operationOf(owner: Service, operation: string): Operation {
    const known = Object.hasOwn(owner.operations, operation) ? owner.operations[operation] : undefined;
    if (known) return known;
    const message = `${owner.name}:${operation} is not emulated on this machine.`;
    cloud.log({ level: "warn", source: owner.name, message });
    throw new AwsError("UnknownOperationException", message);
  }

  async function run(owner: Service, operation: string, input: object, call: Call): Promise<unknown> {
    const known = operationOf(owner, operation);
    const accesses = known.authorize?.(input, call) ?? [];
    for (const access of Array.isArray(accesses) ? accesses : [accesses]) iam.authorize(call, access);
    return known.run(input, call);
  }

  async function answer(name: string, request: AwsRequest, requestId: string): Promise<AwsResponse> {
    try {
      const owner = await service(name);
      const handled = await owner.handle?.(request);
      if (handled) return handled;
      const protocol = (await wire(name))?.speaking(request);
      if (!protocol) throw new AwsError("UnknownOperationException", `${name} has no API on this machine.`, 501);
      const parsed = protocol.parse(request);
      const { operation, input } = parsed;
      operationOf(owner, operation);
      if (owner.requiresMembers) protocol.checkRequired(parsed, owner.requiresMembers);
      const call: Call = { principal: request.principal, http: request, sourceIp: request.sourceIp };
      const response = protocol.respond(operation, await run(owner, operation, input as object, call), requestId);
      return withHeaders(response, request);
    } catch (error) {
      return withHeaders(await fail(name, error, requestId, request.method, request), request);
    }
  }

  function withHeaders(response: AwsResponse, { responseHeaders }: AwsRequest): AwsResponse {
    return responseHeaders ? { ...response, headers: { ...response.headers, ...responseHeaders } } : response;
  }

  function asAwsError(error: unknown, source: string): AwsError {
    if (error instanceof AwsError) return error;
    cloud.log({
      level: "error",
      source,
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
    return new AwsError("InternalFailure", "The request failed because of an unknown error.", 500);
  }

  async function fail(
    name: string,
    thrown: unknown,
    requestId: string,
    method: string,
    request?: AwsRequest,
  ): Promise<AwsResponse> {
    const error = asAwsError(thrown, name || "server");
    const known = Object.hasOwn(factories, name) ? await wire(name).catch(() => undefined) : undefined;
    const protocol = request ? known?.speaking(request) : known;
    if (protocol) return protocol.fail(error, requestId, method);
    const headers = {
      "content-type": "application/json",
      "x-amzn-errortype": error.code,
      "x-amzn-requestid": requestId,
    };
    return { status: error.status, headers, body: JSON.stringify({ __type: error.code, message: error.message }) };
  }

  const server = createAwsServer({
    ...{ credentials, clock, account, directory, inMemoryBytes: options.inMemoryBytes, answer, fail },
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(options.port ?? 0, "127.0.0.1", () => resolve());
  });

  function principalFor(roleArn: string, sessionName: string, tags?: Record<string, string>): Principal {
    const name = roleArn.slice(roleArn.lastIndexOf("/") + 1);
    const arn = `arn:aws:sts::${account}:assumed-role/${name}/${sessionName}`;
    return { type: "assumed-role", arn, account, roleArn, sessionName, tags };
  }

  const cloud: RunningCloud = {
    account,
    region,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    directory,
    database,
    clock,
    iam,
    credentials,
    log: options.log ?? (() => {}),
    authorize: (call, access) => iam.authorize(call, access),
    principalFor,
    assume(roleArn, sessionName, servicePrincipal, sourceArn) {
      const caller: Principal = { type: "service", arn: servicePrincipal, account };
      const source: Context = sourceArn ? { "aws:sourcearn": [sourceArn], "aws:sourceaccount": [account] } : {};
      iam.authorizeAssume(caller, "sts:AssumeRole", iam.role(roleArn), source);
      return principalFor(roleArn, sessionName);
    },
    credentialsFor(roleArn, sessionName, servicePrincipal, sourceArn) {
      return credentials.issue(cloud.assume(roleArn, sessionName, servicePrincipal, sourceArn), 12 * 3600);
    },
    async call(name, operation, input, call = {}) {
      const full: Call = { principal: administrator, sourceIp: "127.0.0.1", ...call };
      return (await run(await service(name), operation, input, full)) as never;
    },
    async deliver(arn, message) {
      const name = arn.split(":")[2] ?? "";
      const owner = await service(name);
      if (!owner.deliver) throw new AwsError("InvalidParameter", `${arn} takes no messages.`);
      await owner.deliver(arn, message);
    },
    service,
    async provision(graph, onResource) {
      for (const resource of graph.resources) {
        if (!resource.custom || resource.type.startsWith("pulumi:")) continue;
        await provisionOne(resource);
        onResource?.(resource);
      }
    },
    client(roleArn, tags) {
      const { endpoint } = cloud;
      if (!roleArn) return { endpoint, region, credentials: credentials.administrator };
      // The SDK wants an expiration as a Date, and none is fine
      const { accessKeyId, secretAccessKey, sessionToken } = credentials.issue(
        principalFor(roleArn, "test", tags),
        3600,
      );
      return { endpoint, region, credentials: { accessKeyId, secretAccessKey, sessionToken } };
    },
    async stop() {
      server.closeAllConnections();
      const closed = new Promise((resolve) => server.close(resolve));
      for (const starting of [...running.values()].reverse()) await (await starting.catch(() => undefined))?.stop?.();
      await closed;
      database.close();
      if (!options.directory) rmSync(directory, { recursive: true, force: true });
    },
  };

  async function provisionOne(resource: Resource): Promise<void> {
    if (options.inert?.(resource.type)) return;
    for (const name of candidates(resource.type)) {
      const provision = (await service(name)).resources[resource.type];
      if (!provision) continue;
      try {
        await provision(resource);
      } catch (error) {
        throw new Error(`${resource.type} "${resource.name}": ${(error as Error).message}`, { cause: error });
      }
      return;
    }
    throw new Error(`${resource.type} "${resource.name}": no service on this machine claims this type`);
  }

  function candidates(type: string): string[] {
    const owner = options.resourceTypes?.[type];
    return owner ? [owner] : Object.keys(factories);
  }

  // What the API made of roles and users holds before anybody asks IAM itself.
  if (Object.hasOwn(factories, "iam") && hasTable(database, "iam_roles")) await service("iam");
  return cloud;
}

function hasTable(database: DatabaseSync, name: string): boolean {
  return database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(name) !== undefined;
}

function openDatabase(directory: string): DatabaseSync {
  const path = join(directory, "state.sqlite");
  // It holds keys and users: SQLite gives its journals the mode that the file has.
  closeSync(openSync(path, "a", 0o600));
  const database = new DatabaseSync(path);
  // NORMAL: a killed process loses nothing; only a power cut could lose the last transactions.
  // A killed process loses nothing; a power cut may, as with PostgreSQL here. To wait for the disk would hold up every request.
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA busy_timeout = 5000");
  return database;
}
