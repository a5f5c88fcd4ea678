/** A cloud with SES, whose mail a test reads as a developer does. */
import { SESClient } from "@aws-sdk/client-ses";
import { SESv2Client } from "@aws-sdk/client-sesv2";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { ses, sesv2 } from "../../../local/services/ses/index.ts";
import type { Mail } from "../../../local/services/ses/mailbox.ts";

export interface MailCloud {
  cloud: RunningCloud;
  v1: SESClient;
  v2: SESv2Client;
  /** The newest first. */
  mails(): Promise<Mail[]>;
  stop(): Promise<void>;
}

export async function startMail(): Promise<MailCloud> {
  const cloud = await startCloud({ services: { ses, sesv2 } });
  const [v1, v2] = [new SESClient(cloud.client()), new SESv2Client(cloud.client())];
  return {
    cloud,
    v1,
    v2,
    async mails() {
      const answer = (await (await fetch(`${cloud.endpoint}/_mail`)).json()) as { messages: Mail[] };
      return answer.messages;
    },
    async stop() {
      v1.destroy();
      v2.destroy();
      await cloud.stop();
    },
  };
}
