import { checkAdopted, checkForm, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import { checkPattern } from "./event-pattern.ts";
import type { SubscriptionArgs, TopicArgs } from "./topic.ts";

/** @throws InvalidArgumentError naming the argument and the remedy. */
export function checkTopic(component: string, args: TopicArgs): void {
  if (args.existing) checkAdopted(component, "topic", args);
  checkForm(component, "topicName", args.topicName, /^[\w-]{1,250}$/, "1 to 250 letters, digits, - or _");
  checkRange(component, "archiveDays", args.archiveDays, 1, 365);
  checkRange(component, "deliveryLogs", args.deliveryLogs, 0, 100);
  if (args.archiveDays && !args.fifo) {
    const remedy = "only a FIFO topic keeps messages; set fifo";
    throw new InvalidArgumentError(component, "archiveDays", args.archiveDays, remedy);
  }
  if (args.publishers?.length && args.kmsKeyId === undefined) {
    const remedy = "AWS's own key for SNS lets no service in; name a key whose policy does";
    throw new InvalidArgumentError(component, "kmsKeyId", undefined, remedy);
  }
}

interface Subscribed extends SubscriptionArgs {
  topic: TopicArgs;
  /** Of the queue. */
  fifo: boolean;
}

/** @param name of the subscription */
export function checkSubscription(component: string, name: string, args: Subscribed): void {
  const { topic, fifo, filter, filterScope, replayFrom } = args;
  const of = `subscription "${name}" `;
  if (fifo && !(topic.existing ?? topic).fifo) {
    const remedy = "a standard topic cannot keep the order of a FIFO queue; make both FIFO, or neither";
    throw new InvalidArgumentError(component, "fifo", false, remedy);
  }
  if (filterScope && !filter) {
    const remedy = "it says what a filter looks at; give one";
    throw new InvalidArgumentError(component, `${of}filterScope`, filterScope, remedy);
  }
  if (filter) checkPattern(component, `${of}filter`, filter, 262_144);
  if (replayFrom === undefined) return;
  const form = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
  checkForm(component, `${of}replayFrom`, replayFrom, form, "a time such as 2027-01-01T00:00:00Z");
  if (!topic.archiveDays && !topic.existing) {
    const remedy = "the topic keeps nothing; give it archiveDays";
    throw new InvalidArgumentError(component, `${of}replayFrom`, replayFrom, remedy);
  }
}
