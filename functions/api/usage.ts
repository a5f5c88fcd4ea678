import { operation } from "./operation.ts";
import { InvalidRequest } from "./problem.ts";

const DAY_MS = 86_400_000;
const MAXIMUM_DAYS = 366;

export const getUsage = operation({
  id: "getUsage",
  summary: "What the tenant has used, by day and metric",
  query: "UsageQuery",
  responses: { 200: { description: "Usage, days in UTC", schema: "Usage" } },
  problems: [400],
  async run({ query }, { library, now }) {
    const to = query.to ?? day(now());
    const from = query.from ?? day(Date.parse(to) - 29 * DAY_MS);
    const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
    if (days < 1) throw new InvalidRequest([{ pointer: "from", detail: "must not be after `to`" }]);
    if (days > MAXIMUM_DAYS)
      throw new InvalidRequest([{ pointer: "from", detail: `must be within ${MAXIMUM_DAYS} days of \`to\`` }]);
    const rows = await library.usage(from, to);
    const totals: Record<string, number> = {};
    for (const { metric, value } of rows) totals[metric] = (totals[metric] ?? 0) + value;
    return { status: 200, body: { from, to, days: rows, totals } };
  },
});

const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
