/** A message, its receipts, and the table that keeps it over a killed process. */
import type { DatabaseSync } from "node:sqlite";
import type { MessageAttributes } from "./digests.ts";

export interface Message {
  id: string;
  /** Order in its queue. */
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
  receivedAt?: number;
  /** Of the latest receive: older ones are stale. */
  receipt?: string;
  /** Where it failed, for a message in a dead-letter queue. */
  sourceArn?: string;
}

/** What a FIFO queue remembers of a message for five minutes. */
export interface Sent {
  key: string;
  at: number;
  messageId: string;
  sequence: number;
}

/** The SQLite side, shared by all queues. */
export interface MessageTable {
  load(queue: string): Message[];
  insert(queue: string, message: Message): void;
  update(queue: string, message: Message): void;
  remove(queue: string, id: string): void;
  /** In one step: a killed process leaves a message in one queue or the other. */
  move(from: string, to: string, message: Message): void;
  clear(queue: string): void;
  /** The messages, and what was remembered of those before them. */
  drop(queue: string): void;
  remember(queue: string, sent: Sent): void;
  remembered(queue: string, since: number): Sent[];
}

export function messageTable(database: DatabaseSync): MessageTable {
  database.exec(`
    CREATE TABLE IF NOT EXISTS sqs_messages (
      queue TEXT NOT NULL, id TEXT NOT NULL, sequence INTEGER NOT NULL, message TEXT NOT NULL,
      PRIMARY KEY (queue, id)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS sqs_sent (
      queue TEXT NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL, message_id TEXT NOT NULL, sequence INTEGER NOT NULL,
      PRIMARY KEY (queue, key)) STRICT, WITHOUT ROWID`);
  const select = database.prepare("SELECT message FROM sqs_messages WHERE queue = ? ORDER BY sequence");
  const insert = database.prepare("INSERT INTO sqs_messages VALUES (?, ?, ?, ?)");
  const update = database.prepare("UPDATE sqs_messages SET message = ? WHERE queue = ? AND id = ?");
  const remove = database.prepare("DELETE FROM sqs_messages WHERE queue = ? AND id = ?");
  const move = database.prepare(
    "UPDATE sqs_messages SET queue = ?, sequence = ?, message = ? WHERE queue = ? AND id = ?",
  );
  const clear = database.prepare("DELETE FROM sqs_messages WHERE queue = ?");
  const forgetAll = database.prepare("DELETE FROM sqs_sent WHERE queue = ?");
  const remember = database.prepare("INSERT OR REPLACE INTO sqs_sent VALUES (?, ?, ?, ?, ?)");
  const forget = database.prepare("DELETE FROM sqs_sent WHERE queue = ? AND at <= ?");
  const remembered = database.prepare("SELECT * FROM sqs_sent WHERE queue = ? ORDER BY at");
  const textOf = (message: Message) => JSON.stringify(message, keepBytes);
  return {
    load: (queue) => select.all(queue).map((row) => JSON.parse(String(row.message), reviveBytes)),
    insert: (queue, message) => void insert.run(queue, message.id, message.sequence, textOf(message)),
    update: (queue, message) => void update.run(textOf(message), queue, message.id),
    remove: (queue, id) => void remove.run(queue, id),
    move: (from, to, message) => void move.run(to, message.sequence, textOf(message), from, message.id),
    clear: (queue) => void clear.run(queue),
    drop(queue) {
      clear.run(queue);
      forgetAll.run(queue);
    },
    remember: (queue, { key, at, messageId, sequence }) => void remember.run(queue, key, at, messageId, sequence),
    remembered(queue, since) {
      forget.run(queue, since);
      return remembered.all(queue).map((row) => ({
        key: String(row.key),
        at: Number(row.at),
        messageId: String(row.message_id),
        sequence: Number(row.sequence),
      }));
    },
  };
}

/** `JSON.stringify` hands Buffers over already flattened by their own toJSON: the value on the object is the bytes. */
function keepBytes(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const original = this[key];
  return original instanceof Uint8Array ? { $bytes: Buffer.from(original).toString("base64") } : value;
}

const reviveBytes = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && "$bytes" in value
    ? new Uint8Array(Buffer.from(String(value.$bytes), "base64"))
    : value;

export function receiptOf(message: Message): string {
  return Buffer.from(`${message.id}/${message.receipt}`).toString("base64");
}

export function readReceipt(receipt: string): { id: string; token: string } {
  const [id = "", token = ""] = Buffer.from(receipt, "base64").toString("utf8").split("/");
  return { id, token };
}

export const sequenceOf = (message: Pick<Message, "sequence">): string => String(message.sequence).padStart(20, "0");
