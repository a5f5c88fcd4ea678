/** From a batch of lines to the destinations of its group's filters, in order for each. Nobody waits for it. */
import type { Cloud } from "../../../service.ts";
import { BATCH_EVENTS, type LogEvent } from "../store.ts";
import { type Entry, subscriptionFiltersOf } from "./filters.ts";

export interface Forwarding {
  /** @param batch its number, by which its events have their ids */
  take(group: string, stream: string, events: LogEvent[], batch: number): void;
  /** Ends what is under way. */
  stop(): Promise<void>;
}

export function forwarding(cloud: Cloud): Forwarding {
  const filters = subscriptionFiltersOf(cloud);
  const tails = new Map<string, Promise<void>>();
  const failing = new Set<string>();
  let stopped = false;

  async function deliver(filter: Entry, stream: string, events: LogEvent[], batch: number): Promise<void> {
    const { group, name, destinationArn } = filter;
    const found = events
      .map(({ timestamp, message }, index) => ({ id: String(batch * BATCH_EVENTS + index), timestamp, message }))
      .filter(({ message }) => filter.matches(message));
    if (found.length === 0) return;
    const key = `${group}\0${name}`;
    try {
      const { deliverEvents } = await import("./delivery.ts");
      await deliverEvents(cloud, filter, stream, found);
      failing.delete(key);
    } catch (error) {
      // Said once: the next batch would be refused the same way.
      if (failing.has(key)) return;
      failing.add(key);
      const message = `${group} could not deliver to ${destinationArn} (filter ${name}): ${(error as Error).message}`;
      cloud.log({ level: "warn", source: "logs", message });
    }
  }

  return {
    take(group, stream, events, batch) {
      const found = filters.of(group);
      if (!found || stopped) return;
      for (const filter of found) {
        if (filter.closesLoop) continue;
        const key = `${group}\0${filter.name}`;
        const before = tails.get(key) ?? Promise.resolve();
        const tail = before.then(() => deliver(filter, stream, events, batch));
        tails.set(key, tail);
        void tail.then(() => tails.get(key) === tail && tails.delete(key));
      }
    },
    async stop() {
      stopped = true;
      await Promise.all(tails.values());
    },
  };
}
