/**
 * Delivers one event to its tenant's webhook. A failure is thrown after the message was put back with a growing delay: SQS
 * keeps count, and moves it to the dead-letter queue in the end.
 */

import type { TenantEvent } from "../shared/events.ts";
import { backoffSeconds } from "./backoff.ts";
import { sign } from "./sign.ts";
import { type Target, TargetRefused } from "./target.ts";

export interface Subscription {
  url: string;
  secret: string;
}

export interface Attempt {
  status: "delivered" | "retrying" | "refused";
  attempts: number;
  /** Of the receiver's answer; null when there was none. */
  statusCode: number | null;
  error: string | null;
}

export interface NotifyPorts {
  /** The tenant's webhook; undefined where it wants none. */
  subscription(): Promise<Subscription | undefined>;
  /** Whether an earlier delivery of this message has already been taken by the receiver. */
  isDelivered(eventId: string): Promise<boolean>;
  record(event: TenantEvent, attempt: Attempt): Promise<void>;
  target(url: string): Promise<Target>;
  post(target: Target, body: string, headers: Record<string, string>): Promise<number>;
  /** Hides the message for so long before it comes again. */
  delay(seconds: number): Promise<void>;
  /** ms since the epoch */
  now(): number;
}

export class DeliveryFailed extends Error {
  override readonly name = "DeliveryFailed";
}

/**
 * @param receiveCount How often SQS has handed the message out, this time included.
 * @throws DeliveryFailed when it has to be tried again.
 */
export async function notify(
  event: TenantEvent,
  receiveCount: number,
  ports: NotifyPorts,
): Promise<Attempt["status"] | "skipped"> {
  const subscription = await ports.subscription();
  if (!subscription || (await ports.isDelivered(event.id))) return "skipped";

  const attempt = await deliver(event, receiveCount, subscription, ports);
  await ports.record(event, attempt);
  if (attempt.status !== "retrying") return attempt.status;
  await ports.delay(backoffSeconds(receiveCount));
  throw new DeliveryFailed(`Event ${event.id} was not delivered: ${attempt.error}`);
}

async function deliver(
  event: TenantEvent,
  attempts: number,
  { url, secret }: Subscription,
  ports: NotifyPorts,
): Promise<Attempt> {
  try {
    const target = await ports.target(url);
    const body = JSON.stringify(event);
    const headers = { ...sign(event.id, body, secret, Math.floor(ports.now() / 1000)) };
    const statusCode = await ports.post(target, body, headers);
    const delivered = statusCode >= 200 && statusCode < 300;
    const error = delivered ? null : `The receiver answered with ${statusCode}`;
    return { status: delivered ? "delivered" : "retrying", attempts, statusCode, error };
  } catch (error) {
    const status = error instanceof TargetRefused ? "refused" : "retrying";
    return { status, attempts, statusCode: null, error: (error as Error).message };
  }
}
