import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import type { TenantEvent } from "../../../functions/shared/events.ts";
import { backoffSeconds } from "../../../functions/webhooks/backoff.ts";
import { type Attempt, type NotifyPorts, notify } from "../../../functions/webhooks/notify.ts";
import { post } from "../../../functions/webhooks/post.ts";
import { sign } from "../../../functions/webhooks/sign.ts";
import { TargetRefused, webhookTarget } from "../../../functions/webhooks/target.ts";

const event = {
  ...{
    specversion: "1.0",
    id: "22222222-2222-4222-8222-222222222222",
    source: "/terrace/dev/eu1",
    type: "album.created",
  },
  ...{ time: "2026-01-01T00:00:00Z", tenantid: "acme", datacontenttype: "application/json" },
  data: { albumId: "1", title: "Alps" },
} as TenantEvent;
const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

describe("a signature", () => {
  it("is verified with the secret over id, timestamp and body, as Standard Webhooks has it", () => {
    // The specification's own example.
    const headers = sign(
      "msg_p5jXN8AQM9LWM0D4loKWxJek",
      '{"test": 2432232314}',
      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
      1614265330,
    );
    expect(headers).toEqual({
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });
});

describe("a webhook may not go", () => {
  it.each([
    ["to the instance's metadata", "https://169.254.169.254/latest/meta-data"],
    ["to a loopback address", "https://127.0.0.1/"],
    ["to an address in disguise", "https://0x7f.1/"],
    ["to another disguise", "https://2130706433/"],
    ["to private networks", "https://10.1.2.3/"],
    ["to private networks", "https://172.31.0.1/"],
    ["to private networks", "https://192.168.1.1/"],
    ["to carrier-grade NAT", "https://100.64.0.1/"],
    ["to this network", "https://0.0.0.0/"],
    ["to multicast", "https://224.0.0.1/"],
    ["to IPv6 loopback", "https://[::1]/"],
    ["to IPv6 link-local", "https://[fe80::1]/"],
    ["to IPv6 unique local", "https://[fd00::1]/"],
    ["to an IPv4 address inside IPv6", "https://[::ffff:127.0.0.1]/"],
    ["to an IPv4 address inside NAT64", "https://[64:ff9b::7f00:1]/"],
    ["to an IPv4 address inside 6to4", "https://[2002:7f00:1::]/"],
    ["over plain http", "http://93.184.216.34/"],
    ["to a file", "file:///etc/passwd"],
    ["nowhere", "not a url"],
    ["with a password", "https://user:secret@example.com/"],
  ])("%s: %s", async (_, url) => {
    await expect(
      webhookTarget(url, { resolve: async () => [{ address: "93.184.216.34", family: 4 }] }),
    ).rejects.toThrow(TargetRefused);
  });

  it("to a public name that resolves to a private address, even to one beside a public one", async () => {
    const resolve = async () => [
      { address: "93.184.216.34", family: 4 },
      { address: "10.0.0.7", family: 4 },
    ];
    await expect(webhookTarget("https://example.com/", { resolve })).rejects.toThrow(
      "example.com is not a public address",
    );
  });

  it("to link-local addresses whatever the configuration allows", async () => {
    const allowedNetworks = ["0.0.0.0/0", "::/0"];
    for (const url of ["http://169.254.170.2/credentials", "http://[fe80::1]/"])
      await expect(webhookTarget(url, { allowedNetworks })).rejects.toThrow(TargetRefused);
  });
});

describe("a webhook may never go", () => {
  it("to the function's own Runtime API, whatever the configuration allows", async () => {
    const options = { allowedNetworks: ["127.0.0.0/8"], forbidden: ["127.0.0.1:9001"] };
    await expect(webhookTarget("http://127.0.0.1:9001/2018-06-01/runtime/", options)).rejects.toThrow(
      "the platform's own",
    );
    expect((await webhookTarget("http://127.0.0.1:9002/", options)).address).toBe("127.0.0.1");
  });
});

describe("a webhook may go", () => {
  it("to a public address, and connects to the one that was checked", async () => {
    const resolve = async () => [{ address: "2606:2800:220:1::1", family: 6 }];
    expect(await webhookTarget("https://example.com/hook", { resolve })).toMatchObject({
      address: "2606:2800:220:1::1",
      family: 6,
    });
  });

  it("to a network that the configuration allows, over http too", async () => {
    const target = await webhookTarget("http://127.0.0.1:9000/", { allowedNetworks: ["127.0.0.0/8"] });
    expect(target.address).toBe("127.0.0.1");
  });
});

describe("a delivery", () => {
  it("reaches the checked address whatever the name resolves to, signed, and follows no redirect", async () => {
    const received: { url?: string; headers: IncomingHttpHeaders; body: string }[] = [];
    const server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      received.push({ url: request.url, headers: request.headers, body });
      response.writeHead(302, { location: "/elsewhere" }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const url = new URL(`http://name.invalid:${(server.address() as AddressInfo).port}/hook`);
      const body = JSON.stringify(event);
      const headers = { ...sign(event.id, body, secret, 1) };
      expect(await post({ url, address: "127.0.0.1", family: 4 }, body, headers)).toBe(302);
      expect(received).toHaveLength(1);
      expect(received[0]).toMatchObject({ url: "/hook", body, headers: { host: url.host } });
      const expected = createHmac("sha256", Buffer.alloc(32, 7)).update(`${event.id}.1.${body}`).digest("base64");
      expect(received[0]!.headers["webhook-signature"]).toBe(`v1,${expected}`);
    } finally {
      server.close();
    }
  });
});

function setting(changes: Partial<NotifyPorts> = {}) {
  const attempts: Attempt[] = [];
  const delays: number[] = [];
  let posts = 0;
  const ports: NotifyPorts = {
    subscription: async () => ({ url: "https://example.com/hook", secret }),
    isDelivered: async () => attempts.some(({ status }) => status === "delivered"),
    record: async (_, attempt) => void attempts.push(attempt),
    target: async (url) => ({ url: new URL(url), address: "93.184.216.34", family: 4 }),
    post: async () => {
      posts++;
      return 204;
    },
    delay: async (seconds) => void delays.push(seconds),
    now: () => 1_000,
    ...changes,
  };
  return { ports, attempts, delays, posts: () => posts };
}

describe("an event for a tenant's webhook", () => {
  it("is delivered once, however often its message comes", async () => {
    const { ports, posts } = setting();
    expect(await notify(event, 1, ports)).toBe("delivered");
    expect(await notify(event, 2, ports)).toBe("skipped");
    expect(posts()).toBe(1);
  });

  it("is skipped for a tenant without a webhook", async () => {
    expect(await notify(event, 1, setting({ subscription: async () => undefined }).ports)).toBe("skipped");
  });

  it.each([
    ["an error status", async () => 503, { statusCode: 503, error: "The receiver answered with 503" }],
    ["a redirect", async () => 301, { statusCode: 301, error: "The receiver answered with 301" }],
    [
      "no answer",
      () => Promise.reject(new Error("connect ECONNREFUSED")),
      { statusCode: null, error: "connect ECONNREFUSED" },
    ],
  ])("met by %s is recorded, put back with a delay and tried again", async (_, answer, recorded) => {
    const { ports, attempts, delays } = setting({ post: answer as NotifyPorts["post"] });
    await expect(notify(event, 3, ports)).rejects.toThrow(recorded.error);
    expect(attempts).toEqual([{ status: "retrying", attempts: 3, ...recorded }]);
    expect(delays).toHaveLength(1);
  });

  it("for a forbidden address is refused, and not tried again", async () => {
    const { ports, attempts, posts } = setting({
      target: (url) => webhookTarget(url),
      subscription: async () => ({ url: "https://127.0.0.1/", secret }),
    });
    expect(await notify(event, 1, ports)).toBe("refused");
    expect(attempts[0]).toMatchObject({ status: "refused", error: "127.0.0.1 is not a public address" });
    expect(posts()).toBe(0);
  });
});

describe("the delay between attempts", () => {
  it("doubles from ten seconds up to an hour", () => {
    expect([1, 2, 3, 9, 10, 20].map((attempt) => backoffSeconds(attempt, () => 0))).toEqual([
      10, 20, 40, 2560, 3600, 3600,
    ]);
    expect(backoffSeconds(1, () => 1)).toBe(12);
  });
});
