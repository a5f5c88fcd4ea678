/** A tenant's own server: takes webhooks and believes only those whose signature fits (Standard Webhooks). */

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type Server } from "node:http";

export interface Received {
  id: string;
  type: string;
  tenantId: string;
}

export interface WebhookReceiver {
  url: string;
  received: Received[];
  /** Deliveries whose signature did not fit. */
  refused: number;
  stop(): Promise<void>;
}

/** @param port Taken if it is free, so that a second demonstration has the address of the first. */
export async function webhookReceiver(secret: string, port: number): Promise<WebhookReceiver> {
  const receiver: WebhookReceiver = { url: "", received: [], refused: 0, stop: async () => {} };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      if (isGenuine(request.headers as Record<string, string>, body, secret)) {
        const { id, type, tenantid } = JSON.parse(body);
        // A delivery may come twice; its id tells
        if (receiver.received.every((known) => known.id !== id))
          receiver.received.push({ id, type, tenantId: tenantid });
      } else receiver.refused++;
      response.writeHead(204).end();
    });
  });
  receiver.url = `http://127.0.0.1:${await listen(server, port)}/webhooks`;
  receiver.stop = () =>
    new Promise((done) => {
      server.closeAllConnections();
      server.close(() => done());
    });
  return receiver;
}

function isGenuine(headers: Record<string, string>, body: string, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const expected = Buffer.from(createHmac("sha256", key).update(signed).digest("base64"));
  return (headers["webhook-signature"] ?? "").split(" ").some((candidate) => {
    const given = Buffer.from(candidate.replace(/^v1,/, ""));
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

async function listen(server: Server, port: number): Promise<number> {
  for (const wanted of [port, 0]) {
    const taken = await new Promise<number | undefined>((done) => {
      server.once("error", () => done(undefined));
      server.listen(wanted, "127.0.0.1", () => done((server.address() as { port: number }).port));
    });
    if (taken !== undefined) return taken;
  }
  throw new Error("no port for the webhook receiver");
}
