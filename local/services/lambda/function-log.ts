/**
 * Carries what functions write to CloudWatch Logs, in batches, as the function's own role: a role that may not write logs
 * has none, as on AWS.
 */
import { AwsError, type Cloud, type Principal } from "../../service.ts";

/** One environment's log stream. */
export interface StreamLog {
  /** A line of the function. */
  write(line: string): void;
  /** Lines of Lambda itself, which `LogType: Tail` shows as well. Empty ones are dropped. */
  platform(lines: string | string[], tail?: string[]): void;
}

export interface LogBatches {
  stream(group: string, stream: string, principal: Principal): StreamLog;
  flush(): Promise<void>;
  stop(): Promise<void>;
}

interface Pending {
  group: string;
  stream: string;
  principal: Principal;
  created: boolean;
  lines: { timestamp: number; message: string }[];
}

/** A longer line is cut, as Lambda does: CloudWatch Logs takes no event of more than 1 MiB. */
const MAX_LINE_CHARACTERS = 256 * 1024;
const FLUSH_MS = 100;
/** Lines written in one go: less than a millisecond, so that a flush does not hold up requests. */
const BATCH_LINES = 250;

export function logBatches(cloud: Cloud): LogBatches {
  const waiting = new Set<Pending>();
  const refused = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let flushing = Promise.resolve();

  function add(pending: Pending, message: string): void {
    const text = message.length > MAX_LINE_CHARACTERS ? message.slice(0, MAX_LINE_CHARACTERS) : message;
    pending.lines.push({ timestamp: cloud.clock.now(), message: text });
    waiting.add(pending);
    // What waits for long survives collections, which then take longer.
    if (pending.lines.length === BATCH_LINES) setImmediate(() => void flush());
    if (timer) return;
    timer = setTimeout(() => void flush(), FLUSH_MS);
    timer.unref();
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const due = [...waiting];
    waiting.clear();
    flushing = flushing.then(async () => {
      for (const pending of due) await put(pending);
    });
    return flushing;
  }

  async function put(pending: Pending): Promise<void> {
    const { group, stream, principal } = pending;
    const call = { principal };
    const { lines } = pending;
    pending.lines = [];
    if (lines.length === 0 || refused.has(group)) return;
    try {
      if (!pending.created) await create(pending);
      pending.created = true;
      for (let start = 0; start < lines.length; start += BATCH_LINES) {
        const logEvents = lines.slice(start, start + BATCH_LINES);
        await cloud.call("logs", "PutLogEvents", { logGroupName: group, logStreamName: stream, logEvents }, call);
        if (start + BATCH_LINES < lines.length) await new Promise((next) => setImmediate(next));
      }
    } catch (error) {
      const code = error instanceof AwsError ? error.code : "";
      // Said once: every further line would be refused the same way.
      if (code === "UnknownService" || code.startsWith("AccessDenied")) refused.add(group);
      // The stream may be gone with its group: the next lines make it again.
      if (code === "ResourceNotFoundException") pending.created = false;
      if (code === "UnknownService") return;
      cloud.log({ level: "warn", source: "lambda", message: `no logs for ${group}: ${(error as Error).message}` });
    }
  }

  async function create({ group, stream, principal }: Pending): Promise<void> {
    const make = () =>
      cloud.call("logs", "CreateLogStream", { logGroupName: group, logStreamName: stream }, { principal });
    try {
      await make();
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      if (error.code === "ResourceAlreadyExistsException") return;
      if (error.code !== "ResourceNotFoundException") throw error;
      await cloud.call("logs", "CreateLogGroup", { logGroupName: group }, { principal });
      await make();
    }
  }

  return {
    stream(group, stream, principal) {
      const pending: Pending = { group, stream, principal, created: false, lines: [] };
      return {
        write: (line) => add(pending, line),
        platform(lines, tail) {
          for (const line of typeof lines === "string" ? [lines] : lines) {
            if (line === "") continue;
            tail?.push(line);
            add(pending, line);
          }
        },
      };
    },
    flush,
    async stop() {
      await flush();
      clearTimeout(timer);
    },
  };
}
