/** A cloud with DynamoDB alone, tables as a Pulumi program would declare them, and an SDK client for it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Graph, Resource, Value } from "../../../engine/graph.ts";
import { type ManualClock, manualClock } from "../../../local/clock.ts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { dynamodb } from "../../../local/services/dynamodb/index.ts";

export interface TableDeclaration {
  name: string;
  hashKey: string;
  rangeKey?: string;
  attributes: Record<string, "S" | "N" | "B">;
  globalSecondaryIndexes?: Value[];
  localSecondaryIndexes?: Value[];
  ttl?: { enabled: boolean; attributeName: string };
}

export interface DynamoCloud {
  client: DynamoDBClient;
  clock: ManualClock;
  running: RunningCloud;
  provision(table: TableDeclaration): Promise<void>;
  /** Stops and starts again on the same state, without declaring anything. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startDynamo({ tables }: { tables: TableDeclaration[] }): Promise<DynamoCloud> {
  const directory = mkdtempSync(join(tmpdir(), "terrace-dynamodb-"));
  // Signatures carry the real time: start there
  const clock = manualClock(Date.now());
  const start = async () => {
    const running = await startCloud({ directory, clock, services: { dynamodb } });
    return { running, client: new DynamoDBClient(running.client()) };
  };
  const cloud: DynamoCloud = {
    ...(await start()),
    clock,
    provision: (table) => cloud.running.provision({ resources: [tableResource(table)] } as unknown as Graph),
    async restart() {
      cloud.client.destroy();
      await cloud.running.stop();
      Object.assign(cloud, await start());
    },
    async stop() {
      cloud.client.destroy();
      await cloud.running.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  for (const table of tables) await cloud.provision(table);
  return cloud;
}

function tableResource({ attributes, ...declared }: TableDeclaration): Resource {
  const inputs = {
    ...declared,
    attributes: Object.entries(attributes).map(([name, type]) => ({ name, type })),
    billingMode: "PAY_PER_REQUEST",
  } as unknown as Record<string, Value>;
  return {
    urn: `urn:pulumi:test::terrace::aws:dynamodb/table:Table::${declared.name}`,
    type: "aws:dynamodb/table:Table",
    name: declared.name,
    custom: true,
    id: declared.name,
    inputs,
    outputs: inputs,
    secrets: [],
    dependencies: [],
    propertyDependencies: {},
    options: {},
  };
}

/** `[code, message]` of the error that a call ends in. */
export async function failure(call: Promise<unknown>): Promise<[string, string]> {
  try {
    await call;
  } catch (error) {
    return [(error as Error).name, (error as Error).message];
  }
  throw new Error("expected the call to fail");
}
