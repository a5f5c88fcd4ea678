/** What a FIFO queue was sent in the last five minutes: a duplicate is answered as the first was. */
import type { QueueAttributes } from "./attributes.ts";
import type { Message, MessageTable, Sent } from "./message.ts";

const DEDUPLICATION_MS = 5 * 60_000;

export class Deduplication {
  readonly #queue: string;
  readonly #table: MessageTable;
  /** In order of age. */
  readonly #sent = new Map<string, Sent>();

  constructor(queue: string, table: MessageTable, now: number) {
    this.#queue = queue;
    this.#table = table;
    for (const sent of table.remembered(queue, now - DEDUPLICATION_MS)) this.#sent.set(sent.key, sent);
  }

  /** What makes a message the same as another; undefined on a standard queue. */
  keyOf(
    { deduplicationId, groupId }: Pick<Message, "deduplicationId" | "groupId">,
    { fifo, deduplicationScope }: QueueAttributes,
  ): string | undefined {
    if (!fifo || deduplicationId === undefined) return undefined;
    return deduplicationScope === "messageGroup" ? `${groupId}/${deduplicationId}` : deduplicationId;
  }

  /** The message that one with this key is a duplicate of. */
  earlier(key: string | undefined, now: number): Sent | undefined {
    const sent = key === undefined ? undefined : this.#sent.get(key);
    return sent && now - sent.at < DEDUPLICATION_MS ? sent : undefined;
  }

  remember(sent: Sent): void {
    // What is too old stands at the front.
    for (const [key, { at }] of this.#sent) {
      if (sent.at - at < DEDUPLICATION_MS) break;
      this.#sent.delete(key);
    }
    this.#sent.delete(sent.key);
    this.#sent.set(sent.key, sent);
    this.#table.remember(this.#queue, sent);
  }
}
