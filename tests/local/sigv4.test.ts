import { createHash, createHmac } from "node:crypto";
import { request } from "node:http";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";
import { manualClock } from "../../local/clock.ts";
import { type RunningCloud, startCloud } from "../../local/cloud.ts";
import type { Service } from "../../local/service.ts";
import { ssm } from "../../local/services/ssm/index.ts";
import { sts } from "../../local/services/sts.ts";
import { roleWith } from "./role-with.ts";

/** The signer's own hash: what a client brings along. */
class Sha256 {
  readonly #hash = createHash("sha256");
  readonly #secret: Parameters<typeof createHmacOf>[0] | undefined;
  #parts: Uint8Array[] = [];
  constructor(secret?: string | Uint8Array) {
    this.#secret = secret;
  }
  update(data: string | Uint8Array): void {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    if (this.#secret === undefined) this.#hash.update(bytes);
    else this.#parts.push(bytes);
  }
  async digest(): Promise<Uint8Array> {
    return this.#secret === undefined ? this.#hash.digest() : createHmacOf(this.#secret, Buffer.concat(this.#parts));
  }
  reset(): void {}
}

function createHmacOf(secret: string | Uint8Array, data: Uint8Array): Uint8Array {
  return createHmac("sha256", secret).update(data).digest();
}

interface Sent {
  method?: string;
  path?: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: string;
}

interface Signed {
  method: string;
  path: string;
  query?: unknown;
  headers: Record<string, string>;
  body?: string;
}

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

const clock = manualClock(Date.now());
/** Says who it takes the caller for, whatever is asked. */
const echo = (name: string): Service => ({
  name,
  resources: {},
  operations: {},
  handle: async ({ principal, url, body }) => ({
    status: 200,
    body: JSON.stringify({ arn: principal.arn, path: url.pathname, bytes: body.length }),
  }),
});

describe("signatures", () => {
  let cloud: RunningCloud;

  beforeAll(async () => {
    cloud = await startCloud({ clock, services: { sts, ssm, echo: () => echo("echo"), s3: () => echo("s3") } });
  });
  afterAll(() => cloud.stop());

  const signer = (service = "echo", credentials = cloud.client().credentials) =>
    new SignatureV4({
      service,
      region: "eu-west-1",
      credentials,
      sha256: Sha256 as never,
      uriEscapePath: service !== "s3",
      applyChecksum: false,
    });
  const unsigned = ({ method = "POST", path = "/", query = {}, headers = {}, body }: Sent) => {
    const { hostname, port } = new URL(cloud.endpoint);
    const hash = createHash("sha256")
      .update(body ?? "")
      .digest("hex");
    return {
      protocol: "http:",
      method,
      hostname,
      port: Number(port),
      path,
      query,
      headers: { host: `${hostname}:${port}`, "x-amz-content-sha256": hash, ...headers },
      body,
    };
  };
  const sign = async (sent: Sent, service?: string) =>
    (await signer(service).sign(unsigned(sent) as never)) as unknown as Signed;

  function send({ method, path, query, headers, body }: Signed): Promise<Answer> {
    const search = new URLSearchParams(query as Record<string, string>).toString().replaceAll("+", "%20");
    return new Promise((done, reject) => {
      const target = { method, path: search ? `${path}?${search}` : path, headers: { ...headers } };
      const outgoing = request(cloud.endpoint, target, (incoming) => {
        let text = "";
        incoming.on("data", (chunk) => (text += chunk));
        incoming.on("end", () => done({ status: incoming.statusCode!, headers: incoming.headers, body: text }));
      });
      outgoing.on("error", reject).end(body);
    });
  }

  it.each<[string, Sent]>([
    ["a plain request", { body: "{}" }],
    ["a path with characters that are encoded twice", { path: "/a%20b/%C3%A9%2Fc+d(1)!*'" }],
    ["a query with characters of every kind", { query: { b: "x y/ä", a: "1+1=2", "c[]": "*", empty: "" } }],
    ["headers with runs of spaces", { headers: { "x-amz-meta-note": "  two   spaces " } }],
  ])("holds for %s", async (_what, sent) => {
    expect(await send(await sign(sent))).toMatchObject({ status: 200 });
  });

  it.each<[string, Partial<Sent>]>([
    ["method", { method: "PUT" }],
    ["path", { path: "/other" }],
    ["query", { query: { more: "1" } }],
    ["signed header", { headers: { "x-amz-meta-note": "other" } }],
  ])("fails when the %s was changed on the way", async (_what, change) => {
    const signed = await sign({ headers: { "x-amz-meta-note": "note" } });
    const altered = { ...signed, ...change, headers: { ...signed.headers, ...change.headers } };
    const answer = await send(altered as typeof signed);
    expect(answer.status).toBe(403);
    expect(answer.headers["x-amzn-errortype"]).toBe("SignatureDoesNotMatch");
  });

  it("fails when the body was changed on the way", async () => {
    const signed = await sign({ body: "one" });
    expect(await send({ ...signed, body: "two" })).toMatchObject({ status: 400 });
    const { "x-amz-content-sha256": _, ...headers } = unsigned({ body: "one" }).headers;
    const plain = (await signer().sign({ ...unsigned({ body: "one" }), headers } as never)) as unknown as Signed;
    expect((await send({ ...plain, body: "two" })).headers["x-amzn-errortype"]).toBe("SignatureDoesNotMatch");
  });

  it("lets an upload say that its body is unsigned or streamed", async () => {
    for (const hash of [
      "UNSIGNED-PAYLOAD",
      "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
      "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    ]) {
      const signed = await sign(
        { method: "PUT", path: "/b/k", body: "any", headers: { "x-amz-content-sha256": hash } },
        "s3",
      );
      expect(JSON.parse((await send(signed)).body)).toMatchObject({ path: "/b/k", bytes: 3 });
    }
  });

  it("holds for a presigned URL until it expires", async () => {
    const { headers: _, ...bare } = unsigned({ method: "GET", path: "/bucket/a%20b.jpg" });
    const headers = { host: new URL(cloud.endpoint).host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
    const presigned = (await signer("s3").presign({ ...bare, headers } as never, { expiresIn: 60 })) as Signed;
    expect(await send(presigned)).toMatchObject({ status: 200 });
    const other = { ...presigned, path: "/bucket/other.jpg" };
    expect((await send(other)).status).toBe(403);
    // Signed by the machine's clock, which has gone on since the cloud's was set.
    await clock.advance(Date.now() - clock.now() + 62_000);
    expect(await send(presigned)).toMatchObject({ status: 403 });
  });

  it("tells an unknown key, a wrong secret, an expired and a forged token apart, in the words of the protocol", async () => {
    const admin = cloud.client().credentials;
    const ask = async (credentials: typeof admin) => {
      const config = { ...cloud.client(), credentials, maxAttempts: 1 };
      const clients = [new STSClient(config), new SSMClient(config)] as const;
      const errors = await Promise.allSettled([
        clients[0].send(new GetCallerIdentityCommand()),
        clients[1].send(new GetParameterCommand({ Name: "/none" })),
      ]);
      for (const client of clients) client.destroy();
      return errors.map((result) => (result.status === "rejected" ? result.reason.name : "ok"));
    };
    const unknown = { accessKeyId: "AKIAAAAAAAAAAAAAAAAA", secretAccessKey: "x" };
    expect(await ask(unknown)).toEqual(["InvalidClientTokenId", "UnrecognizedClientException"]);
    const wrong = ["SignatureDoesNotMatch", "InvalidSignatureException"];
    expect(await ask({ ...admin, secretAccessKey: "x" })).toEqual(wrong);
    const roleArn = await roleWith(cloud, "app", { Effect: "Allow", Action: "ssm:*", Resource: "*" });
    const session = cloud.client(roleArn).credentials;
    expect(await ask(session)).toEqual(["ok", "ParameterNotFound"]);
    const forged = ["InvalidClientTokenId", "UnrecognizedClientException"];
    expect(await ask({ ...session, sessionToken: "forged" })).toEqual(forged);
    await clock.advance(3601_000);
    expect(await ask(session)).toEqual(["ExpiredToken", "ExpiredTokenException"]);
  });

  it("answers a request that is not signed at all, or half, without a stack or a hang", async () => {
    const bare = unsigned({ body: "{}" });
    expect(await send(bare as never)).toMatchObject({ status: 403 });
    const half = { ...bare, headers: { ...bare.headers, authorization: "AWS4-HMAC-SHA256 Credential=AKIA/x" } };
    expect((await send(half as never)).headers["x-amzn-errortype"]).toBe("IncompleteSignature");
  });
});
