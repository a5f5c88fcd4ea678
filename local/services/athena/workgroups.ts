/** Workgroups and saved queries: the program's and the API's. */
import type { Resource } from "../../../engine/graph.ts";
import { AwsError, type Cloud } from "../../service.ts";

export interface Configuration {
  ResultConfiguration?: { OutputLocation?: string; ExpectedBucketOwner?: string; EncryptionConfiguration?: object };
  EnforceWorkGroupConfiguration?: boolean;
  PublishCloudWatchMetricsEnabled?: boolean;
  BytesScannedCutoffPerQuery?: number;
  [member: string]: unknown;
}

export interface Workgroup {
  Name: string;
  Description?: string;
  State: "ENABLED" | "DISABLED";
  Configuration: Configuration;
  CreationTime: number;
}

export interface NamedQuery {
  NamedQueryId: string;
  Name: string;
  Description?: string;
  Database: string;
  QueryString: string;
  WorkGroup: string;
}

const LEAST_CUTOFF = 10_000_000;

export function workgroupsOf({ database, clock }: Cloud) {
  database.exec(
    "CREATE TABLE IF NOT EXISTS athena_made (kind TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT",
  );
  const save = database.prepare("INSERT OR REPLACE INTO athena_made VALUES (?, ?, ?)");
  const drop = database.prepare("DELETE FROM athena_made WHERE kind = ? AND id = ?");
  const all = database.prepare("SELECT body FROM athena_made WHERE kind = ?");
  const groups = new Map<string, Workgroup>();
  const queries = new Map<string, NamedQuery>();
  const primary: Workgroup = { Name: "primary", State: "ENABLED", Configuration: {}, CreationTime: clock.now() };
  groups.set(primary.Name, primary);
  for (const { body } of all.all("workgroup")) {
    const group = JSON.parse(String(body)) as Workgroup;
    groups.set(group.Name, group);
  }
  for (const { body } of all.all("query")) {
    const query = JSON.parse(String(body)) as NamedQuery;
    queries.set(query.NamedQueryId, query);
  }

  return {
    groups,
    queries,
    declare(resource: Resource): void {
      const inputs = resource.inputs as Record<string, unknown>;
      const configuration = (inputs.configuration ?? {}) as Record<string, unknown>;
      const result = configuration.resultConfiguration as Record<string, unknown> | undefined;
      const Name = String(inputs.name ?? resource.name);
      groups.set(Name, {
        ...{ Name, Description: inputs.description as string | undefined, CreationTime: clock.now() },
        State: inputs.state === "DISABLED" ? "DISABLED" : "ENABLED",
        Configuration: {
          // Pulumi's defaults.
          EnforceWorkGroupConfiguration: configuration.enforceWorkgroupConfiguration !== false,
          PublishCloudWatchMetricsEnabled: configuration.publishCloudwatchMetricsEnabled !== false,
          BytesScannedCutoffPerQuery: configuration.bytesScannedCutoffPerQuery as number | undefined,
          ...(result && {
            ResultConfiguration: {
              OutputLocation: result.outputLocation as string | undefined,
              ExpectedBucketOwner: result.expectedBucketOwner as string | undefined,
            },
          }),
        },
      });
    },
    declareQuery({ inputs, id, name }: Resource): void {
      const { database: Database, query, workgroup = "primary", description, name: Name = name } = inputs;
      queries.set(String(id), {
        ...{ NamedQueryId: String(id), Name: String(Name), Database: String(Database), QueryString: String(query) },
        ...{ WorkGroup: String(workgroup), Description: description as string | undefined },
      });
    },
    put(group: Workgroup): void {
      checkConfiguration(group.Configuration);
      groups.set(group.Name, group);
      save.run("workgroup", group.Name, JSON.stringify(group));
    },
    remove(name: string): void {
      groups.delete(name);
      drop.run("workgroup", name);
    },
    putQuery(query: NamedQuery): void {
      queries.set(query.NamedQueryId, query);
      save.run("query", query.NamedQueryId, JSON.stringify(query));
    },
    removeQuery(id: string): void {
      queries.delete(id);
      drop.run("query", id);
    },
    find(name: string): Workgroup {
      const found = groups.get(name);
      if (found) return found;
      throw invalidRequest(`WorkGroup ${name} is not found.`);
    },
  };
}

export type Workgroups = ReturnType<typeof workgroupsOf>;

function checkConfiguration({ BytesScannedCutoffPerQuery: cutoff }: Configuration): void {
  if (cutoff === undefined || cutoff >= LEAST_CUTOFF) return;
  throw invalidRequest(`BytesScannedCutoffPerQuery must be at least ${LEAST_CUTOFF} bytes`);
}

export function invalidRequest(message: string, code?: string): AwsError {
  return new AwsError("InvalidRequestException", message, 400, { AthenaErrorCode: code });
}
