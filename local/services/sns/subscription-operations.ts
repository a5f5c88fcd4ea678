/** Operations on subscriptions, and what their attributes mean. */
import { randomUUID } from "node:crypto";
import { AwsError, type Operation } from "../../service.ts";
import { type Replays, readReplayPolicy } from "./archive/replays.ts";
import { askToConfirm, pendingSince, TOKEN_LIFE_MS } from "./confirmation.ts";
import type { Sending } from "./delivery.ts";
import { effectivePolicy } from "./delivery-policy.ts";
import { checkFilter } from "./filter.ts";
import { page } from "./page.ts";
import type { Subscription, Topic, Topics } from "./topic.ts";

const PROTOCOLS = ["sqs", "lambda", "http", "https", "firehose"];

/** A subscription, checked whole. @throws AwsError InvalidParameterException */
export function makeSubscription(
  topic: Topic,
  base: Pick<Subscription, "arn" | "protocol" | "endpoint" | "isDeclared">,
  attributes: Record<string, string>,
): Subscription {
  const { protocol, endpoint } = base;
  if (!PROTOCOLS.includes(protocol)) {
    throw refused(`${protocol} does not run on this machine; there are ${PROTOCOLS.join(", ")}`);
  }
  const isUrl = protocol.startsWith("http");
  if (isUrl ? !endpoint.startsWith(`${protocol}://`) : endpoint.split(":")[2] !== protocol) {
    throw refused(`Endpoint Reason: ${endpoint} does not go with the protocol ${protocol}`);
  }
  if (topic.isFifo && protocol !== "sqs") throw refused("Invalid protocol type: FIFO topics deliver to queues");
  if (!topic.isFifo && protocol === "sqs" && endpoint.endsWith(".fifo")) {
    throw refused("Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics");
  }
  const made = withAttributes(topic, { ...base, raw: false, filterScope: "MessageAttributes" }, attributes);
  effectivePolicy(topic.attributes.DeliveryPolicy, made.deliveryPolicy);
  if (protocol === "firehose" && !made.roleArn) throw refused("Attributes Reason: SubscriptionRoleArn is required");
  return made;
}

function withAttributes(topic: Topic, current: Subscription, changes: Record<string, string>): Subscription {
  const next = { ...current };
  for (const [name, value] of Object.entries(changes)) {
    if (name === "ReplayPolicy") next.replayPolicy = value && readReplayPolicy(topic, value) ? value : undefined;
    else setAttribute(next, name, value);
  }
  checkFilter(next);
  return next;
}

