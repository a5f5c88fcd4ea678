/** Saved queries: kept by the API, or declared by the program. They are parsed when they run. */
import { randomUUID } from "node:crypto";
import type { DescribeQueryDefinitionsRequest, PutQueryDefinitionRequest } from "@aws-sdk/client-cloudwatch-logs";
import type { Resource } from "../../../../engine/graph.ts";
import { AwsError, type Cloud, type Operation } from "../../../service.ts";

interface Definition {
  queryDefinitionId: string;
  name: string;
  queryString: string;
  logGroupNames: string[];
  lastModified: number;
}

export interface QueryDefinitions {
  declare(resource: Resource): void;
  operations: Record<string, Operation>;
}

const MAX_PAGE = 1000;

export function queryDefinitions({ database, clock }: Cloud): QueryDefinitions {
  database.exec("CREATE TABLE IF NOT EXISTS logs_query_definitions (id TEXT PRIMARY KEY, definition TEXT NOT NULL)");
  const sql = {
    all: database.prepare("SELECT definition FROM logs_query_definitions"),
    save: database.prepare("INSERT OR REPLACE INTO logs_query_definitions VALUES (?, ?)"),
    remove: database.prepare("DELETE FROM logs_query_definitions WHERE id = ?"),
  };
  const all = new Map<string, Definition>();
  for (const { definition } of sql.all.all()) {
    const kept = JSON.parse(String(definition)) as Definition;
    all.set(kept.queryDefinitionId, kept);
  }
  const anywhere = (action: string) => () => ({ action: `logs:${action}`, resource: "*" });

  function missing(): AwsError {
    return new AwsError("ResourceNotFoundException", "The specified query definition does not exist.");
  }

  return {
    declare({ id, inputs, name }) {
      const logGroupNames = (inputs.logGroupNames ?? []) as string[];
      const declared = { name: String(inputs.name ?? name), queryString: String(inputs.queryString), logGroupNames };
      all.set(id!, { queryDefinitionId: id!, ...declared, lastModified: clock.now() });
    },
    operations: {
      PutQueryDefinition: {
        authorize: anywhere("PutQueryDefinition"),
        run(input: PutQueryDefinitionRequest) {
          const { name = "", queryString = "", logGroupNames = [], queryDefinitionId = randomUUID() } = input;
          if (!name || name.length > 255 || !queryString || queryString.length > 10_000) {
            const message = "A query definition has a name of 1 to 255 characters and a query of 1 to 10000.";
            throw new AwsError("InvalidParameterException", message);
          }
          if (input.queryDefinitionId !== undefined && !all.has(queryDefinitionId)) throw missing();
          const definition = { queryDefinitionId, name, queryString, logGroupNames, lastModified: clock.now() };
          all.set(queryDefinitionId, definition);
          sql.save.run(queryDefinitionId, JSON.stringify(definition));
          return { queryDefinitionId };
        },
      },
      DescribeQueryDefinitions: {
        authorize: anywhere("DescribeQueryDefinitions"),
        run({ queryDefinitionNamePrefix = "", maxResults = MAX_PAGE, nextToken }: DescribeQueryDefinitionsRequest) {
          const found = [...all.values()]
            .filter(({ name }) => name.startsWith(queryDefinitionNamePrefix))
            .sort((a, b) => (a.name < b.name ? -1 : 1));
          const from = Number(nextToken ?? 0);
          const end = from + Math.min(maxResults, MAX_PAGE);
          return {
            queryDefinitions: found.slice(from, end).map((each) => ({ queryLanguage: "CWLI", ...each })),
            nextToken: end < found.length ? String(end) : undefined,
          };
        },
      },
      DeleteQueryDefinition: {
        authorize: anywhere("DeleteQueryDefinition"),
        run({ queryDefinitionId = "" }: { queryDefinitionId?: string }) {
          if (!all.delete(queryDefinitionId)) throw missing();
          sql.remove.run(queryDefinitionId);
          return { success: true };
        },
      },
    },
  };
}
