/**
 * One queue: its messages in memory in the order AWS would hand them out, and in SQLite so that a killed process loses
 * none. Time comes from the cloud's clock; who waits for a message is woken by it, nobody polls.
 */
import { randomUUID } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Clock, Timer } from "../../service.ts";
import type { QueueAttributes } from "./attributes.ts";
import type { MessageAttributes } from "./digests.ts";

export interface Message {
  id: string;
  sequence: number;
  body: string;
  attributes: MessageAttributes;
  /** X-Ray header, where the sender gave one. */
  traceHeader?: string;
  groupId?: string;
  deduplicationId?: string;
  senderId: string;
  sentAt: number;
  visibleAt: number;
  receiveCount: number;
  firstReceivedAt?: number;
  /** Of the latest receive: older ones are stale. */
  receipt?: string;
  /** Where it failed, for a message in a dead-letter queue. */
  sourceArn?: string;
}

const DEDUPLICATION_MS = 5 * 60_000;

/** The SQLite side, shared by all queues. */
export interface MessageTable {
  load(queue: string): Message[];
  insert(queue: string, message: Message): void;
  update(queue: string, message: Message): void;
  remove(queue: string, id: string): void;
  clear(queue: string): void;
}

export class Queue {
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  attributes: QueueAttributes;
  tags: Record<string, string> = {};
  readonly createdAt: number;
  modifiedAt: number;

  readonly #clock: Clock;
  readonly #table: MessageTable;
  /** Visible now, oldest first. */
  #ready: Message[] = [];
  /** Received or delayed: hidden until their time. */
  readonly #hidden = new Map<string, { message: Message; timer: Timer }>();
  readonly #inFlightByGroup = new Map<string, number>();
  readonly #deduplicated = new Map<string, { at: number; message: Pick<Message, "id" | "sequence"> }>();
  readonly #waiters = new Set<() => void>();
  #sequence: number;

  constructor(options: {
    name: string;
    arn: string;
    url: string;
    attributes: QueueAttributes;
    clock: Clock;
    table: MessageTable;
  }) {
    this.name = options.name;
    this.arn = options.arn;
    this.url = options.url;
    this.attributes = options.attributes;
    this.#clock = options.clock;
    this.#table = options.table;
    this.createdAt = this.modifiedAt = options.clock.now();
    const stored = this.#table.load(this.name);
    this.#sequence = stored.at(-1)?.sequence ?? 0;
    for (const message of stored) this.#place(message);
  }

  send(input: Omit<Message, "id" | "sequence" | "visibleAt" | "receiveCount" | "sentAt">, delayMs: number): Message {
    const now = this.#clock.now();
    const key = this.attributes.fifo ? input.deduplicationId : undefined;
    const earlier = key === undefined ? undefined : this.#deduplicated.get(key);
    if (earlier && now - earlier.at < DEDUPLICATION_MS)
      return { ...input, ...earlier.message, visibleAt: 0, receiveCount: 0, sentAt: earlier.at };
    const message: Message = {
      ...input,
      id: randomUUID(),
      sequence: ++this.#sequence,
      sentAt: now,
      visibleAt: now + delayMs,
      receiveCount: 0,
    };
    this.#table.insert(this.name, message);
    if (key !== undefined) this.#remember(key, message, now);
    this.#place(message);
    this.#wake();
    return message;
  }

  /** Takes over a message that failed elsewhere, with its age. */
  adopt(message: Message): void {
    const adopted: Message = {
      ...message,
      sequence: ++this.#sequence,
      visibleAt: this.#clock.now(),
      receipt: undefined,
    };
    this.#table.insert(this.name, adopted);
    this.#place(adopted);
    this.#wake();
  }

