/** `npm run invoke -- thumbnailer --event s3:put`: calls a function of the running platform, and shows what it answered and logged. */
import { readFileSync } from "node:fs";
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import type { Tool } from "./main.ts";
import { choose, ToolError, table } from "./platform.ts";
import { eventNames, sampleEvent } from "./sample-events.ts";

export const invoke: Tool = {
  usage: `npm run invoke -- <function> [--event <name>|<file.json>|-] [--body <text>] [--bucket <name>] [--key <key>]
                      [--method <verb>] [--path <path>] [--tenant <id>] [--print]

Events: ${eventNames.map(([name]) => name).join(", ")}; or a file with JSON; or - for standard input (default {}).
--print shows the event instead of sending it. Without a function, the functions and events are listed.`,
  options: {
    event: { type: "string" },
    body: { type: "string" },
    bucket: { type: "string" },
    key: { type: "string" },
    method: { type: "string" },
    path: { type: "string" },
    tenant: { type: "string" },
    print: { type: "boolean" },
  },
  async run({ platform, values, words: [wanted], write }) {
    const { client } = platform;
    const lambda = new LambdaClient(client);
    const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
    const names = Functions.map(({ FunctionName }) => FunctionName!).sort();
    if (wanted === undefined) {
      write(`Functions\n${names.map((name) => `  ${name}`).join("\n")}\n\nEvents\n`);
      write(`${table(eventNames.map(([name, what]) => [`  ${name}`, what]))}\n`);
      return 0;
    }
    const text = eventText(values as Record<string, string | undefined>, client.region);
    if (values.print) {
      write(`${text}\n`);
      return 0;
    }
    const name = choose("function", wanted, names);
    const input = {
      FunctionName: name,
      Payload: Buffer.from(text),
      LogType: "Tail" as const,
      TenantId: values.tenant as string | undefined,
    };
    const { Payload, LogResult, FunctionError } = await lambda.send(new InvokeCommand(input));
    write(Buffer.from(LogResult ?? "", "base64").toString());
    write(`${pretty(Payload?.transformToString() ?? "")}\n`);
    return FunctionError ? 1 : 0;
  },
};

function eventText(values: Record<string, string | undefined>, region: string): string {
  const { event = "{}" } = values;
  const sample = sampleEvent(event, { ...values, region, account: "000000000000" });
  if (sample) return JSON.stringify(sample, null, 2);
  const text = event === "-" ? readFileSync(0, "utf8") : event.trimStart().startsWith("{") ? event : fromFile(event);
  try {
    JSON.parse(text);
  } catch (error) {
    throw new ToolError(`--event ${event} is not JSON: ${(error as Error).message}`);
  }
  return text;
}

function fromFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    const names = eventNames.map(([name]) => name).join(", ");
    throw new ToolError(`--event "${path}" is neither a file nor one of ${names}`);
  }
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
