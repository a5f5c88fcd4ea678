/** An HTTP endpoint gets nothing before it has confirmed that it wants it: with a token that is sent to it alone. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Sending } from "./delivery.ts";
import type { Subscription } from "./topic.ts";

const TIMEOUT_MS = 15_000;
/** A token is good for two days. */
export const TOKEN_LIFE_MS = 2 * 24 * 3_600_000;

export interface Pending {
  token: string;
  /** ms since the epoch */
  since: number;
}

export function pendingSince(now: number): Pending {
  return { token: randomBytes(96).toString("hex"), since: now };
}

/** Asks the endpoint. One that does not answer, or not now, may be asked again by subscribing anew. */
export async function askToConfirm(
  { cloud, signer, signal }: Sending,
  topicArn: string,
  { endpoint, pending }: Subscription,
  signatureVersion: string | undefined,
): Promise<void> {
  const query = new URLSearchParams({ Action: "ConfirmSubscription", TopicArn: topicArn, Token: pending!.token });
  const messageId = randomUUID();
  const signed = {
    Type: "SubscriptionConfirmation",
    MessageId: messageId,
    Token: pending!.token,
    TopicArn: topicArn,
    Message: `You have chosen to subscribe to the topic ${topicArn}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`,
    SubscribeURL: `${cloud.endpoint}/?${query}`,
    Timestamp: new Date(cloud.clock.now()).toISOString(),
  };
  try {
    const body = { ...signed, ...(await signer.sign(signed, signatureVersion)) };
    const response = await fetch(endpoint, {
      method: "POST",
      redirect: "manual",
      headers: {
        "content-type": "text/plain; charset=UTF-8",
        "user-agent": "Amazon Simple Notification Service Agent",
        "x-amz-sns-message-type": "SubscriptionConfirmation",
        "x-amz-sns-message-id": messageId,
        "x-amz-sns-topic-arn": topicArn,
      },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`it answered ${response.status}`);
  } catch (error) {
    if (signal.aborted) return;
    const message = `${endpoint} could not be asked to confirm its subscription to ${topicArn}: ${(error as Error).message}`;
    cloud.log({ level: "warn", source: "sns", message });
  }
}
