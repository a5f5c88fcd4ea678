/** Subscription filters: whose lines go on to a function, a stream or a delivery. */
import type { Cloud } from "../../../service.ts";
import { filterPattern } from "../filter-pattern.ts";

export interface SubscriptionFilter {
  name: string;
  group: string;
  pattern: string;
  /** Of a function, a stream or a delivery (Firehose). */
  destinationArn: string;
  /** Of what CloudWatch Logs writes as; none for functions. */
  roleArn?: string;
  /** Of a stream's partition keys. */
  distribution: "ByLogStream" | "Random";
  /** ms since the epoch */
  createdAt: number;
  isDeclared: boolean;
  /** What its function writes would come to it again: nothing is delivered. */
  closesLoop: boolean;
}

export type Entry = SubscriptionFilter & { matches: (message: string) => boolean };

export interface SubscriptionFilters {
  /** Undefined where there is none: a look that every batch of lines takes. */
  of(group: string): Iterable<Entry> | undefined;
  /** As it was put last, by the program in an earlier start too. */
  known(group: string, name: string): SubscriptionFilter | undefined;
  put(filter: SubscriptionFilter): void;
  remove(group: string, name: string): boolean;
  removeGroup(group: string): void;
}

const sets = new WeakMap<Cloud, SubscriptionFilters>();

/** One set for each cloud. */
export function subscriptionFiltersOf(cloud: Cloud): SubscriptionFilters {
  let filters = sets.get(cloud);
  if (!filters) {
    filters = subscriptionFilters(cloud);
    sets.set(cloud, filters);
  }
  return filters;
}

function subscriptionFilters({ database }: Cloud): SubscriptionFilters {
  database.exec(`CREATE TABLE IF NOT EXISTS logs_subscription_filters (
    log_group TEXT, name TEXT, filter TEXT NOT NULL, PRIMARY KEY (log_group, name)) STRICT`);
  const sql = {
    all: database.prepare("SELECT filter FROM logs_subscription_filters"),
    one: database.prepare("SELECT filter FROM logs_subscription_filters WHERE log_group = ? AND name = ?"),
    save: database.prepare("INSERT OR REPLACE INTO logs_subscription_filters VALUES (?, ?, ?)"),
    remove: database.prepare("DELETE FROM logs_subscription_filters WHERE log_group = ? AND name = ?"),
  };
  const byGroup = new Map<string, Map<string, Entry>>();
  const place = (filter: SubscriptionFilter) => {
    const filters = byGroup.get(filter.group) ?? new Map<string, Entry>();
    byGroup.set(filter.group, filters.set(filter.name, { ...filter, matches: filterPattern(filter.pattern) }));
  };
  for (const row of sql.all.all()) {
    const filter = JSON.parse(String(row.filter)) as SubscriptionFilter;
    // The program says each time what it declares.
    if (!filter.isDeclared) place(filter);
  }

  function remove(group: string, name: string): boolean {
    sql.remove.run(group, name);
    const filters = byGroup.get(group);
    const isGone = filters?.delete(name) ?? false;
    if (filters?.size === 0) byGroup.delete(group);
    return isGone;
  }

  return {
    of: (group) => byGroup.get(group)?.values(),
    known(group, name) {
      const row = sql.one.get(group, name);
      return row && (JSON.parse(String(row.filter)) as SubscriptionFilter);
    },
    put(filter) {
      place(filter);
      sql.save.run(filter.group, filter.name, JSON.stringify(filter));
    },
    remove,
    removeGroup(group) {
      for (const name of [...(byGroup.get(group)?.keys() ?? [])]) remove(group, name);
    },
  };
}
