/**
 * One queue: its messages in memory in the order AWS would hand them out, and in SQLite so that a killed process loses
 * none. Time comes from the cloud's clock; who waits for a message is woken by it, nobody polls.
 */
import { randomUUID } from "node:crypto";
import type { Clock, Timer } from "../../service.ts";
import type { QueueAttributes } from "./attributes.ts";
import { Deduplication } from "./deduplication.ts";
import { type Message, type MessageTable, readReceipt } from "./message.ts";
import { ReadyMessages } from "./ready-messages.ts";
import { Waiters } from "./waiters.ts";

export interface QueueOptions {
  name: string;
  arn: string;
  url: string;
  attributes: QueueAttributes;
  clock: Clock;
  table: MessageTable;
}

export type NewMessage = Pick<
  Message,
  "body" | "attributes" | "senderId" | "groupId" | "deduplicationId" | "traceHeader"
>;

export class Queue {
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  attributes: QueueAttributes;
  tags: Record<string, string> = {};
  readonly createdAt: number;
  modifiedAt: number;
  purgedAt = Number.NEGATIVE_INFINITY;
  /** Since it is here: what CloudWatch makes metrics of. */
  readonly total = { sent: 0, received: 0, deleted: 0 };

  readonly #clock: Clock;
  readonly #table: MessageTable;
  /** All of them; one with a timer is hidden until its time: received, or delayed. */
  readonly #messages = new Map<string, { message: Message; timer?: Timer }>();
  readonly #ready = new ReadyMessages();
  readonly #inFlightByGroup = new Map<string, number>();
  readonly #sent: Deduplication;
  readonly #waiters: Waiters;
  #sequence: number;

  constructor({ name, arn, url, attributes, clock, table }: QueueOptions) {
    this.name = name;
    this.arn = arn;
    this.url = url;
    this.attributes = attributes;
    this.#clock = clock;
    this.#table = table;
    const now = clock.now();
    this.createdAt = this.modifiedAt = now;
    const stored = table.load(name);
    // Above everything that was ever handed out, also by a queue that is empty now.
    this.#sequence = Math.max(stored.at(-1)?.sequence ?? 0, now * 1000);
    for (const message of stored) this.#place(message);
    this.#sent = new Deduplication(name, table, now);
    this.#waiters = new Waiters(clock);
  }

  /** A FIFO queue answers a duplicate as it answered the first, and keeps no second one. */
  send(input: NewMessage, delayMs: number): Message {
    const now = this.#clock.now();
    const key = this.#sent.keyOf(input, this.attributes);
    const earlier = this.#sent.earlier(key, now);
    if (earlier) {
      const { messageId: id, sequence, at: sentAt } = earlier;
      return { ...input, id, sequence, sentAt, visibleAt: 0, receiveCount: 0 };
    }
    const message: Message = {
      ...input,
      id: randomUUID(),
      sequence: ++this.#sequence,
      sentAt: now,
      visibleAt: now + delayMs,
      receiveCount: 0,
    };
    this.#table.insert(this.name, message);
    this.total.sent += 1;
    if (key !== undefined) this.#sent.remember({ key, at: now, messageId: message.id, sequence: message.sequence });
    this.#place(message);
    this.#waiters.wake();
    return message;
  }

  /** Messages that are visible now. `deadLetters` takes those that were received too often. */
  receive(max: number, visibilityMs: number, deadLetters: () => Queue | undefined): Message[] {
    const now = this.#clock.now();
    const received: Message[] = [];
    const groups = new Set<string>();
    while (received.length < max) {
      const message = this.#ready.take((group) => this.#rank(group, groups));
      if (!message) break;
      if (this.#isExpired(message, now)) {
        this.#forget(message);
        continue;
      }
      const { redrive } = this.attributes;
      const target = redrive && message.receiveCount >= redrive.maxReceiveCount ? deadLetters() : undefined;
      if (target) {
        this.moveTo(target, message, { sourceArn: this.arn });
        continue;
      }
      message.receiveCount += 1;
      message.firstReceivedAt ??= now;
      message.receivedAt = now;
      message.receipt = randomUUID();
      message.visibleAt = now + visibilityMs;
      this.#table.update(this.name, message);
      this.#hide(message);
      if (message.groupId) groups.add(message.groupId);
      received.push(message);
    }
    this.total.received += received.length;
    // Not sooner: one call hands a message out once.
    if (visibilityMs === 0) for (const message of received) this.#unhide(message);
    return received;
  }

  /** Resolves when there may be something to receive, or time is up, or the wait is called off. */
  wait(ms: number, signals: (AbortSignal | undefined)[]): Promise<void> {
    return this.#waiters.wait(ms, signals);
  }

  /** The message that a receipt is good for: the receipt of its latest receive, whether or not it is visible again. */
  held(receipt: string): { message: Message; isInFlight: boolean } | undefined {
    const { id, token } = readReceipt(receipt);
    const entry = this.#messages.get(id);
    if (!entry || entry.message.receipt !== token) return undefined;
    return { message: entry.message, isInFlight: entry.timer !== undefined };
  }

