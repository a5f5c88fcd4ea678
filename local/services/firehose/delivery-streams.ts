/** The delivery streams of an account. What the API made is there after a restart; the program declares its own again. */
import type { ExtendedS3DestinationConfiguration } from "@aws-sdk/client-firehose";
import { AwsError, type Cloud } from "../../service.ts";
import { type Settings, settingsOf } from "./settings.ts";

export interface DeliveryStream {
  name: string;
  arn: string;
  /** A stream whose records it delivers; nothing else may be put into it then. */
  source?: { streamArn: string; roleArn: string };
  /** As the API has it. */
  destination: ExtendedS3DestinationConfiguration;
  settings: Settings;
  version: number;
  tags: Record<string, string>;
  isEncrypted: boolean;
  createdAt: number;
  changedAt: number;
  isDeclared: boolean;
}

export type Declaration = Pick<
  DeliveryStream,
  "name" | "source" | "destination" | "tags" | "isEncrypted" | "isDeclared"
>;

export interface DeliveryStreams {
  all(): DeliveryStream[];
  arnOf(name: string): string;
  get(name: string): DeliveryStream | undefined;
  /** @throws AwsError ResourceNotFoundException */
  find(name: string): DeliveryStream;
  /** Makes or changes it. @throws AwsError for settings that it may not have */
  put(declaration: Declaration): DeliveryStream;
  remove(name: string): void;
}

export function deliveryStreamsOf({ account, region, clock, database }: Cloud): DeliveryStreams {
  const all = new Map<string, DeliveryStream>();
  database.exec("CREATE TABLE IF NOT EXISTS firehose_streams (name TEXT PRIMARY KEY, stream TEXT NOT NULL) STRICT");
  const save = database.prepare(
    "INSERT INTO firehose_streams VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET stream = excluded.stream",
  );
  const drop = database.prepare("DELETE FROM firehose_streams WHERE name = ?");
  const arnOf = (name: string) => `arn:aws:firehose:${region}:${account}:deliverystream/${name}`;

  for (const row of database.prepare("SELECT stream FROM firehose_streams").all()) {
    const stream = JSON.parse(String(row.stream)) as DeliveryStream;
    all.set(stream.name, stream);
  }

  return {
    all: () => [...all.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    arnOf,
    get: (name) => all.get(name),
    find(name) {
      const found = all.get(name);
      if (found) return found;
      const message = `Firehose ${name} under account ${account} not found.`;
      throw new AwsError("ResourceNotFoundException", message);
    },
    put(declaration) {
      const { name, isDeclared } = declaration;
      const known = all.get(name);
      const stream: DeliveryStream = {
        ...declaration,
        arn: arnOf(name),
        settings: settingsOf(declaration.destination),
        version: known ? known.version + Number(hasChanged(known, declaration)) : 1,
        createdAt: known?.createdAt ?? clock.now(),
        changedAt: clock.now(),
      };
      all.set(name, stream);
      if (isDeclared) drop.run(name);
      else save.run(name, JSON.stringify(stream));
      return stream;
    },
    remove(name) {
      all.delete(name);
      drop.run(name);
    },
  };
}

function hasChanged({ destination }: DeliveryStream, next: Declaration): boolean {
  return JSON.stringify(destination) !== JSON.stringify(next.destination);
}
