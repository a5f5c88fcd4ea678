import { createHmac } from "node:crypto";
import { type WebhookReceiver, webhookReceiver } from "../../../scripts/demo/webhook-receiver.ts";

const secret = `whsec_${Buffer.from("a key of thirty-two bytes, or so").toString("base64")}`;

let receiver: WebhookReceiver;
beforeEach(async () => {
  receiver = await webhookReceiver(secret, 0);
});
afterEach(() => receiver.stop());

function deliver(id: string, signWith = secret): Promise<Response> {
  const body = JSON.stringify({ id, type: "photo.ready", tenantid: "acme" });
  const key = Buffer.from(signWith.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.1700000000.${body}`).digest("base64");
  return fetch(receiver.url, {
    method: "POST",
    body,
    headers: { "webhook-id": id, "webhook-timestamp": "1700000000", "webhook-signature": `v1,${signature}` },
  });
}

describe("the demonstration's webhook receiver", () => {
  it("believes what is signed with the tenant's secret, once", async () => {
    await deliver("1");
    await deliver("1");
    await deliver("2");
    expect(receiver.received).toEqual([
      { id: "1", type: "photo.ready", tenantId: "acme" },
      { id: "2", type: "photo.ready", tenantId: "acme" },
    ]);
    expect(receiver.refused).toBe(0);
  });

  it("counts what is signed with another", async () => {
    await deliver("1", `whsec_${Buffer.from("another key").toString("base64")}`);
    expect(receiver.received).toEqual([]);
    expect(receiver.refused).toBe(1);
  });

  it("takes another port where its own is taken", async () => {
    const second = await webhookReceiver(secret, Number(new URL(receiver.url).port));
    expect(second.url).not.toBe(receiver.url);
    await second.stop();
  });
});
