/** A cloud with EventBridge and what it reaches, and the calls that its tests make over and over. */
import {
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  PutRuleCommand,
  PutTargetsCommand,
  type Target,
} from "@aws-sdk/client-eventbridge";
import { SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { type ManualClock, manualClock } from "../../../local/clock.ts";
import { type RunningCloud, type ServiceFactory, startCloud } from "../../../local/cloud.ts";
import type { LogLine } from "../../../local/service.ts";
import { eventBridge } from "../../../local/services/eventbridge/index.ts";
import { sqs } from "../../../local/services/sqs/index.ts";
import { queuePolicy } from "../messaging-cloud.ts";
import { type QueueClient, queueClient } from "../sqs/queue-client.ts";

export interface EventsCloud {
  running: RunningCloud;
  events: EventBridgeClient;
  queue: QueueClient;
  clock: ManualClock;
  logged: LogLine[];
  put(...entries: Partial<PutEventsRequestEntry>[]): ReturnType<typeof putEvents>;
  /** A rule with its targets. @returns its ARN */
  rule(pattern: object, targets: Target[], more?: { Name?: string; EventBusName?: string }): Promise<string>;
  /** A queue that takes what this rule sends. @returns its URL and ARN */
  openQueue(name: string, ruleArn?: string): Promise<{ url: string; arn: string }>;
  /** The next messages of a queue, as JSON; waits for the first one. */
  received(url: string): Promise<unknown[]>;
  stop(): Promise<void>;
}

const putEvents = (events: EventBridgeClient, entries: Partial<PutEventsRequestEntry>[]) =>
  events.send(
    new PutEventsCommand({
      Entries: entries.map((entry) => ({ Source: "shop", DetailType: "paid", Detail: "{}", ...entry })),
    }),
  );

export async function startEvents(
  services: Record<string, ServiceFactory> = {},
  options: { directory?: string; clock?: ManualClock } = {},
): Promise<EventsCloud> {
  // Signatures carry the real time: start there
  const clock = options.clock ?? manualClock(Date.now());
  const logged: LogLine[] = [];
  const running = await startCloud({
    directory: options.directory,
    clock,
    services: { events: eventBridge, sqs, ...services },
    log: (line) => void logged.push(line),
  });
  const events = new EventBridgeClient({ ...running.client(), maxAttempts: 1 });
  const queue = queueClient(running.client());
  return {
    ...{ running, events, queue, clock, logged },
    put: (...entries) => putEvents(events, entries),
    async rule(pattern, Targets, { Name = "rule", EventBusName } = {}) {
      const input = { Name, EventBusName, EventPattern: JSON.stringify(pattern) };
      const { RuleArn } = await events.send(new PutRuleCommand(input));
      await events.send(new PutTargetsCommand({ Rule: Name, EventBusName, Targets }));
      return RuleArn!;
    },
    async openQueue(name, ruleArn = `arn:aws:events:${running.region}:${running.account}:rule/*`) {
      const url = await queue.create(name);
      const arn = await queue.arnOf(url);
      const statement = queuePolicy(arn, "events.amazonaws.com", ruleArn);
      await queue.sdk.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy: statement } }));
      return { url, arn };
    },
    async received(url) {
      const bodies = await queue.bodies(url, { WaitTimeSeconds: 20 });
      return bodies.map((body) => JSON.parse(body));
    },
    async stop() {
      events.destroy();
      queue.sdk.destroy();
      await running.stop();
    },
  };
}
