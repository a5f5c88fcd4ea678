/** A cloud with KMS alone, and its SDK client as the administrator or as a role. */
import { KMSClient } from "@aws-sdk/client-kms";
import { type ManualClock, manualClock } from "../../../local/clock.ts";
import { type RunningCloud, type ServiceFactory, startCloud } from "../../../local/cloud.ts";
import { kms } from "../../../local/services/kms/index.ts";
import { roleWith } from "../role-with.ts";

export interface KmsCloud {
  cloud: RunningCloud;
  clock: ManualClock;
  client: KMSClient;
  /** A client as a role with these statements. */
  as(name: string, ...statements: object[]): Promise<{ client: KMSClient; arn: string }>;
  stop(): Promise<void>;
}

export async function startKms(directory?: string, more: Record<string, ServiceFactory> = {}): Promise<KmsCloud> {
  const clock = manualClock(Date.now());
  const cloud = await startCloud({ directory, clock, services: { kms, ...more } });
  const clients = [new KMSClient(cloud.client())];
  return {
    cloud,
    clock,
    client: clients[0]!,
    async as(name, ...statements) {
      const arn = await roleWith(cloud, name, ...statements);
      const client = new KMSClient({ ...cloud.client(arn), maxAttempts: 1 });
      clients.push(client);
      return { client, arn };
    },
    async stop() {
      for (const client of clients) client.destroy();
      await cloud.stop();
    },
  };
}

export const day = 86_400_000;
export const account = "000000000000";
export const root = `arn:aws:iam::${account}:root`;

export function allow(Action: string | string[], Resource = "*", more: object = {}): object {
  return { Effect: "Allow", Action, Resource, ...more };
}

export const policyOf = (...Statement: object[]): string => JSON.stringify({ Version: "2012-10-17", Statement });
