/** The history of an execution, as GetExecutionHistory tells it. */
import type { HistoryEvent } from "./execution-store.ts";
import { page } from "./page.ts";

/** Fields that hold data, with the member that says whether it was cut. */
const DATA = ["input", "output", "parameters", "assignedVariables"];

interface HistoryInput {
  reverseOrder?: boolean;
  /** @default true */
  includeExecutionData?: boolean;
  maxResults?: number;
  nextToken?: string;
}

export function historyPage(events: HistoryEvent[], input: HistoryInput): object {
  const ordered = input.reverseOrder ? [...events].reverse() : events;
  const found = page(ordered, input.nextToken, input.maxResults);
  return {
    events: found.items.map((event) => told(event, input.includeExecutionData ?? true)),
    nextToken: found.nextToken,
  };
}

function told({ id, previousEventId, at, type, details }: HistoryEvent, withData: boolean): object {
  const shown = Object.entries(details).map(([name, detail]) => [name, withData ? detail : without(detail)]);
  return { id, previousEventId, timestamp: new Date(at), type, ...Object.fromEntries(shown) };
}

function without(detail: object): object {
  return Object.fromEntries(Object.entries(detail).filter(([name]) => !DATA.includes(name)));
}
