/** The visible messages of a queue, by message group, so that choosing one does not read the whole backlog. */
import type { Message } from "./message.ts";

/** Messages without a group; on a standard queue they are nobody's neighbours. */
const NO_GROUP = "";

export class ReadyMessages {
  readonly #groups = new Map<string, Message[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(message: Message): void {
    const group = message.groupId ?? NO_GROUP;
    let list = this.#groups.get(group);
    if (!list) {
      list = [];
      this.#groups.set(group, list);
    }
    // Nearly always at the end; a message that comes back goes before those that were sent after it.
    let index = list.length;
    while (index > 0 && list[index - 1]!.sequence > message.sequence) index--;
    if (index === list.length) list.push(message);
    else list.splice(index, 0, message);
    this.#size++;
  }

  remove(message: Message): void {
    const group = message.groupId ?? NO_GROUP;
    const list = this.#groups.get(group);
    const index = list ? indexOf(list, message) : -1;
    if (!list || list[index] !== message) return;
    list.splice(index, 1);
    this.#size--;
    if (list.length === 0) this.#groups.delete(group);
  }

  /** Takes the oldest message of the group that ranks lowest; a group without a rank is passed over. */
  take(rank: (group: string | undefined) => number | undefined): Message | undefined {
    let best: { group: string; list: Message[]; rank: number } | undefined;
    for (const [group, list] of this.#groups) {
      const ranked = rank(group === NO_GROUP ? undefined : group);
      if (ranked === undefined || (best && ranked > best.rank)) continue;
      if (!best || ranked < best.rank || list[0]!.sequence < best.list[0]!.sequence) {
        best = { group, list, rank: ranked };
      }
    }
    if (!best) return undefined;
    const message = best.list.shift()!;
    this.#size--;
    if (best.list.length === 0) this.#groups.delete(best.group);
    return message;
  }

  clear(): void {
    this.#groups.clear();
    this.#size = 0;
  }
}

/** Where a message of this sequence number stands, or would. */
function indexOf(list: Message[], { sequence }: Message): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]!.sequence < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