function setAttribute(subscription: Subscription, name: string, value: string): void {
  switch (name) {
    case "RawMessageDelivery":
      if (subscription.protocol === "lambda" && value === "true") {
        throw refused("Attributes Reason: Delivery protocol [lambda] does not support raw message delivery.");
      }
      subscription.raw = value === "true";
      return;
    case "FilterPolicyScope":
      if (value !== "MessageAttributes" && value !== "MessageBody") throw refused(`FilterPolicyScope: ${value}`);
      subscription.filterScope = value;
      return;
    case "FilterPolicy":
      subscription.filterPolicy = value === "" || value === "{}" ? undefined : (parse(name, value) as never);
      return;
    case "RedrivePolicy": {
      const target = value === "" ? undefined : parse(name, value).deadLetterTargetArn;
      if (value !== "" && !String(target).startsWith("arn:aws:sqs:")) {
        throw refused("RedrivePolicy: deadLetterTargetArn is the ARN of a queue");
      }
      subscription.deadLetterArn = target as string | undefined;
      return;
    }
    case "DeliveryPolicy":
      if (!subscription.protocol.startsWith("http")) throw refused("DeliveryPolicy: only HTTP endpoints have one");
      if (value !== "") effectivePolicy(undefined, value);
      subscription.deliveryPolicy = value || undefined;
      return;
    case "SubscriptionRoleArn":
      if (subscription.protocol !== "firehose") throw refused("SubscriptionRoleArn: only of the protocol firehose");
      if (!/^arn:aws:iam::\d{12}:role\//.test(value)) throw refused("SubscriptionRoleArn: it is the ARN of a role");
      subscription.roleArn = value;
      return;
    default:
      throw refused(`AttributeName: ${name}`);
  }
}

function parse(name: string, value: string): Record<string, unknown> {
  try {
    const parsed = JSON.parse(value);
    if (typeof parsed === "object" && parsed !== null) return parsed;
  } catch {}
  throw refused(`${name}: it is not a JSON object`);
}

export function subscriptionOperations(topics: Topics, sending: Sending, replays: Replays): Record<string, Operation> {
  const { cloud } = sending;
  const onTopic = (action: string) => (input: { TopicArn: string }) => {
    const { arn, policy } = topics.find(input.TopicArn);
    return { action: `sns:${action}`, resource: arn, resourcePolicy: policy };
  };
  const onSubscription = (action: string) => (input: { SubscriptionArn: string }) =>
    onTopic(action)({ TopicArn: topics.findSubscription(input.SubscriptionArn).topic.arn });

  const describe = ({ arn, protocol, endpoint, pending }: Subscription) => ({
    SubscriptionArn: pending ? "PendingConfirmation" : arn,
    Owner: cloud.account,
    Protocol: protocol,
    Endpoint: endpoint,
    TopicArn: arn.slice(0, arn.lastIndexOf(":")),
  });

  return {
    Subscribe: {
      authorize(input) {
        const role = input.Attributes?.SubscriptionRoleArn;
        const onRole = {
          ...{ action: "iam:PassRole", resource: role },
          context: { "iam:PassedToService": "sns.amazonaws.com" },
        };
        return [onTopic("Subscribe")(input), ...(role ? [onRole] : [])];
      },
      async run({ TopicArn, Protocol, Endpoint = "", Attributes = {}, ReturnSubscriptionArn }) {
        const topic = topics.find(TopicArn);
        const base = { arn: `${TopicArn}:${randomUUID()}`, protocol: Protocol, endpoint: Endpoint, isDeclared: false };
        const made = makeSubscription(topic, base, Attributes);
        const same = [...topic.subscriptions.values()].find(
          ({ protocol, endpoint }) => protocol === Protocol && endpoint === Endpoint,
        );
        const answer = ({ arn, pending }: Subscription) => ({
          SubscriptionArn: pending && !ReturnSubscriptionArn ? "pending confirmation" : arn,
        });
        if (same?.pending) topic.subscriptions.delete(same.arn);
        else if (same) {
          if (attributesOf(same) === attributesOf(made)) return { SubscriptionArn: same.arn };
          throw refused("Attributes Reason: Subscription already exists with different attributes");
        }
        if (Protocol.startsWith("http")) made.pending = pendingSince(cloud.clock.now());
        topic.subscriptions.set(made.arn, made);
        topics.changed(topic);
        await replays.follow(topic, made);
        if (made.pending) void askToConfirm(sending, TopicArn, made, topic.attributes.SignatureVersion);
        return answer(made);
      },
    },
    // The token is what lets somebody in: the page that it stands in is asked for without a signature.
    ConfirmSubscription: {
      run({ TopicArn, Token, AuthenticateOnUnsubscribe }) {
        const topic = topics.find(TopicArn);
        const oldest = cloud.clock.now() - TOKEN_LIFE_MS;
        const subscription = [...topic.subscriptions.values()].find(
          ({ pending }) => pending !== undefined && pending.token === Token && pending.since > oldest,
        );
        if (!subscription) throw refused("Token");
        const { pending: _, ...confirmed } = subscription;
        const authenticateOnUnsubscribe = AuthenticateOnUnsubscribe === "true" || undefined;
        topic.subscriptions.set(confirmed.arn, { ...confirmed, authenticateOnUnsubscribe });
        topics.changed(topic);
        return { SubscriptionArn: confirmed.arn };
      },
    },
    Unsubscribe: {
      // Its link stands in every message, and who has that may follow it, unless it was confirmed otherwise.
      authorize(input, { principal }) {
        const { subscription } = topics.findSubscription(input.SubscriptionArn);
        const byLink = principal.type === "anonymous" && !subscription.authenticateOnUnsubscribe;
        return byLink ? [] : onSubscription("Unsubscribe")(input);
      },
      async run({ SubscriptionArn }) {
        const { topic, subscription } = topics.findSubscription(SubscriptionArn);
        topic.subscriptions.delete(SubscriptionArn);
        await replays.follow(topic, { ...subscription, replayPolicy: undefined });
        topics.changed(topic);
        return {};
      },
    },
    ListSubscriptions: {
      authorize: () => ({ action: "sns:ListSubscriptions", resource: topics.arnOf("*") }),
      run({ NextToken }) {
        const { items, NextToken: next } = page(
          topics.all().flatMap(({ subscriptions }) => [...subscriptions.values()]),
          NextToken,
        );
        return { Subscriptions: items.map(describe), NextToken: next };
      },
    },
    ListSubscriptionsByTopic: {
      authorize: onTopic("ListSubscriptionsByTopic"),
      run({ TopicArn, NextToken }) {
        const { items, NextToken: next } = page([...topics.find(TopicArn).subscriptions.values()], NextToken);
        return { Subscriptions: items.map(describe), NextToken: next };
      },
    },
    GetSubscriptionAttributes: {
      authorize: onSubscription("GetSubscriptionAttributes"),
      run({ SubscriptionArn }) {
        const { subscription, topic } = topics.findSubscription(SubscriptionArn);
        const { raw, filterPolicy, filterScope, deadLetterArn, deliveryPolicy, replayPolicy, roleArn } = subscription;
        const isHttp = subscription.protocol.startsWith("http");
        const Attributes = {
          ...describe(subscription),
          SubscriptionArn,
          RawMessageDelivery: String(raw),
          PendingConfirmation: String(subscription.pending !== undefined),
          ConfirmationWasAuthenticated: String(!isHttp || subscription.authenticateOnUnsubscribe === true),
          ...(roleArn ? { SubscriptionRoleArn: roleArn } : {}),
          ...(deliveryPolicy ? { DeliveryPolicy: deliveryPolicy } : {}),
          ...(isHttp
            ? {
                EffectiveDeliveryPolicy: JSON.stringify(
                  effectivePolicy(topic.attributes.DeliveryPolicy, deliveryPolicy),
                ),
              }
            : {}),
          ...(filterPolicy ? { FilterPolicy: JSON.stringify(filterPolicy), FilterPolicyScope: filterScope } : {}),
          ...(replayPolicy ? { ReplayPolicy: replayPolicy, ReplayStatus: replays.statusOf(SubscriptionArn) } : {}),
          ...(deadLetterArn ? { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetterArn }) } : {}),
        };
        return { Attributes };
      },
    },
    SetSubscriptionAttributes: {
      authorize: onSubscription("SetSubscriptionAttributes"),
      async run({ SubscriptionArn, AttributeName, AttributeValue = "" }) {
        const { subscription, topic } = topics.findSubscription(SubscriptionArn);
        const changed = withAttributes(topic, subscription, { [AttributeName]: AttributeValue });
        topic.subscriptions.set(SubscriptionArn, changed);
        topics.changed(topic);
        if (AttributeName === "ReplayPolicy") await replays.follow(topic, changed);
        return {};
      },
    },
  };
}

function attributesOf(subscription: Subscription): string {
  const { raw, filterPolicy, filterScope, deadLetterArn, deliveryPolicy, replayPolicy } = subscription;
  return JSON.stringify([raw, filterPolicy, filterScope, deadLetterArn, deliveryPolicy, replayPolicy]);
}

function refused(problem: string): AwsError {
  return new AwsError("InvalidParameterException", `Invalid parameter: ${problem}`);
}