  /** Messages that are visible now. `onExhausted` takes those that were received too often. */
  receive(max: number, visibilityMs: number, onExhausted: (message: Message) => boolean): Message[] {
    const now = this.#clock.now();
    const received: Message[] = [];
    while (received.length < max) {
      const message = this.#next(received);
      if (!message) break;
      if (now - message.sentAt > this.attributes.retentionSeconds * 1000) {
        this.#table.remove(this.name, message.id);
        continue;
      }
      if (
        this.attributes.redrive &&
        message.receiveCount >= this.attributes.redrive.maxReceiveCount &&
        onExhausted(message)
      ) {
        this.#table.remove(this.name, message.id);
        continue;
      }
      message.receiveCount += 1;
      message.firstReceivedAt ??= now;
      message.receipt = randomUUID();
      message.visibleAt = now + visibilityMs;
      this.#table.update(this.name, message);
      this.#hide(message);
      received.push(message);
    }
    return received;
  }

  /** Resolves when there may be something to receive, or time is up, or the wait is called off. */
  wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#waiters.delete(done);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = this.#clock.after(ms, done);
      this.#waiters.add(done);
      signal?.addEventListener("abort", done);
    });
  }

  /** True when the receipt was good for a message. A stale one deletes nothing, as a standard queue's may. */
  remove(receipt: string): boolean {
    const { id, token } = readReceipt(receipt);
    const message = this.#hidden.get(id)?.message ?? this.#ready.find((candidate) => candidate.id === id);
    if (!message || message.receipt !== token) return false;
    this.#unhide(id);
    this.#ready = this.#ready.filter((candidate) => candidate.id !== id);
    this.#table.remove(this.name, id);
    this.#wake();
    return true;
  }

  /** Changes when a message in flight is visible again; false when it is not in flight. */
  changeVisibility(receipt: string, ms: number): boolean {
    const { id, token } = readReceipt(receipt);
    const hidden = this.#hidden.get(id);
    if (!hidden || hidden.message.receipt !== token) return false;
    this.#unhide(id);
    hidden.message.visibleAt = this.#clock.now() + ms;
    this.#table.update(this.name, hidden.message);
    this.#place(hidden.message);
    this.#wake();
    return true;
  }

  purge(): void {
    for (const id of [...this.#hidden.keys()]) this.#unhide(id);
    this.#ready = [];
    this.#table.clear(this.name);
  }

  /** Takes a visible message out, for a redrive. */
  take(): Message | undefined {
    const message = this.#ready.shift();
    if (message) this.#table.remove(this.name, message.id);
    return message;
  }

  counts(): { visible: number; inFlight: number; delayed: number } {
    let delayed = 0;
    for (const { message } of this.#hidden.values()) if (message.receiveCount === 0) delayed++;
    return { visible: this.#ready.length, inFlight: this.#hidden.size - delayed, delayed };
  }

  /** Lets everybody who waits go, and stops the clockwork. */
  stop(): void {
    for (const done of [...this.#waiters]) done();
    for (const { timer } of this.#hidden.values()) timer.cancel();
  }

  #place(message: Message): void {
    if (message.visibleAt > this.#clock.now()) this.#hide(message);
    else this.#insertReady(message);
  }

  #insertReady(message: Message): void {
    let index = this.#ready.length;
    while (index > 0 && this.#ready[index - 1]!.sequence > message.sequence) index--;
    this.#ready.splice(index, 0, message);
  }

  #hide(message: Message): void {
    const timer = this.#clock.after(Math.max(0, message.visibleAt - this.#clock.now()), () => {
      this.#unhide(message.id);
      this.#insertReady(message);
      this.#wake();
    });
    this.#hidden.set(message.id, { message, timer });
    if (message.groupId && message.receiveCount > 0) this.#countGroup(message.groupId, 1);
  }

  #unhide(id: string): void {
    const hidden = this.#hidden.get(id);
    if (!hidden) return;
    hidden.timer.cancel();
    this.#hidden.delete(id);
    const { groupId, receiveCount } = hidden.message;
    if (groupId && receiveCount > 0) this.#countGroup(groupId, -1);
  }

  #countGroup(group: string, change: number): void {
    const count = (this.#inFlightByGroup.get(group) ?? 0) + change;
    if (count > 0) this.#inFlightByGroup.set(group, count);
    else this.#inFlightByGroup.delete(group);
  }

  /**
   * FIFO: the oldest whose group has nothing in flight (but for what this very call takes). Standard with groups (fair
   * queues): the oldest of the group with the least in flight, so that one loud tenant does not delay the rest.
   */
  #next(received: Message[]): Message | undefined {
    const index = this.attributes.fifo ? this.#nextInOrder(received) : this.#nextFairly();
    return index < 0 ? undefined : this.#ready.splice(index, 1)[0];
  }

  #nextInOrder(received: Message[]): number {
    const mine = new Map<string, number>();
    for (const { groupId } of received) mine.set(groupId!, (mine.get(groupId!) ?? 0) + 1);
    return this.#ready.findIndex(
      ({ groupId }) => (this.#inFlightByGroup.get(groupId!) ?? 0) === (mine.get(groupId!) ?? 0),
    );
  }

  #nextFairly(): number {
    if (this.#ready.length === 0) return -1;
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (const [index, { groupId }] of this.#ready.slice(0, FAIR_WINDOW).entries()) {
      const inFlight = groupId ? (this.#inFlightByGroup.get(groupId) ?? 0) : 0;
      if (inFlight >= least) continue;
      [best, least] = [index, inFlight];
      if (inFlight === 0) break;
    }
    return best;
  }

  #remember(key: string, { id, sequence }: Message, now: number): void {
    for (const [known, { at }] of this.#deduplicated) {
      if (now - at < DEDUPLICATION_MS) break;
      this.#deduplicated.delete(known);
    }
    this.#deduplicated.set(key, { at: now, message: { id, sequence } });
  }

  #wake(): void {
    for (const done of [...this.#waiters]) done();
  }
}

/** How far a fair queue looks for a quieter group. */
const FAIR_WINDOW = 200;

export function receiptOf(message: Message): string {
  return Buffer.from(`${message.id}/${message.receipt}`).toString("base64");
}

function readReceipt(receipt: string): { id: string; token: string } {
  const [id = "", token = ""] = Buffer.from(receipt, "base64").toString("utf8").split("/");
  return { id, token };
}

export function messageTable(database: DatabaseSync): MessageTable {
  database.exec(`CREATE TABLE IF NOT EXISTS sqs_messages (
    queue TEXT NOT NULL, id TEXT NOT NULL, sequence INTEGER NOT NULL, message TEXT NOT NULL,
    PRIMARY KEY (queue, id)) STRICT, WITHOUT ROWID`);
  const select: StatementSync = database.prepare("SELECT message FROM sqs_messages WHERE queue = ? ORDER BY sequence");
  const insert = database.prepare("INSERT INTO sqs_messages VALUES (?, ?, ?, ?)");
  const update = database.prepare("UPDATE sqs_messages SET message = ? WHERE queue = ? AND id = ?");
  const remove = database.prepare("DELETE FROM sqs_messages WHERE queue = ? AND id = ?");
  const clear = database.prepare("DELETE FROM sqs_messages WHERE queue = ?");
  return {
    load: (queue) => select.all(queue).map((row) => JSON.parse(String(row.message), reviveBytes)),
    insert: (queue, message) =>
      void insert.run(queue, message.id, message.sequence, JSON.stringify(message, keepBytes)),
    update: (queue, message) => void update.run(JSON.stringify(message, keepBytes), queue, message.id),
    remove: (queue, id) => void remove.run(queue, id),
    clear: (queue) => void clear.run(queue),
  };
}

const keepBytes = (_key: string, value: unknown): unknown =>
  value instanceof Uint8Array ? { $bytes: Buffer.from(value).toString("base64") } : value;

const reviveBytes = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && "$bytes" in value
    ? new Uint8Array(Buffer.from(String(value.$bytes), "base64"))
    : value;
