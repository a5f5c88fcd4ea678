/** Attempts that are still to come, kept over a restart: a failing endpoint gets its message when it is well again. */
import { randomUUID } from "node:crypto";
import type { Cloud } from "../../service.ts";
import type { Published } from "./delivery.ts";
import { textOf, valueOf } from "./stored-message.ts";

export interface Attempt {
  /** Of the message to this subscription. */
  id: string;
  subscriptionArn: string;
  message: Published;
  /** How many there were. */
  number: number;
}

export interface Attempts {
  /** Comes back to it after a pause. */
  later(attempt: Omit<Attempt, "id"> & { id?: string }, pauseMs: number): void;
  /** It came to an end: delivered, or given up. */
  done(id: string | undefined): void;
  /** Takes up what was to come when the platform stopped. */
  resume(take: (attempt: Attempt) => void): void;
}

/** After a restart the program's subscriptions have to be declared first. */
const LEAST_PAUSE_AT_START_MS = 1000;

export function attemptsOf({ clock, database }: Cloud): Attempts {
  database.exec(
    "CREATE TABLE IF NOT EXISTS sns_attempts (id TEXT PRIMARY KEY, due INTEGER NOT NULL, attempt TEXT NOT NULL) STRICT",
  );
  const save = database.prepare("INSERT OR REPLACE INTO sns_attempts VALUES (?, ?, ?)");
  const remove = database.prepare("DELETE FROM sns_attempts WHERE id = ?");
  let take: (attempt: Attempt) => void = () => {};

  const wait = (attempt: Attempt, pauseMs: number) =>
    clock.after(pauseMs, () => {
      if (!database.isOpen) return;
      take(attempt);
    });

  return {
    later({ id = randomUUID(), ...rest }, pauseMs) {
      const attempt = { id, ...rest };
      save.run(id, clock.now() + pauseMs, textOf(attempt));
      wait(attempt, pauseMs);
    },
    done: (id) => void (id !== undefined && remove.run(id)),
    resume(taking) {
      take = taking;
      for (const { due, attempt } of database.prepare("SELECT due, attempt FROM sns_attempts").all()) {
        const pauseMs = Math.max(Number(due) - clock.now(), LEAST_PAUSE_AT_START_MS);
        wait(valueOf<Attempt>(String(attempt)), pauseMs);
      }
    },
  };
}
