/** What was sent from this machine, kept to be read: nothing leaves it. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Cloud } from "../../service.ts";

export interface Mail {
  id: string;
  /** ms since the epoch */
  sentAt: number;
  from: string;
  to: string[];
  cc: string[];
  bcc: string[];
  replyTo: string[];
  subject: string;
  text?: string;
  html?: string;
  /** As it came, where it came as a whole (MIME). */
  raw?: string;
  attachments: { name: string; contentType: string; bytes: number }[];
  tags: Record<string, string>;
  configurationSet?: string;
  /** What AWS would have made of it: the simulator's addresses and the suppression list decide. */
  outcome: "Delivered" | "Bounced" | "Complaint" | "Suppressed" | "RenderingFailure";
  /** `ses`, or the service that sends for itself: `cognito-idp`. */
  sender: string;
}

export type NewMail = Partial<Mail> & Pick<Mail, "from" | "to" | "subject" | "sender">;

const KEPT = 1000;

export type Mailbox = ReturnType<typeof mailbox>;

/** Holds no state of its own: whoever asks for it reads the same messages. */
export function mailbox({ database, clock }: Pick<Cloud, "database" | "clock">) {
  database.exec(`
    CREATE TABLE IF NOT EXISTS ses_messages (
      number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, record TEXT NOT NULL
    ) STRICT`);
  const insert = database.prepare("INSERT INTO ses_messages (id, record) VALUES (?, ?)");
  const trim = database.prepare("DELETE FROM ses_messages WHERE number <= (SELECT max(number) FROM ses_messages) - ?");
  const select = database.prepare("SELECT record FROM ses_messages ORDER BY number DESC");
  const byId = database.prepare("SELECT record FROM ses_messages WHERE id = ?");
  const mailOf = (row: Record<string, unknown>) => JSON.parse(String(row.record)) as Mail;
  return {
    keep(mail: NewMail): Mail {
      const kept: Mail = {
        cc: [],
        bcc: [],
        replyTo: [],
        attachments: [],
        tags: {},
        outcome: "Delivered",
        ...mail,
        id: `${randomBytes(8).toString("hex")}-${randomUUID()}-000000`,
        sentAt: clock.now(),
      };
      insert.run(kept.id, JSON.stringify(kept));
      trim.run(KEPT);
      return kept;
    },
    /** The newest first. */
    list: (): Mail[] => select.all().map(mailOf),
    find(id: string): Mail | undefined {
      const row = byId.get(id);
      return row && mailOf(row);
    },
    clear: (): void => database.exec("DELETE FROM ses_messages"),
  };
}
