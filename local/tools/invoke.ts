/**
 * `npm run invoke -- thumbnailer --event s3:put`: calls a function of the running platform, and shows what it answered and
 * logged. An event comes as it would: of the bucket, topic, queue or stream that the function has.
 */
import { readFileSync } from "node:fs";
import { type FunctionConfiguration, InvokeCommand, LambdaClient, paginateListFunctions } from "@aws-sdk/client-lambda";
import { functionSource, newestObject } from "./function-source.ts";
import type { Tool } from "./main.ts";
import { choose, matching, type Platform, ToolError, table, tenantOf } from "./platform.ts";
import { eventNames, sampleEvent } from "./sample-events.ts";

export const invoke: Tool = {
  usage: `npm run invoke -- <function> [--event <name>|<file.json>|-] [--body <text>] [--bucket <name>] [--key <key>]
                      [--method <verb>] [--path <path>] [--tenant <id>] [--print]

Events: ${eventNames.map(([name]) => name).join(", ")}; or a file with JSON; or - for standard input (default {}).
An event comes the way it would: from the bucket, topic, queue or stream that the function has, about the object that was
written last. A function that several cells have is the one of --tenant's cell, or of the first.
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
    const Functions: FunctionConfiguration[] = [];
    for await (const page of paginateListFunctions({ client: lambda }, {})) Functions.push(...(page.Functions ?? []));
    const names = Functions.map(({ FunctionName }) => FunctionName!).sort();
    if (wanted === undefined) {
      write(`Functions\n${names.map((name) => `  ${name}`).join("\n")}\n\nEvents\n`);
      write(`${table(eventNames.map(([name, what]) => [`  ${name}`, what]))}\n`);
      return 0;
    }
    const tenant = values.tenant as string | undefined;
    // What is printed is for a file, and JSON alone.
    const say = values.print ? () => {} : write;
    const name = functionNamed(platform, wanted, names, tenant, say);
    const { FunctionArn = "" } = Functions.find(({ FunctionName }) => FunctionName === name)!;
    const text = await eventText(platform, FunctionArn, values as Record<string, string | undefined>, say);
    if (values.print) {
      write(`${text}\n`);
      return 0;
    }
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

/** Of functions of the same name in several cells, the tenant's, or else the first: the others are named. */
function functionNamed(
  platform: Platform,
  wanted: string,
  names: string[],
  tenant: string | undefined,
  write: (text: string) => void,
): string {
  const { found, byWords } = matching(wanted, names);
  const cell = tenant === undefined ? undefined : cellOf(platform, tenant);
  const [first, ...others] = cell ? found.filter((name) => name.includes(`-${cell}-`)) : found;
  // What follows the name in another cell is Pulumi's own: another word makes it another function.
  const isOne = byWords && found.every((name) => name.replace(/-[0-9a-f]{7,8}$/, "").endsWith(wanted));
  if (first === undefined || (others.length > 0 && !isOne)) return choose("function", wanted, names);
  if (others.length > 0) write(`${first}; there are also ${others.join(", ")}\n`);
  return first;
}

function cellOf(platform: Platform, tenant: string): string | undefined {
  tenantOf(platform, tenant);
  return (platform.outputs.tenants as Record<string, { cell?: string }> | undefined)?.[tenant]?.cell;
}

async function eventText(
  platform: Platform,
  functionArn: string,
  values: Record<string, string | undefined>,
  write: (text: string) => void,
): Promise<string> {
  const { event = "{}" } = values;
  const { client } = platform;
  if (eventNames.some(([name]) => name === event)) {
    const source = await functionSource(platform, functionArn);
    const own = { region: client.region, account: functionArn.split(":")[4] ?? "" };
    const bucket = values.bucket === undefined ? source.bucket : { name: values.bucket, prefix: "" };
    const isOfObject = event.includes("s3:");
    const object =
      isOfObject && values.key === undefined && source.bucket ? await newestObject(client, source.bucket) : undefined;
    // What a queue brings to the function is a message of the queue.
    const name = source.queue && eventNames.some(([known]) => known === `sqs:${event}`) ? `sqs:${event}` : event;
    if (name !== event) write(`${event} comes to this function through ${source.queue}\n`);
    const { queue, topic, stream, isRaw } = source;
    const made = sampleEvent(name, { ...own, queue, topic, stream, isRaw, ...object, ...values, bucket: bucket?.name });
    return JSON.stringify(made, null, 2);
  }
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
