/** `npm run queues` shows what waits where; `npm run redrive -- <dead-letter queue>` sends it back. */
import {
  GetQueueAttributesCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import type { Tool } from "./main.ts";
import { choose, matching, ToolError, table } from "./platform.ts";

interface QueueState {
  name: string;
  url: string;
  arn: string;
  waiting: number;
  inFlight: number;
  delayed: number;
  deadLettersOf: string[];
}

export const queues: Tool = {
  usage: `npm run queues -- [<part of a name>] [--all] [--peek]

Queues with messages in them; --all shows empty ones too, --peek the first messages of those that are shown.`,
  options: { all: { type: "boolean" }, peek: { type: "boolean" } },
  async run({ platform, values, words: [part = ""], write }) {
    const client = new SQSClient(platform.client);
    const all = await statesOf(client);
    const names = all.map(({ name }) => name);
    const meant = part === "" ? names : matching(part, names).found;
    const found = all.filter(({ name }) => meant.includes(name));
    if (found.length === 0 && part !== "") choose("queue", part, names);
    const busy = found.filter(({ waiting, inFlight, delayed }) => waiting + inFlight + delayed > 0);
    const shown = values.all ? found : busy;
    if (shown.length === 0) {
      write(found.length === 1 ? `${found[0]!.name} is empty\n` : `${found.length} queues, all empty\n`);
      return 0;
    }
    const rows = shown.map(({ name, waiting, inFlight, delayed, deadLettersOf }) => [
      ...[name, String(waiting), String(inFlight), String(delayed)],
      deadLettersOf.length > 0 ? `dead letters of ${deadLettersOf.join(", ")}` : "",
    ]);
    write(`${table([["queue", "waiting", "in flight", "delayed", ""], ...rows])}\n`);
    if (values.peek) for (const { name, url } of shown) write(await peeked(client, name, url));
    return 0;
  },
};

export const redrive: Tool = {
  usage: `npm run redrive -- <dead-letter queue> [--to <queue>] [--rate <messages a second>]

Moves the messages back to the queue that they came from.`,
  options: { to: { type: "string" }, rate: { type: "string" } },
  async run({ platform, values, words: [wanted], write }) {
    const client = new SQSClient(platform.client);
    const states = await statesOf(client);
    const dead = states.filter(({ deadLettersOf }) => deadLettersOf.length > 0);
    if (wanted === undefined)
      throw new ToolError(`name a dead-letter queue: ${dead.map(({ name }) => name).join(", ")}`);
    const source = stateOf(dead, "dead-letter queue", wanted);
    const rate = values.rate === undefined ? undefined : Number(values.rate);
    if (rate !== undefined && !(rate >= 1 && rate <= 500))
      throw new ToolError(`--rate is 1 to 500, not "${values.rate}"`);
    const destination = values.to === undefined ? undefined : stateOf(states, "queue", String(values.to));
    await client.send(
      new StartMessageMoveTaskCommand({
        SourceArn: source.arn,
        DestinationArn: destination?.arn,
        MaxNumberOfMessagesPerSecond: rate,
      }),
    );
    write(
      `${source.waiting} messages of ${source.name} go back to ${destination?.name ?? source.deadLettersOf.join(", ")}\n`,
    );
    return 0;
  },
};

function stateOf(states: QueueState[], what: string, wanted: string): QueueState {
  const name = choose(
    what,
    wanted,
    states.map((state) => state.name),
  );
  return states.find((state) => state.name === name)!;
}

async function statesOf(client: SQSClient): Promise<QueueState[]> {
  const { QueueUrls = [] } = await client.send(new ListQueuesCommand({ MaxResults: 1000 }));
  const states = await Promise.all(
    QueueUrls.map(async (QueueUrl) => {
      const { Attributes = {} } = await client.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
      );
      const redrivePolicy = Attributes.RedrivePolicy ? JSON.parse(Attributes.RedrivePolicy) : {};
      return {
        ...{ name: QueueUrl.split("/").at(-1)!, url: QueueUrl, arn: Attributes.QueueArn! },
        waiting: Number(Attributes.ApproximateNumberOfMessages),
        inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible),
        delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed),
        deadLetters: redrivePolicy.deadLetterTargetArn as string | undefined,
      };
    }),
  );
  return states
    .map(({ deadLetters: _own, ...state }) => ({
      ...state,
      deadLettersOf: states.filter(({ deadLetters }) => deadLetters === state.arn).map(({ name }) => name),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A look that takes nothing: what is received is visible again at once. */
async function peeked(client: SQSClient, name: string, QueueUrl: string): Promise<string> {
  const input = {
    QueueUrl,
    MaxNumberOfMessages: 5,
    VisibilityTimeout: 0,
    MessageSystemAttributeNames: ["ApproximateReceiveCount" as const],
  };
  const { Messages = [] } = await client.send(new ReceiveMessageCommand(input));
  const lines = Messages.map(
    ({ Body = "", Attributes }) => `  received ${Attributes?.ApproximateReceiveCount} times: ${Body.slice(0, 400)}`,
  );
  return lines.length > 0 ? `\n${name}\n${lines.join("\n")}\n` : "";
}
