/** `npm run logs -- --tenant acme --follow`: what functions and APIs wrote, in one stream. */
import { setTimeout as delay } from "node:timers/promises";
import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  paginateDescribeLogGroups,
} from "@aws-sdk/client-cloudwatch-logs";
import type { Tool } from "./main.ts";
import { choose, matching, ToolError } from "./platform.ts";

interface Line {
  group: string;
  timestamp: number;
  message: string;
  id: string;
}

const FOLLOW_EVERY_MS = 500;
/** What Powertools adds to every line; the log group says most of it. */
const BOOKKEEPING = /^(service|cold_start|function_\w+|sampling_rate|xray_trace_id)$/;

export const logs: Tool = {
  usage: `npm run logs -- [<part of a log group>] [--tenant <id>] [--since <minutes>] [--grep <text>] [--all] [--follow]

The last ten minutes by default. --all shows Lambda's own START, END and REPORT lines too.`,
  options: {
    tenant: { type: "string" },
    since: { type: "string", default: "10" },
    grep: { type: "string" },
    all: { type: "boolean" },
    follow: { type: "boolean", short: "f" },
  },
  async run({ platform, values, words: [part = ""], write, signal }) {
    const minutes = Number(values.since);
    if (!(minutes > 0)) throw new ToolError(`--since is a number of minutes, not "${values.since}"`);
    const client = new CloudWatchLogsClient(platform.client);
    const shown = new Set<string>();
    const wanted = (line: Line) =>
      !shown.has(line.id) &&
      (values.all === true || !isPlatformLine(line.message)) &&
      (values.tenant === undefined || tenantIn(line.message) === values.tenant) &&
      (values.grep === undefined || line.message.includes(String(values.grep)));
    let startTime = Date.now() - minutes * 60_000;
    for (;;) {
      const lines = (await read(client, part, startTime)).filter(wanted);
      for (const line of lines) {
        shown.add(line.id);
        write(`${render(line)}\n`);
      }
      if (!values.follow && shown.size === 0) write(`no lines in the last ${minutes} minutes${besides(values)}\n`);
      if (!values.follow || signal.aborted) return 0;
      // A line may arrive late; those that were shown are known.
      startTime = Math.max(startTime, Date.now() - 10_000);
      await delay(FOLLOW_EVERY_MS, undefined, { signal }).catch(() => {});
      if (signal.aborted) return 0;
    }
  },
};

function besides({ tenant, grep }: Record<string, unknown>): string {
  return `${tenant === undefined ? "" : ` of tenant ${tenant}`}${grep === undefined ? "" : ` with "${grep}"`}; --since reaches back further`;
}

async function read(client: CloudWatchLogsClient, part: string, startTime: number): Promise<Line[]> {
  const names: string[] = [];
  for await (const { logGroups = [] } of paginateDescribeLogGroups({ client }, {})) {
    names.push(...logGroups.map(({ logGroupName }) => logGroupName!));
  }
  const groups = part === "" ? names : matching(part, names).found;
  if (groups.length === 0) choose("log group", part, names);
  const found = await Promise.all(
    groups.map(async (group) => {
      const lines: Line[] = [];
      let nextToken: string | undefined;
      do {
        const page = await client.send(new FilterLogEventsCommand({ logGroupName: group, startTime, nextToken }));
        for (const { timestamp = 0, message = "", eventId = "" } of page.events ?? []) {
          lines.push({ group, timestamp, message, id: `${group} ${eventId}` });
        }
        nextToken = page.nextToken;
      } while (nextToken);
      return lines;
    }),
  );
  return found.flat().sort((a, b) => a.timestamp - b.timestamp);
}

function isPlatformLine(message: string): boolean {
  return /^(START|END|REPORT) RequestId: /.test(message) || /^\{"time":"[^"]+","type":"platform\./.test(message);
}

function tenantIn(message: string): string | undefined {
  const line = parsed(message);
  const found = line?.tenantId ?? line?.tenant ?? line?.TenantId;
  return typeof found === "string" ? found : undefined;
}

/** `08:12:31.004 api  INFO  acme  photo announced {…}` */
function render({ group, timestamp, message }: Line): string {
  const time = new Date(timestamp).toISOString().slice(11, 23);
  const source = group.split("/").at(-1);
  const line = parsed(message);
  if (!line || typeof line.message !== "string") return `${time} ${source}  ${message.trimEnd()}`;
  const { level = "", message: said, tenantId = "", timestamp: _time, ...rest } = line;
  const telling = Object.entries(rest).filter(([key]) => !BOOKKEEPING.test(key));
  const details = telling.length > 0 ? ` ${JSON.stringify(Object.fromEntries(telling))}` : "";
  return [time, source, level, tenantId, `${said}${details}`].filter((each) => each !== "").join("  ");
}

/** A line in JSON: the function's own, or behind what the runtime puts before a console's text. */
function parsed(message: string): Record<string, unknown> | undefined {
  const text = /^\S+\t\S+\t[A-Z]+\t(\{[\s\S]*)$/.exec(message)?.[1] ?? message;
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