  remove(message: Message): void {
    this.#takeOut(message);
    this.#table.remove(this.name, message.id);
    this.total.deleted += 1;
    // The next one of its group may be waited for.
    this.#waiters.wake();
  }

  changeVisibility(message: Message, ms: number): void {
    this.#takeOut(message);
    message.visibleAt = this.#clock.now() + ms;
    this.#table.update(this.name, message);
    this.#place(message);
    this.#waiters.wake();
  }

  /** Hands a message over to another queue, with its age where AWS keeps it: on standard queues. */
  moveTo(target: Queue, message: Message, changes: Partial<Message>): void {
    const now = target.#clock.now();
    this.#takeOut(message);
    const moved: Message = {
      ...message,
      ...changes,
      sentAt: target.attributes.fifo ? now : message.sentAt,
      sequence: ++target.#sequence,
      visibleAt: now,
      receipt: undefined,
    };
    this.#table.move(this.name, target.name, moved);
    target.#place(moved);
    target.#waiters.wake();
    this.#waiters.wake();
  }

  purge(): void {
    for (const { timer } of this.#messages.values()) timer?.cancel();
    this.#messages.clear();
    this.#inFlightByGroup.clear();
    this.#ready.clear();
    this.#table.clear(this.name);
  }

  /** Leaves nothing behind; whoever waits is told. */
  drop(): void {
    this.purge();
    this.#table.drop(this.name);
    this.#waiters.wake();
  }

  /** Visible messages, oldest first. */
  visible(): Message[] {
    const visible = [...this.#messages.values()].filter(({ timer }) => !timer).map(({ message }) => message);
    return visible.sort((a, b) => a.sequence - b.sequence);
  }

  /** When the oldest message was sent that is not deleted; one that came back often is not waited for any more. */
  oldest(): number | undefined {
    let oldest: number | undefined;
    for (const { message } of this.#messages.values()) {
      if (message.receiveCount > 3) continue;
      if (oldest === undefined || message.sentAt < oldest) oldest = message.sentAt;
    }
    return oldest;
  }

  counts(): { visible: number; inFlight: number; delayed: number } {
    const now = this.#clock.now();
    let delayed = 0;
    for (const { message, timer } of [...this.#messages.values()]) {
      if (this.#isExpired(message, now)) this.#forget(message);
      else if (timer && message.receiveCount === 0) delayed++;
    }
    const visible = this.#ready.size;
    return { visible, inFlight: this.#messages.size - visible - delayed, delayed };
  }

  /** Lets everybody who waits go, and stops the clockwork. */
  stop(): void {
    for (const { timer } of this.#messages.values()) timer?.cancel();
    this.#waiters.wake();
  }

  /**
   * FIFO: a group with something in flight waits, but for what this very call has taken. Standard with groups (fair
   * queues): the group with the least in flight first, so that one loud tenant does not delay the rest.
   */
  #rank(group: string | undefined, taken: Set<string>): number | undefined {
    const inFlight = group === undefined ? 0 : (this.#inFlightByGroup.get(group) ?? 0);
    if (!this.attributes.fifo) return inFlight;
    return inFlight === 0 || taken.has(group!) ? 0 : undefined;
  }

  #place(message: Message): void {
    if (message.visibleAt > this.#clock.now()) this.#hide(message);
    else this.#show(message);
  }

  #show(message: Message): void {
    this.#messages.set(message.id, { message });
    this.#ready.add(message);
  }

  #hide(message: Message): void {
    const delayMs = Math.max(0, message.visibleAt - this.#clock.now());
    const timer = this.#clock.after(delayMs, () => this.#unhide(message));
    this.#messages.set(message.id, { message, timer });
    if (message.receiveCount > 0) this.#countGroup(message.groupId, 1);
  }

  #unhide(message: Message): void {
    this.#takeOut(message);
    this.#show(message);
    this.#waiters.wake();
  }

  #takeOut(message: Message): void {
    const entry = this.#messages.get(message.id);
    this.#messages.delete(message.id);
    if (!entry?.timer) {
      this.#ready.remove(message);
      return;
    }
    entry.timer.cancel();
    if (message.receiveCount > 0) this.#countGroup(message.groupId, -1);
  }

  #forget(message: Message): void {
    this.#takeOut(message);
    this.#table.remove(this.name, message.id);
  }

  #isExpired({ sentAt }: Message, now: number): boolean {
    return now - sentAt > this.attributes.retentionSeconds * 1000;
  }

  #countGroup(group: string | undefined, change: number): void {
    if (group === undefined) return;
    const count = (this.#inFlightByGroup.get(group) ?? 0) + change;
    if (count > 0) this.#inFlightByGroup.set(group, count);
    else this.#inFlightByGroup.delete(group);
  }
}
