/**
 * The service alone, with everything it needs of a cloud played by a few lines: secrets in a map, a clock moved by hand,
 * an HTTP server that asks for no signature. Tests of the whole cloud are elsewhere.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { RDSDataClient } from "@aws-sdk/client-rds-data";
import type { Resource, Value } from "../../../engine/graph.ts";
import { type Access, AwsError, type Clock, type Cloud, type LogLine, type Principal } from "../../../local/service.ts";
import type { Faults } from "../../../local/services/rds-data/faults.ts";
import { rdsData } from "../../../local/services/rds-data/index.ts";

export const CLUSTER_ARN = "arn:aws:rds:eu-west-1:000000000000:cluster:orders";
export const MASTER_SECRET = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:rds!cluster-0000-AbCdEf";
export const TARGET = { resourceArn: CLUSTER_ARN, secretArn: MASTER_SECRET };
const ADMINISTRATOR: Principal = {
  type: "administrator",
  arn: "arn:aws:iam::000000000000:root",
  account: "000000000000",
};

export interface TestServer {
  endpoint: string;
  directory: string;
  client: RDSDataClient;
  clock: ManualClock;
  /** What is played of it. */
  cloud: Cloud;
  /** ARN → SecretString. */
  secrets: Map<string, string>;
  /** What the service asked IAM about. */
  asked: Access[];
  /** Makes `cloud.authorize` throw AccessDenied for an action. */
  denied: Set<string>;
  /** What goes wrong on purpose. */
  faults: Faults;
  /** Who makes the calls. */
  caller: Principal;
  /** What the service said. */
  log: string[];
  provision(inputs?: Record<string, Value>, arn?: string): Promise<void>;
  /** Stops service and server; keeps the directory when told to. */
  stop(options?: { keep?: boolean }): Promise<void>;
}

export class ManualClock implements Clock {
  #now = Date.parse("2026-01-01T00:00:00Z");
  #timers = new Set<{ at: number; task: () => void }>();

  now(): number {
    return this.#now;
  }

  after(delayMs: number, task: () => void) {
    const timer = { at: this.#now + delayMs, task };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.#timers]) {
      if (timer.at <= this.#now && this.#timers.delete(timer)) timer.task();
    }
  }
}

export async function startDataApi(options: { directory?: string; resumeMs?: number } = {}): Promise<TestServer> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "terrace-data-api-"));
  const secrets = new Map<string, string>();
  const asked: Access[] = [];
  const denied = new Set<string>();
  const clock = new ManualClock();
  const log: string[] = [];
  const call = async (
    _service: string,
    operation: string,
    input: { SecretId?: string; ARN?: string; SecretString?: string },
  ) => {
    if (operation === "PutManagedSecret") return void secrets.set(input.ARN!, input.SecretString!);
    const SecretString = secrets.get(input.SecretId!);
    if (denied.has("secretsmanager:GetSecretValue")) {
      throw new AwsError("AccessDeniedException", "not authorized to perform: secretsmanager:GetSecretValue", 403);
    }
    if (!SecretString)
      throw new AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    return { SecretString };
  };
  const authorize = (_call: unknown, access: Access) => {
    asked.push(access);
    if (denied.has(access.action)) throw new AwsError("AccessDeniedException", `not authorized: ${access.action}`, 403);
  };
  const tell = (line: LogLine) => log.push(line.message);
  const played = { account: "000000000000", region: "eu-west-1", directory, clock, call, authorize, log: tell };
  const cloud = played as unknown as Cloud;
  const service = rdsData(cloud, options);
  const http = createServer((request, response) => {
    // A defect of the service is an answer that says so: nobody waits for one that never comes.
    answerTo(request, response).catch((error) => {
      if (response.headersSent || response.destroyed) response.destroy();
      else response.writeHead(500).end(JSON.stringify({ message: `the service failed: ${error.stack}` }));
    });
  });
  const answerTo = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = await service.handle!({
      method: request.method!,
      url: new URL(request.url!, "http://localhost"),
      headers: request.headers as Record<string, string>,
      body: Buffer.concat(chunks),
      principal: server.caller,
      sourceIp: "127.0.0.1",
    });
    if (!answer) return void response.writeHead(404).end();
    response.writeHead(answer.status, answer.headers);
    if (answer.body instanceof Readable) answer.body.on("error", () => response.destroy()).pipe(response);
    else response.end(answer.body);
  };
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
  const endpoint = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "example" };
  const client = new RDSDataClient({ endpoint, region: "eu-west-1", credentials, maxAttempts: 1 });
  const server: TestServer = {
    endpoint,
    directory,
    client,
    clock,
    cloud,
    secrets,
    asked,
    denied,
    faults: service.faults,
    caller: ADMINISTRATOR,
    log,
    async provision(inputs = {}, arn = CLUSTER_ARN) {
      await service.resources["aws:rds/cluster:Cluster"]!(clusterResource(arn, inputs));
    },
    async stop({ keep = false } = {}) {
      client.destroy();
      http.closeAllConnections();
      await new Promise((closed) => http.close(closed));
      await service.stop?.();
      if (!keep) rmSync(directory, { recursive: true, force: true });
    },
  };
  return server;
}

export function clusterResource(arn: string, inputs: Record<string, Value> = {}): Resource {
  const identifier = arn.split(":").at(-1)!;
  const own = {
    clusterIdentifier: identifier,
    databaseName: "app",
    masterUsername: "terrace",
    manageMasterUserPassword: true,
    enableHttpEndpoint: true,
    ...inputs,
  };
  return {
    urn: `urn:pulumi:test::terrace::aws:rds/cluster:Cluster::${identifier}`,
    type: "aws:rds/cluster:Cluster",
    name: identifier,
    custom: true,
    id: identifier,
    inputs: own,
    outputs: { ...own, arn, masterUserSecrets: [{ secretArn: MASTER_SECRET }] },
    secrets: [],
    dependencies: [],
    propertyDependencies: {},
    options: {},
  };
}
