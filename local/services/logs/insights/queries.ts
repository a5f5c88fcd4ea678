/** Queries that run: a slice of lines at a time, so that requests are served meanwhile. */
import { randomUUID } from "node:crypto";
import type { Cloud } from "../../../service.ts";
import { logStoreOf } from "../store.ts";
import { discoveredFields } from "./discovered-fields.ts";
import type { Row } from "./evaluate.ts";
import { firstFilters, type ResultRow, runQuery } from "./run.ts";
import type { Command } from "./syntax.ts";

export type QueryStatus = "Scheduled" | "Running" | "Complete" | "Cancelled" | "Failed";

export interface Query {
  id: string;
  text: string;
  groups: string[];
  createdAt: number;
  status: QueryStatus;
  rows: ResultRow[];
  matched: number;
  scanned: number;
  bytes: number;
}

export interface QueryInput {
  text: string;
  commands: Command[];
  groups: string[];
  /** ms since the epoch, inclusive */
  start: number;
  end: number;
  limit?: number;
}

export interface Queries {
  start(input: QueryInput): Query;
  get(id: string): Query | undefined;
  all(): Query[];
}

const SLICE = 2000;
/** AWS keeps results for seven days; here the newest are kept until the platform stops. */
const MAX_KEPT = 200;

export function queriesOf(cloud: Cloud): Queries {
  const store = logStoreOf(cloud);
  const queries = new Map<string, Query>();

  async function run(query: Query, { commands, groups, start, end, limit }: QueryInput): Promise<void> {
    const now = cloud.clock.now();
    const passes = firstFilters(commands, now);
    const rows: Row[] = [];
    for (const group of groups) {
      for (const event of store.events(group, { start, end: end + 1 })) {
        query.scanned += 1;
        query.bytes += event.message.length;
        const row = { fields: discoveredFields({ account: cloud.account, group }, event), time: event.timestamp };
        if (passes(row)) rows.push(row);
        if (query.scanned % SLICE !== 0) continue;
        await new Promise((next) => setImmediate(next));
        if (query.status === "Cancelled") return;
      }
    }
    const { rows: found, matched } = runQuery(commands, rows, now, limit);
    query.rows = found;
    query.matched = matched;
    query.status = "Complete";
  }

  return {
    start(input) {
      const { text, groups } = input;
      const empty = { rows: [], matched: 0, scanned: 0, bytes: 0 };
      const createdAt = cloud.clock.now();
      const query: Query = { ...{ id: randomUUID(), text, groups, createdAt, status: "Running" }, ...empty };
      queries.set(query.id, query);
      for (const id of queries.keys()) {
        if (queries.size <= MAX_KEPT) break;
        queries.delete(id);
      }
      run(query, input).catch((error: Error) => {
        query.status = "Failed";
        cloud.log({ level: "error", source: "logs", message: error.stack ?? error.message });
      });
      return query;
    },
    get: (id) => queries.get(id),
    all: () => [...queries.values()].reverse(),
  };
}
